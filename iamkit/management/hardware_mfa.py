"""Operations on hardware tokens: their seeds come in a file of their maker's, for nobody yet (CAP-D3).

A token that is imported has an ARN as a virtual device has, with its own number at the end. It is then given
to a user by `iam:EnableMFADevice`, resynchronised, taken away and deleted as any device that shows codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit.credentials import mfa
from iamkit.credentials.mfa import MfaDevice
from iamkit.credentials.secret import Secret
from iamkit.management import targets
from iamkit.management.mfa import MfaDeviceFace, assigned, face
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.paging import Page

if TYPE_CHECKING:
    from iamkit.credentials.hardware_tokens import HardwareToken


def _import_prepare(
    preparation: Preparation,  # noqa: ARG001  # the shape of every preparing step
    *,
    content: Secret,
    key: Secret | None = None,
    passphrase: Secret | None = None,
    encoding: str | None = None,
) -> tuple[HardwareToken, ...]:
    from iamkit.credentials import hardware_tokens
    from iamkit.credentials.pskc import SharedKey

    return hardware_tokens.tokens_in(content.reveal(), key=SharedKey(key, passphrase), encoding=encoding)


def _import_asks(work: Work, **_others: object) -> Asks:
    return Asks((work.house.arn(work.account, "mfa", "/", "*"),))


@operation("iamkit:ImportMFADevices", access="Write", on=("mfa",), asks=_import_asks, prepare=_import_prepare)
def import_mfa_devices(
    work: Work,
    *,
    content: Secret,  # noqa: ARG001  # prepared, as the others are
    key: Secret | None = None,  # noqa: ARG001
    passphrase: Secret | None = None,  # noqa: ARG001
    encoding: str | None = None,  # noqa: ARG001
) -> Page[MfaDeviceFace]:
    """Keep the tokens of a file, CSV or PSKC (RFC 6030), for nobody yet: all of them or none.

    `key` (hexadecimal) or `passphrase` opens encrypted seeds; `encoding` (`hex`, `base32`, `base64`) says how
    a CSV file's are spelt. Raises InputError, which quotes no seed, and EntityAlreadyExists.
    """
    found = work.prepared
    if not isinstance(found, tuple):
        raise TypeError("the file was not read")
    return Page(tuple(face(work, _kept(work, token)) for token in found))


def _kept(work: Work, token: HardwareToken) -> MfaDevice:
    return mfa.add(
        work.unit,
        work.services.sealer,
        serial=work.house.arn(work.account, "mfa", "/", token.serial),
        account=work.account,
        method=token.method,
        name=token.serial,
        now=work.house.now(),
        secret=token.seed,
        public=token.facts,
        counter=token.counter - 1,
    )


def _listing_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iamkit:ListHardwareMFADevices", access="List", asks=_listing_asks)
def list_hardware_mfa_devices(work: Work, *, assignment_status: str = "Any") -> Page[MfaDeviceFace]:
    """The account's hardware tokens: `Any`, or only `Assigned` or `Unassigned` ones."""
    return assigned(work, assignment_status, hardware=True)
