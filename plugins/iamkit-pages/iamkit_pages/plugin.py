"""The plugin: it lists the pages for `iamkit routes`."""

from __future__ import annotations

from collections.abc import Sequence

from iamkit.hookspecs import hookimpl
from iamkit.web.routes import Route
from iamkit.web.sniff import FrameworkRoutes
from iamkit_pages.asgi import PagesASGI
from iamkit_pages.site import listed
from iamkit_pages.wsgi import PagesWSGI


class PagesPlugin:
    """See the module."""

    @hookimpl
    def iamkit_routes(self, app: object) -> Sequence[Route] | None:
        if not isinstance(app, PagesWSGI | PagesASGI):
            return None
        behind = () if app.behind is None else FrameworkRoutes().iamkit_routes(app.behind) or ()
        return [*listed(app.place), *behind]


plugin = PagesPlugin()
