"""Temporary credentials: a key id, a secret and a session token that end together (CAP-G1, G6, G7).

Each is a row, so each can be taken back. The secret is random and sealed, never derived; of the token only
the SHA-256 is kept, beside the key that it belongs to (THR-K9). A credential knows those that it was got by:
it lives no longer than any of them, and is refused from the next request on once one is gone (THR-S7).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from iamkit import epochs
from iamkit.credentials import sessions
from iamkit.credentials.access_keys import AccessKey, KeyStatus
from iamkit.credentials.authentication import Authentication, CredentialKind, SessionFacts, TemporaryKind
from iamkit.credentials.secret import Sealer, Secret
from iamkit.credentials.service_credentials import ServiceCredential
from iamkit.credentials.sessions import SessionRecord, SessionState
from iamkit.credentials.signing_certificates import SigningCertificate
from iamkit.credentials.tokens import PersonalToken
from iamkit.errors import ExpiredToken, NoSuchEntity
from iamkit.ids import Ids
from iamkit.storage import Less, Reader, Unit, record

PURPOSE: Final = "temporary-credential"
TOKEN_PREFIX: Final = "ikst_"  # noqa: S105  # what secret scanners look for, not a secret
# How long an ended credential is still told from one that never was.
_REMEMBERED: Final = timedelta(days=1)
_CERTIFICATE: Final = "certificate:"
_GONE: Final = "the credential that this one would be got by has ended; sign in again"


@record(
    "temporary_credential",
    key=("key_id",),
    index=(("subject",), ("origin",), ("account",)),
)
@dataclass(frozen=True, slots=True)
class TemporaryCredential:
    """One temporary credential, with the fields of `SessionFacts` that it gives to its bearer.

    `subject` is the unique id of the role or user that the bearer acts as, the account id for root.
    """

    key_id: str
    account: str
    subject: str
    kind: str
    name: str
    sealed: bytes = field(repr=False)
    token_hash: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    origin: str
    chain: tuple[str, ...]
    lineage: tuple[str, ...]
    depends_on: tuple[str, ...]
    session_policies: tuple[str, ...] = ()
    ceilings: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    actor: str = ""
    mfa_at: datetime | None = None
    factors: tuple[str, ...] = ()
    provider: str = ""
    # Each value as JSON: a text or a list of texts.
    claims: Mapping[str, str] = field(default_factory=dict)

    @property
    def authentication(self) -> Authentication:
        """What a request that is signed with it proves."""
        facts = SessionFacts(
            kind=TemporaryKind(self.kind),
            name=self.name,
            tags=self.tags,
            transitive=self.transitive,
            source_identity=self.source_identity,
            actor=self.actor,
            origin=self.origin,
            chain=self.chain,
            lineage=self.lineage,
            depends_on=self.depends_on,
            provider=self.provider,
            claims={name: _claim(text) for name, text in self.claims.items()},
        )
        return Authentication(
            account=self.account,
            subject=self.subject,
            kind=CredentialKind.TEMPORARY,
            credential_id=self.key_id,
            issued_at=self.issued_at,
            expires_at=self.expires_at,
            mfa_at=self.mfa_at,
            factors=self.factors,
            session_policies=self.session_policies,
            ceilings=self.ceilings,
            session=facts,
        )


@dataclass(frozen=True, slots=True)
class NewTemporary:
    """A credential that was just made: the only time that its secret and its token are at hand."""

    kept: TemporaryCredential
    secret: Secret
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a new credential is to be, see `TemporaryCredential`; it lives `life`, or less with its parent.

    `since` is the time of issue that it goes on with, where asking for it proves nothing anew: what policies
    deny to older sessions (`aws:TokenIssueTime`, `iamkit:SessionAge`) they deny to it as well.
    """

    account: str
    subject: str
    kind: TemporaryKind
    life: timedelta
    name: str = ""
    session_policies: tuple[str, ...] = ()
    ceilings: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    actor: str = ""
    mfa_at: datetime | None = None
    factors: tuple[str, ...] = ()
    provider: str = ""
    claims: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    since: datetime | None = None


