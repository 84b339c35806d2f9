"""The API as an app, by WSGI and by ASGI: who is let in, in which form, and how everybody else is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.applications import Starlette
from starlette.routing import Mount
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from iamkit.api.app import ManagementAPI
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import StoreUnavailable
from iamkit.kit import IAM
from iamkit.management import login_profiles

FORM: Final = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
JSON: Final = {"content-type": "application/json"}
PASSWORD: Final = "a quiet harbour at dawn"
LIST: Final = b"Action=ListUsers&Version=2010-05-08"
CALLER: Final = b"Action=GetCallerIdentity&Version=2011-06-15"
HOST: Final = "http://api.test"


class Wire:
    """Sends requests to the API, by WSGI or by ASGI, at the root of the server or below a prefix."""

    def __init__(
        self, iam: IAM, key: tuple[str, str], send: Callable[..., httpx2.Response], prefix: str
    ) -> None:
        self.iam = iam
        self.key = key
        self.send = send
        self.prefix = prefix

    @property
    def url(self) -> str:
        return f"{HOST}{self.prefix}/"

    def signed(
        self,
        body: bytes = LIST,
        *,
        service: str = "iam",
        method: str = "POST",
        url: str = "",
        headers: dict[str, str] = FORM,
    ) -> httpx2.Response:
        """A request that botocore signed."""
        request = AWSRequest(method=method, url=url or self.url, data=body, headers=dict(headers))
        SigV4Auth(Credentials(*self.key), service, "us-east-1").add_auth(request)
        return self.send(method, url or self.url, content=body, headers=dict(request.headers))

    def code(self, answer: httpx2.Response) -> str:
        """The code of an error in XML."""
        assert answer.headers["content-type"] == "text/xml"
        assert answer.headers["x-amzn-requestid"] in answer.text
        return answer.text.split("<Code>")[1].split("<")[0]


def _by_wsgi(app: Any) -> Callable[..., httpx2.Response]:
    client = httpx2.Client(transport=httpx2.WSGITransport(app=app))
    return client.request


def _by_asgi(app: Any) -> Callable[..., httpx2.Response]:
    def send(method: str, url: str, **more: Any) -> httpx2.Response:
        async def go() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
                return await client.request(method, url, **more)

        return asyncio.run(go())

    return send


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IAM, tuple[str, str]]]:
    """A deployment whose administrator has a key and a password."""
    directory: Path = tmp_path_factory.mktemp("api") / "data"
    with IAM(directory, entry_points=False, password_cost=CHEAPEST, development=True) as iam:
        first = iam.initialize(account_id="111122223333")
        iam.desk(iam.operator()).do(
            login_profiles.create_login_profile, user_name="administrator", password=Secret(PASSWORD)
        )
        yield iam, (first.key.key.key_id, first.key.secret.reveal())


@pytest.fixture(params=["wsgi", "asgi", "wsgi below", "asgi below"])
def wire(request: pytest.FixtureRequest, deployment: tuple[IAM, tuple[str, str]]) -> Wire:
    """The four ways in which the API can stand."""
    iam, key = deployment
    api = ManagementAPI(iam)
    kind, _, below = str(request.param).partition(" ")
    prefix = "/aws" if below else ""
    if kind == "wsgi":
        mounted: Any = DispatcherMiddleware(_nothing, {"/aws": api.wsgi}) if below else api.wsgi
        return Wire(iam, key, _by_wsgi(mounted), prefix)
    app: Any = Starlette(routes=[Mount("/aws", api.asgi)]) if below else api.asgi
    return Wire(iam, key, _by_asgi(app), prefix)


def _nothing(_environ: object, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return []


# --- the Query protocol -----------------------------------------------------------------------------------


def test_a_signed_request_is_answered(wire: Wire) -> None:
    """In XML, for its caller only."""
    answer = wire.signed()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml"
    assert answer.headers["cache-control"] == "no-store"
    assert "<UserName>administrator</UserName>" in answer.text
    assert "<IsTruncated>false</IsTruncated>" in answer.text
    assert wire.signed(CALLER, service="sts").status_code == 200


def test_a_presigned_get_is_answered(wire: Wire) -> None:
    """The parameters in the query, signed with it."""
    request = AWSRequest(method="GET", url=f"{wire.url}?{CALLER.decode()}", data=b"")
    SigV4QueryAuth(Credentials(*wire.key), "sts", "us-east-1", expires=60).add_auth(request)

    assert wire.send("GET", request.url).status_code == 200
    assert wire.send("GET", request.url.replace("2011-06-15", "2010-05-08")).status_code == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"Action=Nonsense&Version=2010-05-08", "InvalidAction"),
        (b"Version=2010-05-08", "InvalidAction"),
        (b"Action=ListUsers&Version=2009-01-01", "InvalidAction"),
        (
            b"Action=CreateServiceLinkedRole&Version=2010-05-08&AWSServiceName=es.amazonaws.com",
            "InvalidAction",
        ),
        (b"Action=ListUsers&Action=DeleteUser&Version=2010-05-08", "MalformedQueryString"),
        (b"Action=ListUsers&Version=2010-05-08&Everything=true", "MalformedQueryString"),
        (b"Action=ListUsers&Version=2010-05-08&MaxItems=0", "ValidationError"),
        (b"Action=GetUser&Version=2010-05-08&UserName=%FF", "MalformedQueryString"),
        (b"", "InvalidAction"),
        (b"nonsense", "MalformedQueryString"),
        (CALLER, "SignatureDoesNotMatch"),
    ],
)
def test_what_cannot_be_read_is_a_4xx(wire: Wire, body: bytes, code: str) -> None:
    """No client waits for it, or sends it again."""
    answer = wire.signed(body)

    assert answer.status_code in (400, 403)
    assert wire.code(answer) == code


def test_who_is_not_known_is_refused_as_aws_does(wire: Wire) -> None:
    """Without a credential, with a broken one, with one of another kind."""
    anonymous = wire.send("POST", wire.url, content=LIST, headers=FORM)
    strange = wire.send("POST", wire.url, content=LIST, headers={**FORM, "authorization": "Basic YTpi"})
    half = wire.send("POST", wire.url, content=LIST, headers={**FORM, "authorization": "AWS4-HMAC-SHA256 x"})
    for_an_app = wire.signed(service="iamkit")

    assert [wire.code(answer) for answer in (anonymous, strange, half, for_an_app)] == [
        "MissingAuthenticationToken",
        "InvalidClientTokenId",
        "IncompleteSignature",
        "SignatureDoesNotMatch",
    ]
    assert [answer.status_code for answer in (anonymous, strange, half, for_an_app)] == [403, 403, 400, 403]


def test_what_needs_no_signature_says_what_is_missing(wire: Wire) -> None:
    """Assuming a role by what an identity provider says, until there is a plugin that reads it."""
    web = (
        b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/a"
        b"&RoleSessionName=work&WebIdentityToken=a.b.c"
    )
    arns = b"RoleArn=arn:aws:iam::111122223333:role/a&PrincipalArn=arn:aws:iam::111122223333:saml-provider/b"
    saml = b"Action=AssumeRoleWithSAML&Version=2011-06-15&SAMLAssertion=PHg%2B&" + arns

    for body in (web, saml):
        answer = wire.send("POST", wire.url, content=body, headers=FORM)
        assert answer.status_code == 400
        assert wire.code(answer) == "InvalidAction"
        assert "needs a plugin that verifies" in answer.text
        assert "sts.amazonaws.com/doc/2011-06-15" in answer.text
    assert wire.send("GET", f"{wire.url}?{saml.decode()}").status_code == 403


def test_what_was_altered_after_signing_is_refused(wire: Wire) -> None:
    """One more parameter in the body."""
    request = AWSRequest(method="POST", url=wire.url, data=LIST, headers=dict(FORM))
    SigV4Auth(Credentials(*wire.key), "iam", "us-east-1").add_auth(request)

    answer = wire.send("POST", wire.url, content=LIST + b"&PathPrefix=/", headers=dict(request.headers))

    assert wire.code(answer) == "SignatureDoesNotMatch"


def test_parameters_come_in_one_place(wire: Wire) -> None:
    """Not in the query of a POST, not in a GET that is signed in its header, not as another type."""
    with_query = wire.signed(url=f"{wire.url}?Action=DeleteUser")
    get = wire.signed(b"", method="GET", url=f"{wire.url}?{LIST.decode()}", headers={})
    other = wire.signed(headers={"content-type": "multipart/form-data"})

    assert {wire.code(answer) for answer in (with_query, get, other)} == {"MalformedQueryString"}


def test_other_methods_and_paths_do_nothing(wire: Wire) -> None:
    """400 each."""
    assert wire.code(wire.signed(method="PUT")) == "MalformedRequest"
    assert wire.code(wire.signed(url=f"{wire.url}elsewhere")) == "InvalidAction"


def test_a_body_has_an_end(wire: Wire) -> None:
    """More than the limit is 413, signed or not."""
    long = LIST + b"&PathPrefix=" + b"a" * 2_000_000
    signed = wire.signed(long)
    unsigned = wire.send("POST", wire.url, content=long, headers=FORM)

    assert [signed.status_code, unsigned.status_code] == [413, 413]


def test_a_browser_cannot_be_made_to_send_it(wire: Wire) -> None:
    """A session cookie is no credential for the Query form, whatever `Origin` says."""
    session = wire.iam.sign_in("administrator", PASSWORD)
    cookie = wire.iam.session_cookie(session).partition(";")[0]

    for headers in ({}, {"origin": HOST}, {"origin": "https://evil.test"}):
        answer = wire.send("POST", wire.url, content=LIST, headers={**FORM, "cookie": cookie, **headers})
        assert answer.status_code == 403
        assert wire.code(answer) in ("MissingAuthenticationToken", "AccessDenied")
    get = wire.send("GET", f"{wire.url}?{LIST.decode()}", headers={"cookie": cookie})
    assert wire.code(get) == "MalformedQueryString"


def test_a_bearer_token_may_speak_the_query_form(wire: Wire) -> None:
    """For scripts without a signer."""
    session = wire.iam.sign_in("administrator", PASSWORD, kind=SessionKind.BEARER)
    headers = {**FORM, "authorization": f"Bearer {session.token.reveal()}"}

    assert wire.send("POST", wire.url, content=LIST, headers=headers).status_code == 200
    get = wire.send("GET", f"{wire.url}?{LIST.decode()}", headers=headers)
    assert wire.code(get) == "MalformedQueryString"


def test_a_store_that_is_away_is_503(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which clients try again; nothing of the reason is told."""

    def away(*_arguments: object, **_more: object) -> object:
        raise StoreUnavailable("the disk of the server is full")

    assert wire.signed().status_code == 200
    monkeypatch.setattr(wire.iam.store, "read", away)
    monkeypatch.setattr(wire.iam.store, "write", away)
    answer = wire.signed()

    assert answer.status_code == 503
    assert "disk" not in answer.text
    assert "<Type>Receiver</Type>" in answer.text


