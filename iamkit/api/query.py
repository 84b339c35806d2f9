"""The Query protocol's request: a form becomes typed input, `Tags.member.1.Key=…` and so on.

Closed: a parameter that the operation does not have is refused, for it may have been meant as a limit.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from iamkit.api.constraints import Value, check, fault_at, invalid, lowered
from iamkit.api.model import OperationModel, Shape
from iamkit.errors import MalformedQueryString

# What is not a parameter of the operation.
_ENVELOPE: Final = frozenset({"Action", "Version"})
_PRESIGNED: Final = "X-Amz-"
_LARGEST_FORM: Final = 10_000
_DEEPEST: Final = 12
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_POSITION: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)

_Tree = dict[str, "str | _Tree"]


def form_of(text: bytes) -> dict[str, str]:
    """The parameters of a form or a query. Raises MalformedQueryString, also for a name that came twice."""
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=_LARGEST_FORM,
        )
    except ValueError:
        raise MalformedQueryString("the parameters are not a form in UTF-8") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise MalformedQueryString("a parameter came twice")
    return form


def input_of(operation: OperationModel, form: Mapping[str, str]) -> dict[str, Value]:
    """The typed input of `operation`. Raises ValidationError, MalformedQueryString."""
    tree: _Tree = {}
    for name, value in form.items():
        if name not in _ENVELOPE and not name.startswith(_PRESIGNED):
            _put(tree, name, value)
    made = _structure(operation.input, tree, "")
    check(operation.input, made)
    return made


def _put(tree: _Tree, name: str, value: str) -> None:
    *parents, last = name.split(".")
    if len(parents) > _DEEPEST:
        raise MalformedQueryString(f"`{name[:80]}` is no parameter")
    for part in parents:
        inner = tree.setdefault(part, {})
        if isinstance(inner, str):
            raise MalformedQueryString(f"`{name[:80]}` is given as a value and as a list")
        tree = inner
    if last in tree:
        raise MalformedQueryString(f"`{name[:80]}` is given as a value and as a list")
    tree[last] = value


def _structure(shape: Shape, tree: _Tree, path: str) -> dict[str, Value]:
    made: dict[str, Value] = {}
    for name, given in tree.items():
        member = shape.members.get(name)
        if member is None:
            raise MalformedQueryString(f"`{(path + '.' + name).lstrip('.')[:200]}` is no parameter here")
        made[name] = _any(member, given, f"{path}.{lowered(name)}".lstrip("."))
    return made


def _any(shape: Shape, given: str | _Tree, path: str) -> Value:
    if isinstance(given, str):
        if shape.kind in ("list", "map") and given == "":
            # How clients write an empty one.
            return () if shape.kind == "list" else {}
        return scalar(shape, given, path)
    if shape.kind == "structure":
        return _structure(shape, given, path)
    if shape.kind == "list":
        return tuple(
            _any(shape.inside, item, f"{path}.{position}.member")
            for position, item in _numbered(given, "member", path)
        )
    if shape.kind == "map":
        return _map(shape, given, path)
    raise MalformedQueryString(f"`{path[:200]}` is one value")


def _map(shape: Shape, given: _Tree, path: str) -> dict[str, Value]:
    made: dict[str, Value] = {}
    for _, entry in _numbered(given, "entry", path):
        if isinstance(entry, str) or set(entry) - {"key", "value"} or not isinstance(entry.get("key"), str):
            raise MalformedQueryString(f"`{path[:200]}` needs a key and a value in each entry")
        key, value = str(entry["key"]), entry.get("value", "")
        if key in made:
            raise MalformedQueryString(f"`{path[:200]}` has an entry twice")
        made[key] = _any(shape.inside, value, f"{path}.{key}")
    return made


def _numbered(given: _Tree, word: str, path: str) -> list[tuple[int, str | _Tree]]:
    inner = given.get(word)
    if len(given) != 1 or inner is None or isinstance(inner, str):
        raise MalformedQueryString(
            f"the items of `{path[:200]}` are written `{path[:80]}.{word}.1` and so on"
        )
    if not all(_POSITION.fullmatch(key) for key in inner):
        raise MalformedQueryString(f"the items of `{path[:200]}` are numbered from 1")
    return sorted((int(key), item) for key, item in inner.items())


def scalar(shape: Shape, text: str, path: str) -> Value:
    """A single value as the wire writes it. Raises ValidationError."""
    if shape.kind == "string":
        return text
    if shape.kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if shape.kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if shape.kind == "blob":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
    if shape.kind == "timestamp":
        try:
            instant = datetime.fromisoformat(text)
            return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except ValueError:
            pass
    raise invalid([fault_at(shape, path, text, f"be a valid {shape.kind}")])
