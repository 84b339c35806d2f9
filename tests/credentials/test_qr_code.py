"""QR codes hold what they were made of, and show it to nobody by accident."""

from __future__ import annotations

import base64

from iamkit.credentials import qr_code
from iamkit.credentials.secret import Secret

URI = Secret("otpauth://totp/123456789012:phone?secret=JBSWY3DPEHPK3PXP&issuer=123456789012")


def test_the_picture_is_png_and_another_for_another_seed() -> None:
    """What a telephone reads depends on the seed, and so does the picture."""
    first, second = qr_code.png(URI), qr_code.png(Secret(URI.reveal().replace("JBSW", "JBSX")))

    assert base64.b64decode(first.reveal()).startswith(b"\x89PNG\r\n\x1a\n")
    assert first.reveal() != second.reveal()


def test_the_picture_is_as_secret_as_the_seed() -> None:
    """Whoever prints the picture's object by accident shows nothing."""
    assert repr(qr_code.png(URI)) == "***"


def test_a_terminal_gets_it_in_half_blocks() -> None:
    """A terminal needs no image: the code is drawn with characters, a row for two."""
    drawn = qr_code.for_terminal(URI)

    assert len(drawn.splitlines()) > 15
    assert set(drawn) & set("▀▄█")
