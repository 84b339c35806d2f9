"""A message to a person: which one it is, where it goes and what fills its blanks. It holds no wording.

The secret of a message (a link, a code) is a `Secret` to the last: `wording.written` gives the text as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from iamkit.credentials.secret import Secret


class Channel(StrEnum):
    """By which way a message goes."""

    EMAIL = "email"
    SMS = "sms"


class Kind(StrEnum):
    """Which message it is; the catalogue has a text for each."""

    RESET_PASSWORD = "reset-password"  # noqa: S105  # names
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    VERIFY_ADDRESS = "verify-address"
    CHANGE_ADDRESS = "change-address"
    ADDRESS_CHANGE_ASKED = "address-change-asked"
    ADDRESS_CHANGED = "address-changed"
    INVITE = "invite"
    RECOVER_ROOT = "recover-root"
    ROOT_RECOVERY = "root-recovery"
    ROOT_RECOVERED = "root-recovered"
    ROOT_ACT = "root-act"
    SIGN_IN_CODE = "sign-in-code"
    ENROLMENT_CODE = "enrolment-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `message_id` is the same at each try, so that a gateway can tell a second try.

    `address` is a mail address or a telephone number, `values` fill the blanks of the text, `secret` is the
    link or the code in it. After `good_until` nothing is gained by delivering it.
    """

    kind: Kind
    channel: Channel
    address: str = field(repr=False)
    account: str
    good_until: datetime
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: Secret | None = None
    message_id: str = ""
