"""The plugin that reads AWS signatures, in the `Authorization` field or in the query."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.access_keys import LAST_USED_STEP, note_use
from iamkit.credentials.authentication import Authentication, TemporaryKind
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.key_lookup import KeyLookup
from iamkit.credentials.secret import Sealer
from iamkit.credentials.session_check import Later, at_once
from iamkit.credentials.sigv4 import DEFAULT_RULES, Signed, SigV4Rules, SigV4Verifier
from iamkit.credentials.sigv4_query import has_query_signature
from iamkit.epochs import Look
from iamkit.errors import StoreUnavailable
from iamkit.gate.authenticate import AsksPlugins
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest, NeedsBody
from iamkit.identity import roles
from iamkit.ids import Ids
from iamkit.storage import Store

_log = logging.getLogger("iamkit.credentials")

_REMEMBERED: Final = 10_000

API_SERVICES: Final = ("iam", "sts")
"""What requests to the management API are signed for."""


class SigV4Authenticator:
    """Verifies signed requests, and notes at most once in 15 minutes that a key was used."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        clock: Clock,
        ids: Ids,
        rules: SigV4Rules = DEFAULT_RULES,
        *,
        look: Look | None = None,
        later: Later = at_once,
    ) -> None:
        self._store = store
        self._clock = clock
        self._later = later
        self._lookup = KeyLookup(store, sealer, look=look)
        self._verifier = SigV4Verifier(clock, ids, rules)
        self._note_after: BoundedMap[str, datetime] = BoundedMap(_REMEMBERED)

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> Authentication | NeedsBody | None:
        if not _signed(request):
            return None
        found = self._verifier.verify(request, self._lookup.find)
        if isinstance(found, NeedsBody):
            return found
        self._note_use(found)
        return found.credential.authentication

    @hookimpl
    def iamkit_challenges(self) -> Sequence[str]:
        return ('AWS4-HMAC-SHA256 realm="iamkit"',)

    def _note_use(self, signed: Signed) -> None:
        proof = signed.credential.authentication
        key_id = proof.credential_id
        if proof.session is not None and proof.session.kind is not TemporaryKind.ROLE:
            return
        now = self._clock.now()
        due = self._note_after.get(key_id)
        if due is not None and now < due:
            return
        self._note_after.put(key_id, now + LAST_USED_STEP)
        self._later(lambda: self._noted(proof, signed, now))

    def _noted(self, proof: Authentication, signed: Signed, now: datetime) -> None:
        key_id = proof.credential_id
        try:
            with self._store.write() as unit:
                if proof.session is None:
                    note_use(unit, key_id, service=signed.service, region=signed.region, now=now)
                else:
                    roles.note_use(unit, proof.subject, now=now)
        except StoreUnavailable:
            # The key was read and is right: a stamp that cannot be written refuses nobody.
            _log.warning("the last use of access key %s could not be noted", key_id)


class ApiCredentials:
    """What the management API accepts: signatures for its own services, and all else that the app does.

    It is asked as the plugins are. A signature for an app's route is none for the API, nor the other way.
    """

    def __init__(self, signatures: SigV4Authenticator, others: AsksPlugins) -> None:
        self._signatures = signatures
        self._others = others

    def __call__(self, *, request: HttpRequest) -> object:
        return (
            self._signatures.iamkit_authenticate(request)
            if _signed(request)
            else self._others(request=request)
        )


def _signed(request: HttpRequest) -> bool:
    # Every scheme that begins so is a signature of some kind: the verifier says which one is accepted.
    in_header = request.headers.get("authorization", "")[:3].upper() == "AWS"
    return in_header or (bool(request.query) and has_query_signature(request.query))
