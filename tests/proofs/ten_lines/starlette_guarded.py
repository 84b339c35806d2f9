from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from iamkit import IAM

iam = IAM("iamkit-data")


@iam.require("notes:Read", "note/{note_id}")
async def read(request: Request) -> JSONResponse:
    return JSONResponse({"note": request.path_params["note_id"]})


@iam.public
async def healthz(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def forgotten(request: Request) -> PlainTextResponse:
    return PlainTextResponse("nobody said who may")


app = Starlette(
    routes=[Route("/notes/{note_id}", read), Route("/healthz", healthz), Route("/forgotten", forgotten)]
)
iam.protect(app)
