from fastapi import FastAPI

from iamkit import IAM

iam = IAM("iamkit-data")
app = FastAPI()
iam.protect(app, public={"docs"})


@app.get("/notes/{note_id}")
@iam.require("notes:Read", "note/{note_id}")
async def read(note_id: str) -> dict[str, str]:
    return {"note": note_id}


@app.get("/healthz")
@iam.public
async def healthz() -> str:
    return "ok"


@app.get("/forgotten")
async def forgotten() -> str:
    return "nobody said who may"
