"""The routes of the pages and of the app behind them, as `iamkit routes` lists them."""

from __future__ import annotations

from collections.abc import Sequence

from iamkit.web.routes import Route
from iamkit.web.sniff import FrameworkRoutes
from iamkit_pages.asgi import PagesASGI
from iamkit_pages.site import listed
from iamkit_pages.wsgi import PagesWSGI


def routes(app: object) -> Sequence[Route] | None:
    """Both, the pages first; None if `app` is none of ours."""
    if not isinstance(app, PagesWSGI | PagesASGI):
        return None
    behind = None if app.behind is None else FrameworkRoutes().iamkit_routes(app.behind)
    return [*listed(app.place), *(behind or ())]
