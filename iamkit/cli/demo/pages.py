"""The pages before the demo's Flask app, where `iamkit-pages` is installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

from flask import Flask

from iamkit.kit import IAM

PREFIX: Final = "/account"


def there() -> bool:
    """Whether there are any."""
    return find_spec("iamkit_pages") is not None


def before(app: Flask, iam: IAM) -> Flask:
    """The app, with the pages below `/account` if there are any."""
    if there():
        pages = import_module("iamkit_pages").Pages(iam, prefix=PREFIX, site="Documents")
        app.wsgi_app = pages.wsgi(app.wsgi_app)  # type: ignore[method-assign]
    return app
