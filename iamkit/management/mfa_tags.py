"""Operations on the tags of devices (CAP-B14, D6)."""

from __future__ import annotations

from collections.abc import Mapping

from iamkit.credentials import mfa
from iamkit.identity.tags import with_tags, without_tags
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation


def _tag_asks(work: Work, *, serial_number: str, tags: Mapping[str, str]) -> Asks:
    return targets.device(work, serial_number, targets.request_tag_keys(tags))


@operation("iam:TagMFADevice", access="Tagging", on=("mfa",), asks=_tag_asks)
def tag_mfa_device(work: Work, *, serial_number: str, tags: Mapping[str, str]) -> None:
    """Set tags of a device; a key that differs only by case is replaced. Raises LimitExceeded."""
    device = mfa.get(work.unit, work.account, serial_number)
    mfa.set_tags(work.unit, device, with_tags(device.tags, tags, work.house.quotas))


def _untag_asks(work: Work, *, serial_number: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.device(work, serial_number, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagMFADevice", access="Tagging", on=("mfa",), asks=_untag_asks)
def untag_mfa_device(work: Work, *, serial_number: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a device; a key that is not there is no error."""
    device = mfa.get(work.unit, work.account, serial_number)
    mfa.set_tags(work.unit, device, without_tags(device.tags, tag_keys))


def _list_asks(work: Work, *, serial_number: str) -> Asks:
    return targets.device(work, serial_number)


@operation("iam:ListMFADeviceTags", access="List", on=("mfa",), asks=_list_asks)
def list_mfa_device_tags(work: Work, *, serial_number: str) -> Mapping[str, str]:
    """The tags of a device."""
    return mfa.get(work.unit, work.account, serial_number).tags
