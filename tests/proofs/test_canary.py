"""No secret is found anywhere after a long story of good and bad requests, each store call failing once.

Looked through: database file and write-ahead log, the log of everything at DEBUG, each record's repr, each
event's JSON, all answers but the one that tells a secret, all exceptions with their tracebacks, what the
command line prints, and the repr of every object of iamkit's that is alive.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import itertools
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import fastapi
import flask
import httpx2
import pytest
from click.testing import CliRunner

from iamkit.audit.event import Event
from iamkit.cli.main import root
from iamkit.client.httpx_auth import SigV4Auth
from iamkit.client.signer import Signer
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.peppers import PepperRecord
from iamkit.credentials.sealing import DataKey, _key_aad
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest
from iamkit.identity.documents import PolicyDocument
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    hardware_mfa,
    inline,
    key_rotation,
    login_profiles,
    server_certificates,
    service_credentials,
    sessions,
    signing_certificates,
    ssh_keys,
    users,
)
from iamkit.policy.request import ContextValue
from iamkit.sql.records import declared
from iamkit.sql.store import SQLStore
from iamkit.storage import Epochs, Reader, Store, Unit
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue

if TYPE_CHECKING:
    from tests.proofs.canary import Search

PASSWORDS = {
    "ana's first": "three quiet otters read maps",
    "ana's second": 'four "loud" herons & draw/charts + é',
    "ana's third": "five slow badgers\tfold paper",
    "a wrong": "six green lizards paint doors",
    "an unpaired": "seven odd \ud800 surrogates meet",
    "one with a zero": "eight nul \x00 bytes in a row",
    "a misplaced": "nine-words-in-the-place-of-a-name-here",
    "a body's": "ten bodies without a form",
}
CERTIFICATES = Path(__file__).parents[1] / "credentials" / "certificates"
TEXT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["docs:*", "iam:*"], "Resource": "*"}],
    }
)


# --- what is gathered ------------------------------------------------------------------------------------


@dataclass
class Story:
    """What was said and done, to be looked through, and the secrets that must not be in it."""

    search: Search
    texts: list[tuple[str, str | bytes]] = field(default_factory=list)

    def keep(self, place: str, content: str | bytes) -> None:
        """Have `content` looked through at the end, when all secrets are known."""
        self.texts.append((place, content))

    def keep_fault(self, fault: BaseException) -> None:
        """An exception as logs and debuggers would show it."""
        self.keep("an exception", "".join(traceback.format_exception(fault)))
        self.keep("the repr of an exception", f"{fault!r} {fault.args!r} {getattr(fault, '__dict__', {})!r}")

    def keep_reprs(self) -> int:
        """The repr of every living object of iamkit's."""
        shown = [
            repr(thing)
            for thing in gc.get_objects()
            if str(type(thing).__module__).startswith("iamkit.") and not isinstance(thing, type)
        ]
        self.keep("reprs", "\n".join(shown))
        return len(shown)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Keep what is raised, and go on."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is looked through
            self.keep_fault(fault)


class Onlooker:
    """A plugin that keeps the repr of all that plugins are shown."""

    def __init__(self, story: Story) -> None:
        self._story = story

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> None:
        self._story.keep("a request", f"{request!r} {request.headers!r} {request}")
        if request.headers.get("x-fault") == "authenticate":
            raise LookupError(f"no such {request.headers.items_received}")

    @hookimpl
    def iamkit_context(self, request: HttpRequest | None, principal: Principal) -> Mapping[str, ContextValue]:
        self._story.keep("a principal", f"{request!r} {principal!r} {principal}")
        return {}

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self._story.keep("an event", f"{event!r} {event.body}")


