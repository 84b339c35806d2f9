"""The credential report: every user and the state of their credentials, as AWS's CSV (CAP-J6, App. C)."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from iamkit.audit.reports import CredentialReport
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.mfa import MfaDevice
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.signing_certificates import SigningCertificate
from iamkit.errors import ReportExpired, ReportNotPresent
from iamkit.identity import accounts, users
from iamkit.identity.house import House
from iamkit.storage import Reader, Unit

# A report is made anew when it is this old, and is not given out any more.
LIFETIME: Final = timedelta(hours=4)

_KEY: Final = (
    "active",
    "last_rotated",
    "last_used_date",
    "last_used_region",
    "last_used_service",
)
COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{part}" for number in (1, 2) for part in _KEY),
    *(f"cert_{number}_{part}" for number in (1, 2) for part in ("active", "last_rotated")),
)
_NONE: Final = "N/A"
_NEVER: Final = "no_information"
_UNSUPPORTED: Final = "not_supported"
_CHUNK: Final = 500


Expiry = Callable[[datetime], datetime | None]


def written(reader: Reader, house: House, account: str, *, expires_at: Expiry) -> bytes:
    """A new report. `expires_at` tells when a password that was chosen then has to be changed."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_rows(reader, house, account, expires_at))
    return text.getvalue().encode()


def fresh(reader: Reader, account: str, now: datetime) -> CredentialReport | None:
    """The account's report, if there is one that is not too old."""
    found = reader.get(CredentialReport, (account,))
    return found if found is not None and now - found.generated_at < LIFETIME else None


def get(reader: Reader, account: str, now: datetime) -> CredentialReport:
    """The account's report. Raises ReportNotPresent, ReportExpired after four hours."""
    if reader.get(CredentialReport, (account,)) is None:
        raise ReportNotPresent("there is no credential report; have one generated first")
    found = fresh(reader, account, now)
    if found is None:
        raise ReportExpired("the credential report is more than four hours old; have a new one generated")
    return found


def keep(unit: Unit, account: str, content: bytes, now: datetime) -> None:
    """Put a new report in the place of the last."""
    unit.remove(CredentialReport, (account,))
    unit.add(CredentialReport(account, now, content))


def _rows(reader: Reader, house: House, account: str, expires_at: Expiry) -> Iterator[list[str]]:
    # Once for everybody: a look for each of thousands of users would take seconds.
    own = {"account": account}
    keys: dict[str, list[AccessKey]] = defaultdict(list)
    for key in reader.find(AccessKey, own, order="created_at"):
        keys[key.user_id].append(key)
    certificates: dict[str, list[SigningCertificate]] = defaultdict(list)
    for certificate in reader.find(SigningCertificate, own, order="uploaded_at"):
        certificates[certificate.user_id].append(certificate)
    passwords = {found.user_id: found for found in reader.find(PasswordRecord, own)}
    factors = {found.user_id for found in reader.find(MfaDevice, own)}

    home = accounts.get(reader, account)
    yield [
        "<root_account>",
        home.root_arn(house),
        _time(home.created_at),
        _UNSUPPORTED,
        _used(passwords.get(account)),
        _UNSUPPORTED,
        _UNSUPPORTED,
        _flag(account in factors),
        *_keys(keys[account]),
        *_certificates(certificates[account]),
    ]
    after: str | None = None
    while found_users := users.listing(reader, account, after=after, limit=_CHUNK):
        for user in found_users:
            yield [
                user.name,
                user.arn,
                _time(user.created_at),
                *_password(passwords.get(user.user_id), expires_at),
                _flag(user.user_id in factors),
                *_keys(keys[user.user_id]),
                *_certificates(certificates[user.user_id]),
            ]
        after = found_users[-1].name_key


def _password(kept: PasswordRecord | None, expires_at: Expiry) -> list[str]:
    if kept is None:
        return [_flag(False), _NONE, _NONE, _NONE]
    return [_flag(True), _used(kept), _time(kept.changed_at), _time(expires_at(kept.changed_at))]


def _used(kept: PasswordRecord | None) -> str:
    return _NEVER if kept is None or kept.last_used_at is None else _time(kept.last_used_at)


def _keys(held: list[AccessKey]) -> Iterator[str]:
    for number in range(2):
        if number >= len(held):
            yield from (_flag(False), *[_NONE] * (len(_KEY) - 1))
            continue
        key = held[number]
        yield from (
            _flag(key.active),
            _time(key.created_at),
            _time(key.last_used_at),
            key.last_used_region or _NONE,
            key.last_used_service or _NONE,
        )


def _certificates(held: list[SigningCertificate]) -> Iterator[str]:
    for number in range(2):
        found = held[number] if number < len(held) else None
        yield from (
            _flag(found is not None and found.active),
            _time(None if found is None else found.uploaded_at),
        )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _time(at: datetime | None) -> str:
    return _NONE if at is None else at.astimezone(UTC).isoformat(timespec="seconds")
