"""The private keys with which encrypted assertions of a SAML provider are read, sealed (CAP-H4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from iamkit.errors import InputError, LimitExceeded, NoSuchEntity
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record

PURPOSE: Final = "saml-private-key"
KEYS: Final = 2
LENGTH: Final = 16_384


class Seal(Protocol):
    """Encrypts what has to be readable again."""

    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes: ...


@record("saml_private_key", key=("key_id",), index=(("provider_arn",),))
@dataclass(frozen=True, slots=True)
class SamlPrivateKey:
    """One key of the provider `provider_arn`; `sealed` is its PEM."""

    key_id: str
    provider_arn: str
    account: str
    created_at: datetime
    sealed: bytes = field(repr=False)


def add(
    unit: Unit, sealer: Seal, ids: Ids, *, provider_arn: str, account: str, pem: str, now: datetime
) -> SamlPrivateKey:
    """Keep a key. Raises InputError if it is no RSA key, LimitExceeded at two."""
    if unit.count(SamlPrivateKey, {"provider_arn": provider_arn}) >= KEYS:
        raise LimitExceeded(f"a SAML provider has at most {KEYS} private keys; remove one first")
    _check(pem)
    key_id = "SPK" + ids.unique("ASCA").removeprefix("ASCA")
    sealed = sealer.seal(pem.encode(), purpose=PURPOSE, account=account, record_id=key_id)
    made = SamlPrivateKey(key_id, provider_arn, account, now, sealed)
    unit.add(made)
    return made


def of_provider(reader: Reader, provider_arn: str) -> list[SamlPrivateKey]:
    """The keys of a provider, oldest first."""
    return reader.find(SamlPrivateKey, {"provider_arn": provider_arn}, order="created_at")


def remove(unit: Unit, provider_arn: str, key_id: str) -> None:
    """Forget one key. Raises NoSuchEntity."""
    found = unit.get(SamlPrivateKey, (key_id,))
    if found is None or found.provider_arn != provider_arn:
        raise NoSuchEntity(f"this SAML provider has no private key `{key_id[:80]}`")
    unit.remove(SamlPrivateKey, (key_id,))


def remove_all(unit: Unit, provider_arn: str) -> None:
    """Forget all keys of a provider."""
    unit.remove_all(SamlPrivateKey, {"provider_arn": provider_arn})


def _check(pem: str) -> None:
    # Heavy, and needed by nobody who only starts a command.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if not 1 <= len(pem) <= LENGTH:
            raise ValueError
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, ArithmeticError):
        # Its own text may quote the key.
        raise InputError("the private key is no unencrypted PEM of an RSA key") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise InputError("the private key must be an RSA key of 2048 bits or more")
