"""FastAPI: `protect(app, iam)`, and the caller as a dependency.

    @app.get("/docs/{doc_id}")
    @require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str, caller: Caller) -> dict[str, str]: ...

or, with the same effect, `dependencies=[Depends(require("docs:Read", "doc/{doc_id}"))]` on a route, a router
or the app. Routers that are included, nested and mounted are guarded like the app's own. The schema and
its pages are closed until named, `protect(app, iam, public={"docs"})`; they show what each operation needs.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI
from starlette.applications import Starlette

from iamkit.identity.principal import Principal
from iamkit.web import openapi, starlette
from iamkit.web.guard import Gatekeeper, HasGate
from iamkit.web.starlette import guard_of, iam_principal, routes

AppT = TypeVar("AppT", bound=Starlette)

# Who the request belongs to, as a parameter's type.
Caller = Annotated[Principal, Depends(iam_principal)]

__all__ = ["Caller", "guard_of", "iam_principal", "protect", "routes"]


def protect(app: AppT, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> AppT:
    """Guard every endpoint of `app`, as `iamkit.web.starlette.protect` does, and say so in its OpenAPI."""
    guarded = starlette.protect(app, iam, public=public)
    if isinstance(guarded, FastAPI):
        _describe(guarded, iam)
    return guarded


def _describe(app: FastAPI, iam: object) -> None:
    build = app.openapi

    def described() -> dict[str, Any]:
        # FastAPI keeps the description; what is added stays in it, and is not added twice.
        schema = build()
        openapi.describe(schema, routes(app), iam)
        return schema

    app.openapi = described  # type: ignore[method-assign]
