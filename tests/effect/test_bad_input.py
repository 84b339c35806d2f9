"""Bad requests to a Flask and a FastAPI app: a 4xx that says what is wrong, no handler, nothing changed."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import fastapi
import flask
import pytest

from iamkit.client.signer import Signer
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, users
from iamkit.sql.records import declared
from iamkit.storage import record_type
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue

if TYPE_CHECKING:
    from tests.effect.conftest import Other

HOST = "app.example"
BODY_LIMIT = 1000
PASSWORD = "three quiet otters read maps"
# What a refused request may leave: what was decided and tried, and the counters of failed sign-ins.
TRACES = ("audit_event", "decision", "last_access", "policy_document", "attempts", "source_attempts")
Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire; texts are Latin-1."""

    method: str = "GET"
    path: str = "/doc/1"
    query: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def all_fields(self) -> Fields:
        named = {name.lower() for name, _ in self.fields}
        fields = list(self.fields)
        if "host" not in named:
            fields.append(("host", HOST))
        if self.body and not named & {"content-length", "transfer-encoding"}:
            fields.append(("content-length", str(len(self.body))))
        return fields


Ask = Callable[[Sent], Answer]


class Deployment:
    """An IAM, a user who may do everything to documents, and the credentials of that user."""

    def __init__(self, iam: IAM) -> None:
        self.iam = iam
        self.ran: list[str] = []
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        text = {"Version": "2012-10-17"} | {
            "Statement": {"Effect": "Allow", "Action": "docs:*", "Resource": "*"}
        }
        desk.do(inline.put_user_policy, user_name="ana", policy_name="all", policy_document=json.dumps(text))
        made = desk.do(access_keys.create_access_key, user_name="ana")
        self.signer = Signer(made.key.key_id, made.secret)
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        self.bearer, self.cookie = (
            iam.sign_in("ana", PASSWORD, source="127.0.0.1", kind=kind).token.reveal()
            for kind in (SessionKind.BEARER, SessionKind.COOKIE)
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.signer.secret.reveal(), self.bearer, self.cookie, PASSWORD)

    def signed(self, sent: Sent, *, at: datetime | None = None, hashed: bool = True) -> Sent:
        """The request, signed. With `hashed` false no content hash goes along, as boto3 does it."""
        url = f"http://{HOST}{sent.path}" + (f"?{sent.query}" if sent.query else "")
        now = at or self.iam.clock.now()
        added = self.signer.sign(sent.method, url, dict(sent.fields), sent.body, now=now)
        added.pop("Host")
        if not hashed:
            added = _without_hash(self.signer, sent, now)
        return Sent(sent.method, sent.path, sent.query, (*sent.fields, *added.items()), sent.body)

    def state(self) -> dict[str, list[str]]:
        """Everything in the store that a refused request must leave alone."""
        self.iam.decisions.flush()
        with self.iam.store.read() as reader:
            return {
                record_type(kind).name: sorted(repr(item) for item in reader.find(kind))
                for kind in declared()
                if record_type(kind).name not in TRACES
            }


def _without_hash(signer: Signer, sent: Sent, now: datetime) -> dict[str, str]:
    import hashlib

    from iamkit.credentials import sigv4_canonical as canonical

    stamp = canonical.stamp_of(now)
    fields = {"host": HOST, "x-amz-date": stamp}
    text = canonical.canonical_request(
        sent.method,
        canonical.canonical_path(sent.path),
        canonical.canonical_query(sent.query),
        fields,
        sorted(fields),
        hashlib.sha256(sent.body).hexdigest(),
    )
    scope = canonical.Scope(stamp[:8], signer.region, signer.service)
    key = canonical.derive_signing_key(signer.secret.reveal(), scope)
    proof = canonical.signature(key, canonical.string_to_sign(stamp, str(scope), text)).hex()
    credential = f"{signer.key_id}/{scope}"
    return {
        "X-Amz-Date": stamp,
        "Authorization": f"{canonical.ALGORITHM} Credential={credential},"
        f" SignedHeaders=host;x-amz-date, Signature={proof}",
    }


# --- the apps --------------------------------------------------------------------------------------------


