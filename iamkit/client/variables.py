"""The variables of the environment that carry a caller's credentials: for the client and the command line."""

from __future__ import annotations

from typing import Final

KEY_ID_VARIABLE: Final = "IAMKIT_ACCESS_KEY_ID"
SECRET_VARIABLE: Final = "IAMKIT_SECRET_ACCESS_KEY"  # noqa: S105  # the name of a variable
SESSION_VARIABLE: Final = "IAMKIT_SESSION_TOKEN"  # the name of a variable
TOKEN_VARIABLE: Final = "IAMKIT_TOKEN"  # noqa: S105  # the name of a variable
