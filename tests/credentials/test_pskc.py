"""Containers of seeds (RFC 6030): what is read, what is refused, and what an error never quotes."""

from __future__ import annotations

import base64
import hmac
import os
from typing import Final

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from iamkit.credentials.pskc import SharedKey, TokenSeed, seeds_in
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError

SEED: Final = b"12345678901234567890"
KEY: Final = bytes.fromhex("12345678901234567890123456789012")
AGREED: Final = SharedKey(key=Secret(KEY.hex()))
PHRASE: Final = SharedKey(passphrase=Secret("qwerty"))
CBC: Final = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
NAMES: Final = (
    'xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
    ' xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"'
    ' xmlns:pkcs5="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#"'
)
NAMED_KEY: Final = "<pskc:EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></pskc:EncryptionKey>"
# The examples of RFC 6030, figures 6 and 7.
AGREED_MAC: Final = "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX"
AGREED_SEED: Final = "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv"
AGREED_CHECK: Final = "Su+NvtQfmvfJzF6bmQiJqoLRExc="
PHRASE_MAC: Final = "2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx"
PHRASE_SEED: Final = "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f"
PHRASE_CHECK: Final = "LP6xMvjtypbfT9PdkJhBZ+D6O4w="


def encrypted(blob: str, method: str = CBC) -> str:
    return (
        f'<xenc:EncryptionMethod Algorithm="{method}"/><xenc:CipherData><xenc:CipherValue>{blob}'
        "</xenc:CipherValue></xenc:CipherData>"
    )


def sealed(blob: str, check: str | None, method: str = CBC) -> str:
    told = "" if check is None else f"<pskc:ValueMAC>{check}</pskc:ValueMAC>"
    return f"<pskc:EncryptedValue>{encrypted(blob, method)}</pskc:EncryptedValue>{told}"


