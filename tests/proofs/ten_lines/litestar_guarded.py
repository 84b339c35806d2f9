from litestar import Litestar, get
from litestar.params import FromPath

from iamkit import IAM
from iamkit.web.litestar import IAMPlugin

iam = IAM("iamkit-data")


@get("/notes/{note_id:str}")
@iam.require("notes:Read", "note/{note_id}")
async def read(note_id: FromPath[str]) -> dict[str, str]:
    return {"note": note_id}


@get("/healthz")
@iam.public
async def healthz() -> str:
    return "ok"


@get("/forgotten")
async def forgotten() -> str:
    return "nobody said who may"


app = Litestar([read, healthz, forgotten], plugins=[IAMPlugin(iam, public={"docs"})])