def issue(
    unit: Unit,
    sealer: Sealer,
    ids: Ids,
    wanted: Wanted,
    *,
    parent: Authentication | None,
    parent_arn: str,
    parent_id: str = "",
    now: datetime,
) -> NewTemporary:
    """Make a credential for the bearer of `parent`; without parent it stands by itself.

    `parent_arn` and `parent_id` are the ARN and unique id of whoever asks, empty if nobody does.

    Raises ExpiredToken if the parent has ended meanwhile: it was shown before this unit began.
    """
    proof = None if parent is None or parent.kind is CredentialKind.OPERATOR else parent
    before = SessionFacts(TemporaryKind.SELF) if proof is None else proof.session or _first(unit, proof)
    expires = now + wanted.life
    if proof is not None:
        if not holds(unit, proof):
            raise ExpiredToken(_GONE)
        expires = expires if proof.expires_at is None else min(expires, proof.expires_at)
    if expires <= now:
        raise ExpiredToken(_GONE)
    origin = before.origin or parent_id or wanted.subject
    unit.remove_all(TemporaryCredential, {"origin": origin, "expires_at": Less(now - _REMEMBERED)})
    key_id, secret, token = ids.unique("ASIA"), ids.secret(), TOKEN_PREFIX + ids.token()
    scopes = (*before.depends_on, epochs.principal(origin), epochs.principal(wanted.subject))
    made = TemporaryCredential(
        key_id=key_id,
        account=wanted.account,
        subject=wanted.subject,
        kind=str(wanted.kind),
        name=wanted.name,
        sealed=sealer.seal(secret.encode("ascii"), purpose=PURPOSE, account=wanted.account, record_id=key_id),
        token_hash=hash_of(token),
        issued_at=wanted.since or now,
        expires_at=expires,
        origin=origin,
        chain=(*before.chain, parent_arn) if parent_arn else before.chain,
        lineage=before.lineage if proof is None else (*before.lineage, _named(proof)),
        depends_on=tuple(dict.fromkeys(scopes)),
        session_policies=wanted.session_policies,
        ceilings=wanted.ceilings,
        tags=wanted.tags,
        transitive=wanted.transitive,
        source_identity=wanted.source_identity,
        actor=wanted.actor,
        mfa_at=wanted.mfa_at,
        factors=wanted.factors,
        provider=wanted.provider,
        claims={name: json.dumps(value, ensure_ascii=False) for name, value in wanted.claims.items()},
    )
    unit.add(made)
    return NewTemporary(made, Secret(secret), Secret(token))


def holds(reader: Reader, proof: Authentication) -> bool:
    """Whether the credential behind `proof`, and every one that it was got by, is still there.

    The time is the caller's to look at: none outlives the one before it.
    """
    lineage = () if proof.session is None else proof.session.lineage
    return all(_is_there(reader, credential) for credential in (*lineage, _named(proof)))


def still_held(reader: Reader, kept: TemporaryCredential) -> bool:
    """Whether a row that was read stands: all that it was got by are there."""
    return all(_is_there(reader, credential) for credential in kept.lineage)


def get(reader: Reader, key_id: str, *, subject: str) -> TemporaryCredential:
    """One credential of that role or user. Raises NoSuchEntity."""
    found = reader.get(TemporaryCredential, (key_id,))
    if found is None or found.subject != subject:
        raise NoSuchEntity(f"there is no session `{key_id[:128]}` here")
    return found


def live(reader: Reader, subject: str, *, now: datetime) -> list[TemporaryCredential]:
    """The credentials by which somebody can act as that role or user now, oldest first."""
    found = reader.find(TemporaryCredential, {"subject": subject}, order="issued_at")
    return [kept for kept in found if now < kept.expires_at and still_held(reader, kept)]


def live_from(reader: Reader, origin: str, *, now: datetime) -> list[TemporaryCredential]:
    """The credentials that a user began, whichever role they are of, that hold now, oldest first."""
    found = reader.find(TemporaryCredential, {"origin": origin}, order="issued_at")
    return [kept for kept in found if now < kept.expires_at and still_held(reader, kept)]


