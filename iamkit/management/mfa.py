"""Operations on devices that show codes, with AWS's names and rules (CAP-D2, D3, D6).

Codes are checked in the preparing step, the attempt counted before, and spent in the writing unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import mfa, mfa_otp, otp, qr_code, recovery_codes
from iamkit.credentials.mfa import MfaDevice
from iamkit.credentials.mfa_otp import Pair
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import (
    DeleteConflict,
    InputError,
    InvalidAuthenticationCode,
    NoSuchEntity,
    ValidationError,
)
from iamkit.identity import people
from iamkit.identity.tags import with_tags
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.freshness import recent_user
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class MfaDeviceFace:
    """A device as people see it."""

    serial_number: str
    method: str
    name: str
    user_name: str | None
    created_at: datetime
    enabled_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewVirtualDevice:
    """A virtual device that was just made: the only time that its seed is at hand.

    `qr_code_png` is the picture of `uri`, in base 64.
    """

    serial_number: str
    base32_seed: Secret
    uri: Secret
    qr_code_png: Secret


def _virtual_asks(
    work: Work,
    *,
    virtual_mfa_device_name: str,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
) -> Asks:
    arn = work.house.arn(
        work.account, "mfa", checked_path(path), checked_name("mfa", virtual_mfa_device_name)
    )
    return Asks((arn,), targets.request_tag_keys(tags), also=("iam:TagMFADevice",) if tags else ())


@operation("iam:CreateVirtualMFADevice", access="Write", on=("mfa",), asks=_virtual_asks)
def create_virtual_mfa_device(
    work: Work,
    *,
    virtual_mfa_device_name: str,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
) -> NewVirtualDevice:
    """Make a virtual device, for nobody yet. Its seed is in the answer and nowhere else afterwards."""
    house = work.house
    serial = house.arn(work.account, "mfa", path, virtual_mfa_device_name)
    seed = house.ids.bytes(otp.SEED_BYTES)
    mfa.add(
        work.unit,
        work.services.sealer,
        serial=serial,
        account=work.account,
        method=mfa_otp.TOTP,
        name=virtual_mfa_device_name,
        now=house.now(),
        secret=seed,
        public=mfa_otp.facts_of(otp.STANDARD),
        tags=with_tags({}, tags or {}, house.quotas),
    )
    uri = otp.provisioning_uri(seed, device=virtual_mfa_device_name, issuer=work.account)
    return NewVirtualDevice(serial, Secret(otp.base32(seed)), uri, qr_code.png(uri))


def _serial_asks(work: Work, *, serial_number: str) -> Asks:
    return targets.device(work, serial_number)


@operation("iam:DeleteVirtualMFADevice", access="Write", on=("mfa",), asks=_serial_asks)
def delete_virtual_mfa_device(work: Work, *, serial_number: str) -> None:
    """Forget a virtual device. Raises NoSuchEntity, DeleteConflict while somebody has it."""
    device = mfa.get(work.unit, work.account, targets.whole_serial(work, serial_number))
    if device.user_id is not None:
        raise DeleteConflict(f"device `{serial_number}` is in use; deactivate it first")
    mfa.remove(work.unit, device)


def _listing_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:ListVirtualMFADevices", access="List", asks=_listing_asks)
def list_virtual_mfa_devices(work: Work, *, assignment_status: str = "Any") -> Page[MfaDeviceFace]:
    """The account's virtual devices: `Any`, or only `Assigned` or `Unassigned` ones."""
    return assigned(work, assignment_status, hardware=False)


def assigned(work: Work, assignment_status: str, *, hardware: bool) -> Page[MfaDeviceFace]:
    """The account's hardware tokens, or its virtual devices, by whether somebody has them."""
    if assignment_status not in ("Any", "Assigned", "Unassigned"):
        raise ValidationError("assignment status must be `Any`, `Assigned` or `Unassigned`")
    found = work.unit.find(MfaDevice, {"account": work.account}, order="serial")
    return Page(
        tuple(
            face(work, device)
            for device in found
            if ":mfa/" in device.serial
            and device.hardware is hardware
            and (
                assignment_status == "Any" or (device.user_id is None) == (assignment_status == "Unassigned")
            )
        )
    )


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iam:ListMFADevices", access="List", on=("user",), asks=_own_asks)
def list_mfa_devices(work: Work, *, user_name: str | None = None) -> Page[MfaDeviceFace]:
    """The devices of a user (default: the caller), oldest first."""
    user = _user(work, user_name)
    return Page(tuple(face(work, device) for device in mfa.of_subject(work.unit, user.user_id)))


def _get_asks(work: Work, *, serial_number: str, user_name: str | None = None) -> Asks:  # noqa: ARG001
    return targets.user(work, user_name)


@operation("iam:GetMFADevice", access="Read", on=("user",), asks=_get_asks)
def get_mfa_device(work: Work, *, serial_number: str, user_name: str | None = None) -> MfaDeviceFace:
    """One device of a user (default: the caller). Raises NoSuchEntity."""
    return face(work, _of_user(work, _user(work, user_name), serial_number))


@dataclass(frozen=True, slots=True)
class _Codes:
    """What two codes told, or that they were wrong."""

    device: MfaDevice
    pair: Pair | None