def flask_app(deployment: Deployment) -> flask.Flask:
    iam, ran = deployment.iam, deployment.ran
    app = flask_glue.protect(flask.Flask("bad"), iam)

    @app.route("/doc/<path:doc_id>", methods=["GET", "PUT"])
    @iam.require("docs:Use", "doc/{doc_id}")
    def use(doc_id: str) -> str:
        ran.append(doc_id)
        return flask.request.get_data(as_text=True)

    @app.get("/open")
    @iam.public
    def opened() -> str:
        ran.append("open")
        return "open"

    @app.post("/sign-in")
    @iam.public
    def sign_in() -> str:
        form = flask.request.get_json()
        if not isinstance(form, dict):
            flask.abort(400)
        iam.sign_in(str(form.get("name")), str(form.get("password")), source=flask.request.remote_addr)
        ran.append("sign-in")
        return "signed in"

    return app


def by_wsgi(deployment: Deployment, *, raw: bool) -> Ask:
    """As WSGI servers hand requests on; `raw` ones keep the target as it was sent."""
    app = flask_app(deployment)

    def ask(sent: Sent) -> Answer:
        environ: dict[str, object] = {
            "REQUEST_METHOD": sent.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(sent.path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": sent.query,
            "SERVER_NAME": HOST,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(sent.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if raw:
            environ["RAW_URI"] = sent.path + (f"?{sent.query}" if sent.query else "")
        for name, value in sent.all_fields:
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            # Servers join what came twice.
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
            said.append((status, headers))
            return lambda _: None

        body = b"".join(app(environ, start))
        status, headers = said[-1]
        return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, body)

    return ask


def by_asgi(deployment: Deployment) -> Ask:
    """As ASGI servers hand requests on."""
    iam, ran = deployment.iam, deployment.ran
    app = fastapi_glue.protect(fastapi.FastAPI(), iam)

    @app.api_route("/doc/{doc_id:path}", methods=["GET", "PUT"])
    @iam.require("docs:Use", "doc/{doc_id}")
    async def use(doc_id: str, request: fastapi.Request) -> str:
        ran.append(doc_id)
        return (await request.body()).decode()

    @app.get("/open")
    @iam.public
    async def opened() -> str:
        ran.append("open")
        return "open"

    @app.post("/sign-in")
    @iam.public
    def sign_in(name: str = fastapi.Body(), password: str = fastapi.Body()) -> str:
        iam.sign_in(name, password, source="127.0.0.1")
        ran.append("sign-in")
        return "signed in"

    def ask(sent: Sent) -> Answer:
        path = unquote_to_bytes(sent.path.encode("latin-1"))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": sent.method,
            "scheme": "http",
            "path": path.decode("utf-8", "replace"),
            "raw_path": sent.path.encode("latin-1"),
            "query_string": sent.query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.all_fields
            ],
            "client": ("127.0.0.1", 1),
            "server": (HOST, 80),
        }
        said: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": sent.body, "more_body": False}

        async def send(message: object) -> None:
            assert isinstance(message, dict)
            said.append(message)

        asyncio.run(app(scope, receive, send))
        start = said[0]
        status, headers = start["status"], start["headers"]
        assert isinstance(status, int)
        assert isinstance(headers, list)
        body = b"".join(bytes(message["body"]) for message in said[1:])  # type: ignore[call-overload]  # bytes
        return Answer(status, {name.decode(): value.decode("latin-1") for name, value in headers}, body)

    return ask


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One for all: no request here may change it."""
    directory = tmp_path_factory.mktemp("bad") / "data"
    with IAM(directory, entry_points=False, password_cost=CHEAPEST, body_limit=BODY_LIMIT) as iam:
        iam.initialize()
        yield Deployment(iam)


@pytest.fixture(scope="module", params=["wsgi", "wsgi without raw path", "asgi"])
def ask(request: pytest.FixtureRequest, deployment: Deployment) -> Ask:
    """The same app behind each kind of server."""
    if request.param == "asgi":
        return by_asgi(deployment)
    return by_wsgi(deployment, raw=request.param == "wsgi")


@pytest.fixture(autouse=True)
def nothing_ran(deployment: Deployment, request: pytest.FixtureRequest) -> Iterator[None]:
    """Around each test: no handler ran, and the store is as it was."""
    before = deployment.state()
    deployment.ran.clear()
    yield
    if "straight" not in request.node.name:
        assert deployment.ran == []
        assert deployment.state() == before


def refused(answer: Answer, deployment: Deployment, *, path: str = "/doc/1") -> None:
    """It is a 4xx with a problem document that is well-formed and quotes no secret."""
    assert 400 <= answer.status < 500, (answer.status, answer.body)
    shown = answer.body + repr(answer.headers).encode()
    for secret in deployment.secrets:
        assert secret.encode() not in shown
    assert answer.headers["content-type"] == "application/problem+json", answer
    assert answer.headers["content-length"] == str(len(answer.body))
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status
    assert problem["type"].startswith("urn:iamkit:error:")
    assert {"title", "detail", "instance"} <= problem.keys()
    assert ("www-authenticate" in answer.headers) == (answer.status == 401)


# --- the credentials are good, or the sweep shows nothing -------------------------------------------------


def test_what_is_bent_below_is_accepted_straight(ask: Ask, deployment: Deployment) -> None:
    """A signature with and without a content hash, a bearer token and a cookie."""
    put = Sent("PUT", body=b"x" * BODY_LIMIT)
    straight = [
        deployment.signed(Sent()),
        deployment.signed(put),
        deployment.signed(put, hashed=False),
        deployment.signed(Sent(query="b=2&a=1&c=%20")),
        Sent(fields=(("authorization", f"Bearer {deployment.bearer}"),)),
        Sent(fields=(("cookie", f"theme=dark; __Host-iamkit={deployment.cookie}"),)),
    ]

    assert [ask(sent).status for sent in straight] == [200] * len(straight)
    assert deployment.ran == ["1"] * len(straight)


# --- Authorization ---------------------------------------------------------------------------------------

SCOPE = "20260101/global/iamkit/aws4_request"
KEY = "AKIA" + "A" * 16
HALF = f"AWS4-HMAC-SHA256 Credential={KEY}/{SCOPE}, SignedHeaders=host;x-amz-date, Signature="

AUTHORIZATIONS = [
    "",
    " ",
    ",",
    "Bearer",
    "Bearer ",
    "Bearer  two  spaces",
    "bearer iks_",
    "Bearer iks_" + "A" * 43,
    "Bearer iks_" + "A" * 42 + "\xff",
    "Bearer iks_" + "A" * 100_000,
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Basic",
    "Basic Og==",
    "Basic " + base64.b64encode(b"ana:" + PASSWORD.encode()).decode(),
    "Digest username=ana",
    "Negotiate YII=",
    "Token x",
    "\xe9\xe8",
    "=" * 9000,
    "AWS",
    "AWS AKIA:signature",
    "AWS3-HTTPS AWSAccessKeyId=x",
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 ",
    "AWS4-HMAC-SHA256 x",
    "AWS4-HMAC-SHA256 Signature=",
    "AWS4-HMAC-SHA256 Credential",
    "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
    "AWS4-HMAC-SHA256 =,=,=,=",
    "AWS4-HMAC-SHA512 Credential=x",
    "AWS4-ECDSA-P256-SHA256 Credential=x",
    "aws4-hmac-sha256 Credential=x",
    HALF,
    HALF + "0" * 63,
    HALF + "0" * 65,
    HALF + "A" * 64,
    HALF + "\xb2" * 64,
    HALF + "0" * 64,
    HALF + "0" * 64 + ", Signature=" + "0" * 64,
    HALF.replace("aws4_request", "aws5_request") + "0" * 64,
    HALF.replace("/global", "") + "0" * 64,
    HALF.replace("/global", "/global/more") + "0" * 64,
    HALF.replace("/global", "/GLOBAL") + "0" * 64,
    HALF.replace("/iamkit", "/iam") + "0" * 64,
    HALF.replace("20260101", "2026-01-01") + "0" * 64,
    HALF.replace("20260101", "\u0662".encode().decode("latin-1") * 8) + "0" * 64,
    HALF.replace(KEY, "A" * 15) + "0" * 64,
    HALF.replace(KEY, "A" * 129) + "0" * 64,
    HALF.replace(KEY, "../../etc/passwd") + "0" * 64,
    HALF.replace(KEY, "' OR 1=1 --") + "0" * 64,
    HALF.replace("host;x-amz-date", "x-amz-date;host") + "0" * 64,
    HALF.replace("host;x-amz-date", "host;host;x-amz-date") + "0" * 64,
    HALF.replace("host;x-amz-date", "Host;X-Amz-Date") + "0" * 64,
    HALF.replace("host;x-amz-date", "host") + "0" * 64,
    HALF.replace("host;x-amz-date", "") + "0" * 64,
    HALF.replace("host;x-amz-date", ";".join(f"h{n:05}" for n in range(5000))) + "0" * 64,
    HALF + "0" * 100_000,
    HALF.replace(", ", "," + " " * 10_000) + "0" * 64,
    "AWS4-HMAC-SHA256 " + "Credential=" * 10_000,
]


@pytest.mark.parametrize("value", AUTHORIZATIONS, ids=range(len(AUTHORIZATIONS)))
def test_authorization_of_any_shape(value: str, ask: Ask, deployment: Deployment) -> None:
    """400 or 401, also on a public page: a credential that is sent is never ignored."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for path, extra in (
        ("/doc/1", ()),
        ("/doc/1", (("x-amz-date", stamp),)),
        ("/doc/1", (("x-amz-date", "20260101T000000Z"), ("x-amz-content-sha256", "0" * 64))),
        ("/open", ()),
    ):
        answer = ask(Sent(path=path, fields=(("authorization", value), *extra)))

        refused(answer, deployment)
        assert answer.status in (400, 401)


