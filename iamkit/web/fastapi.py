"""FastAPI: `protect(app, iam)`, and the caller as a dependency.

    @app.get("/docs/{doc_id}")
    @require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str, caller: Caller) -> dict[str, str]: ...

Routers that are included, nested and mounted are guarded like the app's own routes; the schema and its
pages are closed until named, `protect(app, iam, public={"docs"})`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from iamkit.identity.principal import Principal
from iamkit.web.starlette import guard_of, iam_principal, protect, routes

# Who the request belongs to, as a parameter's type.
Caller = Annotated[Principal, Depends(iam_principal)]

__all__ = ["Caller", "guard_of", "iam_principal", "protect", "routes"]
