from flask import Flask

app = Flask(__name__)


@app.get("/notes/<note_id>")
def read(note_id: str) -> dict[str, str]:
    return {"note": note_id}


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.get("/forgotten")
def forgotten() -> str:
    return "nobody said who may"
