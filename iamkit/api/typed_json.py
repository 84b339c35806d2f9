"""The JSON form of inputs and outputs: members as AWS names them, blobs in base 64, instants as texts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from iamkit.api.constraints import Value, check, fault_at, invalid, lowered
from iamkit.api.model import OperationModel, Shape
from iamkit.api.query import scalar
from iamkit.api.xml import instant
from iamkit.errors import MalformedQueryString


def input_of(operation: OperationModel, data: object) -> dict[str, Value]:
    """The typed input of `operation`. Raises ValidationError, MalformedQueryString."""
    made = _structure(operation.input, data, "")
    check(operation.input, made)
    return made


def output(value: Mapping[str, Value]) -> bytes:
    """An answer."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _plain(value: Value) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return instant(value)
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _structure(shape: Shape, data: object, path: str) -> dict[str, Value]:
    if not isinstance(data, dict):
        raise MalformedQueryString(f"`{path or 'the body'}` has to be an object")
    made: dict[str, Value] = {}
    for name, item in data.items():
        member = shape.members.get(name)
        if member is None:
            raise MalformedQueryString(f"`{(path + '.' + name).lstrip('.')[:200]}` is no parameter here")
        if item is not None:
            made[name] = _any(member, item, f"{path}.{lowered(name)}".lstrip("."))
    return made


def _any(shape: Shape, item: Any, path: str) -> Value:
    match shape.kind, item:
        case "structure", dict():
            return _structure(shape, item, path)
        case "list", list():
            return tuple(
                _any(shape.inside, each, f"{path}.{number}.member") for number, each in enumerate(item, 1)
            )
        case "map", dict():
            return {key: _any(shape.inside, each, f"{path}.{key}") for key, each in item.items()}
        case "boolean", bool():
            return item
        case "integer", int() if not isinstance(item, bool):
            return item
        case (("string" | "blob" | "timestamp"), str()):
            if any("\ud800" <= letter <= "\udfff" for letter in item):
                raise MalformedQueryString(f"`{path[:200]}` is not Unicode")
            return scalar(shape, item, path)
    raise invalid([fault_at(shape, path, "" if shape.secret else item, f"be a valid {shape.kind}")])
