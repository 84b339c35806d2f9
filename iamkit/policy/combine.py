"""How layers combine: the logic of SEM §8.7, once, over formulas.

A combination is the Denies that may match, the guards of which each has to allow, and the routes of which
one has to be open; a route is a list of layers that each have to allow. A residual reads it as two
formulas; `sites` tests it on concrete requests and tells which part of it is lacking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, final

from iamkit.policy.candidates import OUTSIDERS, Allows, Candidate, Standing
from iamkit.policy.formula import Formula, conjunction, disjunction
from iamkit.policy.layers import Layer
from iamkit.policy.options import EvaluationOptions
from iamkit.policy.principals import Level, Levels
from iamkit.policy.request import Caller, CallerKind

Route: TypeAlias = tuple[Allows, ...]

# Calls that every authenticated caller may make, whatever policies say (SEM-E26, CAP-G2, G4): they tell the
# caller about itself, or give it what it has already, for a while.
OPEN_ACTIONS: Final = frozenset(
    {
        "sts:getcalleridentity",
        "sts:getaccesskeyinfo",
        "sts:getsessiontoken",
        "iamkit:getnarrowedcredentials",
    }
)

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

    @property
    def near_routes(self) -> tuple[Route, ...]:
        """The routes one of which is told as lacking.

        A route over the resource's policy counts as near only if that policy grants something already, or
        if there is no other (SEM-E12, E-15, E-17).
        """
        by_resource = [[a for a in route if a.layer is Layer.RESOURCE] for route in self.routes]
        if all(by_resource):
            return self.routes
        # A route without the resource's policy is nearer than one that this policy can never open.
        pairs = zip(self.routes, by_resource, strict=True)
        return tuple(route for route, asks in pairs if all(allows.parts for allows in asks))

    @property
    def deny(self) -> Formula:
        """That an explicit deny stands in the way."""
        return disjunction(candidate.formula for candidate in self.denies)

    @property
    def allow(self) -> Formula:
        """That the layers allow, explicit denies apart."""
        routes = disjunction(conjunction(allows.formula for allows in route) for route in self.routes)
        return conjunction((*(allows.formula for allows in self.guards), routes))


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