# --- JSON -------------------------------------------------------------------------------------------------


def _bearer(wire: Wire) -> dict[str, str]:
    session = wire.iam.sign_in("administrator", PASSWORD, kind=SessionKind.BEARER)
    return {**JSON, "authorization": f"Bearer {session.token.reveal()}"}


def test_the_same_operations_as_json(wire: Wire) -> None:
    """By a bearer token or a signature; members named as AWS names them."""
    made = wire.send(
        "POST",
        f"{wire.url}iam/CreateGroup",
        content=json.dumps({"GroupName": f"json-{id(wire)}", "Path": "/json/"}),
        headers=_bearer(wire),
    )
    signed = wire.signed(b"{}", url=f"{wire.url}sts/GetCallerIdentity", service="sts", headers=JSON)

    assert made.status_code == 200
    assert made.json()["Group"]["Path"] == "/json/"
    assert made.headers["content-type"] == "application/json"
    assert signed.json()["Arn"].endswith(":user/administrator")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("iam/Nonsense", "{}", 400, "InvalidAction"),
        ("iam/CreateServiceLinkedRole", '{"AWSServiceName":"es.amazonaws.com"}', 400, "InvalidAction"),
        ("iam/CreateUser", "{}", 400, "ValidationError"),
        ("iam/CreateUser", "[]", 400, "MalformedQueryString"),
        ("iam/CreateUser", "{", 400, "MalformedQueryString"),
        ("iam/CreateUser", '{"UserName":1}', 400, "ValidationError"),
        ("iam/CreateUser", '{"UserName":"\\ud800"}', 400, "MalformedQueryString"),
        ("iam/CreateUser", '{"UserName":"x","Tags":{"a":"b"}}', 400, "ValidationError"),
        ("iam/CreateUser", '{"UserName":"x","Admin":true}', 400, "MalformedQueryString"),
        (
            "iam/GetUser",
            '{"UserName":"administrator","UserName":"administrator"}',
            400,
            "MalformedQueryString",
        ),
        ("iam/ListUsers", '{"MaxItems":true}', 400, "ValidationError"),
        ("iam/GetUser", '{"UserName":"nobody"}', 404, "NoSuchEntity"),
        ("iam/CreateUser", '{"UserName":"administrator"}', 409, "EntityAlreadyExists"),
        ("iam/CreateUser", "[" * 100_000, 400, "MalformedQueryString"),
    ],
)
def test_what_json_cannot_say_is_a_problem(wire: Wire, path: str, body: str, status: int, code: str) -> None:
    """As every refusal is told: problem+json with the code."""
    answer = wire.send("POST", f"{wire.url}{path}", content=body, headers=_bearer(wire))

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["type"] == f"urn:iamkit:error:{code}"


