from fastapi import FastAPI

app = FastAPI()


@app.get("/notes/{note_id}")
async def read(note_id: str) -> dict[str, str]:
    return {"note": note_id}


@app.get("/healthz")
async def healthz() -> str:
    return "ok"


@app.get("/forgotten")
async def forgotten() -> str:
    return "nobody said who may"
