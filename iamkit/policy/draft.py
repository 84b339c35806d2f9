"""A document while it is being read: what the parsers of its parts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iamkit.policy.elements import Fault, nearest
from iamkit.policy.grammar import GRAMMARS, MAX_LIST, Grammar
from iamkit.policy.model import Element, PolicyKind
from iamkit.policy.operators import OperatorTable
from iamkit.policy.places import Place
from iamkit.policy.plain import Plain, is_string


@dataclass(frozen=True, slots=True)
class Note:
    """A fault and where it is: at a value, or at the name of a member where `name`."""

    place: Place
    name: bool
    fault: Fault


@dataclass(slots=True)
class Draft:
    """The kind and its rules, the faults found so far, and how strictly the document is read.

    `variables` becomes true once the document's Version is known to have them (SEM-G14).
    """

    kind: PolicyKind
    operators: OperatorTable
    stored: bool
    managed: bool
    variables: bool = False
    notes: list[Note] = field(default_factory=list)
    grammar: Grammar = field(init=False)

    def __post_init__(self) -> None:
        self.grammar = GRAMMARS[self.kind]

    def note(self, place: Place, fault: Fault | None, *, name: bool = False) -> None:
        """Note a fault, unless it is one that a document at rest may have."""
        if fault is not None and (fault.fatal or not self.stored):
            self.notes.append(Note(place, name, fault))

    def refuse(
        self, place: Place, message: str, code: str, suggestion: str | None = None, *, name: bool = False
    ) -> None:
        """Note a fault that no document may have."""
        self.notes.append(Note(place, name, Fault(message, code, suggestion, fatal=True)))

    def known(
        self,
        place: Place,
        found: Mapping[str, Plain],
        known: tuple[str, ...],
        code: str = "INVALID_POLICY_ELEMENT",
    ) -> None:
        """Refuse the members of an object that are not known, with `code` (SEM-G1, G-2, G-5)."""
        for name in found:
            if name not in known:
                message = f"`{name[:80]}` is not an element here"
                self.refuse(Place(place, name), message, code, nearest(name, known), name=True)

    def strings(self, place: Place, value: Plain, empty: str, *, negated: bool = False) -> list[Element]:
        """The strings of a list element, where one string stands for a list of one (SEM-G6).

        An empty list is noted with the code `empty`.
        """
        what = place.step
        if value.__class__ is str:
            return [Element(value, place)]
        if not isinstance(value, list):
            self.refuse(place, f"{what} is a string or a list of strings", "DATA_TYPE_MISMATCH")
            return []
        if not value:
            # At rest an empty list matches nothing; negated it would match everything (SEM-G11).
            message = f"{what} is an empty list, which matches nothing"
            self.note(place, Fault(message, empty, fatal=negated))
        if not self.fits(place, value):
            return []
        found: list[Element] = []
        for index, item in enumerate(value):
            if isinstance(item, str) and is_string(item):
                found.append(Element(item, Place(place, index)))
            else:
                self.refuse(Place(place, index), f"{what} holds strings only", "DATA_TYPE_MISMATCH")
        return found

    def fits(self, place: Place, value: list[Plain] | dict[str, Plain]) -> bool:
        """Whether a list is within the limit (SEM-G18)."""
        size = len(value)
        if size > MAX_LIST:
            self.refuse(place, f"{size} entries are more than the limit of {MAX_LIST}", "LIST_TOO_LONG")
        return size <= MAX_LIST
