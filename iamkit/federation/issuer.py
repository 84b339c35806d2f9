"""An account as an issuer of identity tokens for other services: its name and its keys (CAP-G8)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from iamkit.errors import FeatureDisabled, FeatureEnabled
from iamkit.federation.identity_token import ALGORITHMS, NewKey
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record

PURPOSE: Final = "token-issuer-key"


class Seals(Protocol):
    """Encrypts what has to be readable again."""

    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes: ...

    def unseal(self, blob: bytes, *, purpose: str, account: str, record_id: str) -> bytes: ...


@record("token_issuer", key=("account",), unique=(("issuer_id",),))
@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """An account that was made an issuer. `issuer_id` is the end of its URL, and stays."""

    account: str
    issuer_id: str
    enabled: bool


@record("token_issuer_key", key=("key_id",), index=(("account",),))
@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One key of an account, sealed; `public` is its JWK as JSON, which everybody may read."""

    key_id: str
    account: str
    algorithm: str
    sealed: bytes = field(repr=False)
    public: str
    created_at: datetime


def find(reader: Reader, account: str) -> TokenIssuer | None:
    """The account as an issuer, enabled or not."""
    return reader.get(TokenIssuer, (account,))


def get(reader: Reader, account: str) -> TokenIssuer:
    """The account as an issuer, enabled or not. Raises FeatureDisabled if it never was one."""
    found = find(reader, account)
    if found is None:
        raise FeatureDisabled("this account issues no identity tokens; enable that first")
    return found


def by_id(reader: Reader, issuer_id: str) -> TokenIssuer | None:
    """The issuer whose URL ends so."""
    found = reader.find(TokenIssuer, {"issuer_id": issuer_id}, limit=1)
    return found[0] if found else None


def enable(
    unit: Unit, sealer: Seals, ids: Ids, account: str, keys: tuple[NewKey, ...], *, now: datetime
) -> TokenIssuer:
    """Let the account issue tokens, with the keys it had or with new ones. Raises FeatureEnabled."""
    found = find(unit, account)
    if found is not None:
        if not unit.change(TokenIssuer, (account,), {"enabled": True}, where={"enabled": False}):
            raise FeatureEnabled("this account issues identity tokens already")
        return get(unit, account)
    made = TokenIssuer(account, ids.bytes(16).hex(), enabled=True)
    unit.add(made)
    for key in keys:
        key_id = ids.bytes(8).hex()
        sealed = sealer.seal(key.private, purpose=PURPOSE, account=account, record_id=key_id)
        public = json.dumps({**key.public, "kid": key_id, "use": "sig", "alg": key.algorithm})
        unit.add(IssuerKey(key_id, account, key.algorithm, sealed, public, now))
    return made


def disable(unit: Unit, account: str) -> None:
    """Issue no more tokens. Keys stay published for those that were issued. Raises FeatureDisabled."""
    get(unit, account)
    if not unit.change(TokenIssuer, (account,), {"enabled": False}, where={"enabled": True}):
        raise FeatureDisabled("this account issues no identity tokens")


def signing_key(reader: Reader, sealer: Seals, account: str, algorithm: str) -> tuple[str, bytes]:
    """The id and the private key, as DER, that an account signs with. Raises FeatureDisabled."""
    found = reader.find(IssuerKey, {"account": account, "algorithm": algorithm}, limit=1)
    if not found:
        raise FeatureDisabled("this account issues no identity tokens; enable that first")
    key = found[0]
    return key.key_id, sealer.unseal(key.sealed, purpose=PURPOSE, account=account, record_id=key.key_id)


def discovery(issuer: str) -> dict[str, object]:
    """What verifiers read first: `/.well-known/openid-configuration`."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "jti"],
    }


def key_set(reader: Reader, account: str) -> dict[str, object]:
    """The public keys of an account: `/.well-known/jwks.json`."""
    found = reader.find(IssuerKey, {"account": account}, order="algorithm")
    return {"keys": [json.loads(key.public) for key in found]}
