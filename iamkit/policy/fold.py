"""Candidates folded by the resources they speak of, so that a request meets few of them, however many.

What a resource has to begin with is its *head*: `arn:aws:s3:::photos/` for `arn:aws:s3:::photos/*`. A fold
keeps one posting for each resource written out and one for each head: the candidates that may match there,
each with what is left to test. Theory of operation: all heads of one resource are beginnings of each other,
so the longest settles the others, and its posting holds theirs already. In sorted order the longest head of
a resource is the one before it, or what that one begins with; so one search finds it, whatever their number.

What needs no test is settled by the place alone. The rest is as in a plain list, which a fold of a few
candidates is (`_FLAT`). Leaving out a candidate whose resource does not match changes nothing, also where
its conditions cannot be judged: what does not hold outweighs them (`formula.And`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar, final

from iamkit.errors import EvaluationError
from iamkit.policy.conditions import KeyTest
from iamkit.policy.formula import TRUE, And, Formula, conjunction, first_failure
from iamkit.policy.request import AccessRequest
from iamkit.policy.targets import ResourceEntry, ResourceTest
from iamkit.policy.tokens import Verbatim, Wildcard, joined

T = TypeVar("T")

# Up to this many entries are tried one by one: that is as fast, and made sooner.
_FLAT: Final = 4
_RUN: Final = Wildcard.RUN


class Entry(NamedTuple, Generic[T]):
    """A candidate at one of its resources: its rank, what its resource and its conditions still have to pass.

    `matches` and `test` are None where there is nothing left to test.
    """

    rank: int
    matches: Callable[[str], bool] | None
    test: Callable[[AccessRequest], bool] | None
    candidate: T


Posting: TypeAlias = tuple[Entry[T], ...]


@final
class Fold(Generic[T]):
    """Candidates in the order of their rank, by resource.

    With `all_of_them` false only the first that holds is wanted, and what stands behind one that surely
    holds is left out.
    """

    __slots__ = ("_all", "_exact", "_flat", "_heads", "_parents", "_postings")

    def __init__(
        self, candidates: Iterable[tuple[T, Formula]], *, all_of_them: bool, flat: int = _FLAT
    ) -> None:
        self._all = all_of_them
        self._exact: dict[str, Posting[T]] = {}
        self._heads: list[str] = []
        self._parents: list[int] = []
        self._postings: list[Posting[T]] = []
        placed = [
            place for rank, (one, formula) in enumerate(candidates) for place in _places(rank, one, formula)
        ]
        self._flat: Posting[T] | None = None
        if len(placed) <= flat:
            self._flat = tuple([entry._replace(matches=whole) for _, _, whole, entry in placed])
        else:
            self._build(placed)

    def first(self, request: AccessRequest) -> T | None:
        """The first that holds, or None. Raises EvaluationError if those that cannot be judged decide."""
        resource = request.resource
        failure: EvaluationError | None = None
        for _, matches, test, candidate in self._flat if self._flat is not None else self.at(resource):
            if matches is not None and not matches(resource):
                continue
            if test is None:
                return candidate
            try:
                if test(request):
                    return candidate
            except EvaluationError as error:
                failure = first_failure(failure, error)
        if failure is not None:
            raise failure
        return None

    def every(self, request: AccessRequest) -> tuple[T, ...]:
        """All that hold. Raises EvaluationError if none does and some cannot be judged."""
        resource = request.resource
        posting = self.at(resource)
        return _every(posting, request) if posting else ()

    def at(self, resource: str) -> Posting[T]:
        """The candidates that may match a resource, by rank."""
        if self._flat is not None:
            return self._flat
        found = self._exact.get(resource)
        if found is not None:
            return found
        heads = self._heads
        place = bisect_right(heads, resource) - 1
        # INVARIANT: the first head is empty, so this ends.
        while not resource.startswith(heads[place]):
            place = self._parents[place]
        return self._postings[place]

    def _build(self, placed: list[_Place[T]]) -> None:
        by_head: dict[str, list[Entry[T]]] = {"": []}
        by_text: dict[str, list[Entry[T]]] = {}
        for text, exact, _, entry in placed:
            (by_text if exact else by_head).setdefault(text, []).append(entry)
        heads = self._heads = sorted(by_head)
        above: list[int] = []
        for place, head in enumerate(heads):
            while above and not head.startswith(heads[above[-1]]):
                above.pop()
            parent = above[-1] if above else 0
            self._parents.append(parent)
            inherited = self._postings[parent] if place else ()
            self._postings.append(self._posting(inherited, by_head[head]))
            above.append(place)
        self._exact = {text: self._posting(self.at(text), own) for text, own in by_text.items()}

    def _posting(self, inherited: Posting[T], own: list[Entry[T]]) -> Posting[T]:
        if not own:
            return inherited
        merged = sorted((*inherited, *own), key=_by_rank) if inherited or len(own) > 1 else own
        return tuple(merged) if self._all else _until_settled(merged)


def _until_settled(entries: Sequence[Entry[T]]) -> Posting[T]:
    """The entries that the first one to hold can be among: none stands behind a sure one."""
    for place, entry in enumerate(entries):
        if entry.matches is None and entry.test is None:
            return tuple(entries[: place + 1])
    return tuple(entries)


def _by_rank(entry: Entry[T]) -> int:
    return entry.rank


def _every(posting: Posting[T], request: AccessRequest) -> tuple[T, ...]:
    resource = request.resource
    failure: EvaluationError | None = None
    found: list[T] = []
    for _, matches, test, candidate in posting:
        if matches is not None and not matches(resource):
            continue
        try:
            # A candidate stands here once for each of its resources that match, one after the other.
            if (test is None or test(request)) and not (found and found[-1] is candidate):
                found.append(candidate)
        except EvaluationError as error:
            failure = first_failure(failure, error)
    if failure is not None and not found:
        raise failure
    return tuple(found)


# Text or head, whether the text is the whole resource, how a plain list tests it, and the entry of a posting.
_Place: TypeAlias = tuple[str, bool, "Callable[[str], bool] | None", Entry[T]]


def _places(rank: int, candidate: T, formula: Formula) -> list[_Place[T]]:
    """Where a candidate stands: once for each entry of its resource."""
    if formula is TRUE:
        return [("", False, None, Entry(rank, None, None, candidate))]
    parts: Sequence[Formula] = formula.parts if isinstance(formula, And) else (formula,)
    for number, part in enumerate(parts):
        # Where a variable may fail to have a value, the whole has to be tested.
        if isinstance(part, ResourceTest) and part.ready is not None and not part.negated:
            rest = conjunction((*parts[:number], *parts[number + 1 :]))
            test = None if rest is TRUE else rest.quickly if isinstance(rest, KeyTest) else rest.test
            return [_place(rank, candidate, entry, test) for entry in part.entries]
    return [("", False, None, Entry(rank, None, formula.test, candidate))]


def _place(
    rank: int, candidate: T, entry: ResourceEntry, test: Callable[[AccessRequest], bool] | None
) -> _Place[T]:
    tokens = joined(token for token in entry.template if isinstance(token, (str, Wildcard)))
    head = tokens[0] if tokens else ""
    settled = Entry(rank, None, test, candidate)
    if tokens == (_RUN,) and entry.text == "*":
        return "", False, None, settled
    if not isinstance(head, str) or isinstance(head, Verbatim):
        return "", False, entry.matches, Entry(rank, entry.matches, test, candidate)
    # Five literal colons fix the six parts, so that comparing the whole text is the same (`arn_matcher`).
    if head.count(":") >= 5:
        if len(tokens) == 1:
            return head, True, entry.matches, settled
        if tokens[1:] == (_RUN,):
            return head, False, entry.matches, settled
    return head, False, entry.matches, Entry(rank, entry.matches, test, candidate)
