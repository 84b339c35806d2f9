"""Keys of a provider: of a JWKS (RFC 7517), those that verify a signature, each bound to its algorithms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from iamkit_oidc import json_text

PublicKey: TypeAlias = RSAKey | ECKey | OKPKey

# In bits: shorter ones are broken, longer ones are work for us.
_RSA: Final = (2048, 8192)
_MOST: Final = 100
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# By kind and curve.
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "RSA ": frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    "EC P-256": frozenset({"ES256"}),
    "EC P-384": frozenset({"ES384"}),
    "EC P-521": frozenset({"ES512"}),
    "OKP Ed25519": frozenset({"EdDSA", "Ed25519"}),
}


class NoKeysError(ValueError):
    """A text is no JWKS with a key that can be used."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key with its id, if it has one, and the algorithms that it is good for."""

    kid: str | None
    algorithms: frozenset[str]
    public: PublicKey = field(repr=False)


def read(text: bytes) -> tuple[Key, ...]:
    """The usable keys of a JWKS. Raises NoKeysError if there is none.

    Others are passed over, as RFC 7517 §5 wants: symmetric, for encryption, too short, of unknown kinds, and
    those whose private part somebody published.
    """
    try:
        said = json_text.read(text).get("keys")
    except json_text.AmbiguousError as fault:
        raise NoKeysError("the key set is malformed") from fault
    if not isinstance(said, list) or len(said) > _MOST:
        raise NoKeysError(f"a key set is a list of at most {_MOST} keys")
    found = tuple(key for item in said if isinstance(item, dict) and (key := _key(item)) is not None)
    if not found:
        raise NoKeysError("the key set has no key that verifies signatures")
    return found


def fitting(keys: Sequence[Key], kid: str | None, algorithm: str) -> tuple[Key, ...]:
    """The keys that a signature may be of. Without an id there must be only one that could be meant."""
    able = tuple(key for key in keys if algorithm in key.algorithms)
    if kid is None:
        return able if len(able) == 1 else ()
    return tuple(key for key in able if key.kid == kid)[:4]


def _key(said: Mapping[str, object]) -> Key | None:
    kid, alg, uses = said.get("kid"), said.get("alg"), said.get("key_ops", ["verify"])
    if _PRIVATE & said.keys() or said.get("use", "sig") != "sig":
        return None
    if not isinstance(uses, list) or "verify" not in uses or not isinstance(kid, str | None):
        return None
    kind = said.get("kty")
    curve = said.get("crv") if kind in ("EC", "OKP") else ""
    algorithms = _KINDS.get(f"{kind} {curve}", frozenset())
    if alg is not None:
        algorithms = algorithms & {alg} if isinstance(alg, str) else frozenset()
    if not algorithms:
        return None
    if kind == "RSA":
        public = _public(RSAKey, said, "n", "e")
    elif kind == "EC":
        public = _public(ECKey, said, "crv", "x", "y")
    else:
        public = _public(OKPKey, said, "crv", "x")
    if public is None:
        return None
    if isinstance(public, RSAKey) and not _RSA[0] <= public.raw_value.key_size <= _RSA[1]:
        return None
    return Key(kid, algorithms, public)


def _public(kind: type[PublicKey], said: Mapping[str, object], *names: str) -> PublicKey | None:
    """A key of its public members only; None if they make none."""
    members = {name: said.get(name) for name in names}
    if not all(isinstance(value, str) and 1 <= len(value) <= 2048 for value in members.values()):
        return None
    if kind is RSAKey and len(str(members["n"])) < _RSA[0] // 8:
        # Shorter than any allowed one in base64, and not worth a warning.
        return None
    try:
        return kind.import_key({"kty": said["kty"], **members})  # type: ignore[dict-item]  # texts, see above
    except (JoseError, LookupError, ValueError, TypeError, OverflowError):
        return None
