"""One route of an app as `iamkit routes` lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iamkit.web.marker import Marker, Public, Requirement

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

    @property
    def declared(self) -> bool:
        """Whether it names an action or is public. What is not declared is refused."""
        return self.public or self.action is not None


def route_of(
    marker: Marker | None,
    *,
    methods: tuple[str, ...],
    path: str,
    endpoint: str,
    group: str | None = None,
    opened: bool = False,
) -> Route:
    """The row of one endpoint; `opened` says that the set-up named its `group` public."""
    if isinstance(marker, Requirement):
        resource = marker.resource.text if marker.resource else None
        return Route(methods, path, endpoint, marker.action, resource)
    public = opened or isinstance(marker, Public)
    return Route(methods, path, endpoint, public=public, closed=not public and group in FRAMEWORKS_OWN)
