"""Sites: what is left of all layers at one place of a fold, and the judgement of requests there.

A site is a combination whose layers hold only what may match the resources of its place. Where nothing is
left to test it is *settled*: every request for such a resource has the same decision. A part that cannot
be judged matters only where the answer hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final, TypeAlias, final

from iamkit.errors import EvaluationError
from iamkit.policy.candidates import Allows, Candidate
from iamkit.policy.combine import Combination
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.fold import Fold, Posting, every, first
from iamkit.policy.formula import first_failure
from iamkit.policy.layers import Layer
from iamkit.policy.request import AccessRequest, resource_fault
from iamkit.policy.revision import Basis

# How many different reasons are remembered; beyond that, decisions are made anew.
_MAX_REASONS: Final = 1_024


@final
class Reasons:
    """The decisions of a plan. The same outcome for the same reason is the same object, up to a bound.

    `basis` is what they are all taken from.
    """

    __slots__ = ("_basis", "_by_candidates", "_by_layers", "grants")

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        # Those by one Allow that suffices, which are most.
        self.grants: dict[Candidate, Decision] = {}
        self._by_candidates: dict[tuple[Candidate, ...], Decision] = {}
        self._by_layers: dict[tuple[Layer, ...], Decision] = {}

    def granted(self, by: Candidate) -> Decision:
        """That one Allow suffices."""
        found = self.grants.get(by)
        if found is None:
            found = self.allowed((by,))
            if len(self.grants) < _MAX_REASONS:
                self.grants[by] = found
        return found

    def allowed(self, by: tuple[Candidate, ...]) -> Decision:
        """That these Allows suffice together."""
        return self._of_candidates(Outcome.ALLOWED, by)

    def denied(self, by: tuple[Candidate, ...]) -> Decision:
        """That these Denies match."""
        return self._of_candidates(Outcome.EXPLICIT_DENY, by)

    def missing(self, layers: Iterable[Layer]) -> Decision:
        """That these layers lack an Allow."""
        reason = tuple(dict.fromkeys(layers))
        found = self._by_layers.get(reason)
        if found is None:
            found = Decision(Outcome.IMPLICIT_DENY, missing=reason, basis=self._basis)
            if len(self._by_layers) < _MAX_REASONS:
                self._by_layers[reason] = found
        return found

    def failed(self, message: str) -> Decision:
        """That a request could not be decided (SEM-F2)."""
        return Decision(Outcome.IMPLICIT_DENY, error=message, basis=self._basis)

    def _of_candidates(self, outcome: Outcome, reason: tuple[Candidate, ...]) -> Decision:
        found = self._by_candidates.get(reason)
        if found is None:
            found = Decision(outcome, tuple([candidate.ref for candidate in reason]), basis=self._basis)
            if len(self._by_candidates) < _MAX_REASONS:
                self._by_candidates[reason] = found
        return found


# The Allows of a layer, and those of them that may match at a place.
_Part: TypeAlias = tuple[Allows, Posting[Candidate]]
_Parts: TypeAlias = tuple[_Part, ...]


def _sure(part: _Part) -> bool:
    """Whether the layer allows whatever the circumstances are."""
    return bool(part[1]) and part[1][0].sure


def _open(part: _Part) -> bool:
    """Whether the layer may allow."""
    return bool(part[1])


def _clear(part: _Part) -> bool:
    """Whether the layer needs no test."""
    return not part[1] or part[1][0].sure


@final
class Site:
    """One place. `settled` is the decision about every request there, where there is only one.

    `well_formed` says that every text of the place is the resource of a request (SEM-R7).
    """

    __slots__ = (
        "_denies",
        "_guards",
        "_near",
        "_reasons",
        "_routes",
        "_silence",
        "_sole",
        "settled",
        "well_formed",
    )

    def __init__(
        self,
        denies: Posting[Candidate],
        guards: _Parts,
        routes: tuple[_Parts, ...],
        near: tuple[_Parts, ...],
        reasons: Reasons,
        *,
        well_formed: bool,
    ) -> None:
        self.well_formed = well_formed
        self._reasons = reasons
        self._denies = denies
        self._guards = guards
        self._near = near
        # Only the routes that some request can find open.
        self._routes = tuple([r for r in routes if all(map(_open, r))]) if all(map(_open, guards)) else ()
        # Where one layer alone has to allow, what it holds.
        alone = not guards and len(self._routes) == 1 and len(self._routes[0]) == 1
        self._sole = self._routes[0][0][1] if alone else None
        self._silence = self._only_denial()
        self.settled = self._only_decision()

    def decide(self, request: AccessRequest) -> Decision:
        """The decision about a request of this place. Raises EvaluationError where it cannot be judged."""
        reasons = self._reasons
        if self._denies:
            denied = every(self._denies, request)
            if denied:
                return reasons.denied(denied)
        if self._sole is not None:
            granted = first(self._sole, request)
            if granted is not None:
                return reasons.grants.get(granted) or reasons.granted(granted)
        elif self._routes:
            allowed = self._allowed_by(request)
            if allowed is not None:
                return reasons.allowed(allowed)
        if self._silence is not None:
            return self._silence
        return reasons.missing([allows.layer for allows in self.lacking(request)])

    def lacking(self, request: AccessRequest) -> tuple[Allows, ...]:
        """What lacks an Allow for the request to be allowed: guards first, then the nearest route."""

        def allows(part: _Part) -> bool:
            try:
                return first(part[1], request) is not None
            except EvaluationError:
                return False

        return self._lacking(allows)

    def _lacking(self, holds: Callable[[_Part], bool]) -> tuple[Allows, ...]:
        guards = [part[0] for part in self._guards if not holds(part)]
        nearest: list[Allows] | None = None
        best = (True, 0)
        for route in self._near:
            missing = [part[0] for part in route if not holds(part)]
            rank = (any(allows.layer is Layer.RESOURCE for allows in missing), len(missing))
            if nearest is None or rank < best:
                nearest, best = missing, rank
        return (*guards, *(nearest or ()))

    def _allowed_by(self, request: AccessRequest) -> tuple[Candidate, ...] | None:
        """Allow statements that suffice, those of the first open route before those of the guards, or None.

        Raises EvaluationError if the answer hangs on a part that cannot be judged.
        """
        failure: EvaluationError | None = None
        proof: list[Candidate] | None = None
        for route in self._routes:
            try:
                proof = _matching(route, request)
            except EvaluationError as error:
                failure = first_failure(failure, error)
                continue
            if proof is not None:
                break
        if proof is None and failure is None:
            return None
        guards = _matching(self._guards, request)
        if guards is None:
            return None
        if proof is None:
            raise failure or EvaluationError("no route could be judged")
        return (*proof, *guards)

    def _only_denial(self) -> Decision | None:
        """The implicit denial of what is not allowed, where only one layer may lack an Allow."""
        if len(self._near) == 1 and all(map(_sure, self._guards)):
            unsure = [allows.layer for allows, posting in self._near[0] if not _sure((allows, posting))]
            if len(unsure) == 1:
                return self._reasons.missing(unsure)
        return None

    def _only_decision(self) -> Decision | None:
        """The decision about every request, where nothing is left to test that bears on it."""
        if self._denies:
            if all(entry.sure for entry in self._denies):
                return self._reasons.denied(tuple(dict.fromkeys([entry.candidate for entry in self._denies])))
            return None
        if self._routes:
            parts = (*self._routes[0], *self._guards)
            if all(map(_sure, parts)):
                return self._reasons.allowed(tuple([posting[0].candidate for _, posting in parts]))
            return None
        if self._silence is not None:
            return self._silence
        if all(map(_clear, chain(self._guards, *self._near))):
            return self._reasons.missing([allows.layer for allows in self._lacking(_open)])
        return None


def _matching(needed: _Parts, request: AccessRequest) -> list[Candidate] | None:
    """The first that holds of each part, or None if some part has none."""
    failure: EvaluationError | None = None
    found: list[Candidate] = []
    for _, posting in needed:
        if not posting:
            return None
        if posting[0].sure:
            found.append(posting[0].candidate)
            continue
        try:
            candidate = first(posting, request)
        except EvaluationError as error:
            failure = first_failure(failure, error)
            continue
        if candidate is None:
            return None
        found.append(candidate)
    if failure is not None:
        raise failure
    return found


@final
class Sites:
    """A combination by resource. A site is made when a request first comes to its place."""

    __slots__ = ("_groups", "_near", "_reasons", "_routes", "combination", "fold", "made")

    def __init__(self, combination: Combination, reasons: Reasons) -> None:
        self.combination = combination
        self._near = combination.near_routes
        self._reasons = reasons
        # A route of which some layer holds nothing is closed everywhere.
        self._routes = tuple([route for route in combination.routes if all(a.parts for a in route)])
        needed = dict.fromkeys(chain(combination.guards, *self._routes, *self._near))
        self._groups = {allows: group for group, allows in enumerate(needed, start=1)}
        self.fold = Fold(
            [(candidate, candidate.formula) for candidate in combination.denies],
            *[zip(allows.candidates, allows.parts, strict=True) for allows in self._groups],
        )
        # The sites made so far, by place.
        self.made: list[Site | None] = [None] * len(self.fold)

    def at(self, place: int) -> Site:
        """The site of a place."""
        found = self.made[place]
        if found is None:
            found = self.made[place] = self._site(place)
        return found

    def _site(self, place: int) -> Site:
        postings, text = self.fold.postings(place), self.fold.text(place)

        def here(layers: Iterable[Allows]) -> _Parts:
            return tuple([(allows, postings[self._groups[allows]]) for allows in layers])

        return Site(
            postings[0],
            here(self.combination.guards),
            tuple([here(route) for route in self._routes]),
            tuple([here(route) for route in self._near]),
            self._reasons,
            well_formed=text != "*" and resource_fault(text) is None,
        )
