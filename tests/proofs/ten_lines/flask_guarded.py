from flask import Flask

from iamkit import IAM

iam = IAM("iamkit-data")
app = Flask(__name__)
iam.protect(app)


@app.get("/notes/<note_id>")
@iam.require("notes:Read", "note/{note_id}")
def read(note_id: str) -> dict[str, str]:
    return {"note": note_id}


@app.get("/healthz")
@iam.public
def healthz() -> str:
    return "ok"


@app.get("/forgotten")
def forgotten() -> str:
    return "nobody said who may"
