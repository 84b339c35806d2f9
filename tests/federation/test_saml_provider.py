"""SAML providers and the private keys that read what is encrypted for them (CAP-H4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from iamkit.clock import FrozenClock
from iamkit.errors import EntityAlreadyExists, InputError, LimitExceeded, NoSuchEntity
from iamkit.federation import saml_keys, saml_provider
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

HOME: Final = "111122223333"
ARN: Final = f"arn:aws:iam::{HOME}:saml-provider/idp"
DOCUMENT: Final = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:idp"{0}>'
    "<IDPSSODescriptor><KeyDescriptor><X509Certificate xmlns='http://www.w3.org/2000/09/xmldsig#'>"
    f"{'TUlJQw' * 150}</X509Certificate></KeyDescriptor>"
    '<SingleSignOnService Location="https://idp.example.org/sso"/></IDPSSODescriptor></EntityDescriptor>'
)
OPEN: Final = DOCUMENT.format("")


class Reversing:
    """Seals by turning around: enough to see that what is kept is not what was given."""

    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        return plain[::-1]


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def test_a_provider_is_as_long_valid_as_its_metadata() -> None:
    """A hundred years without an end of its own; what has ended is refused and changes nothing."""
    store, now = MemoryStore(), FrozenClock().now()
    ends = DOCUMENT.format(f' validUntil="{(now + timedelta(days=3)).isoformat()}"')
    ended = DOCUMENT.format(f' validUntil="{(now - timedelta(days=3)).isoformat()}"')
    with store.write() as unit:
        made = saml_provider.create(
            unit, arn=ARN, account=HOME, name="idp", uuid="0f", metadata=OPEN, now=now
        )
        assert made.valid_until > now + timedelta(days=36_000)
        changed = saml_provider.set_metadata(unit, made, ends, now=now)
        assert changed.valid_until == now + timedelta(days=3)
        with pytest.raises(InputError, match="no longer valid"):
            saml_provider.set_metadata(unit, made, ended, now=now)
        assert saml_provider.metadata_of(unit, made) == ends
        assert saml_provider.get(unit, HOME, ARN) == changed
        with pytest.raises(EntityAlreadyExists):
            saml_provider.create(unit, arn=ARN, account=HOME, name="idp", uuid="1", metadata=OPEN, now=now)
        with pytest.raises(InputError):
            saml_provider.set_encryption(unit, made, "Sometimes")
        saml_provider.delete(unit, changed)
        with pytest.raises(NoSuchEntity):
            saml_provider.get(unit, HOME, ARN)
        with pytest.raises(NoSuchEntity):
            saml_provider.metadata_of(unit, changed)


def test_private_keys_are_kept_sealed_and_two_at_most() -> None:
    """Only RSA keys of a fair size, unencrypted; a refusal quotes nothing of them."""
    store, now, ids = MemoryStore(), FrozenClock().now(), Ids()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    bad = [
        _pem(key, BestAvailableEncryption(b"word")),
        _pem(weak),
        _pem(ec.generate_private_key(ec.SECP256R1())),
        _pem(key).replace("A", "B"),
        "",
        "x" * 20_000,
    ]
    with store.write() as unit:

        def add(pem: str) -> saml_keys.SamlPrivateKey:
            return saml_keys.add(unit, Reversing(), ids, provider_arn=ARN, account=HOME, pem=pem, now=now)

        for pem in bad:
            with pytest.raises(InputError) as caught:
                add(pem)
            assert "BEGIN" not in caught.value.message
        first = add(_pem(key))
        assert first.sealed == _pem(key).encode()[::-1]
        assert "BEGIN" not in repr(first)
        add(_pem(key))
        with pytest.raises(LimitExceeded):
            add(_pem(key))
        with pytest.raises(NoSuchEntity):
            saml_keys.remove(unit, ARN + "x", first.key_id)
        saml_keys.remove(unit, ARN, first.key_id)
        assert len(saml_keys.of_provider(unit, ARN)) == 1
        saml_keys.remove_all(unit, ARN)
        assert saml_keys.of_provider(unit, ARN) == []
