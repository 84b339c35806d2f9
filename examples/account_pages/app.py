from flask import Flask
from iamkit_pages import Pages

from iamkit import IAM, current_principal
from iamkit.web.flask import protect

iam = IAM(
    "iamkit-data",
    development=True,
    sign_in_path="/account/sign-in",
    step_up_path="/account/verify",
)
app = Flask(__name__)
protect(app, iam)


@app.get("/notes")
@iam.require("notes:Read")
def notes() -> str:
    return f"the notes of {current_principal().name}"


pages = Pages(iam, prefix="/account", site="Notes", home="/notes")
app.wsgi_app = pages.wsgi(app.wsgi_app)  # type: ignore[method-assign]