class Faulty:
    """A store whose calls fail at a chosen one, quoting what they were given."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls_left: int | None = None

    def _count(self, *given: object) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                self.calls_left = None
                raise OSError(f"the disk failed at {given!r}")

    @contextmanager
    def read(self) -> Iterator[Reader]:
        self._count("read")
        with self.store.read() as reader:
            yield _Failing(reader, self._count)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        self._count("write")
        with self.store.write() as unit:
            yield _Failing(unit, self._count)
            self._count("commit")

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        self._count("epochs", scopes)
        return self.store.epochs(scopes)

    def close(self) -> None:
        self.store.close()


class _Failing:
    def __init__(self, unit: Reader, count: Callable[..., None]) -> None:
        self._unit = unit
        self._count = count

    def __getattr__(self, name: str) -> Any:  # any of a unit's methods
        verb = getattr(self._unit, name)

        def call(*given: object, **named: object) -> object:
            self._count(name, given, named)
            return verb(*given, **named)

        return call


# --- the apps --------------------------------------------------------------------------------------------

Ask = Callable[..., httpx2.Response]


def flask_app(iam: IAM) -> Ask:
    """A small app with a sign-in page, as Flask."""
    app = flask_glue.protect(flask.Flask("canary"), iam)

    @app.route("/doc/<doc_id>", methods=["GET", "PUT"])
    @iam.require("docs:Use", "doc/{doc_id}")
    def use(doc_id: str) -> str:
        return str(len(flask.request.get_data()))

    @app.post("/sign-in")
    @iam.public
    def sign_in() -> flask.Response:
        form = json.loads(flask.request.get_data())
        session = iam.sign_in(form["name"], form["password"], source="127.0.0.1", user_agent="canary")
        answer = flask.Response("signed in")
        answer.headers["Set-Cookie"] = iam.session_cookie(session)
        return answer

    @app.get("/undeclared")
    def undeclared() -> str:
        return "never"

    client = httpx2.Client(
        transport=httpx2.WSGITransport(app, raise_app_exceptions=False), base_url="http://app"
    )
    return client.request


def fastapi_app(iam: IAM) -> Ask:
    """The same as FastAPI."""
    app = fastapi_glue.protect(fastapi.FastAPI(), iam)

    @app.api_route("/doc/{doc_id}", methods=["GET", "PUT"])
    @iam.require("docs:Use", "doc/{doc_id}")
    async def use(doc_id: str, request: fastapi.Request) -> int:
        return len(await request.body())

    @app.post("/sign-in")
    @iam.public
    async def sign_in(request: fastapi.Request) -> fastapi.Response:
        form = json.loads(await request.body())
        session = await asyncio.to_thread(iam.sign_in, form["name"], form["password"], source="127.0.0.1")
        return fastapi.Response("signed in", headers={"Set-Cookie": iam.session_cookie(session)})

    @app.get("/undeclared")
    def undeclared() -> str:
        return "never"

    def ask(method: str, path: str, **more: Any) -> httpx2.Response:  # httpx2's own arguments
        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.request(method, path, **more)

        return asyncio.run(once())

    return ask


# --- the story -------------------------------------------------------------------------------------------


class Play:
    """The deployment and the people of the story."""

    def __init__(self, story: Story, folder: Path, credentials: ModuleType) -> None:
        self.story = story
        self.folder = folder
        with IAM(folder, entry_points=False, password_cost=CHEAPEST) as iam:
            first = iam.initialize(setup_link=True)
            story.search.secret("the administrator's key", first.key.secret.reveal())
            story.keep("the first start", repr(first))
        post = credentials.Post(story)
        self.store = Faulty(SQLStore(f"sqlite:///{folder / 'iamkit.db'}"))
        self.iam = IAM(
            folder,
            store=self.store,
            plugins=[Onlooker(story), post],
            entry_points=False,
            password_cost=CHEAPEST,
            link_base=credentials.LINK_BASE,
        )
        self.desk = self.iam.desk(self.iam.operator())
        for name, password in PASSWORDS.items():
            story.search.secret(f"{name} password", password)
        self.chapter = credentials.Chapter(self, post, first.setup)
        self.keys: list[Signer] = []
        self.tokens: list[str] = []

    def new_key(self, user: str) -> None:
        made = self.desk.do(access_keys.create_access_key, user_name=user)
        self.story.keep("a new key", f"{made!r} {made}")
        self.story.search.secret(f"a key of {user}", made.secret.reveal())
        self.keys.append(Signer(made.key.key_id, made.secret))

    def new_session(self, password: str, kind: SessionKind) -> None:
        session = self.iam.sign_in("ana", PASSWORDS[password], source="127.0.0.1", kind=kind)
        self.story.keep("a new session", f"{session!r} {session}")
        self.story.search.secret(f"a {kind} token", session.token.reveal())
        self.tokens.append(session.token.reveal())

    def people(self) -> None:
        """Users with keys and passwords, and what goes wrong in making them."""
        desk = self.desk
        for name in ("ana", "bob"):
            desk.do(users.create_user, user_name=name)
            desk.do(inline.put_user_policy, user_name=name, policy_name="all", policy_document=TEXT)
            self.new_key(name)
        first, second, third = (Secret(PASSWORDS[f"ana's {which}"]) for which in ("first", "second", "third"))
        desk.do(login_profiles.create_login_profile, user_name="ana", password=first)
        for bad in ("an unpaired", "one with a zero"):
            with self.story.failing():
                desk.do(login_profiles.create_login_profile, user_name="bob", password=Secret(PASSWORDS[bad]))
            with self.story.failing():
                self.iam.sign_in("ana", PASSWORDS[bad], source="127.0.0.1")
        with self.story.failing():
            desk.do(login_profiles.create_login_profile, user_name="ana", password=second)
        with self.story.failing():
            desk.do(login_profiles.create_login_profile, user_name="nobody", password=second)
        with self.story.failing():
            desk.do(login_profiles.create_login_profile, user_name="bob", password=Secret("short"))
        for kind in SessionKind:
            self.new_session("ana's first", kind)
        own = self.iam.desk(self.iam.find_principal("ana"))
        with self.story.failing():
            own.do(login_profiles.change_password, old_password=third, new_password=second)
        own.do(login_profiles.change_password, old_password=first, new_password=second)
        desk.do(login_profiles.update_login_profile, user_name="ana", password=third)
        for kind in SessionKind:
            self.new_session("ana's third", kind)
        for name, password in itertools.product(
            ("ana", "nobody", PASSWORDS["a misplaced"], "ana\x00"), ("a wrong", "an unpaired")
        ):
            with self.story.failing():
                self.iam.sign_in(name, PASSWORDS[password], source="127.0.0.1", user_agent="x" * 3000)
        for key in (self.keys[0].secret.reveal(), self.tokens[0]):
            with self.story.failing():
                self.iam.sign_in("bob", key, source="127.0.0.1")
            with self.story.failing():
                self.iam.sign_out(key[:-1])
            with self.story.failing():
                desk.do(access_keys.delete_access_key, user_name="bob", access_key_id="AKIA" + "A" * 16)

    def credentials(self, asks: Sequence[Ask]) -> None:
        """Everything else that has a secret: hardware tokens, certificates, names and passwords for tools."""
        seed, agreed, phrase = (
            "q7KpZ2mW9xTr4sVb1nHd",
            "8f3a55c1d7e2094b6a1c3e5f7d9b2a40",
            "eleven blue kites over a lake",
        )
        for name, value in (("a seed", seed), ("a PSKC key", agreed), ("a PSKC passphrase", phrase)):
            self.story.search.secret(name, value)
        self.story.search.secret("a seed in base 32", base64.b32encode(seed.encode()).rstrip(b"="))
        locked = Secret("<KeyContainer/>")
        for content in (
            f"t-1,{seed.encode().hex()}",
            f"t-1,{seed.encode().hex()}",
            f"t-2,{seed}",
            f"t-3,{seed.encode().hex()}x",
        ):
            with self.story.failing():
                made = self.desk.do(
                    hardware_mfa.import_mfa_devices,
                    content=Secret(content),
                    key=Secret(agreed),
                    passphrase=Secret(phrase),
                )
                self.story.keep("tokens", repr(made))
        with self.story.failing():
            self.desk.do(
                hardware_mfa.import_mfa_devices, content=locked, key=Secret(agreed), passphrase=Secret(phrase)
            )
        pem, private = ((CERTIFICATES / f"first.{end}").read_text() for end in ("pem", "key"))
        # What follows is the public half.
        self.story.search.secret("a private key", private.splitlines()[1])
        self.story.search.secret("a private key's rest", private.splitlines()[2][:24])
        for name, body in (("site", pem), ("site", pem), ("other", private), ("third", pem + private)):
            with self.story.failing():
                kept = self.desk.do(
                    server_certificates.upload_server_certificate,
                    server_certificate_name=name,
                    certificate_body=body,
                    private_key=Secret(private),
                )
                self.story.keep("a certificate", repr(kept))
            with self.story.failing():
                self.desk.do(
                    signing_certificates.upload_signing_certificate,
                    user_name="ana",
                    certificate_body=private,
                )
            with self.story.failing():
                self.desk.do(ssh_keys.upload_ssh_public_key, user_name="ana", ssh_public_key_body=private)
        tool = self.desk.do(
            service_credentials.create_service_specific_credential, user_name="ana", service_name="docs"
        )
        password = tool.service_password.reveal()
        self.story.search.secret("a tool's password", password)
        self.story.keep("a credential", repr(tool))
        begun = self.iam.ssh_sign_in.begin("ana")
        self.story.search.secret("an SSH challenge", begun.token.reveal())
        self.story.keep("a challenge", repr(begun.token))
        for answer in ("hello", password):
            with self.story.failing():
                self.iam.ssh_sign_in.finish(begun.token, answer)
        for ask in asks:
            for name in (tool.face.service_user_name, "ana", password):
                given = base64.b64encode(f"{name}:{password}".encode()).decode()
                self.say(ask, "GET", "/doc/1", headers={"authorization": f"Basic {given}"})
                self.say(ask, "GET", "/doc/1", headers={"authorization": f"Basic {given}x"})

    def requests(self, ask: Ask) -> None:
        """Good and bad requests to one app."""
        ana, bob = self.keys[:2]
        cookie, bearer = self.tokens[-2:]
        now = self.iam.clock.now()
        signed = ana.sign("GET", "http://app/doc/1", {}, b"", now=now)
        forged = replace(ana, secret=bob.secret).sign("GET", "http://app/doc/1", {}, b"", now=now)
        self.say(ask, "GET", "/doc/1", auth=SigV4Auth(ana.key_id, ana.secret))
        self.say(ask, "PUT", "/doc/1", auth=SigV4Auth(bob.key_id, bob.secret), content=b"body")
        self.say(ask, "GET", "/undeclared", auth=SigV4Auth(ana.key_id, ana.secret))
        self.say(ask, "GET", "/doc/1", headers={"cookie": f"__Host-iamkit={cookie}"})
        self.say(ask, "GET", "/doc/1", headers={"authorization": f"Bearer {bearer}"})
        secrets = [ana.secret.reveal(), cookie, bearer, self.tokens[0]]
        secrets += [PASSWORDS["a wrong"], PASSWORDS["a misplaced"]]
        bad: list[dict[str, str]] = [{}, forged, {**signed, "x-amz-date": "yesterday"}]
        for secret in secrets:
            basic = base64.b64encode(f"ana:{secret}".encode()).decode()
            scope = "20261122/global/iamkit/aws4_request"
            bad += [
                {"authorization": secret},
                {"authorization": f"{secret} {secret}"},
                {"authorization": f"Basic {basic}"},
                {"authorization": f"Bearer {secret}"},
                {"authorization": f"Bearer {secret}x"},
                {"authorization": f"Token {secret}"},
                {"authorization": f"AWS4-HMAC-SHA256 {secret}"},
                {"authorization": f"AWS4-HMAC-SHA256 Credential={secret}/{scope}"},
                {
                    **signed,
                    "authorization": f"AWS4-HMAC-SHA256 Credential={secret}/{scope},"
                    f" SignedHeaders=host;x-amz-date;{secret}, Signature={secret}",
                },
                {**signed, "x-amz-security-token": secret},
                {**signed, "x-amz-content-sha256": secret},
                {**signed, "x-amz-date": secret},
                {"cookie": f"__Host-iamkit={secret}"},
                {"cookie": f"__Host-iamkit={secret}; __Host-iamkit={cookie}"},
                {"cookie": f"{secret}={secret}; ; ="},
                {"x_amz_security_token": secret, "x-api-key": secret},
                {"authorization": f"Bearer {bearer}", "x-fault": "authenticate"},
            ]
        for headers in bad:
            self.say(ask, "GET", "/doc/1", headers=headers)
            self.say(ask, "GET", "/doc/1", headers={**headers, "accept": "text/html"})
        for secret in secrets:
            self.say(ask, "GET", "/doc/1", params={"token": secret, "X-Amz-Signature": secret})
            self.say(ask, "GET", "/doc/1", params={"password": secret})
        for form in (
            {"name": "ana", "password": PASSWORDS["ana's third"]},
            {"name": "ana", "password": PASSWORDS["a wrong"]},
            {"name": PASSWORDS["a misplaced"], "password": PASSWORDS["a wrong"]},
            {"password": PASSWORDS["a body's"]},
            {"name": "ana", "password": [PASSWORDS["a body's"]]},
        ):
            self.say(ask, "POST", "/sign-in", content=json.dumps(form).encode())
        self.say(ask, "POST", "/sign-in", content=b'{"password": "' + PASSWORDS["a body's"].encode())

    def say(self, ask: Ask, method: str, path: str, **more: object) -> None:
        """Send a request, and keep its answer but for a cookie that is set."""
        try:
            answer = ask(method, path, **more)
        except Exception as fault:  # noqa: BLE001  # as above
            # The client itself refuses some of this; its words are its own.
            if "iamkit" in "".join(traceback.format_exception(fault)):
                self.story.keep_fault(fault)
            return
        for name, value in answer.headers.multi_items():
            if name == "set-cookie" and value.startswith("__Host-iamkit="):
                cookie = value.partition("=")[2].partition(";")[0]
                # An empty one takes a useless cookie away.
                if cookie:
                    self.story.search.secret("a cookie", cookie)
            else:
                self.story.keep(f"the header {name}", value)
        self.story.keep("an answer", answer.content)

    def faults(self, asks: Sequence[Ask]) -> int:
        """Everything again, with the first, second, third … call to the store failing. How many failed."""
        ana = SigV4Auth(self.keys[0].key_id, self.keys[0].secret)
        own = Secret(PASSWORDS["ana's third"])
        steps: list[Callable[[], object]] = [
            lambda: self.desk.do(access_keys.create_access_key, user_name="bob"),
            lambda: self.desk.do(login_profiles.update_login_profile, user_name="ana", password=own),
            lambda: self.iam.sign_in("ana", own.reveal(), source="127.0.0.1"),
            lambda: self.iam.sign_in("ana", PASSWORDS["a wrong"], source="127.0.0.1"),
            lambda: self.desk.do(sessions.end_sessions, user_name="ana"),
            *self.chapter.failing_steps(),
            lambda: self.desk.do(key_rotation.rotate_access_key, user_name="bob", force=True),
            *(
                lambda ask=ask, more=more: self.say(ask, "GET", "/doc/1", **more)
                for ask in asks
                for more in (
                    {"auth": ana},
                    {"headers": {"cookie": f"__Host-iamkit={self.tokens[-2]}"}},
                    {"headers": {"authorization": f"Bearer {self.tokens[-1]}"}},
                )
            ),
        ]
        failed = 0
        for step in steps:
            for call in itertools.count():
                self.store.calls_left = call
                with self.story.failing():
                    made = step()
                    self.story.keep("a result", repr(made))
                if self.store.calls_left is not None:
                    break
                failed += 1
            self.store.calls_left = None
        self.story.keep_reprs()
        return failed

    def damage(self, asks: Sequence[Ask]) -> None:
        """Rows that were altered by hand: what does not open or parse any more."""
        with self.store.store.write() as unit:
            for row in unit.find(AccessKey):
                unit.change(AccessKey, (row.key_id,), {"sealed": row.sealed[:-1] + b"x"})
            for kept in unit.find(PasswordRecord):
                unit.change(PasswordRecord, (kept.user_id,), {"hash": "$argon2id$broken"})
            for document in unit.find(PolicyDocument):
                unit.change(PolicyDocument, (document.digest,), {"text": document.text + "}"})
            unit.bump("deployment")
        other = IAM(self.folder, plugins=[Onlooker(self.story)], entry_points=False)
        for ask in (flask_app(other), fastapi_app(other)):
            for key in self.keys:
                self.say(ask, "GET", "/doc/1", auth=SigV4Auth(key.key_id, key.secret))
            self.say(ask, "GET", "/doc/1", headers={"authorization": f"Bearer {self.tokens[-1]}"})
        with self.story.failing():
            other.sign_in("ana", PASSWORDS["ana's third"], source="127.0.0.1")
        self.story.keep_reprs()
        other.close()
        for ask in asks:
            self.say(ask, "GET", "/doc/1", headers={"authorization": f"Bearer {self.tokens[-1]}"})

    def command_line(self) -> None:
        """What the commands print of all that."""
        environment = {
            "IAMKIT_DIR": str(self.folder),
            "IAMKIT_ACCESS_KEY_ID": self.keys[0].key_id,
            "IAMKIT_SECRET_ACCESS_KEY": self.keys[0].secret.reveal(),
        }
        wrong = PASSWORDS["a wrong"]
        for command, given in (
            ("events", None),
            ("decisions", None),
            ("whoami", None),
            ("user list", None),
            ("user show ana", None),
            ("key list ana", None),
            ("sessions list ana", None),
            ("config", None),
            ("config list", None),
            ("user password ana --stdin", wrong.encode()),
            ("user password ana --stdin", PASSWORDS["an unpaired"].encode("utf-8", "surrogatepass")),
            ("user password nobody --stdin", wrong.encode()),
            ("user create eve --password --stdin", wrong.encode()),
        ):
            for options, variables in itertools.product(
                ([], ["--json"], ["--debug"]), (environment, {"IAMKIT_DIR": str(self.folder)})
            ):
                done = CliRunner().invoke(
                    root(), [*command.split(), *options], input=given, env=variables, prog_name="iamkit"
                )
                self.story.keep(f"the command {command}", done.output)
                if done.exception is not None:
                    self.story.keep_fault(done.exception)

    def told(self) -> None:
        """Every record, event and explanation; and the keys that lie below all others."""
        ring = self.iam.keyring
        with self.store.store.read() as reader:
            for kind in declared():
                for item in reader.find(kind):
                    self.story.keep(f"a record of {kind.__name__}", f"{item!r} {item}")
                    if isinstance(item, Event):
                        self.story.keep("an event", json.dumps(item.as_data()))
            for data_key in reader.find(DataKey):
                plain = ring._provider.unwrap(data_key.wrapped, _key_aad(data_key.data_key_id))
                self.story.search.secret("a data key", plain)
            for pepper in reader.find(PepperRecord):
                plain = ring.unseal(pepper.sealed, purpose="pepper", account="", record_id=pepper.pepper_id)
                self.story.search.secret("a pepper", plain)
        key_file = (self.folder / "master.key").read_text(encoding="ascii").strip()
        self.story.search.secret("the master key", base64.b64decode(key_file))
        self.story.search.secret("the key file", key_file)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A file with everything that anybody logs at any level, but for the clients of this test."""
    path = tmp_path / "debug.log"
    handler = logging.FileHandler(path, encoding="utf-8", errors="surrogatepass")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    handler.addFilter(lambda line: not line.name.startswith(("httpx", "httpcore")))
    top = logging.getLogger()
    level = top.level
    top.addHandler(handler)
    top.setLevel(logging.DEBUG)
    yield path
    top.setLevel(level)
    top.removeHandler(handler)
    handler.close()