def test_authorization_is_not_looked_past(ask: Ask, deployment: Deployment) -> None:
    """A bad Authorization beside a good cookie is refused; two, or a query signature, are ambiguous."""
    cookie = ("cookie", f"__Host-iamkit={deployment.cookie}")
    bearer = ("authorization", f"Bearer {deployment.bearer}")
    signed = deployment.signed(Sent())
    query = "X-Amz-Signature=00&X-Amz-Credential=x"

    for sent in (
        Sent(fields=(cookie, ("authorization", "Bearer x"))),
        Sent(fields=(cookie, ("authorization", ""))),
        Sent(fields=(bearer, bearer)),
        Sent(fields=(*signed.fields, bearer)),
        Sent(fields=(*signed.fields, *signed.fields)),
        Sent(query=query, fields=signed.fields),
        Sent(query=query, fields=(bearer,)),
        Sent(query=query),
        Sent(query="x%2Damz%2dsignature=00", fields=(cookie,)),
    ):
        refused(ask(sent), deployment)


def test_a_good_signature_over_something_else(ask: Ask, deployment: Deployment) -> None:
    """One thing of a signed request is altered at a time, or it is too old, too new, or made for s3."""
    now = deployment.iam.clock.now()
    sent = deployment.signed(Sent("PUT", query="a=1", body=b"body"))
    fields = dict(sent.fields)
    other = Signer(deployment.signer.key_id, deployment.signer.secret, service="s3")
    elsewhere = other.sign("GET", f"http://{HOST}/doc/1", {}, b"", now=now)
    elsewhere.pop("Host")

    def with_fields(**changed: str) -> Sent:
        named = {**fields, **{name.replace("_", "-"): value for name, value in changed.items()}}
        return Sent(sent.method, sent.path, sent.query, tuple(named.items()), sent.body)

    for bent in (
        Sent("GET", sent.path, sent.query, sent.fields),
        Sent(sent.method, "/doc/2", sent.query, sent.fields, sent.body),
        Sent(sent.method, sent.path, "a=2", sent.fields, sent.body),
        Sent(sent.method, sent.path, "a=1&a=1", sent.fields, sent.body),
        Sent(sent.method, sent.path, "", sent.fields, sent.body),
        Sent(sent.method, sent.path, sent.query, sent.fields, b"ydob"),
        Sent(sent.method, sent.path, sent.query, sent.fields, b""),
        Sent(sent.method, sent.path, sent.query, (*sent.fields, ("host", "other.example")), sent.body),
        Sent(sent.method, sent.path, sent.query, (*sent.fields, ("x-amz-meta", "unsigned")), sent.body),
        Sent(sent.method, sent.path, sent.query, (*sent.fields, ("date", "unsigned")), sent.body),
        Sent(
            sent.method, sent.path, sent.query, (*sent.fields, ("x-amz-security-token", "token")), sent.body
        ),
        with_fields(**{"X-Amz-Date": "20260101T000000Z"}),
        with_fields(**{"X-Amz-Date": "tomorrow"}),
        with_fields(**{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}),
        with_fields(**{"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}),
        with_fields(**{"X-Amz-Content-Sha256": "0" * 64}),
        with_fields(**{"X-Amz-Content-Sha256": "0" * 63}),
        with_fields(Authorization=fields["Authorization"].replace("Signature=", "Signature= ")),
        with_fields(Authorization=fields["Authorization"][:-1]),
        with_fields(Authorization=fields["Authorization"].replace("host;", "")),
        deployment.signed(Sent(), at=now - timedelta(minutes=6)),
        deployment.signed(Sent(), at=now + timedelta(minutes=6)),
        Sent(fields=tuple(elsewhere.items())),
    ):
        refused(ask(bent), deployment)


def test_a_signature_without_a_content_hash_covers_the_body(ask: Ask, deployment: Deployment) -> None:
    """Another body is 401; one beyond the limit is 413 and is not read on."""
    sent = deployment.signed(Sent("PUT", body=b"body"), hashed=False)
    large = deployment.signed(Sent("PUT", body=b"x" * (BODY_LIMIT + 1)), hashed=False)

    other = ask(Sent("PUT", fields=sent.fields, body=b"evil"))
    beyond = ask(large)

    for answer in (other, beyond):
        refused(answer, deployment)
    assert (other.status, beyond.status) == (401, 413)


def test_a_body_that_ends_early(deployment: Deployment) -> None:
    """ASGI servers see to that themselves; WSGI servers may hand on what there is."""
    sent = deployment.signed(Sent("PUT", body=b"body"), hashed=False)

    answer = by_wsgi(deployment, raw=True)(
        Sent("PUT", fields=(*sent.fields, ("content-length", "9")), body=b"body")
    )

    refused(answer, deployment)


# --- cookies and tokens ----------------------------------------------------------------------------------


def test_cookies_of_any_shape(ask: Ask, deployment: Deployment) -> None:
    """Nobody, or refused; a token travels in its own way only."""
    good, bearer = deployment.cookie, deployment.bearer
    for value in (
        "",
        ";",
        "=",
        "__Host-iamkit",
        "__Host-iamkit=",
        "__Host-iamkit=x",
        "__host-iamkit=" + good,
        "iamkit=" + good,
        f'__Host-iamkit="{good}"',
        f"__Host-iamkit={good[:-1]}",
        f"__Host-iamkit={good}x",
        f"__Host-iamkit={good.swapcase()}",
        f"__Host-iamkit={good}\xff",
        f"__Host-iamkit={good}; __Host-iamkit={good}",
        f"__Host-iamkit={good}; __Host-iamkit=",
        f"__Host-iamkit={bearer}",
        "__Host-iamkit=" + "A" * 100_000,
        "a=b; " * 20_000,
        "\xe9=\xe9",
    ):
        answer = ask(Sent(fields=(("cookie", value),)))

        refused(answer, deployment)
        assert answer.status in (400, 401)
    refused(ask(Sent(fields=(("authorization", f"Bearer {good}"),))), deployment)


def test_a_cookie_from_another_site(ask: Ask, deployment: Deployment) -> None:
    """Another origin, or none that can be read, cannot change anything with a browser's cookie."""
    cookie = ("cookie", f"__Host-iamkit={deployment.cookie}")

    for origin in ("http://evil.example", "null", "", "http://[", f"http://{HOST}.evil.example", "\xe9"):
        refused(ask(Sent("PUT", fields=(cookie, ("origin", origin)), body=b"x")), deployment)
    for site in ("cross-site", "same-site", "", "garbage"):
        refused(ask(Sent("PUT", fields=(cookie, ("sec-fetch-site", site)), body=b"x")), deployment)


# --- the request itself ----------------------------------------------------------------------------------

PATHS = [
    "/doc//1",
    "//doc/1",
    "/doc/./1",
    "/doc/../open",
    "/doc/..",
    "/doc/%2e%2e/open",
    "/doc/%2E/1",
    "/doc/.%2e/1",
    "/doc%2f1",
    "/doc/a%2Fb",
    "/doc/a%5cb",
    "/doc/a\\b",
    "/doc/%252e%252e",
    "/doc/%25%32%65",
    "/doc/a%00b",
    "/doc/%0d%0aSet-Cookie:x=1",
    "/doc/%7f",
    "/doc/%c2%85",
    "/doc/\x01",
    "/doc/a b",
    "/doc/%",
    "/doc/%4",
    "/doc/%zz",
    "/doc/%c0%af",
    "/doc/%ff",
    "/doc/%ed%a0%80",
    "/doc/\xff",
    "/doc/1;jsessionid=1",
    "/doc/a#b",
    '/doc/a"b',
    "/doc/<script>",
]


# A server that keeps no raw path shows these as what they are once decoded: plain paths of other documents.
PLAIN_ONCE_DECODED = (
    "/doc%2f1",
    "/doc/a%2Fb",
    "/doc/a b",
    "/doc/%",
    "/doc/%4",
    "/doc/%zz",
    "/doc/1;jsessionid=1",
    "/doc/a#b",
    '/doc/a"b',
    "/doc/<script>",
)


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_two_programs_read_in_two_ways(
    path: str, ask: Ask, deployment: Deployment, request: pytest.FixtureRequest
) -> None:
    """400, whoever asks."""
    if path in PLAIN_ONCE_DECODED and request.node.callspec.params["ask"] == "wsgi without raw path":
        return

    answer = ask(Sent(path=path, fields=(("authorization", f"Bearer {deployment.bearer}"),)))

    refused(answer, deployment)
    assert answer.status == 400


def test_hosts(ask: Ask, deployment: Deployment) -> None:
    """Malformed, twice, or with more than a name and a port."""
    for host in (
        " ",
        "a b",
        "app.example/path",
        "user@app.example",
        "app.example:port",
        "app.example:99999",
        "app.example:80:80",
        "[::1",
        "[zz]",
        "-app.example",
        "app_example\x00",
        "\xe9.example",
        "a" * 300,
        "app.example, other.example",
        "app.example#x",
        "app.example?x",
    ):
        sent = Sent(path="/open", fields=(("host", host),))
        refused(ask(sent), deployment)
    refused(ask(Sent(path="/open", fields=(("host", HOST), ("host", HOST)))), deployment)


def test_headers(ask: Ask, deployment: Deployment) -> None:
    """Names that fold onto others, overridden methods, lengths that contradict, control characters."""
    bearer = ("authorization", f"Bearer {deployment.bearer}")
    for fields in (
        (("x-http-method-override", "PUT"),),
        (("x-method-override", "PUT"),),
        (("x-real\x00", "1"),),
        (("x-custom", "a\x00b"),),
        (("x-custom", "a\r\nb"),),
        (("x-custom", "a\x7fb"),),
        (("content-length", "-1"),),
        (("content-length", "+1"),),
        (("content-length", "1 "),),
        (("content-length", "0x1"),),
        (("content-length", "\xb2"),),
        (("content-length", "1"), ("content-length", "2")),
        (("content-length", "1"), ("transfer-encoding", "chunked")),
    ):
        refused(ask(Sent("PUT", fields=(bearer, *fields), body=b"")), deployment)


def test_much_of_it(ask: Ask, deployment: Deployment) -> None:
    """Thousands of header fields, or a megabyte in one, are refused for their credential like any other."""
    many = tuple((f"x-field-{number}", "v" * 100) for number in range(3000))

    refused(ask(Sent(fields=(("authorization", "Bearer x"), *many))), deployment)
    refused(ask(Sent(fields=(("authorization", "Bearer x"), ("x-large", "v" * 1_000_000)))), deployment)
    refused(ask(Sent(query="a=" + "%20" * 100_000, fields=(("authorization", "Bearer x"),))), deployment)
    refused(ask(Sent(path="/doc/" + "a" * 100_000)), deployment)


@pytest.mark.parametrize("method", ["get", "G E T", "GET\x00", "", "X" * 40, "\xe9"])
def test_methods(method: str, ask: Ask, deployment: Deployment) -> None:
    """A method is a word in capitals."""
    refused(ask(Sent(method, fields=(("authorization", f"Bearer {deployment.bearer}"),))), deployment)


def test_queries(ask: Ask, deployment: Deployment) -> None:
    """A control character in the query; a query that cannot be signed."""
    bearer = ("authorization", f"Bearer {deployment.bearer}")
    refused(ask(Sent(query="a=\x00", fields=(bearer,))), deployment)
    refused(ask(Sent(query="a=\r\nb", fields=(bearer,))), deployment)
    signed = deployment.signed(Sent())
    for query in ("%", "a=%zz", "\xff", "&" * 10_000, "a=%ff"):
        refused(ask(Sent(query=query, fields=signed.fields)), deployment)


# --- sign-in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1e999",
        b'{"name": "ana"}',
        b"\xff\xfe",
        b'{"name": "ana", "password": "' + PASSWORD.encode()[:-1] + b'"}',
        b'{"name": "nobody", "password": "' + PASSWORD.encode() + b'"}',
        b'{"name": "an\\u0000a", "password": "three quiet otters"}',
        b'{"name": "ana\\ud800", "password": "three quiet otters"}',
        b'{"name": "ana", "password": "three \\ud800 otters"}',
        b'{"name": "ana", "password": "three \\u0000 otters"}',
        b'{"name": "ana", "password": ""}',
        b'{"name": "", "password": "three quiet otters"}',
        b'{"name": "' + b"a" * 100_000 + b'", "password": "three quiet otters"}',
        b'{"name": "ana", "password": "' + b"a" * 100_000 + b'"}',
        b'{"name": "ana\' OR 1=1 --", "password": "x OR 1=1 --"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_sign_in_with_garbage(body: bytes, ask: Ask, deployment: Deployment) -> None:
    """4xx, whatever it is, and no session."""
    answer = ask(Sent("POST", "/sign-in", fields=(("content-type", "application/json"),), body=body))

    assert 400 <= answer.status < 500, answer
    assert "set-cookie" not in answer.headers


# --- over real sockets -----------------------------------------------------------------------------------

RAW = [
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\n\r\n",
    b"GET /doc/%2e%2e/1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET //doc/1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://evil/doc/1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /doc/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /doc/1\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /doc/a%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nAuthorization: \xff\xfe\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nCookie: __Host-iamkit=\xff\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nX_Amz_Date: 1\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"get /doc/1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT /doc/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /doc/1 HTTP/9.9\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
    b"GET /doc/1 HTTP/1.1\r\nHost: a\r\nX-Large: " + b"v" * 200_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: repr(raw[:40]))
def test_bytes_over_a_real_socket(raw: bytes, sockets: Other) -> None:
    """What the server does not refuse or drop by itself, the guard refuses."""
    with socket.create_connection(("127.0.0.1", sockets.port), timeout=30) as connection:
        answer = b""
        # A server may hang up before it has heard everything.
        with suppress(OSError):
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece

    # Werkzeug answers what is not even HTTP as HTTP/0.9 does, with a page and no status line.
    status = answer[9:12] if answer.startswith(b"HTTP/") else b"400"
    assert status[:1] == b"4" or status == b"505", answer[:200]
    assert (
        answer.startswith(b"HTTP/")
        or b"Error code: 4" in answer
        or b"Error code: 505" in answer
        or not answer
    )


@pytest.fixture(scope="module", params=["flask", "fastapi"])
def sockets(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[Other]:
    """Real servers over the same directory."""
    with request.getfixturevalue("serving")(request.param, deployment.iam.settings.directory) as other:
        yield other
