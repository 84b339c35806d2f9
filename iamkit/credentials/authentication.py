"""What a verified credential says: the only source of identity in iamkit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CredentialKind(StrEnum):
    """How the caller proved itself; the value of `iamkit:CredentialKind`."""

    ACCESS_KEY = "access-key"
    SESSION = "session"
    TEMPORARY = "temporary"
    TOKEN = "token"  # noqa: S105  # a kind of credential, not one
    ANONYMOUS = "anonymous"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Authentication:
    """The facts that a verified credential establishes.

    `subject` is the unique id of the user or role behind it (the account id for root). `credential_id` is
    an access key id or a session's public id and may be logged. `issued_at` is set for sessions and
    temporary credentials only (`aws:TokenIssueTime`, SEM-K3). `mfa_at` is when a second factor was last
    shown in this session; `factors` names the factors used. `by_cookie` says that a browser sent it
    unasked, so cross-site rules apply. `session_policies` are the digests of policies that narrow what the
    bearer may do.
    """

    account: str
    subject: str
    kind: CredentialKind
    credential_id: str
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    mfa_at: datetime | None = None
    factors: tuple[str, ...] = ()
    by_cookie: bool = False
    session_policies: tuple[str, ...] = ()

    @property
    def temporary(self) -> bool:
        """Whether the credential is of the temporary kind, for which MFA keys are present (SEM-K4)."""
        return self.issued_at is not None
