"""The demo's document app as FastAPI, under an ASGI server."""

from __future__ import annotations

from fastapi import Body, FastAPI, HTTPException, Request, Response

from iamkit.cli.demo.documents import Documents
from iamkit.kit import IAM
from iamkit.web.fastapi import protect


def create_app(iam: IAM) -> FastAPI:
    """The app. Only the marked routes can be reached; `/forgotten` is the one somebody forgot."""
    app = FastAPI(title="Documents")
    protect(app, iam, public={"docs"})
    documents = Documents()

    @app.get("/healthz")
    @iam.public
    async def healthz() -> str:
        return "ok"

    @app.post("/sign-in")
    @iam.public
    def sign_in(
        request: Request, response: Response, name: str = Body(), password: str = Body()
    ) -> dict[str, str]:
        source = request.client.host if request.client else ""
        session = iam.sign_in(name, password, source=source)
        response.headers.append("Set-Cookie", iam.session_cookie(session))
        return {"signed_in": name}

    @app.get("/documents")
    @iam.require("docs:List")
    async def index() -> list[str]:
        return documents.ids()

    @app.get("/documents/{doc_id}")
    @iam.require("docs:Get", "doc/{doc_id}")
    async def read(doc_id: str) -> dict[str, str]:
        text = documents.get(doc_id)
        if text is None:
            raise HTTPException(404)
        return {"id": doc_id, "text": text}

    @app.put("/documents/{doc_id}", status_code=204)
    @iam.require("docs:Put", "doc/{doc_id}")
    async def write(doc_id: str, request: Request) -> None:
        documents.put(doc_id, (await request.body()).decode("utf-8"))

    @app.delete("/documents/{doc_id}", status_code=204)
    @iam.require("docs:Delete", "doc/{doc_id}")
    async def delete(doc_id: str) -> None:
        if not documents.delete(doc_id):
            raise HTTPException(404)

    @app.get("/forgotten")
    async def forgotten() -> str:
        return "nobody declared this route, so nobody gets here"

    return app