def _codes(
    preparation: Preparation,
    user_name: str | None,
    serial: str,
    first: Secret,
    second: Secret,
    *,
    owned: bool,
) -> _Codes:
    """Count the attempt, then check the codes (THR-M4)."""
    user = targets.person(preparation, user_name)
    device = mfa.get(preparation.reader, preparation.account, targets.whole_serial(preparation, serial))
    if owned and device.user_id != user.user_id:
        raise NoSuchEntity(f"user `{user.name}` has no device `{serial[:256]}`")
    if device.method not in (mfa_otp.TOTP, mfa_otp.HOTP):
        raise InputError(f"device `{serial[:256]}` shows no codes; enrol it by its own method")
    throttle = preparation.services.factor_throttle(device.method)
    throttle.reserve(known_subject(user.user_id), preparation.network)
    seed = mfa.opened(preparation.services.sealer, device)
    now = preparation.house.now()
    return _Codes(device, mfa_otp.pair_matches(device, seed, first.reveal(), second.reveal(), now))


def _enable_prepare(
    preparation: Preparation,
    *,
    user_name: str | None = None,
    serial_number: str,
    authentication_code1: Secret,
    authentication_code2: Secret,
) -> _Codes:
    return _codes(
        preparation, user_name, serial_number, authentication_code1, authentication_code2, owned=False
    )


def _codes_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:EnableMFADevice", access="Write", on=("user",), asks=_codes_asks, prepare=_enable_prepare)
def enable_mfa_device(
    work: Work,
    *,
    user_name: str | None = None,
    serial_number: str,  # noqa: ARG001  # prepared, as the codes are
    authentication_code1: Secret,  # noqa: ARG001
    authentication_code2: Secret,  # noqa: ARG001
) -> None:
    """Give a device to a user (default: the caller), who proves to hold it by two consecutive codes.

    Raises InvalidAuthenticationCode, EntityAlreadyExists if somebody has it, LimitExceeded at eight,
    StepUpRequired for one's own device without a recent sign-in.
    """
    user = recent_user(work, user_name)
    device, pair = _checked(work)
    mfa.assign(
        work.unit,
        device,
        user_id=user.user_id,
        counter=pair.counter,
        offset=pair.offset,
        now=work.house.now(),
    )
    _forget_attempts(work, device, user)


def _resync_prepare(
    preparation: Preparation,
    *,
    user_name: str | None = None,
    serial_number: str,
    authentication_code1: Secret,
    authentication_code2: Secret,
) -> _Codes:
    return _codes(
        preparation, user_name, serial_number, authentication_code1, authentication_code2, owned=True
    )


@operation("iam:ResyncMFADevice", access="Write", on=("user",), asks=_codes_asks, prepare=_resync_prepare)
def resync_mfa_device(
    work: Work,
    *,
    user_name: str | None = None,
    serial_number: str,  # noqa: ARG001  # prepared, as the codes are
    authentication_code1: Secret,  # noqa: ARG001
    authentication_code2: Secret,  # noqa: ARG001
) -> None:
    """Learn how far a device's clock or count is off, by two consecutive codes (decision 17).

    Raises InvalidAuthenticationCode, StepUpRequired as enabling does.
    """
    user = recent_user(work, user_name)
    device, pair = _checked(work)
    now = work.house.now()
    if not mfa.advance(work.unit, device.serial, pair.counter, now=now, offset=pair.offset):
        raise wrong()
    _forget_attempts(work, device, user)


def _deactivate_asks(work: Work, *, serial_number: str, user_name: str | None = None) -> Asks:  # noqa: ARG001
    return targets.user(work, user_name)


@operation("iam:DeactivateMFADevice", access="Write", on=("user",), asks=_deactivate_asks)
def deactivate_mfa_device(work: Work, *, serial_number: str, user_name: str | None = None) -> None:
    """Take a device from a user. Raises NoSuchEntity, StepUpRequired as enabling does."""
    user = recent_user(work, user_name)
    device = _of_user(work, user, serial_number)
    mfa.release(work.unit, device)
    work.services.factor_throttle(device.method).reset(work.unit, known_subject(user.user_id))
    if not mfa.of_subject(work.unit, user.user_id):
        # They stand in for devices; with the last of them they go.
        recovery_codes.remove_all(work.unit, user.user_id)


def _checked(work: Work) -> tuple[MfaDevice, Pair]:
    found = work.prepared
    if not isinstance(found, _Codes) or found.pair is None:
        raise wrong()
    return found.device, found.pair


def _forget_attempts(work: Work, device: MfaDevice, user: User) -> None:
    throttle = work.services.factor_throttle(device.method)
    throttle.reset(work.unit, known_subject(user.user_id), work.network)


def wrong() -> InvalidAuthenticationCode:
    return InvalidAuthenticationCode(
        "the proof is not right, too late, or used already; begin again, with two codes one after the other"
    )


def _user(work: Work, user_name: str | None) -> User:
    return targets.person(work, user_name)


def _of_user(work: Work, user: User, serial: str) -> MfaDevice:
    device = mfa.find(work.unit, targets.whole_serial(work, serial))
    if device is None or device.user_id != user.user_id:
        raise NoSuchEntity(f"user `{user.name}` has no device `{serial[:256]}`")
    return device


def face(work: Work, device: MfaDevice) -> MfaDeviceFace:
    user = None if device.user_id is None else people.by_id(work.unit, device.user_id)
    return MfaDeviceFace(
        device.serial,
        device.method,
        device.name,
        None if user is None else people.shown(user),
        device.created_at,
        device.enabled_at,
        device.last_used_at,
    )
