"""What the claims of a verified token are here: condition keys, session tags, a source identity (CAP-G5, H2).

A claim `sub` of the provider `https://idp.example.org/team` is the condition key `idp.example.org/team:sub`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from iamkit.errors import InvalidIdentityToken
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.federation.web_identity import VerifiedToken

TAGS: Final = "https://aws.amazon.com/tags"
SOURCE_IDENTITY: Final = "https://aws.amazon.com/source_identity"
# Condition keys that stay for as long as the session does (SEM-K27).
LASTING: Final = ("sub", "aud", "amr")
# What a decision keeps of a token: so many claims, values and characters of each.
_MOST: Final = 50
_LONGEST: Final = 1024
_SUBJECT: Final = 255
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)

Claim: TypeAlias = str | bool | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """Whom a token tells of. `audience` is the client id that it is for; `keys` are condition keys.

    `lasting` are those of them that the session keeps.
    """

    provider: OidcProvider
    subject: str
    audience: str
    keys: Mapping[str, Claim] = field(repr=False)
    lasting: Mapping[str, str | tuple[str, ...]] = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""


def read(token: VerifiedToken) -> WebIdentity:
    """Whom the token tells of. Raises InvalidIdentityToken.

    Issuer and audience are held against the record once more: a verifier that forgets them opens nothing.
    """
    provider, claims = token.provider, token.claims
    if "." not in provider.name and "/" not in provider.name:
        # Its claims would be named as keys of iamkit's or of a service's.
        raise InvalidIdentityToken(f"a provider with the one-word host `{provider.name}` is not supported")
    if claims.get("iss") != provider.url:
        raise InvalidIdentityToken("the token is of another issuer")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= _SUBJECT or not subject.isprintable():
        raise InvalidIdentityToken(f"the token's `sub` must have 1 to {_SUBJECT} printable characters")
    audience = next((name for name in _texts(claims.get("aud")) if name in provider.client_ids), None)
    if audience is None:
        raise InvalidIdentityToken("the token is for none of the provider's client ids")
    keys = _keys(claims)
    prefix = f"{provider.name}:"
    tags, transitive = _tags(claims)
    return WebIdentity(
        provider=provider,
        subject=subject,
        audience=audience,
        keys={prefix + name: value for name, value in keys.items()},
        lasting={
            prefix + name: value for name in LASTING if isinstance(value := keys.get(name), (str, tuple))
        },
        tags=tags,
        transitive=transitive,
        source_identity=_source_identity(claims),
    )


def _keys(claims: Mapping[str, object]) -> dict[str, Claim]:
    """Claims that a condition can be about. Names that differ only by case are told apart by nobody."""
    known = Counter(name.lower() for name in claims)
    found: dict[str, Claim] = {}
    for name in sorted(claims, key=lambda name: (name not in LASTING, name)):
        unclear = known[name.lower()] > 1 and name not in LASTING
        value = _value(claims[name])
        if value is not None and not unclear and _NAME.fullmatch(name) and len(found) < _MOST:
            found[name] = value
    return found


def _value(said: object) -> Claim | None:
    if isinstance(said, str):
        return said if 1 <= len(said) <= _LONGEST else None
    if isinstance(said, bool):
        return said
    if isinstance(said, int):
        return said if abs(said) < 2**63 else None
    if isinstance(said, float):
        return said if math.isfinite(said) else None
    texts = _texts(said)
    fits = 1 <= len(texts) <= _MOST and all(1 <= len(text) <= _LONGEST for text in texts)
    return texts if fits else None


def _texts(said: object) -> tuple[str, ...]:
    """A text or a list of texts as a tuple; empty for anything else."""
    if isinstance(said, str):
        return (said,)
    if isinstance(said, list) and all(isinstance(item, str) for item in said):
        return tuple(said)
    return ()


def _tags(claims: Mapping[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Session tags and the keys of those that are handed on, in AWS's nested or flat form."""
    head = f"{TAGS}/principal_tags/"
    flat = {name.removeprefix(head): value for name, value in claims.items() if name.startswith(head)}
    nested = claims.get(TAGS, {})
    if not isinstance(nested, Mapping):
        raise InvalidIdentityToken(f"the claim `{TAGS}` must be an object")
    said = nested.get("principal_tags", {})
    transitive = nested.get("transitive_tag_keys", claims.get(f"{TAGS}/transitive_tag_keys", []))
    keys = _texts(transitive)
    if not isinstance(said, Mapping) or (transitive != [] and not keys):
        raise InvalidIdentityToken(f"the claim `{TAGS}` is malformed")
    tags: dict[str, str] = {}
    for key, value in (*said.items(), *flat.items()):
        one = _texts(value)
        if len(one) != 1 or key in tags:
            raise InvalidIdentityToken(f"the session tag `{str(key)[:128]}` must have one text")
        tags[str(key)] = one[0]
    lower = {key.lower() for key in tags}
    strange = [key for key in keys if key.lower() not in lower]
    if strange:
        raise InvalidIdentityToken(f"the transitive tag key `{strange[0][:128]}` is none of the token's")
    handed_on = {key.lower() for key in keys}
    return tags, tuple(key for key in tags if key.lower() in handed_on)


def _source_identity(claims: Mapping[str, object]) -> str:
    said = claims.get(SOURCE_IDENTITY, "")
    if not isinstance(said, str) or (not said and SOURCE_IDENTITY in claims):
        raise InvalidIdentityToken(f"the claim `{SOURCE_IDENTITY}` must be a text")
    return said
