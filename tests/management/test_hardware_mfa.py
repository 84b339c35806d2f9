"""Hardware tokens from their maker's file to a user's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials import mfa, otp
from iamkit.credentials.mfa import MfaDevice
from iamkit.credentials.secret import Secret
from iamkit.errors import EntityAlreadyExists, InputError, InvalidAuthenticationCode
from iamkit.management import hardware_mfa
from iamkit.management import mfa as operations

if TYPE_CHECKING:
    from tests.management.conftest import Office

SEED: Final = b"12345678901234567890"
FILE: Final = Secret(f"serial,seed,type,counter\nft-1,{SEED.hex()},totp,\nft-2,{SEED.hex()},hotp,5\n")
ARN: Final = "arn:aws:iam::111122223333:mfa/ft-1"


def _kept(office: Office, serial: str) -> MfaDevice:
    with office.store.read() as reader:
        found = mfa.find(reader, serial)
    assert found is not None
    return found


def _codes(first: int) -> dict[str, Secret]:
    return {
        "authentication_code1": Secret(otp.code_at(SEED, first)),
        "authentication_code2": Secret(otp.code_at(SEED, first + 1)),
    }


def test_a_token_is_imported_assigned_resynchronised_and_given_on(office: Office) -> None:
    """By its number alone or its ARN; a code that it has shown is good for no second owner."""
    desk = office.owner()
    office.person("ana")
    office.person("bob")

    imported = desk.do(hardware_mfa.import_mfa_devices, content=FILE).items
    step = otp.step_at(office.clock.now()) - 4
    desk.do(operations.enable_mfa_device, user_name="ana", serial_number="ft-1", **_codes(step))
    assigned = desk.do(hardware_mfa.list_hardware_mfa_devices, assignment_status="Assigned").items
    # Learned at enrolment (decision 17): its clock is three steps behind.
    offset = _kept(office, ARN).offset
    step += 1
    desk.do(operations.resync_mfa_device, user_name="ana", serial_number=ARN, **_codes(step + 4))
    desk.do(operations.deactivate_mfa_device, user_name="ana", serial_number="ft-1")
    with pytest.raises(InvalidAuthenticationCode):
        desk.do(operations.enable_mfa_device, user_name="bob", serial_number="ft-1", **_codes(step + 4))

    assert [item.serial_number for item in imported] == [ARN, ARN.replace("ft-1", "ft-2")]
    assert [(item.serial_number, item.user_name) for item in assigned] == [(ARN, "ana")]
    assert offset == -3
    assert _kept(office, ARN).user_id is None
    assert desk.do(operations.list_virtual_mfa_devices).items == ()
    desk.do(operations.delete_virtual_mfa_device, serial_number="ft-1")
    assert len(desk.do(hardware_mfa.list_hardware_mfa_devices).items) == 1


def test_a_token_that_counts_goes_on_where_its_file_says(office: Office) -> None:
    """What it showed before is not accepted."""
    desk = office.owner()
    office.person("ana")
    desk.do(hardware_mfa.import_mfa_devices, content=FILE)

    with pytest.raises(InvalidAuthenticationCode):
        desk.do(operations.enable_mfa_device, user_name="ana", serial_number="ft-2", **_codes(4))
    desk.do(operations.enable_mfa_device, user_name="ana", serial_number="ft-2", **_codes(5))

    assert _kept(office, ARN.replace("ft-1", "ft-2")).counter == 6


def test_a_file_is_imported_whole_or_not_at_all(office: Office) -> None:
    """A number that is there already stops all; no event, error or record shows a seed."""
    desk = office.owner()
    desk.do(hardware_mfa.import_mfa_devices, content=FILE)
    more = Secret(f"ft-9,{SEED.hex()}\nft-1,{SEED.hex()}")

    with pytest.raises(EntityAlreadyExists):
        desk.do(hardware_mfa.import_mfa_devices, content=more)
    with pytest.raises(InputError):
        desk.do(hardware_mfa.import_mfa_devices, content=Secret(f"ft-9,{SEED.hex()}x"))

    assert len(desk.do(hardware_mfa.list_hardware_mfa_devices).items) == 2
    told = repr(office.events()) + repr(_kept(office, ARN))
    assert SEED.hex() not in told
    assert SEED.decode() not in told