def test_no_secret_is_found_anywhere(
    tmp_path: Path,
    log: Path,
    canary: ModuleType,
    canary_credentials: ModuleType,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Zero finds; the figures are printed."""
    story = Story(canary.Search())
    play = Play(story, tmp_path / "data", canary_credentials)
    asks = [flask_app(play.iam), fastapi_app(play.iam)]

    play.people()
    play.chapter.tell()
    play.credentials(asks)
    for ask in asks:
        play.requests(ask)
    objects = story.keep_reprs()
    failed = play.faults(asks)
    play.command_line()
    play.told()
    play.iam.decisions.flush()
    story.search.look_into(tmp_path / "data", but=("master.key",))
    play.damage(asks)
    with suppress(Exception):
        play.iam.close()

    printed = capfd.readouterr()
    story.keep("standard output", printed.out)
    story.keep("standard error", printed.err)
    for place, content in story.texts:
        story.search.look(place, content)
    story.search.look_into(tmp_path, but=("master.key",))
    with capfd.disabled():
        print(f"\ncanary: {story.search}; {failed} store calls failed, {objects} objects shown")
    found = sorted({f"{find.secret} ({find.spelling}) in {find.place}" for find in story.search.finds})
    assert not found, "\n".join(found)
    # The story was a story: it had answers of every kind, and faults.
    assert log.stat().st_size > 10_000
    assert failed > 100