def test_json_by_cookie_is_for_our_own_pages(wire: Wire) -> None:
    """With `Origin` of this host, and as JSON, which no form of another site can send."""
    cookie = wire.iam.session_cookie(wire.iam.sign_in("administrator", PASSWORD)).partition(";")[0]
    url = f"{wire.url}iam/ListGroups"

    own = wire.send("POST", url, content="{}", headers={**JSON, "cookie": cookie, "origin": HOST})
    other = wire.send(
        "POST", url, content="{}", headers={**JSON, "cookie": cookie, "origin": "https://evil.test"}
    )
    silent = wire.send("POST", url, content="{}", headers={**JSON, "cookie": cookie})
    form = wire.send("POST", url, content="{}", headers={**FORM, "cookie": cookie, "origin": HOST})
    link = wire.send("GET", url, headers={"cookie": cookie})

    assert own.status_code == 200
    assert [answer.status_code for answer in (other, silent, form, link)] == [403, 403, 400, 400]


def test_json_needs_a_caller(wire: Wire) -> None:
    """401 with the ways to prove oneself."""
    answer = wire.send("POST", f"{wire.url}iam/ListUsers", content="{}", headers=JSON)

    unsigned = wire.send("POST", f"{wire.url}sts/AssumeRoleWithSAML", content="{}", headers=JSON)

    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    assert unsigned.json()["type"] == "urn:iamkit:error:InvalidAction"


