from litestar import Litestar, get
from litestar.params import FromPath

from iamkit import IAM, current_principal
from iamkit.web.litestar import IAMPlugin

iam = IAM("iamkit-data")


@get("/notes/{note_id:str}")
@iam.require("notes:Read", "note/{note_id}")
async def read(note_id: FromPath[str]) -> dict[str, str]:
    return {"note": note_id, "reader": current_principal().name}


app = Litestar([read], plugins=[IAMPlugin(iam, public={"docs"})])
