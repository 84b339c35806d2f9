"""One route of an app as `iamkit routes` lists it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from iamkit.analysis.matrix import Line
from iamkit.web.marker import Marker, Public, Requirement

UNPROTECTED: Final = "UNPROTECTED"
_PARAMETER: Final = re.compile(r"<(?:[^<>]*:)?([A-Za-z_]\w*)>|\{([A-Za-z_]\w*)(?::[^{}]*)?\}")

# What frameworks put into an app by themselves: files, and pages about the app.
FRAMEWORKS_OWN: Final = frozenset({"static", "docs"})


@dataclass(frozen=True, slots=True)
class Route:
    """A route and what it declares; `methods` is `("*",)` for a mounted app, `("WEBSOCKET",)` for sockets.

    `closed`: the framework added it by itself and the set-up did not name it public, so it is refused to
    everybody, which is nobody's omission (decision 21).
    """

    methods: tuple[str, ...]
    path: str
    endpoint: str
    action: str | None = None
    resource: str | None = None
    public: bool = False
    closed: bool = False
    # Places of `resource` that no parameter of the path fills: every request would be refused.
    unfilled: tuple[str, ...] = ()

    @property
    def declared(self) -> bool:
        """Whether it names an action or is public. What is not declared is refused."""
        return self.public or self.action is not None


def line_of(route: Route, *, guarded: bool) -> Line:
    """The route as the matrix shows it; where nothing guards, all but public routes are UNPROTECTED."""
    mark = ""
    if route.public:
        mark = "public"
    elif not guarded or not (route.declared or route.closed):
        mark = UNPROTECTED
    elif route.closed:
        mark = "closed"
    elif route.unfilled:
        mark = "BROKEN"
    return Line(route.methods, route.path, route.action, route.resource, mark)


def parameters_of(path: str) -> tuple[str, ...]:
    """The names of a path's parameters, as Flask (`<int:id>`) and Starlette (`{id:int}`) write them."""
    return tuple(flask or starlette for flask, starlette in _PARAMETER.findall(path))


def route_of(
    marker: Marker | None,
    *,
    methods: tuple[str, ...],
    path: str,
    endpoint: str,
    group: str | None = None,
    opened: bool = False,
    given: Collection[str] = (),
) -> Route:
    """The row of one endpoint; `opened` says that the set-up named its `group` public.

    `given` are parameters that are not in the path, such as a rule's defaults.
    """
    if isinstance(marker, Requirement):
        if marker.resource is None:
            return Route(methods, path, endpoint, marker.action)
        known = {*parameters_of(path), *given}
        unfilled = tuple(name for name in marker.resource.names if name not in known)
        return Route(methods, path, endpoint, marker.action, marker.resource.text, unfilled=unfilled)
    public = opened or isinstance(marker, Public)
    return Route(methods, path, endpoint, public=public, closed=not public and group in FRAMEWORKS_OWN)
