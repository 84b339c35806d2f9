"""The form of an `Authorization: AWS4-HMAC-SHA256 …` header: parsed strictly, and told apart in errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from iamkit.credentials.sigv4_canonical import ALGORITHM, TERMINATOR, Scope
from iamkit.errors import AuthenticationError, IncompleteSignature, SignatureDoesNotMatch

_NAME: Final = r"[a-z0-9!#$%&'*+.^_`|~-]+"
_HEAD: Final = re.compile(
    r"AWS4-HMAC-SHA256 {1,8}Credential=([A-Za-z0-9_]{16,128})/([0-9]{8})/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})"
    rf"/aws4_request, {{0,8}}SignedHeaders=({_NAME}(?:;{_NAME})*), {{0,8}}",
    re.ASCII,
)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LONGEST: Final = 8192
# The parts of a credential, in order, with what each must be.
_CREDENTIAL: Final = (
    ("access key id", re.compile(r"[A-Za-z0-9_]{16,128}", re.ASCII)),
    ("date (YYYYMMDD)", re.compile(r"[0-9]{8}", re.ASCII)),
    ("region", re.compile(r"[a-z0-9-]{1,64}", re.ASCII)),
    ("service", re.compile(r"[a-z0-9-]{1,64}", re.ASCII)),
)
_NAMES: Final = re.compile(rf"{_NAME}(?:;{_NAME})*", re.ASCII)
_REQUIRED: Final = ("host", "x-amz-date")


@dataclass(frozen=True, slots=True)
class SignatureHead:
    """Everything in the header but the signature: which key, which scope, which fields are signed."""

    key_id: str
    scope: Scope
    signed: tuple[str, ...]
    signed_set: frozenset[str]


def parsed_head(text: str, *, required: tuple[str, ...] = _REQUIRED) -> SignatureHead:
    """The header up to `Signature=`. Raises IncompleteSignature or SignatureDoesNotMatch, saying why.

    `required` are the fields that have to be signed.
    """
    match = _HEAD.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise _diagnosed_head(text)
    key_id, date, region, service, names = match.groups()
    signed = tuple(names.split(";"))
    if list(signed) != sorted(set(signed)):
        raise IncompleteSignature("`SignedHeaders` must be sorted, each name once")
    for name in required:
        if name not in signed:
            raise SignatureDoesNotMatch(f"`{name}` must be one of the `SignedHeaders`")
    return SignatureHead(key_id, Scope(date, region, service), signed, frozenset(signed))


def diagnosed_signature(given: str) -> AuthenticationError:
    """Why a signature that is not the right one is refused."""
    if not _SIGNATURE.fullmatch(given):
        return IncompleteSignature("`Signature` must be 64 lower-case hexadecimal digits")
    return SignatureDoesNotMatch(
        "the signature is not the one that this request should carry; check the secret and the signing method"
    )


def _diagnosed_head(text: str) -> AuthenticationError:
    """The most helpful thing to say about a header that has not the one form that is accepted."""
    if len(text) > _LONGEST:
        return IncompleteSignature(f"the Authorization header is longer than {_LONGEST} characters")
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        shown = algorithm if re.fullmatch(r"[A-Za-z0-9-]{1,40}", algorithm, re.ASCII) else "this"
        return IncompleteSignature(f"`{shown}` is not an accepted algorithm; sign with {ALGORITHM}")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders") if name not in parts]
    if missing:
        return IncompleteSignature(f"the Authorization header lacks `{'` and `'.join(missing)}`")
    empty = [name for name in ("Credential", "SignedHeaders") if not parts[name]]
    if empty:
        return IncompleteSignature(f"`{'` and `'.join(empty)}` of the Authorization header is empty")
    credential = parts["Credential"].split("/")
    if len(credential) != 5:
        return IncompleteSignature(
            f"`Credential` must be `KEY/YYYYMMDD/REGION/SERVICE/{TERMINATOR}`, not {len(credential)} parts"
        )
    if credential[4] != TERMINATOR:
        return SignatureDoesNotMatch(f"the credential's scope must end with `{TERMINATOR}`")
    for (name, form), part in zip(_CREDENTIAL, credential, strict=False):
        # What stands there is not shown: it may be a secret that was pasted into the wrong place.
        if not form.fullmatch(part):
            return IncompleteSignature(f"the {name} in `Credential` is {'malformed' if part else 'empty'}")
    if parts["SignedHeaders"] != parts["SignedHeaders"].lower():
        return IncompleteSignature("`SignedHeaders` must be in lower case")
    if not _NAMES.fullmatch(parts["SignedHeaders"]):
        return IncompleteSignature("`SignedHeaders` must be header names with `;` between them")
    return IncompleteSignature(
        f"the Authorization header must be `{ALGORITHM} Credential=…, SignedHeaders=…, Signature=…`"
    )
