"""The plugin: it lists the pages for `iamkit routes`. Every command loads it, so it loads nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from iamkit.hookspecs import hookimpl

if TYPE_CHECKING:
    from iamkit.web.routes import Route

_OURS: Final = ("iamkit_pages.wsgi", "iamkit_pages.asgi")


class PagesPlugin:
    """See the module."""

    @hookimpl
    def iamkit_routes(self, app: object) -> Sequence[Route] | None:
        if type(app).__module__ not in _OURS:
            return None
        from iamkit_pages.listing import routes

        return routes(app)


plugin = PagesPlugin()
