"""Reading XML that came from outside: elements, attributes and text, and none of XML's dangers.

A document with a DTD is refused at its first letter, so there are no entities to expand and nothing to fetch
(THR-F: XXE, billion laughs). Depth and number of elements are bounded. The parser is expat, told to
stop, not one whose options have to be right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NoReturn
from xml.parsers import expat  # entities and DTDs are refused by the handlers below

from iamkit.errors import InputError

_DEEPEST: Final = 32
_MOST: Final = 200_000
_TEXT_AT_ONCE: Final = 1_048_576


@dataclass(slots=True)
class Element:
    """An element. Names are `namespace}name`; without a namespace, `name`."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def one(self, *path: str) -> Element | None:
        """What stands at the end of a path of children; None unless there is one of each name."""
        here = self
        for name in path:
            found = here.all(name)
            if len(found) != 1:
                return None
            here = found[0]
        return here

    def word(self, *path: str) -> str | None:
        """The text at the end of a path, without white space around it."""
        found = self.one(*path)
        return None if found is None else found.text.strip()


def parsed(text: bytes) -> Element:
    """The root element of a document. Raises InputError, which quotes nothing of it."""
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.buffer_size = _TEXT_AT_ONCE
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError):
        # Its own message may quote a piece of the document, which holds secrets.
        raise InputError("the file is not well-formed XML") from None
    if reading.root is None:
        raise InputError("the file is not well-formed XML")
    return reading.root


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _DEEPEST or self._count > _MOST:
            raise InputError("the XML file is too deep or has too many elements")
        made = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(made)
        else:
            self.root = made
        self._open.append(made)

    def end(self, name: str) -> None:  # noqa: ARG002  # expat's shape
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].text += text


def _refuse(*_said: object) -> NoReturn:
    raise InputError("the XML file declares types or entities, or holds instructions; send it without")
