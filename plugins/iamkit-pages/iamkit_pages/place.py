"""The place: which deployment the pages are of, where they stand, how they look and what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from iamkit.errors import ConfigurationError
from iamkit.kit import IAM
from iamkit.web.guard import Guard
from iamkit_pages.theme import Theme
from iamkit_pages.words import Words

_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", re.ASCII)


class Place:
    """See `Pages`, which is this and what serves it. Raises ConfigurationError for what cannot be right."""

    def __init__(
        self,
        iam: IAM,
        *,
        prefix: str = "/account",
        site: str = "",
        home: str = "",
        accounts: bool = False,
        templates: str | Path | None = None,
        style: str | Path | None = None,
        words: str | Path | None = None,
    ) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError("`prefix` is a path without a slash at its end, such as `/account`")
        self.iam = iam
        self.prefix = prefix
        self.site = site
        self.home = home or f"{prefix}/"
        self.accounts = accounts
        self.theme = Theme(templates=_directory(templates), style=_text(style))
        self.words = Words(_directory(words))
        self.guard = Guard(iam.gate)

    def owns(self, path: str) -> bool:
        """Whether a path is one of theirs, be there a page or not."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")


def _directory(given: str | Path | None) -> Path | None:
    if given is None:
        return None
    path = Path(given)
    if not path.is_dir():
        raise ConfigurationError(f"`{path}` is no directory")
    return path


def _text(given: str | Path | None) -> str:
    if given is None:
        return ""
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"the style sheet `{given}` cannot be read") from fault
