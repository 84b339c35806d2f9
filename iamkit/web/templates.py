"""Resource templates: `doc/{doc_id}` filled from the parameters of the matched route.

A value can never change the shape of the ARN that it becomes part of (THR-E13): what separates, matches or
controls is percent-encoded, so `../x`, `a:b` and `*` are names of odd documents and nothing else.
`{name:path}` keeps its slashes, for routes whose parameter is itself a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from iamkit.errors import ConfigurationError, EvaluationError

# The longest resource part that policies are matched against.
LONGEST: Final = 2048

_FIELD: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:path)?\}")
_LITERAL: Final = re.compile(r"[A-Za-z0-9_.,=+@/:~-]*", re.ASCII)
# What needs no second look, and is not empty.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.=+@~-]+", re.ASCII)
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f%/:*?]")
_UNSAFE_IN_PATH: Final = re.compile(r"[\x00-\x1f\x7f-\x9f%:*?]")


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a template. `keeps_slashes` is `{name:path}`."""

    name: str
    keeps_slashes: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A resource part with places to fill; `text` is what the developer wrote."""

    text: str
    parts: tuple[str | Field, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Parse `text`. Raises ConfigurationError, so that a bad template stops the import that holds it."""
        if not is_text(text) or not text:
            raise ConfigurationError("a resource template is a text such as `doc/{doc_id}`")
        if text.startswith("arn:"):
            raise ConfigurationError(
                f"resource template `{text}` must be the ARN's last part only, such as `doc/{{doc_id}}`; "
                "partition, service and account come from the action and the credential"
            )
        parts: list[str | Field] = []
        end = 0
        for found in _FIELD.finditer(text):
            _add_literal(parts, text, text[end : found.start()])
            parts.append(Field(found.group(1), found.group(2) is not None))
            end = found.end()
        _add_literal(parts, text, text[end:])
        return cls(text, tuple(parts))

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the template needs, in order."""
        return tuple(part.name for part in self.parts if isinstance(part, Field))

    def fill(self, parameters: Mapping[str, object]) -> str:
        """The resource part. Raises EvaluationError, a denial, when a parameter is missing or has no text."""
        filled = "".join(
            [part if isinstance(part, str) else _filled(self.text, part, parameters) for part in self.parts]
        )
        if len(filled) > LONGEST:
            raise EvaluationError(f"resource `{self.text}` is longer than {LONGEST} characters when filled")
        return filled


def is_text(value: object) -> bool:
    """Whether a decorator was given a text; without parentheses it is given the function."""
    return isinstance(value, str)


def _add_literal(parts: list[str | Field], whole: str, literal: str) -> None:
    if not _LITERAL.fullmatch(literal):
        advice = "; leave the resource out to ask for `*`, as listing does" if "*" in literal else ""
        raise ConfigurationError(
            f"resource template `{whole}` may hold letters, digits, `_.,=+@/:~-`, places like `{{doc_id}}` "
            f"or `{{name:path}}`; a request names one resource, so it holds no wildcard{advice}"
        )
    if literal:
        parts.append(literal)


def _filled(template: str, field: Field, parameters: Mapping[str, object]) -> str:
    plain = parameters.get(field.name)
    if type(plain) is str and _PLAIN.fullmatch(plain):
        return plain
    text = as_text(template, field.name, parameters)
    if not text and not field.keeps_slashes:
        raise EvaluationError(f"parameter `{field.name}` of resource `{template}` is empty")
    unsafe = _UNSAFE_IN_PATH if field.keeps_slashes else _UNSAFE
    return unsafe.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), text)


def as_text(template: str, name: str, parameters: Mapping[str, object]) -> str:
    """The text of the parameter `name`. Raises EvaluationError if it is missing or of no plain kind."""
    if name not in parameters:
        raise EvaluationError(f"the route of `{template}` has no parameter `{name}`; name one of its path")
    value = parameters[name]
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | UUID):
        raise EvaluationError(f"parameter `{name}` of `{template}` is no text, number or UUID")
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        raise EvaluationError(f"parameter `{name}` of `{template}` is not valid Unicode") from fault
    return text
