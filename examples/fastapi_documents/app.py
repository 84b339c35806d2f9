from fastapi import FastAPI

from iamkit import IAM, current_principal
from iamkit.web.fastapi import protect

iam = IAM("iamkit-data")
app = FastAPI()
protect(app, iam)


@app.get("/documents/{doc_id}")
@iam.require("docs:Get", "doc/{doc_id}")
async def read(doc_id: str) -> dict[str, str]:
    return {"document": doc_id, "reader": current_principal().name}
