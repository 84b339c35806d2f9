from litestar import Litestar, get
from litestar.params import FromPath


@get("/notes/{note_id:str}")
async def read(note_id: FromPath[str]) -> dict[str, str]:
    return {"note": note_id}


@get("/healthz")
async def healthz() -> str:
    return "ok"


@get("/forgotten")
async def forgotten() -> str:
    return "nobody said who may"


app = Litestar([read, healthz, forgotten])
