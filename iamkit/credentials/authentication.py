"""What a verified credential says: the only source of identity in iamkit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CredentialKind(StrEnum):
    """How the caller proved itself; the value of `iamkit:CredentialKind`."""

    ACCESS_KEY = "access-key"
    SESSION = "session"
    TEMPORARY = "temporary"
    TOKEN = "token"  # noqa: S105  # a kind of credential, not one
    CERTIFICATE = "mtls"
    SERVICE = "service-credential"
    ANONYMOUS = "anonymous"
    OPERATOR = "operator"


class TemporaryKind(StrEnum):
    """Whom a temporary credential makes of its bearer."""

    ROLE = "assumed-role"
    FEDERATED = "federated-user"
    # The user or root itself.
    SELF = "session"


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a temporary credential says beside whose it is.

    `name` is the session's, empty for one of the user itself. `tags` come before those of the role or user;
    those under `transitive` keys go on into the next role (CAP-B12). `origin` is the unique id of whoever
    began the chain, `chain` the ARNs of all who passed it on, and `lineage` their credentials' ids, each the
    first one first. `depends_on` are the scopes of epochs by which it may have ended.
    """

    kind: TemporaryKind
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    # Who acts, where that is not whom the credential is of: an agent, a job.
    actor: str = ""
    origin: str = ""
    chain: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    # The ARN of the identity provider whose token the session was begun with, and the condition keys that
    # its claims are for as long as the session lasts (SEM-K20, K-27).
    provider: str = ""
    claims: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Authentication:
    """The facts that a verified credential establishes.

    `subject` is the unique id of the user or role behind it (the account id for root). `credential_id` is
    an access key id or a session's public id and may be logged. `issued_at` is set for sessions and
    temporary credentials only (`aws:TokenIssueTime`, SEM-K3). `mfa_at` is when a second factor was last
    shown in this session; `factors` names the factors used. `by_cookie` says that a browser sent it
    unasked, so cross-site rules apply. `session_policies` are what narrows what the bearer may do: digests of
    policies, and ARNs of managed ones; one of them has to allow. Of `ceilings`, digests too, every one has
    to, whatever else allows (THR-K10). `session` is set for temporary credentials.
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
    ceilings: tuple[str, ...] = ()
    session: SessionFacts | None = None

    @property
    def temporary(self) -> bool:
        """Whether the credential is of the temporary kind, for which MFA keys are present (SEM-K4)."""
        return self.issued_at is not None

    @property
    def handed_down(self) -> tuple[str, ...]:
        """The ceilings of every credential of the same bearer that is got by this one (THR-K10).

        What narrows a session of a role or a federated user stays with that session.
        """
        own = self.session is None or self.session.kind is TemporaryKind.SELF
        return (*self.ceilings, *(self.session_policies if own else ()))

    @property
    def narrowed(self) -> bool:
        """Whether the bearer may do less than whom the credential is of."""
        return bool(self.session_policies or self.ceilings)
