"""The doors at which names are said: a small guarded app, called as a server would call it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from iamkit.clock import FrozenClock
from iamkit.credentials import ssh_keys
from iamkit.errors import IamkitError, Throttling
from iamkit.gate import claim
from iamkit.gate.pace import Pace
from iamkit.gate.refusals import Refusals
from iamkit.gate.ssh_sign_in import NAMESPACE
from iamkit.kit import IAM
from tests.proofs.told_apart.people import People
from tests.proofs.winners.kinds import replaced

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Fields that are of the request alone.
_OWN: Final = frozenset({"x-amzn-requestid", "x-request-id", "date"})


@dataclass(frozen=True, slots=True)
class Answer:
    """How long an answer took, and what it said."""

    seconds: float
    said: str


class Door:
    """One way to say a name. `waits`: answers are held back, so that many may ask at once."""

    name: str
    path: str
    waits = False
    # How far the limits' clock runs between two questions.
    ahead = timedelta(minutes=11)

    def __init__(self, iam: IAM) -> None:
        self._iam = iam
        self._app = iam.wsgi(_app(iam, self.serve))

    def prepare(self, people: People) -> None:
        """What is done before anybody asks."""

    def serve(self, said: Mapping[str, str], source: str | None) -> str:
        """What the app does."""
        raise NotImplementedError

    def fields(self, name: str) -> Mapping[str, str]:
        """What a browser sends."""
        return {"name": name}

    def ask(self, name: str) -> Answer:
        """Say a name, and wait for the answer."""
        environ = _environ(self.path, self.fields(name))
        if self.ahead and isinstance(self._iam.clock, FrozenClock):
            self._iam.clock.advance(self.ahead)
        said: list[str] = []

        def start(
            status: str, headers: list[tuple[str, str]], fault: object = None
        ) -> Callable[[bytes], object]:
            shown = sorted(
                f"{field.lower()}: {value}" for field, value in headers if field.lower() not in _OWN
            )
            said.append(status + "\n" + "\n".join(shown))
            return said.append  # type: ignore[return-value]  # nobody writes by it

        began = time.perf_counter()
        body = b"".join(self._app(environ, start))
        seconds = time.perf_counter() - began
        self.after()
        return Answer(seconds, said[0] + "\n\n" + self.masked(body.decode()))

    def after(self) -> None:
        """What goes on when the answer is out."""

    def masked(self, body: str) -> str:
        """The body without what is random in each."""
        return body


class SignInDoor(Door):
    """A wrong password, another one each time."""

    name = "sign-in"
    path = "/sign-in"
    waits = True

    def fields(self, name: str) -> Mapping[str, str]:
        return {"name": name, "password": secrets.token_urlsafe(12)}

    def serve(self, said: Mapping[str, str], source: str | None) -> str:
        self._iam.sign_in(said["name"], said["password"], source=source)
        return "in"


class _Forgetful(Refusals):
    """Remembers nobody."""

    def check(self, places: object) -> None:
        pass


class UsedUpDoor(SignInDoor):
    """A wrong password for names whose attempts are used up."""

    name = "used-up"
    ahead = timedelta(0)
    waits = False

    def __init__(self, iam: IAM) -> None:
        super().__init__(iam)
        self._tried: set[str] = set()
        # What is refused from memory is refused by what was typed; here all are looked at.
        iam._claims._refusals = _Forgetful(iam.clock)

    def ask(self, name: str) -> Answer:
        if name not in self._tried:
            self._tried.add(name)
            subject = self._claimed(name)
            # Names of nobody share places, and another may have used this one up.
            with suppress(Throttling):
                for _ in range(5):
                    self._iam._throttle.reserve(subject)
        return super().ask(name)

    def _claimed(self, name: str) -> str:
        with self._iam.store.read() as reader:
            return claim._claimed(
                reader, self._iam.deployment().home_account, name, None, None, as_root=False
            ).subject


class ForgottenDoor(Door):
    """A link for a forgotten password is asked for."""

    name = "forgotten"
    path = "/forgotten"
    ahead = timedelta(minutes=61)

    def serve(self, said: Mapping[str, str], source: str | None) -> str:
        self._iam.recovery.request(said["name"], source=source)
        return "if there is such a user, a mail is on its way"

    def after(self) -> None:
        self._iam.outbox.flush()


class PasskeyDoor(Door):
    """A passkey is begun with a name said."""

    name = "passkey"
    path = "/passkey"

    def serve(self, said: Mapping[str, str], source: str | None) -> str:
        begun = self._iam.factors.begin_passkey(said["name"])
        return json.dumps({"token": begun.token.reveal(), "shown": begun.shown})

    def masked(self, body: str) -> str:
        # Lengths and shapes stay; ids of devices are as long as the devices' makers have it.
        said = json.loads(body)
        said["shown"]["challenge"] = len(said["shown"]["challenge"])
        for item in said["shown"]["allowCredentials"]:
            item["id"] = "…"
        return json.dumps({"token": len(said["token"]), "shown": said["shown"]})


class SshDoor(Door):
    """A challenge for a name is signed by a key of nobody."""

    name = "ssh"
    path = "/ssh"

    def __init__(self, iam: IAM) -> None:
        super().__init__(iam)
        self._key = Ed25519PrivateKey.generate()

    def fields(self, name: str) -> Mapping[str, str]:
        begun = self._iam.ssh_sign_in.begin(name)
        return {"token": begun.token.reveal(), "signature": ssh_signature(self._key, begun.message)}

    def serve(self, said: Mapping[str, str], source: str | None) -> str:
        self._iam.ssh_sign_in.finish(said["token"], said["signature"], source=source)
        return "in"


def ssh_signature(key: Ed25519PrivateKey, message: str) -> str:
    """What `ssh-keygen -Y sign` prints (PROTOCOL.sshsig)."""

    def text(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    parts = b"".join(map(text, [NAMESPACE.encode(), b"", b"sha512"]))
    made = key.sign(b"SSHSIG" + parts + text(hashlib.sha512(message.encode()).digest()))
    blob = base64.b64decode(ssh_keys.body_of(key.public_key()).split(" ")[1])
    raw = b"SSHSIG\x00\x00\x00\x01" + text(blob) + parts + text(text(b"ssh-ed25519") + text(made))
    armoured = base64.b64encode(raw).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{armoured}\n-----END SSH SIGNATURE-----\n"


DOORS: Final[dict[str, type[Door]]] = {
    door.name: door for door in (SignInDoor, UsedUpDoor, ForgottenDoor, PasskeyDoor, SshDoor)
}


def leaking() -> AbstractContextManager[None]:
    """A failure takes as long as it takes."""

    def at_once(*given: object, **named: object) -> None:
        pass

    return replaced(Pace, "wait", at_once)


def _app(iam: IAM, serve: Callable[[Mapping[str, str], str | None], str]) -> Any:
    @iam.public
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Sequence[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        said = dict(parse_qsl(environ["wsgi.input"].read(size).decode()))
        headers = [("Content-Type", "text/plain")]
        try:
            text, status = serve(said, environ.get("REMOTE_ADDR")), "200 OK"
        except IamkitError as fault:
            text, status = f"{fault.code}: {fault}", f"{fault.status} No"
            if (wait := getattr(fault, "retry_after", None)) is not None:
                headers.append(("Retry-After", str(wait)))
        start_response(status, headers)
        return [text.encode()]

    return app


def _environ(path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    body = urlencode(fields).encode()
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "SERVER_NAME": "app.example.org",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.9",
        "HTTP_HOST": "app.example.org",
        "HTTP_ORIGIN": "https://app.example.org",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
