"""Which statements of a document speak of an action, without asking each: the first cut of every decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from iamkit.policy.model import Policy, Statement
from iamkit.policy.patterns import action_pattern
from iamkit.policy.targets import ActionTest, action_test


@final
class Speakers:
    """The statements of one document by the actions they name. Actions are in lower case (SEM-A2)."""

    __slots__ = ("_excepting", "_lately", "_named", "_patterns")

    def __init__(self, statements: tuple[Statement, ...]) -> None:
        self._named: dict[str, list[Statement]] = {}
        # Documents repeat the same few patterns, each of which is tried once for all who hold it.
        self._patterns: dict[str, tuple[Callable[[str], bool], list[Statement]]] = {}
        self._excepting: list[tuple[ActionTest, Statement]] = []
        # An explanation asks again what the decision just asked.
        self._lately: tuple[str | None, tuple[Statement, ...]] = (None, ())
        for statement in statements:
            if statement.not_action:
                self._excepting.append((action_test(statement), statement))
                continue
            for element in statement.actions:
                pattern = action_pattern(element.text)
                name = pattern.literal
                if name is not None:
                    self._named.setdefault(name, []).append(statement)
                else:
                    text = element.text.lower()
                    self._patterns.setdefault(text, (pattern.matches, []))[1].append(statement)

    def of(self, action: str) -> tuple[Statement, ...]:
        """The statements whose Action or NotAction speaks of the action, in the document's order."""
        asked, found = self._lately
        if asked != action:
            found = tuple(self._found(action))
            self._lately = (action, found)
        return found

    def _found(self, action: str) -> list[Statement]:
        found = list(self._named.get(action, ()))
        for matches, statements in self._patterns.values():
            if matches(action):
                found.extend(statements)
        found.extend([statement for test, statement in self._excepting if test.holds(action)])
        if len(found) < 2:
            return found
        by_index = {statement.index: statement for statement in found}
        return [by_index[index] for index in sorted(by_index)]


def speakers(policy: Policy) -> Speakers:
    """Those of a policy, made at first use and kept with it, for all whom it concerns."""
    made = policy.speakers
    if not isinstance(made, Speakers):
        made = Speakers(policy.statements)
        object.__setattr__(policy, "speakers", made)
    return made
