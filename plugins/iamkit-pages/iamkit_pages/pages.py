"""Pages: what an app makes one of, and serves.

    pages = Pages(iam, prefix="/account", site="Notes")
    app.wsgi_app = pages.wsgi(app.wsgi_app)      # Flask
    app.add_middleware(pages.asgi)               # FastAPI, Starlette
    application = pages.wsgi(application)        # Django, any WSGI app
    app = pages.asgi(app)                        # Litestar, any ASGI app

Without an app behind them, `pages.wsgi()` and `pages.asgi()` are apps of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iamkit.web.routes import Route
from iamkit_pages.asgi import AnyASGIApp, PagesASGI
from iamkit_pages.openapi import document
from iamkit_pages.place import Place
from iamkit_pages.site import listed
from iamkit_pages.wsgi import PagesWSGI

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Pages(Place):
    """The pages of one deployment, under `prefix`. See the module.

    `site` is the app's name as pages show it, `home` where people go who did not come from elsewhere.
    `templates` and `words` are directories of the app's own templates and catalogues, `style` a file with
    more CSS, such as other values of the variables in ours. With `accounts` the sign-in page asks for an
    account; otherwise it does so only at an address that names one, `PREFIX/sign-in/ALIAS`.

    Raises ConfigurationError for what cannot be right.
    """

    def wsgi(self, app: WSGIApplication | None = None) -> PagesWSGI:
        """A WSGI app: the pages, and before `app` for everything that is not below their prefix."""
        return PagesWSGI(self, app)

    def asgi(self, app: AnyASGIApp | None = None) -> PagesASGI:
        """An ASGI app: the pages, and before `app` for everything that is not below their prefix."""
        return PagesASGI(self, app)

    def routes(self) -> list[Route]:
        """Each page and endpoint, as `iamkit routes` lists them."""
        return listed(self)

    def openapi(self) -> Mapping[str, object]:
        """The OpenAPI document of the JSON endpoints, to serve or to merge with the app's own."""
        return document(self.prefix)
