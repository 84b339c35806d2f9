"""QR codes, by which a telephone takes over a seed: a picture for the API and pages, text for terminals."""

from __future__ import annotations

import base64
import io
from typing import Final

from iamkit.credentials.secret import Secret

# Pixels of a module: a code has about fifty of them a side, and 300 are read from a screen at arm's length.
_SCALE: Final = 6
# Up to 15 % of the picture may be covered or blurred (ISO/IEC 18004, level M).
_CORRECTION: Final = "m"


def png(uri: Secret) -> Secret:
    """The picture of `uri` as PNG in base 64. It holds the seed, so it is a secret as that is."""
    # The library is loaded when somebody makes a device, which is seldom.
    import segno

    drawing = io.BytesIO()
    segno.make(uri.reveal(), error=_CORRECTION, micro=False).save(drawing, kind="png", scale=_SCALE)
    return Secret(base64.b64encode(drawing.getvalue()).decode("ascii"))


def for_terminal(uri: Secret) -> str:
    """The picture of `uri` in half blocks."""
    import segno

    drawing = io.StringIO()
    segno.make(uri.reveal(), error=_CORRECTION).terminal(out=drawing, compact=True)
    return drawing.getvalue()
