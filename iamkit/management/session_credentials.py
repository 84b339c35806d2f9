"""What operations of the token service hand out: the credentials of a session, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.credentials import temporary
from iamkit.credentials.authentication import Authentication
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import Wanted
from iamkit.errors import ValidationError
from iamkit.management.operation import Work

SHORTEST: Final = 900


@dataclass(frozen=True, slots=True)
class Credentials:
    """The three parts that requests are signed with, and when they end."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expiration: datetime


def issued(work: Work, wanted: Wanted, *, parent: Authentication | None) -> Credentials:
    """Credentials for the caller, in the unit of its operation. Raises ExpiredToken if its own have ended."""
    made = temporary.issue(
        work.unit,
        work.services.sealer,
        work.house.ids,
        wanted,
        parent=parent,
        parent_arn=work.principal.arn,
        parent_id=work.principal.caller.unique_id,
        now=work.house.now(),
    )
    return Credentials(made.kept.key_id, made.secret, made.token, made.kept.expires_at)


def checked_life(seconds: int, *, longest: int, because: str = "") -> timedelta:
    """`seconds` as the life of a session, 900 to `longest`. Raises ValidationError."""
    if not SHORTEST <= seconds <= longest:
        raise ValidationError(
            f"`duration_seconds` must be {SHORTEST} to {longest}{because}, not {str(seconds)[:20]}"
        )
    return timedelta(seconds=seconds)
