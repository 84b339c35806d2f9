from flask import Flask

from iamkit import IAM, current_principal
from iamkit.web.flask import protect

iam = IAM("iamkit-data")
app = Flask(__name__)
protect(app, iam)


@app.get("/notes/<note_id>")
@iam.require("notes:Read", "note/{note_id}")
def read(note_id: str) -> dict[str, str]:
    return {"note": note_id, "reader": current_principal().name}
