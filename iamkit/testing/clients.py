"""Test clients: the app's own framework's, and how each is made to send a session with every request."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, Final

from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError

# Test clients by the framework's class; the first in the app's class line decides.
_CLIENTS: Final = {
    "starlette.applications.Starlette": "starlette.testclient:TestClient",
    "litestar.app.Litestar": "litestar.testing:TestClient",
}
_DJANGO: Final = "django.core.handlers."


def client_of(app: Any) -> Any:
    """The test client of the app's framework. Raises ConfigurationError where there is no app.

    A plain WSGI callable gets an `httpx2.Client`, a plain ASGI one an `httpx2.AsyncClient`.
    """
    if app is None:
        raise ConfigurationError(
            "`iam_as` does not know the app; override the fixture `iam_app` in your `conftest.py`, or give"
            " `app=` or `client=`"
        )
    if callable(getattr(app, "test_client", None)):
        return app.test_client()
    for kind in type(app).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in _CLIENTS:
            module, _, attribute = _CLIENTS[name].partition(":")
            return getattr(importlib.import_module(module), attribute)(app)
        if name.startswith(_DJANGO):
            return importlib.import_module("django.test").Client()
    return _plain(app)


# With a cookie a client is a browser, which says that the app's own pages sent the request.
_OWN_PAGE: Final = "same-origin"


def carry(client: Any, token: Secret, cookie: str | None) -> Any:
    """Make a client send a session with every request, in place of what it sent before; returns it.

    `cookie` is the name of the session cookie; None sends a bearer token. Raises ConfigurationError for
    a client of unknown kind.
    """
    bearer = f"Bearer {token.reveal()}"
    if hasattr(client, "environ_base") and hasattr(client, "set_cookie"):
        # Werkzeug's, which is Flask's: one dict for each client, though made of the class's.
        client.environ_base = {**client.environ_base}
        if cookie is not None:
            client.environ_base.pop("HTTP_AUTHORIZATION", None)
            client.environ_base["HTTP_SEC_FETCH_SITE"] = _OWN_PAGE
            client.set_cookie(cookie, token.reveal())
        else:
            client.environ_base["HTTP_AUTHORIZATION"] = bearer
    elif isinstance(getattr(client, "defaults", None), dict):
        # Django's: its cookies are a SimpleCookie.
        if cookie is not None:
            client.defaults.pop("HTTP_AUTHORIZATION", None)
            client.defaults["HTTP_SEC_FETCH_SITE"] = _OWN_PAGE
            client.cookies[cookie] = token.reveal()
        else:
            client.defaults["HTTP_AUTHORIZATION"] = bearer
    elif hasattr(client, "headers") and hasattr(client, "cookies"):
        # Those of Starlette, Litestar and httpx.
        if cookie is not None:
            client.headers.pop("Authorization", None)
            client.headers["Sec-Fetch-Site"] = _OWN_PAGE
            client.cookies.set(cookie, token.reveal())
        else:
            client.headers["Authorization"] = bearer
    else:
        raise ConfigurationError(
            f"`{type(client).__qualname__}` is no client that is known; send `iam_as.headers(name)` with it"
        )
    return client


def _plain(app: Any) -> Any:
    httpx = importlib.import_module("httpx2")
    call = app if inspect.isroutine(app) else type(app).__call__
    if inspect.iscoroutinefunction(call):
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")
    return httpx.Client(transport=httpx.WSGITransport(app), base_url="http://testserver")
