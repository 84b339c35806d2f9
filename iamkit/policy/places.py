"""Where the values of a document stand: a path at first, a span once somebody asks for it.

Hardly any policy that is loaded is ever pointed at, so a place costs no more than its last step. The first
span asked of a document reads its text again, this time with offsets (`source`), and keeps what it read.
"""

from __future__ import annotations

from typing import Final, TypeAlias, final

from iamkit.policy.source import Member, Node, read
from iamkit.policy.spans import Lines, Span

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]


@final
class Known:
    """Stands for the lines of a text that is not at hand: one span of it is known."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def span(self, start: int, end: int) -> Span:  # noqa: ARG002  # whatever is asked for, it is that one
        return self._span


@final
class Origin:
    """A document's text, and its values with their offsets once they are wanted."""

    __slots__ = ("_lines", "_root", "text")

    def __init__(self, text: str, root: Node | None = None, lines: Lines | Known | None = None) -> None:
        self.text = text
        self._root = root
        self._lines: Lines | Known | None = lines

    def find(self, path: Path) -> tuple[Node, Member | None]:
        """The value at a path, and the member it is the value of. Of a name given twice the last counts."""
        node = self._root
        if node is None:
            node = self._root = read(self.text, _HEARD) or Node("null", 0, 0)
        member: Member | None = None
        for step in path:
            if isinstance(step, int):
                node, member = node.items[step], None
            else:
                member = next(found for found in reversed(node.members) if found.name == step)
                node = member.value
        return node, member

    def span(self, start: int, end: int) -> Span:
        if self._lines is None:
            self._lines = Lines(self.text)
        return self._lines.span(start, end)


class _Unheard:
    """For a text that was read before: its faults are known."""

    def add(
        self, path: Path, place: tuple[int, int], message: str, code: str, suggestion: str | None = None
    ) -> None:
        """Nothing."""


_HEARD: Final = _Unheard()


@final
class Place:
    """One value's place: a step below another, or the whole document."""

    __slots__ = ("above", "step")

    def __init__(self, above: Place | Origin, step: Step = "") -> None:
        self.above = above
        self.step = step

    @classmethod
    def told(cls, span: Span) -> Place:
        """A place in a text that is not at hand, of which only the span is known."""
        return cls(Origin("", Node("null", span.start, span.end), Known(span)))

    def _walk(self) -> tuple[Origin, Path]:
        steps: list[Step] = []
        place = self
        while isinstance(place.above, Place):
            steps.append(place.step)
            place = place.above
        return place.above, tuple(reversed(steps))

    @property
    def path(self) -> Path:
        """The JSON path."""
        return self._walk()[1]

    @property
    def span(self) -> Span:
        """The value itself."""
        origin, path = self._walk()
        node, _ = origin.find(path)
        return origin.span(node.start, node.end)

    @property
    def name_offsets(self) -> tuple[int, int]:
        """Where the name of the member stands, as offsets."""
        origin, path = self._walk()
        node, member = origin.find(path)
        return node.place if member is None else member.place

    @property
    def offsets(self) -> tuple[int, int]:
        """Where the value stands, as offsets."""
        origin, path = self._walk()
        return origin.find(path)[0].place

    @property
    def member_span(self) -> Span:
        """From the name of the member to the end of its value."""
        origin, path = self._walk()
        node, member = origin.find(path)
        return origin.span(node.start if member is None else member.start, node.end)

    @property
    def member_spans(self) -> dict[str, Span]:
        """Of an object, that of each of its members, by name."""
        origin, path = self._walk()
        node, _ = origin.find(path)
        return {found.name: origin.span(found.start, found.value.end) for found in node.members}
