"""Places: over a thousand findings about documents written in random ways, each cuts out its element.

The documents are written by a writer of this module, which notes where everything comes to stand; nothing
of the package's own reader has a part in what is expected.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from iamkit.policy import PolicyKind
from iamkit.policy.validate import validate

if TYPE_CHECKING:
    from tests.policy.validate.conftest import Pair

Path = tuple[str | int, ...]
Place = tuple[int, int]

_ENOUGH: Final = 1_000
_SPACES: Final = ("", "", " ", "\n", "\t", "\r\n", "\n    ", "  \n\n ")
_PRINCIPALLED: Final = {
    PolicyKind.RESOURCE,
    PolicyKind.ENDPOINT,
    PolicyKind.TRUST,
    PolicyKind.RESOURCE_GUARDRAIL,
}


class Writer:
    """Writes JSON with random white space, escapes and order, and notes every element's places."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.text = ""
        self.places: dict[Path, set[Place]] = {}

    def space(self) -> None:
        self.text += self.chance.choice(_SPACES)

    def note(self, path: Path, start: int) -> None:
        self.places.setdefault(path, set()).add((start, len(self.text)))

    def string(self, text: str) -> None:
        written = json.dumps(text, ensure_ascii=self.chance.random() < 0.5)
        if self.chance.random() < 0.2 and text[:1].isalnum():
            written = f'"\\u{ord(text[0]):04x}{written[2:]}'
        self.text += written

    def value(self, value: object, path: Path) -> None:
        start = len(self.text)
        if isinstance(value, dict):
            self.members(value, path)
        elif isinstance(value, list):
            self.text += "["
            for index, item in enumerate(value):
                self.text += "," if index else ""
                self.space()
                self.value(item, (*path, index))
                self.space()
            self.text += "]"
        elif isinstance(value, str):
            self.string(value)
        else:
            self.text += json.dumps(value)
        self.note(path, start)

    def members(self, value: Mapping[str, object], path: Path) -> None:
        # A duplicate in another case is told of the second, so that such members keep their order.
        names = list(value)
        if len({name.lower() for name in names}) == len(names):
            self.chance.shuffle(names)
        self.text += "{"
        for index, name in enumerate(names):
            self.text += "," if index else ""
            self.space()
            start, inner = len(self.text), (*path, name)
            self.string(name)
            self.note(inner, start)
            self.space()
            self.text += ":"
            self.space()
            self.value(value[name], inner)
            self.note(inner, start)
            self.space()
        self.text += "}"


def _cut(text: str) -> object:
    """What a span cuts out, as JSON; a whole member as an object of one."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads("{" + text + "}")


def _among_others(document: object, kind: PolicyKind, chance: random.Random) -> object:
    """The document with a statement about something else, which moves the others."""
    if not isinstance(document, dict) or "Statement" not in document:
        return document
    extra: dict[str, object] = {"Effect": "Deny", "Action": "zzz:Never", "Resource": "*"}
    if kind in _PRINCIPALLED:
        extra["Principal"] = {"AWS": "444455556666"}
    if kind is PolicyKind.RESOURCE_GUARDRAIL:
        extra["Principal"] = "*"
    if kind is PolicyKind.TRUST:
        extra = {"Effect": "Deny", "Principal": extra["Principal"], "Action": "sts:Never"}
    statements = document["Statement"]
    several = list(statements) if isinstance(statements, list) else [statements]
    if chance.random() < 0.7:
        several.insert(chance.randrange(len(several) + 1), extra)
    return {**document, "Statement": several}


def test_every_finding_cuts_out_the_element_at_fault(pairs: Mapping[str, Pair]) -> None:
    """Of each finding the path leads to the very text that the span cuts out, and it is the fault's."""
    chance = random.Random(20_240_131)
    checked = 0
    usable = []
    for pair in pairs.values():
        try:
            usable.append((pair, json.loads(pair.trigger), _cut(pair.cuts)))
        except ValueError:
            continue  # not JSON, which is its fault
    usable = [entry for entry in usable if len(entry[0].trigger) < 3_000 and entry[0].code != "DUPLICATE_KEY"]
    while checked < _ENOUGH:
        for pair, document, fault in usable:
            whole = fault == document
            moved = document if whole else _among_others(document, pair.kind, chance)
            writer = Writer(chance)
            writer.space()
            writer.value(moved, ())
            writer.space()

            found = validate(writer.text, pair.kind, pair.facts)

            for finding in found:
                for location in finding.locations:
                    place = (location.span.start, location.span.end)
                    assert place in writer.places[location.path], (finding, writer.text)
                    before = writer.text[: location.span.start]
                    assert location.span.line == before.count("\n") + 1
                    assert location.span.column == len(before) - (before.rfind("\n") + 1) + 1
                checked += 1
            cuts = [
                _cut(writer.text[finding.span.start : finding.span.end])
                for finding in found
                if finding.code == pair.code
            ]
            assert fault in cuts, (pair.code, writer.text)
    assert checked >= _ENOUGH
