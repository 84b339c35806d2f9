"""How layers combine: the logic of SEM §8.7, once, over formulas.

A combination is the Denies that may match, the guards of which each has to allow, and the routes of which
one has to be open; a route is a list of layers that each have to allow. A concrete request tests it, a
residual reads it as two formulas, an explanation reads which part of it is lacking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

from iamkit.errors import EvaluationError
from iamkit.policy.candidates import OUTSIDERS, Allows, Candidate, Standing
from iamkit.policy.fold import Fold
from iamkit.policy.formula import Formula, conjunction, disjunction, first_failure
from iamkit.policy.layers import Layer
from iamkit.policy.options import EvaluationOptions
from iamkit.policy.principals import Level, Levels
from iamkit.policy.request import AccessRequest, Caller, CallerKind

Route: TypeAlias = tuple[Allows, ...]

# Calls that every authenticated caller may make, whatever policies say (SEM-E26).
OPEN_ACTIONS: Final = frozenset({"sts:getcalleridentity"})

_DIRECT: Final[Levels] = frozenset({Level.DIRECT, Level.ANY})
_LIMITED: Final[Levels] = frozenset({Level.ROLE, Level.FEDUSER})
_ACCOUNT: Final[Levels] = frozenset({Level.ACCOUNT})
_ANYHOW: Final[Levels] = frozenset(Level)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """What decides a request of one caller, with the relation of its account to the resource settled."""

    denies: tuple[Candidate, ...]
    guards: tuple[Allows, ...]
    routes: tuple[Route, ...]
    # The routes that some request could find open, and those that `lacking` chooses from.
    open_routes: tuple[Route, ...] = field(init=False, repr=False)
    near_routes: tuple[Route, ...] = field(init=False, repr=False)
    # What `lacking` answers for every request that the layers do not allow, where that is one layer.
    sole: Route = field(init=False, repr=False)
    # The Denies by resource.
    refusing: Fold[Candidate] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_resource = [[a for a in route if a.layer is Layer.RESOURCE] for route in self.routes]
        near = self.routes
        if not all(by_resource):
            # A route without the resource's policy is nearer than one that this policy can never open.
            pairs = zip(self.routes, by_resource, strict=True)
            near = tuple(route for route, asks in pairs if all(allows.parts for allows in asks))
        object.__setattr__(self, "near_routes", near)
        alone = not self.guards and len(near) == 1 and len(near[0]) == 1
        object.__setattr__(self, "sole", near[0] if alone else ())
        possible = tuple(route for route in self.routes if all(allows.parts for allows in route))
        object.__setattr__(self, "open_routes", possible)
        stated = ((candidate, candidate.formula) for candidate in self.denies)
        object.__setattr__(self, "refusing", Fold(stated, all_of_them=True))

    @property
    def deny(self) -> Formula:
        """That an explicit deny stands in the way."""
        return disjunction(candidate.formula for candidate in self.denies)

    @property
    def allow(self) -> Formula:
        """That the layers allow, explicit denies apart."""
        routes = disjunction(conjunction(allows.formula for allows in route) for route in self.routes)
        return conjunction((*(allows.formula for allows in self.guards), routes))

    def denied_by(self, request: AccessRequest) -> tuple[Candidate, ...]:
        """Every Deny that matches. Raises EvaluationError if none does and one cannot be judged."""
        return self.refusing.every(request)

    def allowed_by(self, request: AccessRequest) -> tuple[Candidate, ...] | None:
        """Allow statements that suffice, those of the first open route before those of the guards, or None.

        Raises EvaluationError if the answer hangs on a part that cannot be judged.
        """
        failure: EvaluationError | None = None
        proof: list[Candidate] | None = None
        for route in self.open_routes:
            try:
                proof = _matching(route, request)
            except EvaluationError as error:
                failure = first_failure(failure, error)
                continue
            if proof is not None:
                break
        if proof is None and failure is None:
            return None
        guards = _matching(self.guards, request) if self.guards else []
        if guards is None:
            return None
        if proof is None:
            raise failure or EvaluationError("no route could be judged")
        return (*proof, *guards)

    def lacking(self, request: AccessRequest) -> tuple[Allows, ...]:
        """What lacks an Allow for the request to be allowed: guards first, then the nearest route.

        A route over the resource's policy counts as near only if that policy grants something already, or
        if there is no other (SEM-E12, E-15, E-17).
        """
        guards = [allows for allows in self.guards if not _allows(allows, request)]
        nearest: list[Allows] | None = None
        best = (True, 0)
        for route in self.near_routes:
            missing = [allows for allows in route if not _allows(allows, request)]
            rank = (any(allows.layer is Layer.RESOURCE for allows in missing), len(missing))
            if nearest is None or rank < best:
                nearest, best = missing, rank
        return (*guards, *(nearest or ()))


def _matching(needed: tuple[Allows, ...], request: AccessRequest) -> list[Candidate] | None:
    failure: EvaluationError | None = None
    found: list[Candidate] = []
    for allows in needed:
        try:
            candidate = allows.first(request)
        except EvaluationError as error:
            failure = first_failure(failure, error)
            continue
        if candidate is None:
            return None
        found.append(candidate)
    if failure is not None:
        raise failure
    return found


def _allows(allows: Allows, request: AccessRequest) -> bool:
    try:
        return allows.first(request) is not None
    except EvaluationError:
        return False


def combine(
    stand: Standing,
    caller: Caller,
    action: str,
    *,
    same_account: bool,
    explicit_trust: bool,
    options: EvaluationOptions,
) -> Combination:
    """Combine the layers for a caller inside or outside the account that owns the resource."""
    if action.lower() in OPEN_ACTIONS and caller.kind is not CallerKind.ANONYMOUS:
        return Combination((), (), ((),))
    direct = stand.resource.at(_DIRECT)
    if caller.kind in OUTSIDERS:
        # Nobody but everybody speaks of the anonymous, so DIRECT never holds for it (SEM-E22, E-23).
        return Combination(stand.denies, stand.guards, ((direct,),))
    boundary = () if stand.boundary is None else (stand.boundary,)
    session = () if stand.session is None else (stand.session,)
    own_session = session
    if caller.kind is CallerKind.FEDERATED_USER and not session:
        own_session = (Allows.of(Layer.SESSION, ()),)  # SEM-E11: such a session has nothing of its user's
    root = caller.kind is CallerKind.ROOT
    path: Route = (*(() if root else (stand.identity,)), *boundary, *own_session)
    if not same_account:
        return Combination(stand.denies, stand.guards, ((stand.resource.at(_ANYHOW), *path),))
    if root:
        path = ()  # SEM-E21
    routes: tuple[Route, ...] = (
        (*path, stand.resource.at(_ACCOUNT)) if explicit_trust else path,
        (stand.resource.at(_LIMITED), *boundary, *session),
        (direct, *(session if options.session_policy_binds_direct_grants else ())),
    )
    return Combination(stand.denies, stand.guards, routes)