def end(unit: Unit, kept: TemporaryCredential) -> None:
    """End one credential, and with it those that were got by it."""
    unit.remove(TemporaryCredential, (kept.key_id,))
    # Those that were got by it began with the same origin and depend on its epoch.
    unit.bump(epochs.principal(kept.subject), epochs.principal(kept.origin))


def end_all_as(unit: Unit, subject: str) -> int:
    """End every credential by which somebody acts as that role or user; how many there were.

    What was got by one of them depends on the epoch of that subject, and ends as well.
    """
    ended = unit.remove_all(TemporaryCredential, {"subject": subject})
    unit.bump(epochs.principal(subject))
    return ended


def end_all_from(unit: Unit, origin: str) -> int:
    """End every credential that a user began, whichever role it acts as; how many there were."""
    ended = unit.remove_all(TemporaryCredential, {"origin": origin})
    unit.bump(epochs.principal(origin))
    return ended


def end_all_in(unit: Unit, account: str) -> int:
    """End every credential by which somebody acts in an account; how many there were."""
    subjects = {kept.subject for kept in unit.find(TemporaryCredential, {"account": account})}
    return sum(end_all_as(unit, subject) for subject in sorted(subjects))


def end_all_of(unit: Unit, account: str) -> None:
    """End every credential of an account that closes: those in it, and those its principals got elsewhere."""
    end_all_in(unit, account)
    for kept in unit.find(TemporaryCredential):
        if any(arn.split(":")[4:5] == [account] for arn in kept.chain):
            end(unit, kept)


def hash_of(token: str) -> str:
    """The form in which a session token is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def opened(sealer: Sealer, kept: TemporaryCredential) -> Secret:
    """The plain secret, for checking a signature. Raises SealBroken if the row was tampered with."""
    raw = sealer.unseal(kept.sealed, purpose=PURPOSE, account=kept.account, record_id=kept.key_id)
    return Secret(raw.decode("ascii"))


def _claim(text: str) -> str | tuple[str, ...]:
    value: str | list[str] = json.loads(text)
    return value if isinstance(value, str) else tuple(value)


def _first(reader: Reader, proof: Authentication) -> SessionFacts:
    """What is known of a credential that no other was before."""
    scopes: tuple[str, ...] = ()
    if proof.kind is CredentialKind.SESSION:
        # A session that ends moves its own epoch, and not always its subject's.
        session = _session(reader, proof.credential_id)
        scopes = () if session is None else (epochs.session(session.session_id),)
    return SessionFacts(TemporaryKind.SELF, origin=proof.subject, depends_on=scopes)


def _named(proof: Authentication) -> str:
    """A credential as a lineage names it: by its id, of which only certificates' could be anything's."""
    return (_CERTIFICATE if proof.kind is CredentialKind.CERTIFICATE else "") + proof.credential_id


def _is_there(reader: Reader, credential_id: str) -> bool:
    """Whether a credential of any kind is neither deleted, deactivated nor ended."""
    if credential_id.startswith("ASIA"):
        return reader.get(TemporaryCredential, (credential_id,)) is not None
    if credential_id.startswith("AKIA"):
        key = reader.get(AccessKey, (credential_id,))
        return key is not None and key.active
    if credential_id.startswith("t_"):
        return bool(reader.find(PersonalToken, {"public_id": credential_id}, limit=1))
    if credential_id.startswith("ACCA"):
        credential = reader.get(ServiceCredential, (credential_id,))
        return credential is not None and credential.status == KeyStatus.ACTIVE
    if credential_id.startswith(_CERTIFICATE):
        found = reader.get(SigningCertificate, (credential_id.removeprefix(_CERTIFICATE),))
        return found is not None and found.active
    if not credential_id.startswith("s_"):
        return True  # a plugin's own, which only its authenticator can take back
    session = _session(reader, credential_id)
    return (
        session is not None
        and session.state == SessionState.ACTIVE
        and session.session_epoch == sessions.current_epoch(reader, session.user_id)
    )


def _session(reader: Reader, public_id: str) -> SessionRecord | None:
    found = reader.find(SessionRecord, {"public_id": public_id}, limit=1)
    return found[0] if found else None
