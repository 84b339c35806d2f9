"""Policy variables: `${key}`, `${key, 'default'}`, and the escapes `${*}`, `${?}`, `${$}` (SEM-V1..V-11).

Text becomes a template, a tuple of tokens, once. Substitution puts values into that tuple as literal
tokens and nothing is read a second time, so a value never becomes a wildcard or another variable (SEM-V8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from iamkit.errors import EvaluationError
from iamkit.policy.request import ContextValue
from iamkit.policy.tokens import Token, Verbatim, Wildcard, arn_parts, tokens_of
from iamkit.policy.values import text_of

# What one value of a policy may grow to, all of its variables together (SEM-G18).
MAX_EXPANSION: Final = 65_536

_VARIABLE: Final = re.compile(
    r"""\$\{(?:
        (?P<escape>[*?$])
      | (?P<key>[^\s{}$'",*?]+)
        (?:,[ ]*'(?P<default>[^']*)')?
    )\}""",
    re.VERBOSE,
)


@final
@dataclass(frozen=True, slots=True)
class Variable:
    """One `${key}` of a template. `key` is in lower case, as key names ignore case (SEM-V1)."""

    key: str
    default: str | None = None


TemplateToken: TypeAlias = str | Wildcard | Variable
Template: TypeAlias = tuple[TemplateToken, ...]


class MalformedVariableError(ValueError):
    """A `${` that does not begin a well-formed variable (SEM-V9).

    `start` is its offset in the text, `code` tells the faults apart.
    """

    def __init__(self, start: int, message: str, code: str = "INVALID_VARIABLE") -> None:
        super().__init__(message)
        self.start, self.code = start, code


def template(text: str, *, wildcards: bool = True, variables: bool = True) -> Template:
    """The tokens of a policy's text.

    `variables` is false for a document in which they do not exist (SEM-G14): there `${x}` is plain text.
    `wildcards` is false where `*` and `?` are plain characters. Raises MalformedVariableError.
    """
    if not variables or "${" not in text:
        return tokens_of(text) if wildcards else ((text,) if text else ())
    tokens: list[TemplateToken] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        tokens.extend(template(text[position:start], wildcards=wildcards, variables=False))
        found = _VARIABLE.match(text, start)
        if found is None:
            raise MalformedVariableError(start, *_fault(text[start:]))
        escape, key, default = found.group("escape", "key", "default")
        if escape:
            tokens.append(escape)
        elif ":" not in key:
            raise MalformedVariableError(
                start, f"`{found.group()[:80]}` names no condition key, which has a `:`"
            )
        else:
            tokens.append(Variable(key.lower(), default))
        position = found.end()
    tokens.extend(template(text[position:], wildcards=wildcards, variables=False))
    return tuple(tokens)


def _fault(text: str) -> tuple[str, str]:
    """What is wrong with a text that begins with `${`, and its code."""
    shown = text[:40]
    if "}" not in text:
        return f"`{shown}` is a variable without its closing `}}`", "MISSING_BRACE_IN_VARIABLE"
    inside = text[2 : text.index("}")]
    if not inside.strip():
        return "`${}` names no key", "EMPTY_VARIABLE"
    if inside.count("'") % 2:
        return f"`{shown}` has a default whose quote does not end", "MISSING_QUOTE_IN_VARIABLE"
    spaced = any(letter.isspace() for letter in inside.partition(",")[0])
    return (
        f"`{shown}` is not a variable: write `${{key}}` or `${{key, 'default'}}`, no white space in the key",
        "UNSUPPORTED_SPACE_IN_VARIABLE" if spaced else "INVALID_VARIABLE",
    )


def arn_templates(text: str, *, variables: bool = True) -> tuple[Template, ...]:
    """The six parts of an ARN pattern as templates. Raises InvalidArn, MalformedVariableError (SEM-R1)."""
    parts: tuple[Template, ...] = arn_parts(template(text, variables=variables))
    return parts


def keys_in(tokens: Template) -> tuple[str, ...]:
    """The context keys, in lower case, that the template reads."""
    return tuple([token.key for token in tokens if isinstance(token, Variable)])


def fixed(tokens: Template) -> tuple[Token, ...] | None:
    """The template as a pattern if nothing in it varies, otherwise None."""
    plain = [token for token in tokens if not isinstance(token, Variable)]
    return tuple(plain) if len(plain) == len(tokens) else None


def substituted(tokens: Template, values: Mapping[str, ContextValue]) -> tuple[Token, ...] | None:
    """The template with every variable replaced by its literal value, or None if one has no value.

    `values` is keyed by lower-case name. A missing or empty value falls back to the default (SEM-V5, V-6,
    V-10); a list-typed key has no value and no default either (SEM-V4). Raises EvaluationError if the
    result is longer than MAX_EXPANSION.
    """
    result: list[Token] = []
    size = 0
    for token in tokens:
        if not isinstance(token, Variable):
            result.append(token)
            continue
        value = values.get(token.key)
        if isinstance(value, tuple):
            return None
        text = "" if value is None else text_of(value)
        if not text:
            if token.default is None:
                return None
            text = token.default
        size += len(text)
        if size > MAX_EXPANSION:
            raise EvaluationError(f"the variables of a policy value expand beyond {MAX_EXPANSION} characters")
        result.append(Verbatim(text))
    return tuple(result)


def escaped(text: str) -> str:
    """Policy text of Version 2012-10-17 that matches exactly `text` (SEM-V7)."""
    return re.sub(r"[*?$]", lambda found: "${" + found.group() + "}", text)
