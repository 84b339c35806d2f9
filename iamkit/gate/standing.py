"""Whether what was established for a request still holds, for what outlives it: a socket that stays open.

A proof is not shown again while a socket is open, and a signature is soon too old to be. So a session is
looked up anew, of a key it is asked whether it is still active, and the time that a proof ends is kept to.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final, Protocol

from iamkit import epochs
from iamkit.clock import Clock
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import ExpiredToken, ServiceUnavailable
from iamkit.http import HttpRequest, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.storage import Epochs, Store

# Policies speak of the time too, which moves no epoch: what was decided is decided again after so long.
DECIDED_FOR: Final = timedelta(seconds=30)

# Equal while nothing changed that a decision rests on.
Mark = tuple[Epochs, int]


class Authenticates(Protocol):
    """Establishes who sent a request."""

    def authenticate(self, request: HttpRequest) -> Authentication | NeedsBody | None: ...


class KnowsPrincipals(Protocol):
    """Reads a principal anew."""

    def current(self, principal: Principal) -> Principal: ...


class Standing:
    """See the module. `home` is the account whose resources the anonymous ask for."""

    def __init__(
        self,
        store: Store,
        authenticator: Authenticates,
        principals: KnowsPrincipals,
        clock: Clock,
        home: str,
    ) -> None:
        self._store = store
        self._authenticator = authenticator
        self._principals = principals
        self._clock = clock
        self._home = home

    def mark(self, principal: Principal, request: HttpRequest) -> Mark:
        """What decisions for `principal` rest on. Raises AuthenticationError once its proof has ended."""
        now = self._clock.now()
        proof = principal.authentication
        if proof is not None:
            if proof.expires_at is not None and proof.expires_at <= now:
                raise ExpiredToken("the credential has expired; connect again with a new one")
            if proof.kind is CredentialKind.SESSION:
                self._require_same(proof, request)
        account = principal.account or self._home
        scopes = [epochs.DEPLOYMENT, epochs.policies_of(account), epochs.resources_of(account)]
        if principal.caller.unique_id:
            scopes.append(epochs.principal(principal.caller.unique_id))
        if proof is not None and proof.session is not None:
            scopes += proof.session.depends_on
        return self._store.epochs(scopes), int(now.timestamp() / DECIDED_FOR.total_seconds())

    def renewed(self, principal: Principal, request: HttpRequest) -> Principal:
        """`principal` as it is now. Raises AuthenticationError if its credential or itself is gone."""
        proof = principal.authentication
        if proof is not None:
            if proof.kind in (CredentialKind.TOKEN, CredentialKind.CERTIFICATE, CredentialKind.SERVICE):
                self._require_same(proof, request)
            if proof.kind is CredentialKind.ACCESS_KEY:
                self._require_active(proof)
        return replace(self._principals.current(principal), judge=principal.judge)

    def _require_same(self, proof: Authentication, request: HttpRequest) -> None:
        found = self._authenticator.authenticate(request)
        if not isinstance(found, Authentication):
            # A cookie of an ended session is nobody's.
            raise ExpiredToken("the session has ended; sign in again")
        if (found.account, found.subject, found.credential_id) != (
            proof.account,
            proof.subject,
            proof.credential_id,
        ):
            raise ServiceUnavailable("the credential of an open connection is read otherwise than before")

    def _require_active(self, proof: Authentication) -> None:
        with self._store.read() as reader:
            key = reader.get(AccessKey, (proof.credential_id,))
        if key is None or not key.active or key.user_id != proof.subject:
            raise ExpiredToken(f"the access key `{proof.credential_id}` is not active any more")
