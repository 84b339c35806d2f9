"""The resource name of rows: `doc`, or `doc/{team}/{id}`, made of the texts and columns of a declaration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from iamkit.errors import ConfigurationError
from iamkit.rows.sources import Kind, NamePart, Source

# The longest resource part that policies are matched against, as for routes.
LONGEST: Final = 2048
_LONGEST_PART: Final = 512
# What stands percent-encoded, as in the resource templates of routes; `%` first, for it encodes the others.
ENCODED: Final = "%/:*?"
_FIELD: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:path)?\}")
_LITERAL: Final = re.compile(r"[A-Za-z0-9_.,=+@/:~-]*", re.ASCII)
_NAMES: Final = frozenset({Kind.TEXT, Kind.CHOICE, Kind.INTEGER, Kind.UUID})


def name_of(template: str, sources: Mapping[str, Source]) -> tuple[str | NamePart, ...]:
    """The parts of the name. Raises ConfigurationError."""
    if "{" not in template:
        template = f"{template}/{{id}}"
    if len(template) > _LONGEST_PART:
        raise ConfigurationError(f"resource `{template[:80]}` is longer than {_LONGEST_PART} characters")
    pieces: list[str | tuple[str, bool]] = []
    end = 0
    for found in _FIELD.finditer(template):
        pieces += [_literal(template, template[end : found.start()]), (found[1], found[2] is not None)]
        end = found.end()
    pieces = [piece for piece in (*pieces, _literal(template, template[end:])) if piece]
    fields = [piece for piece in pieces if not isinstance(piece, str)]
    longest = min(_LONGEST_PART, (LONGEST - len(template)) // (3 * max(1, len(fields))))
    return tuple(
        piece if isinstance(piece, str) else _part(template, *piece, sources, longest) for piece in pieces
    )


def _literal(template: str, text: str) -> str:
    if not _LITERAL.fullmatch(text):
        raise ConfigurationError(
            f"resource `{template}` may hold letters, digits, `_.,=+@/:~-` and places like `{{id}}`"
        )
    return text


def _part(template: str, name: str, path: bool, sources: Mapping[str, Source], longest: int) -> NamePart:
    source = sources.get(name)
    if source is None:
        raise ConfigurationError(f"resource `{template}` needs `{name}`: say `{name}=` which column it is")
    if source.kind not in _NAMES:
        raise ConfigurationError(f"`{name}` of resource `{template}` holds no texts, integers or UUIDs")
    plain = source.kind in (Kind.INTEGER, Kind.UUID)
    return NamePart(source, "" if plain else ENCODED.replace("/", "") if path else ENCODED, longest)
