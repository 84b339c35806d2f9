"""Candidates folded by the resources they speak of, so that a request meets few of them, however many.

What a resource has to begin with is its *head*: `arn:aws:s3:::photos/` for `arn:aws:s3:::photos/*`. A fold
has one place for each resource written out and one for each head; the candidates that may match the
resources of a place are its postings, one for each group of candidates, each entry with what is left to
test. Theory of operation: all heads of one resource are beginnings of each other, so the longest settles
the others, and its postings hold theirs too. In sorted order the longest head of a resource is the one
before it, or what that one begins with; so one search finds it, whatever their number.

What needs no test is settled by the place alone; the rest is tried as in a plain list. Leaving out a
candidate whose resource does not match changes nothing, also where its conditions cannot be judged: what
does not hold outweighs them (`formula.And`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar, final

from iamkit.errors import EvaluationError
from iamkit.policy.conditions import KeyTest
from iamkit.policy.formula import TRUE, And, Formula, first_failure
from iamkit.policy.request import AccessRequest
from iamkit.policy.targets import ResourceEntry, ResourceTest

T = TypeVar("T")

# An entry of Resource: what stands before its wildcards, stars that end that, and whatever else there is.
_HEAD: Final = re.compile(r"([^*?]*)(\**)(.*)", re.DOTALL)


@final
class Entry(Generic[T]):
    """A candidate at one of its resources: its rank, what its resource and its conditions still have to pass.

    `matches` and `test` are None where there is nothing left to test, and where both are it is `sure`.
    """

    __slots__ = ("candidate", "matches", "rank", "sure", "test")

    def __init__(
        self,
        rank: int,
        matches: Callable[[str], bool] | None,
        test: Callable[[AccessRequest], bool] | None,
        candidate: T,
    ) -> None:
        self.rank = rank
        self.matches = matches
        self.test = test
        self.candidate = candidate
        self.sure = matches is None and test is None


Posting: TypeAlias = tuple[Entry[T], ...]


def first(posting: Posting[T], request: AccessRequest) -> T | None:
    """The first that holds, or None. Raises EvaluationError if those that cannot be judged decide."""
    failure: EvaluationError | None = None
    for entry in posting:
        matches, test = entry.matches, entry.test
        if matches is not None and not matches(request.resource):
            continue
        try:
            if test is None or test(request):
                return entry.candidate
        except EvaluationError as error:
            failure = first_failure(failure, error)
    if failure is not None:
        raise failure
    return None


def every(posting: Posting[T], request: AccessRequest) -> tuple[T, ...]:
    """All that hold. Raises EvaluationError if none does and some cannot be judged."""
    failure: EvaluationError | None = None
    found: tuple[T, ...] = ()
    for entry in posting:
        matches, test = entry.matches, entry.test
        if matches is not None and not matches(request.resource):
            continue
        try:
            holds = test is None or test(request)
        except EvaluationError as error:
            failure = first_failure(failure, error)
            continue
        # A candidate stands here once for each of its resources that match, one after the other.
        if holds and not (found and found[-1] is entry.candidate):
            found = (*found, entry.candidate)
    if failure is not None and not found:
        raise failure
    return found


@final
class Fold(Generic[T]):
    """Groups of candidates, each in the order of its rank, by resource.

    Of the first group all that hold are wanted, of each other one the first that does: what stands behind
    one that surely holds is left out there.
    """

    __slots__ = ("_exact", "_groups", "_heads", "_own", "_parents", "_texts")

    def __init__(self, all_of: Iterable[tuple[T, Formula]], *first_of: Iterable[tuple[T, Formula]]) -> None:
        self._groups = 1 + len(first_of)
        by_head: dict[str, _Own[T]] = {"": []}
        by_text: dict[str, _Own[T]] = {}
        for group, candidates in enumerate((all_of, *first_of)):
            for rank, (candidate, formula) in enumerate(candidates):
                for text, whole, entry in _stands(rank, candidate, formula):
                    (by_text if whole else by_head).setdefault(text, []).append((group, entry))
        # The places: the heads as they are sorted, then the resources that are written out.
        self._heads = sorted(by_head)
        self._texts = (*self._heads, *by_text)
        self._own = [*[by_head[head] for head in self._heads], *by_text.values()]
        self._parents = _parents(self._heads)
        self._exact: dict[str, int] = {}
        self._parents.extend([self.place(text) for text in by_text])
        self._exact = {text: place for place, text in enumerate(by_text, len(self._heads))}

    def __len__(self) -> int:
        return len(self._own)

    def place(self, resource: str) -> int:
        """The place of a resource: a number below the length of the fold."""
        found = self._exact.get(resource)
        if found is not None:
            return found
        heads = self._heads
        place = bisect_right(heads, resource) - 1
        # The first head is empty, so every resource begins with it.
        while place and not resource.startswith(heads[place]):
            place = self._parents[place]
        return place

    def text(self, place: int) -> str:
        """What the resources of a place begin with; all of it where it is written out."""
        return self._texts[place]

    def postings(self, place: int) -> tuple[Posting[T], ...]:
        """The candidates of each group that may match the resources of a place, by rank."""
        found: list[list[Entry[T]]] = [[] for _ in range(self._groups)]
        while True:
            for group, entry in self._own[place]:
                found[group].append(entry)
            if not place:
                break
            place = self._parents[place]
        for entries in found:
            entries.sort(key=_by_rank)
        return (tuple(found[0]), *[_until_settled(entries) for entries in found[1:]])


def _parents(heads: Sequence[str]) -> list[int]:
    """For each of the sorted heads the longest other one that it begins with; for the empty one itself."""
    parents: list[int] = []
    above: list[int] = []
    for place, head in enumerate(heads):
        while above and not head.startswith(heads[above[-1]]):
            above.pop()
        parents.append(above[-1] if above else 0)
        above.append(place)
    return parents


def _until_settled(entries: Sequence[Entry[T]]) -> Posting[T]:
    """The entries that the first one to hold can be among: none stands behind a sure one."""
    for number, entry in enumerate(entries):
        if entry.sure:
            return tuple(entries[: number + 1])
    return tuple(entries)


def _by_rank(entry: Entry[T]) -> int:
    return entry.rank


# The entries that stand at a place itself, each with its group.
_Own: TypeAlias = list[tuple[int, Entry[T]]]
# Where a candidate stands: a head or a whole resource, whether it is the latter, and its entry there.
_Stand: TypeAlias = tuple[str, bool, Entry[T]]


def _stands(rank: int, candidate: T, formula: Formula) -> list[_Stand[T]]:
    """Where a candidate stands: once for each entry of its resource."""
    if formula is TRUE:
        return [("", False, Entry(rank, None, None, candidate))]
    parts: tuple[Formula, ...] = formula.parts if isinstance(formula, And) else (formula,)
    for number, part in enumerate(parts):
        # Where a variable may fail to have a value, the whole has to be tested.
        if isinstance(part, ResourceTest) and part.ready is not None and not part.negated:
            rest = (*parts[:number], *parts[number + 1 :])
            test = _quickly(rest) if rest else None
            return [_stand(rank, candidate, entry, test) for entry in part.entries]
    return [("", False, Entry(rank, None, _quickly(parts), candidate))]


class _Quick(NamedTuple):
    """A formula by its test alone."""

    test: Callable[[AccessRequest], bool]


def _quickly(parts: tuple[Formula, ...]) -> Callable[[AccessRequest], bool]:
    """The test that all parts hold, in its quickest form."""
    tests = [part.quickly if isinstance(part, KeyTest) else part.test for part in parts]
    return tests[0] if len(tests) == 1 else And(tuple(map(_Quick, tests))).test


def _stand(
    rank: int, candidate: T, entry: ResourceEntry, test: Callable[[AccessRequest], bool] | None
) -> _Stand[T]:
    if entry.text == "*":
        return "", False, Entry(rank, None, test, candidate)
    # An escape such as `${*}` is text that is not as it is written; such entries are few.
    found = None if entry.tokens else _HEAD.match(entry.text)
    if found is None:
        return "", False, Entry(rank, entry.matches, test, candidate)
    head, stars, more = found.groups()
    # Five literal colons fix the six parts, so that comparing the whole text is the same (`arn_matcher`).
    settled = not more and head.count(":") >= 5
    return head, settled and not stars, Entry(rank, None if settled else entry.matches, test, candidate)
