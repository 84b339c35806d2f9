"""What the models demand of an input, in AWS's words: presence, lengths, ranges, choices, patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from iamkit.api.model import Shape
from iamkit.errors import ValidationError

Value = object
"""A text, number, bool, instant, bytes, a mapping (structure or map) or a tuple (list)."""

_SHOWN: Final = 200
# More are not told of at once.
_MOST: Final = 10


def check(shape: Shape, value: Mapping[str, Value]) -> None:
    """Raise ValidationError, worded as AWS words it, unless `value` is what the structure `shape` demands."""
    found: list[str] = []
    for fault in _structure(shape, value, ""):
        found.append(fault)
        if len(found) == _MOST:
            break
    if found:
        raise invalid(found)


def invalid(faults: list[str]) -> ValidationError:
    """The error for `faults`."""
    plural = "error" if len(faults) == 1 else "errors"
    return ValidationError(f"{len(faults)} validation {plural} detected: {'; '.join(faults)}")


def fault_at(shape: Shape | None, path: str, value: object, demand: str) -> str:
    """One sentence: the value at `path` breaks `demand`. Secret values are withheld."""
    if value is None:
        told = "Value null"
    elif shape is not None and shape.secret:
        told = "Value"
    else:
        told = f"Value '{str(value)[:_SHOWN]}'"
    return f"{told} at '{path}' failed to satisfy constraint: Member must {demand}"


def lowered(name: str) -> str:
    """A member's name as messages write it: `RoleName` is `roleName`."""
    return name[:1].lower() + name[1:]


def _structure(shape: Shape, value: Mapping[str, Value], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        place = f"{path}.{lowered(name)}" if path else lowered(name)
        given = value.get(name)
        if given is not None:
            yield from _any(member, given, place)
        elif name in shape.required:
            yield fault_at(member, place, None, "not be null")


def _any(shape: Shape, value: Value, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        if shape.kind == "map":
            yield from _size(shape, len(value), value, path)
            for key, item in value.items():
                yield from _any(shape.inside, item, f"{path}.{key}")
        else:
            yield from _structure(shape, value, path)
    elif isinstance(value, tuple):
        yield from _size(shape, len(value), list(value), path)
        for position, item in enumerate(value, 1):
            yield from _any(shape.inside, item, f"{path}.{position}.member")
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        yield from _range(shape, value, path)
    elif isinstance(value, str):
        yield from _text(shape, value, path)
    elif isinstance(value, bytes):
        yield from _size(shape, len(value), "(bytes)", path)


def _size(shape: Shape, count: int, shown: object, path: str) -> Iterator[str]:
    if shape.most is not None and count > shape.most:
        yield fault_at(shape, path, shown, f"have length less than or equal to {shape.most}")
    if shape.least is not None and count < shape.least:
        yield fault_at(shape, path, shown, f"have length greater than or equal to {shape.least}")


def _range(shape: Shape, number: int, path: str) -> Iterator[str]:
    if shape.most is not None and number > shape.most:
        yield fault_at(shape, path, number, f"have value less than or equal to {shape.most}")
    if shape.least is not None and number < shape.least:
        yield fault_at(shape, path, number, f"have value greater than or equal to {shape.least}")


def _text(shape: Shape, text: str, path: str) -> Iterator[str]:
    yield from _size(shape, len(text), text, path)
    if shape.choices and text not in shape.choices:
        yield fault_at(shape, path, text, f"satisfy enum value set: [{', '.join(shape.choices)}]")
    too_long = shape.most is not None and len(text) > shape.most
    if shape.pattern is not None and not too_long and shape.pattern.fullmatch(text) is None:
        yield fault_at(shape, path, text, f"satisfy regular expression pattern: {shape.shown_pattern}")
