"""A deployment with pages, and a browser that knows HTML forms, cookies and redirects, and no scripts."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from iamkit_webauthn import RelyingParty, WebAuthnPlugin

from iamkit import IAM, FrozenClock, MemoryStore, hookimpl
from iamkit.audit.event import Event
from iamkit.credentials import otp
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Message
from iamkit.credentials.secret import Secret
from iamkit.management import attachments, login_profiles, users
from iamkit.management.operation import Operation
from iamkit_pages import Pages

P = ParamSpec("P")
R = TypeVar("R")

HOST = "app.example.org"
ORIGIN = f"https://{HOST}"
PASSWORD = "correct horse battery"
OTHER = "staple paper lantern"
SELF_MANAGE = "arn:aws:iam::aws:policy/IAMSelfManageCredentials"


class Post:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.events: list[Event] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool:
        self.messages.append(message)
        return True

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Form:
    """One form of a page."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    attributes: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "form":
            self.forms.append(Form(found["action"], attributes=found))
        elif tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag in ("input", "textarea", "select") and self.forms and "name" in found:
            self.forms[-1].names.add(found["name"])
            if tag == "input":
                self.forms[-1].fields[found["name"]] = found.get("value", "")
            self._select = found["name"] if tag == "select" else ""
        elif tag == "option" and ("selected" in found or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = found.get("value", "")


@dataclass
class Shown:
    """An answer as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    url: str

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        return reader

    def form(self, action: str) -> Form:
        found = [form for form in self.read().forms if urlsplit(form.action).path.endswith(action)]
        assert found, f"no form for {action} in {self.text}"
        return found[0]


class Browser:
    """Sends requests to a WSGI app as a browser does, which says where they come from."""

    def __init__(self, app: Any, *, fetch_metadata: bool = True) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}
        self.page = Shown(0, [], b"", ORIGIN)
        self._fetch_metadata = fetch_metadata

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Shown:
        target, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "wsgi.url_scheme": "https",
            "HTTP_HOST": HOST,
            "SCRIPT_NAME": "",
            "PATH_INFO": target,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "203.0.113.9",
            "HTTP_USER_AGENT": "Mozilla/5.0 (test)",
            "HTTP_ACCEPT": "text/html",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)) if body or method == "POST" else "",
            "CONTENT_TYPE": kind,
        }
        if self._fetch_metadata:
            environ["HTTP_SEC_FETCH_SITE"] = "same-origin"
            if method == "POST":
                environ["HTTP_ORIGIN"] = ORIGIN
        elif method == "POST":
            # An old one says no more than that.
            environ["HTTP_REFERER"] = self.page.url
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        for name, value in (headers or {}).items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        answered: list[Any] = []
        pieces = self._app(environ, lambda status, fields, exc=None: answered.extend((status, fields)))
        shown = Shown(int(answered[0][:3]), answered[1], b"".join(pieces), urljoin(ORIGIN, path))
        for name, value in shown.headers:
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                plain = rest.partition(";")[0]
                if plain and "Max-Age=0" not in value:
                    self.cookies[key] = plain
                else:
                    self.cookies.pop(key, None)
        return shown

    def follow(self, shown: Shown) -> Shown:
        for _ in range(10):
            if shown.status != 303:
                break
            shown = self.send("GET", shown.header("Location"))
        self.page = shown
        return shown

    def get(self, path: str) -> Shown:
        return self.follow(self.send("GET", path))

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Shown:
        body = urlencode(fields).encode()
        return self.send("POST", path, body, "application/x-www-form-urlencoded", headers)

    def submit(self, action: str, **fields: str) -> Shown:
        """Fill in the form of the page that is sent to `action`; every field has to be one of its own."""
        form = self.page.form(action)
        filled = {name.replace("__", "."): value for name, value in fields.items()}
        assert set(filled) <= form.names, f"{set(filled) - form.names} not in {form.names}"
        return self.follow(self.post(form.action, {**form.fields, **filled}))

    def call(self, path: str, said: Mapping[str, object] | None = None, method: str = "") -> Shown:
        """A JSON call."""
        body = b"" if said is None else json.dumps(said).encode()
        kind = "" if said is None else "application/json"
        return self.send(method or ("GET" if said is None else "POST"), f"/account/api/{path}", body, kind)

    def sign_in(self, user: str = "ana", password: str = PASSWORD, **fields: str) -> Shown:
        self.get("/account/sign-in")
        return self.submit("/sign-in", user=user, password=password, **fields)


@dataclass
class World:
    """A deployment with ana, who manages what is her own, and ben, who may do nothing."""

    iam: IAM
    clock: FrozenClock
    pages: Pages
    post: Post

    def do(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return self.iam.desk(self.iam.operator()).do(operation, *args, **kwargs)

    def browser(self, *, fetch_metadata: bool = True) -> Browser:
        return Browser(self.pages.wsgi(), fetch_metadata=fetch_metadata)

    def code(self, seed: str, steps: int = 0) -> str:
        return otp.code_at(otp.seed_of(seed), otp.step_at(self.clock.now()) + steps)

    def enrol_app(self, browser: Browser, name: str = "phone") -> str:
        """Add an authenticator app by the pages; the seed."""
        browser.get("/account/factors/app")
        browser.submit("/factors/app", name=name)
        seed = browser.page.form("/factors/enable").fields["seed"]
        browser.submit("/factors/enable", code1=self.code(seed, -1), code2=self.code(seed))
        assert "The device is added" in browser.page.text
        self.clock.advance(timedelta(seconds=60))
        return seed

    def link(self) -> str:
        """The path and query of the last link that was mailed."""
        self.iam.outbox.flush()
        secrets = [message.secret for message in self.post.messages if message.secret is not None]
        parts = urlsplit(secrets[-1].reveal())
        return f"{parts.path}?{parts.query}"


class Make(Protocol):
    """Makes a world; what is given is for its pages."""

    def __call__(self, **pages: Any) -> World: ...


@pytest.fixture
def make() -> Iterator[Make]:
    opened: list[IAM] = []

    def made(**given: Any) -> World:
        clock, post = FrozenClock(), Post()
        iam = IAM(
            store=MemoryStore(),
            plugins=[post, WebAuthnPlugin(RelyingParty(rp_id=HOST))],
            clock=clock,
            password_cost=CHEAPEST,
            entry_points=False,
            link_base=f"{ORIGIN}/account",
            sign_in_path="/account/sign-in",
            step_up_path="/account/verify",
        )
        opened.append(iam)
        iam.initialize()
        world = World(iam, clock, Pages(iam, **{"site": "Notes", **given}), post)
        for name in ("ana", "ben"):
            world.do(users.create_user, user_name=name)
            world.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
        world.do(attachments.attach_user_policy, user_name="ana", policy_arn=SELF_MANAGE)
        clock.advance(timedelta(seconds=1))
        return world

    yield made
    for iam in opened:
        iam.close()


@pytest.fixture
def world(make: Make) -> World:
    return make()


@pytest.fixture
def browser(world: World) -> Browser:
    return world.browser()


@pytest.fixture
def post() -> Post:
    """What keeps what is sent."""
    return Post()


@pytest.fixture
def browse() -> type[Browser]:
    """A browser for whatever app."""
    return Browser
