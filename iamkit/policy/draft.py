"""A document while it is being read: what the parsers of its parts share."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.policy.elements import Fault, nearest
from iamkit.policy.grammar import GRAMMARS, MAX_LIST, Grammar
from iamkit.policy.model import Element, PolicyKind
from iamkit.policy.operators import OperatorTable
from iamkit.policy.problem import Lines, Path, Problems
from iamkit.policy.source import Node


@dataclass(slots=True)
class Draft:
    """The text's kind and places, the faults found so far, and how strictly it is read.

    `variables` becomes true once the document's Version is known to have them (SEM-G14).
    """

    kind: PolicyKind
    lines: Lines
    problems: Problems
    operators: OperatorTable
    stored: bool
    managed: bool
    variables: bool = False

    @property
    def grammar(self) -> Grammar:
        return GRAMMARS[self.kind]

    def note(self, path: Path, node: Node, fault: Fault | None) -> None:
        """Note a fault, unless it is one that a document at rest may have."""
        if fault is not None and (fault.fatal or not self.stored):
            self.problems.add(path, node.place, fault.message, fault.code, fault.suggestion)

    def refuse(self, path: Path, node: Node, message: str, code: str, suggestion: str | None = None) -> None:
        """Note a fault that no document may have."""
        self.problems.add(path, node.place, message, code, suggestion)

    def members(
        self, path: Path, node: Node, known: tuple[str, ...], code: str = "INVALID_POLICY_ELEMENT"
    ) -> dict[str, Node]:
        """An object's members by name; what is not known is refused with `code` (SEM-G1, G-2, G-5)."""
        found: dict[str, Node] = {}
        for member in node.members:
            if member.name in known:
                found[member.name] = member.value
                continue
            message = f"`{member.name[:80]}` is not an element here"
            near = nearest(member.name, known)
            self.problems.add((*path, member.name), member.place, message, code, near)
        return found

    def strings(
        self, path: Path, node: Node, empty: str, *, negated: bool = False
    ) -> list[tuple[Path, Node]]:
        """The strings of a list element, where one string stands for a list of one (SEM-G6).

        An empty list is noted with the code `empty`.
        """
        what = path[-1]
        if node.kind == "string":
            return [(path, node)]
        if node.kind != "array":
            self.refuse(path, node, f"{what} is a string or a list of strings", "DATA_TYPE_MISMATCH")
            return []
        if not node.items:
            # At rest an empty list matches nothing; negated it would match everything (SEM-G11).
            message = f"{what} is an empty list, which matches nothing"
            self.note(path, node, Fault(message, empty, fatal=negated))
        if not self.fits(path, node):
            return []
        places: list[tuple[Path, Node]] = []
        for index, item in enumerate(node.items):
            if item.kind == "string":
                places.append(((*path, index), item))
            else:
                self.refuse((*path, index), item, f"{what} holds strings only", "DATA_TYPE_MISMATCH")
        return places

    def fits(self, path: Path, node: Node) -> bool:
        """Whether a list is within the limit (SEM-G18)."""
        size = max(len(node.items), len(node.members))
        if size > MAX_LIST:
            self.refuse(path, node, f"{size} entries are more than the limit of {MAX_LIST}", "LIST_TOO_LONG")
        return size <= MAX_LIST

    def element(self, node: Node) -> Element:
        """A string with its place."""
        return Element(node.text, self.lines.span(*node.place))
