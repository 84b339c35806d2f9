"""The catalogue: every text of the pages by its key, English and what the app adds in other languages.

A catalogue is a TOML file named by its language, `de.toml`, with the keys of `words/en.toml`; a key that it
lacks is said in English. Places in a text are written `{name}`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Final

from iamkit.errors import ConfigurationError, IamkitError, ServiceUnavailable, Throttling

ENGLISH: Final = "en"
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Language:
    """The texts of one language; called with a key, it says one."""

    code: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its places filled. Raises KeyError for a key that no catalogue has."""
        return self.texts[key].format_map(values)

    def fault(self, fault: IamkitError) -> str:
        """What went wrong, for the person who reads it: what the catalogue has for its code."""
        if isinstance(fault, ServiceUnavailable | ConfigurationError):
            return self("fault.ServiceUnavailable")
        message = fault.message[:1].upper() + fault.message[1:] + "."
        if isinstance(fault, Throttling):
            return self("fault.Throttling", minutes=max(1, -(-fault.retry_after // 60)))
        key = f"fault.{fault.code}"
        return self(key if key in self.texts else "fault.other", message=message)


class Words:
    """All languages. `directory` holds the app's own catalogues.

    Raises ConfigurationError for one that cannot be read, or has a key or a place that English has not.
    """

    def __init__(self, directory: Path | None = None) -> None:
        english = _read((files("iamkit_pages") / "words" / "en.toml").read_text(encoding="utf-8"), "en.toml")
        self._languages = {ENGLISH: Language(ENGLISH, english)}
        for path in sorted(directory.glob("*.toml")) if directory is not None else ():
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as fault:
                raise ConfigurationError(f"the catalogue `{path}` cannot be read") from fault
            own = _read(text, str(path))
            for key, said in own.items():
                if key not in english:
                    raise ConfigurationError(f"{path}: no page says `{key}`; the keys are those of English")
                if not _places(said) <= _places(english[key]):
                    raise ConfigurationError(f"{path}: `{key}` has a place that the English text has not")
            code = path.stem.lower()
            self._languages[code] = Language(code, {**english, **own})

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages that there are."""
        return tuple(self._languages)

    def wanted(self, accept: str) -> Language:
        """The first language of an `Accept-Language` header that there is; English if none is."""
        weighed: list[tuple[float, str]] = []
        for part in accept[:_LONGEST].split(","):
            code, _, weight = part.strip().lower().partition(";q=")
            try:
                weighed.append((-float(weight or 1), code))
            except ValueError:
                continue
        for less, code in sorted(weighed, key=lambda pair: pair[0]):
            for known in (code, code.partition("-")[0]):
                if known in self._languages and less < 0:
                    return self._languages[known]
        return self._languages[ENGLISH]


def _read(text: str, name: str) -> dict[str, str]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationError(f"the catalogue `{name}` is no TOML: {str(fault)[:200]}") from fault
    found: dict[str, str] = {}
    for section, entries in tables.items():
        if not isinstance(entries, dict):
            raise ConfigurationError(f"{name}: write `{section}` below a line such as `[sign_in]`")
        for key, said in entries.items():
            if not isinstance(said, str):
                raise ConfigurationError(f"{name}: `{section}.{key}` is a text")
            found[f"{section}.{key}"] = said
    return found


def _places(text: str) -> set[str]:
    # A place is a plain name: a catalogue reaches into no value (`{user.__class__}`).
    try:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as fault:
        raise ConfigurationError(f"a text of a catalogue is not well formed: {fault}") from fault
    return names