def mac(blob: str, kind: str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1") -> str:
    return f'<pskc:MACMethod Algorithm="{kind}"><pskc:MACKey>{encrypted(blob)}</pskc:MACKey></pskc:MACMethod>'


def derived(rounds: str = "1000") -> str:
    return (
        '<pskc:EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod Algorithm="http://www.rsasecurity'
        '.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"><pkcs5:PBKDF2-params><Salt><Specified>Ej7/PEpyEpw='
        f"</Specified></Salt><IterationCount>{rounds}</IterationCount><KeyLength>16</KeyLength><PRF/>"
        "</pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod></xenc11:DerivedKey></pskc:EncryptionKey>"
    )


def package(secret: str, *, serial: str = "987654321", kind: str = "hotp", length: str = "8") -> str:
    return (
        "<pskc:KeyPackage><pskc:DeviceInfo><pskc:Manufacturer>Maker</pskc:Manufacturer><pskc:SerialNo>"
        f'{serial}</pskc:SerialNo></pskc:DeviceInfo><pskc:Key Id="1" Algorithm="urn:ietf:params:xml:ns:'
        f'keyprov:pskc:{kind}"><pskc:AlgorithmParameters><pskc:ResponseFormat Length="{length}" '
        f'Encoding="DECIMAL"/></pskc:AlgorithmParameters><pskc:Data><pskc:Secret>{secret}</pskc:Secret>'
        "<pskc:Counter><pskc:PlainValue>7</pskc:PlainValue></pskc:Counter></pskc:Data></pskc:Key>"
        "</pskc:KeyPackage>"
    )


def container(*parts: str) -> bytes:
    body = "".join(parts)
    return (
        f'<?xml version="1.0"?><pskc:KeyContainer Version="1.0" {NAMES}>{body}</pskc:KeyContainer>'.encode()
    )


def plain(seed: bytes = SEED) -> str:
    return f"<pskc:PlainValue>{base64.b64encode(seed).decode()}</pskc:PlainValue>"


def read(text: bytes, shared: SharedKey | None = None) -> tuple[TokenSeed, ...]:
    return seeds_in(text, shared, most=10)


def test_plain_seeds_are_read_with_what_stands_beside_them() -> None:
    """Three tokens of one file, each with its own kind, number and length."""
    text = container(
        package(plain()), package(plain(), serial="2", kind="totp", length="6"), package(plain(), serial="3")
    )

    first, second, third = read(text)

    assert (first.serial, first.seed, first.counts) == ("987654321", SEED, True)
    assert (first.counter, first.digits, first.maker, first.algorithm) == (7, 8, "Maker", "SHA1")
    assert (second.counts, second.digits, second.period) == (False, 6, 30)
    assert third.serial == "3"


def test_seeds_under_an_agreed_key_are_read() -> None:
    """The example of the RFC, figure 6."""
    text = container(NAMED_KEY, mac(AGREED_MAC), package(sealed(AGREED_SEED, AGREED_CHECK)))

    (found,) = read(text, AGREED)

    assert found.seed == SEED


def test_seeds_under_a_passphrase_are_read() -> None:
    """The example of the RFC, figure 7."""
    text = container(derived(), mac(PHRASE_MAC), package(sealed(PHRASE_SEED, PHRASE_CHECK)))

    (found,) = read(text, PHRASE)

    assert found.seed == SEED


def test_wrapped_seeds_are_read() -> None:
    """AES key wrap checks itself, so it needs no MAC."""
    blob = base64.b64encode(aes_key_wrap(KEY, b"0123456789abcdef")).decode()
    method = "http://www.w3.org/2001/04/xmlenc#kw-aes128"

    (found,) = read(container(NAMED_KEY, package(sealed(blob, None, method))), AGREED)

    assert found.seed == b"0123456789abcdef"


def _changed(blob: str) -> str:
    raw = bytearray(base64.b64decode(blob))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode()


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        (container(NAMED_KEY, mac(AGREED_MAC), package(sealed(_changed(AGREED_SEED), AGREED_CHECK))), AGREED),
        (container(NAMED_KEY, mac(AGREED_MAC), package(sealed(AGREED_SEED, _changed(AGREED_CHECK)))), AGREED),
        (container(NAMED_KEY, mac(AGREED_MAC), package(sealed(AGREED_SEED, None))), AGREED),
        (container(NAMED_KEY, package(sealed(AGREED_SEED, AGREED_CHECK))), AGREED),
        (
            container(NAMED_KEY, mac(AGREED_MAC), package(sealed(AGREED_SEED, AGREED_CHECK))),
            SharedKey(key=Secret("00" * 16)),
        ),
        (container(NAMED_KEY, mac(AGREED_MAC), package(sealed(AGREED_SEED, AGREED_CHECK))), None),
        (container(NAMED_KEY, mac(AGREED_MAC), package(sealed(AGREED_SEED, AGREED_CHECK))), PHRASE),
        (
            container(derived(), mac(PHRASE_MAC), package(sealed(PHRASE_SEED, PHRASE_CHECK))),
            SharedKey(passphrase=Secret("qwertz")),
        ),
        (container(derived("99999999"), mac(PHRASE_MAC), package(sealed(PHRASE_SEED, PHRASE_CHECK))), PHRASE),
        (container(derived("-1"), mac(PHRASE_MAC), package(sealed(PHRASE_SEED, PHRASE_CHECK))), PHRASE),
        (container(package(sealed(AGREED_SEED, AGREED_CHECK))), AGREED),
        (container(package(plain(), kind="ocra")), None),
        (container(package("<pskc:PlainValue>%%%</pskc:PlainValue>")), None),
        (container(package(plain(), length="six")), None),
        (container(*[package(plain())] * 11), None),
        (b"<a/>", None),
        (b"not xml", None),
        (b"<a>" * 40 + b"</a>" * 40, None),
        (b"\xff\xfe", None),
    ],
)
def test_what_is_wrong_is_refused_and_not_quoted(text: bytes, shared: SharedKey | None) -> None:
    """A changed value, another key, an unchecked one: no seed comes out, and none is in the message."""
    with pytest.raises(InputError) as caught:
        read(text, shared)

    assert SEED.decode() not in caught.value.message
    assert AGREED_SEED not in caught.value.message


def test_a_wrong_padding_under_a_right_mac_is_refused() -> None:
    """Nothing is cut off by a length that cannot be."""
    iv, mac_key = os.urandom(16), os.urandom(20)

    def cbc(text: bytes) -> str:
        cipher = Cipher(algorithms.AES(KEY), modes.CBC(iv)).encryptor()
        return base64.b64encode(iv + cipher.update(text) + cipher.finalize()).decode()

    blob = cbc(b"x" * 15 + b"\x00")
    check = base64.b64encode(hmac.digest(mac_key, base64.b64decode(blob), "sha1")).decode()
    text = container(NAMED_KEY, mac(cbc(mac_key + b"\x0c" * 12)), package(sealed(blob, check)))

    with pytest.raises(InputError):
        read(text, AGREED)


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a [<!ENTITY x "y">]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd">',
        "<?run me?>",
    ],
)
def test_documents_with_types_entities_or_instructions_are_refused(head: str) -> None:
    """Before anything in them is read."""
    with pytest.raises(InputError, match="types or entities"):
        read(head.encode() + container(package(plain())).removeprefix(b'<?xml version="1.0"?>'))