def test_the_document_describes_every_operation(wire: Wire) -> None:
    """OpenAPI 3.1, and every reference in it leads somewhere."""
    answer = wire.send("GET", f"{wire.url}openapi.json")
    document = answer.json()

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "$ref":
                    yield item
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    assert document["openapi"] == "3.1.0"
    assert len(document["paths"]) >= 93
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found
    body = document["paths"]["/iam/CreateUser"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert body["required"] == ["UserName"]
    assert body["properties"]["UserName"] == {"type": "string", "minLength": 1, "maxLength": 64}


# --- the rest of ASGI -------------------------------------------------------------------------------------


def test_no_socket_opens(deployment: tuple[IAM, tuple[str, str]]) -> None:
    """A WebSocket is refused before it is accepted."""
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/",
        "headers": [(b"host", b"api.test")],
        "query_string": b"",
        "scheme": "ws",
    }
    asyncio.run(ManagementAPI(deployment[0]).asgi(scope, receive, send))

    assert "websocket.accept" not in sent
    assert sent


def test_the_life_of_a_server_is_answered(deployment: tuple[IAM, tuple[str, str]]) -> None:
    """Start and end."""
    asked = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
    sent: list[str] = []

    async def receive() -> Any:
        return next(asked)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(ManagementAPI(deployment[0]).asgi({"type": "lifespan"}, receive, send))

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
