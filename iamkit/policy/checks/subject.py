"""The document under examination, and what a check hands back about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from iamkit.policy.findings import Example, Facts, Location
from iamkit.policy.model import Condition, Effect, Policy, PolicyKind, Span, Statement
from iamkit.policy.operators import Operator
from iamkit.policy.problem import Lines, Path
from iamkit.policy.source import Node

IDENTITY_KINDS = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION})
# What grants, so that a grant which is too wide is worth a word.
GRANTING_KINDS = frozenset({PolicyKind.IDENTITY, PolicyKind.SESSION})
RESOURCE_KINDS = frozenset({PolicyKind.RESOURCE, PolicyKind.ENDPOINT})


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: the code, what to do, the places, and for a danger a request that shows it."""

    code: str
    message: str
    places: tuple[Span, ...]
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A document that can be read, with its JSON tree and what is known beside it."""

    policy: Policy
    root: Node
    lines: Lines
    facts: Facts
    paths: dict[tuple[int, int], Path] = field(init=False, repr=False)
    # The JSON objects of the statements, by where they begin.
    nodes: dict[int, Node] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", dict(_paths(self.root, ())))
        object.__setattr__(self, "nodes", {node.start: node for node in _statements(self.root)})

    @property
    def kind(self) -> PolicyKind:
        return self.policy.kind

    def span(self, node: Node) -> Span:
        return self.lines.span(*node.place)

    def location(self, span: Span) -> Location:
        """The element that stands at a place: a value, the name of a member, or a member as a whole."""
        return Location(self.paths.get((span.start, span.end), ()), span)

    def statement_node(self, statement: Statement) -> Node:
        """The JSON object of a statement."""
        return self.nodes[statement.span.start]

    def conditions(self) -> Iterator[tuple[Statement, Condition, Operator]]:
        """Every condition whose operator is known."""
        for statement in self.policy.statements:
            for condition in statement.conditions:
                operator = self.facts.operators.get(condition.operator)
                if operator is not None:
                    yield statement, condition, operator

    def allows(self) -> Iterator[Statement]:
        """The statements that allow."""
        return (item for item in self.policy.statements if item.effect is Effect.ALLOW)


def key_span(subject: Subject, condition: Condition) -> Span:
    """The place of a condition's key, without its values."""
    end = condition.span.start + 1
    text = subject.policy.text
    while text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return subject.lines.span(condition.span.start, end + 1)


def member_span(statement: Statement, *names: str) -> Span:
    """The place of the first of these members that the statement has, or of the statement."""
    return next((statement.members[name] for name in names if name in statement.members), statement.span)


def action_span(statement: Statement) -> Span:
    """The place of Action or NotAction."""
    return member_span(statement, "NotAction" if statement.not_action else "Action")


def resource_span(statement: Statement) -> Span:
    """The place of Resource or NotResource."""
    return member_span(statement, "NotResource" if statement.not_resource else "Resource")


def _statements(root: Node) -> Iterator[Node]:
    for member in root.members:
        if member.name == "Statement":
            yield from member.value.items or (member.value,)


def _paths(node: Node, path: Path) -> Iterator[tuple[tuple[int, int], Path]]:
    yield node.place, path
    for index, item in enumerate(node.items):
        yield from _paths(item, (*path, index))
    for member in node.members:
        inner = (*path, member.name)
        yield member.place, inner
        yield (member.start, member.value.end), inner
        yield from _paths(member.value, inner)
