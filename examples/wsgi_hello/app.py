from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from iamkit import IAM, current_principal

iam = IAM("iamkit-data")


@iam.require("hello:Say", "greeting/hello")
def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"hello, {current_principal().name}\n".encode()]


app = iam.wsgi(hello)
