"""What must not pass as a signature, each with AWS's code, asked of the API as WSGI and ASGI servers ask it.

The list is that of wire.md §3. Every request is right but for the one thing that its line names.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

import pytest

from iamkit.api.app import ManagementAPI
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials.secret import Secret
from iamkit.kit import IAM
from iamkit.management import access_keys, groups
from iamkit.testing.stand_in import in_memory

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

HOST: Final = "iam.example.org"
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
WRONG: Final = ("SignatureDoesNotMatch", 403)
INCOMPLETE: Final = ("IncompleteSignature", 400)
NO_SUCH_KEY: Final = ("InvalidClientTokenId", 403)
AMBIGUOUS: Final = ("MalformedRequest", 400)
MISSING: Final = ("MissingAuthenticationToken", 403)
Told = tuple[str, int]


@dataclass(frozen=True)
class Sent:
    """A request as a server reads it. `fields` as they came, in order."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""

    def with_field(self, name: str, value: str) -> Sent:
        """One field more."""
        return replace(self, fields=(*self.fields, (name, value)))

    def without(self, name: str) -> Sent:
        """Without the fields of a name."""
        return replace(self, fields=tuple(pair for pair in self.fields if pair[0].lower() != name))

    def altered(self, name: str, change: Callable[[str], str]) -> Sent:
        """With another value of a field."""
        fields = tuple((key, change(value) if key.lower() == name else value) for key, value in self.fields)
        assert fields != self.fields
        return replace(self, fields=fields)

    def requeried(self, old: str, new: str) -> Sent:
        """With another target."""
        assert old in self.target
        return replace(self, target=self.target.replace(old, new, 1))


def by_wsgi(api: ManagementAPI, sent: Sent) -> Told:
    """What a WSGI server gets for it."""
    path, _, query = sent.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": sent.target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_LENGTH": str(len(sent.body)),
    }
    for key, value in sent.fields:
        name = key.upper().replace("-", "_")
        name = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    status: list[int] = []

    def start(line: str, _fields: list[tuple[str, str]], _fault: object = None) -> Callable[[bytes], object]:
        status.append(int(line.split()[0]))
        return lambda _: None

    starting: StartResponse = start
    body = b"".join(api.wsgi(environ, starting))
    return _told(status[0], body)


def by_asgi(api: ManagementAPI, sent: Sent) -> Told:
    """What an ASGI server gets for it."""
    path, _, query = sent.target.partition("?")
    scope = {
        "type": "http",
        "method": sent.method,
        "scheme": "https",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [
            *((key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in sent.fields),
            (b"content-length", str(len(sent.body)).encode()),
        ],
        "client": ("192.0.2.1", 1),
    }
    answered: list[Any] = []
    asked = iter([{"type": "http.request", "body": sent.body, "more_body": False}])

    async def receive() -> Any:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        answered.append(message)

    asyncio.run(api.asgi(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in answered[1:])
    return _told(answered[0]["status"], body)


def _told(status: int, body: bytes) -> Told:
    code = re.search(rb"<Code>(\w+)</Code>", body)
    return ("" if code is None else code[1].decode(), status)


@dataclass
class Place:
    """The API, a key, and what signs for it."""

    iam: IAM
    api: ManagementAPI
    clock: FrozenClock
    key_id: str
    secret: str
    ways: tuple[Callable[[ManagementAPI, Sent], Told], ...] = field(default=(by_wsgi, by_asgi))

    def signer(self, **other: str) -> Signer:
        """A signer for the key, or for what is said instead."""
        named = {
            "key_id": self.key_id,
            "secret": self.secret,
            "service": "iam",
            "region": "us-east-1",
            **other,
        }
        return Signer(named["key_id"], Secret(named["secret"]), named["service"], named["region"])

    def signed(
        self,
        body: bytes = b"Action=CreateGroup&Version=2010-05-08&GroupName=x",
        *,
        after: float = 0,
        **how: Any,
    ) -> Sent:
        """A request in the header, as iamkit's own client signs it."""
        named = {"Content-Type": FORM, **how.pop("fields", {})}
        target = how.pop("target", "/")
        now = self.clock.now() + timedelta(seconds=after)
        added = self.signer(**how).sign("POST", f"https://{HOST}{target}", named, body, now=now)
        return Sent("POST", target, (*named.items(), *added.items()), body)

    def presigned(self, *, lasts: int = 300, after: float = 0, **how: str) -> Sent:
        """A request in the query."""
        now = self.clock.now() + timedelta(seconds=after)
        url = self.signer(**how).presign(
            "GET",
            f"https://{HOST}/?Action=CreateGroup&Version=2010-05-08&GroupName=x%20y&Path=%2Fa%2F",
            lasts=timedelta(seconds=lasts),
            now=now,
        )
        return Sent("GET", url.removeprefix(f"https://{HOST}"), (("Host", HOST),))

    def told(self, sent: Sent) -> Told:
        """The same answer both ways."""
        first, second = (way(self.api, sent) for way in self.ways)
        assert first == second
        return first

    def groups(self) -> list[str]:
        """What a request that got through would have made."""
        found = self.iam.desk(self.iam.operator()).do(groups.list_groups).items
        return [group.name for group in found]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FrozenClock()
    with in_memory(tmp_path, clock=clock) as iam:
        desk = iam.desk(iam.operator())
        admin = "administrator"
        key = desk.do(access_keys.create_access_key, user_name=admin)
        yield Place(iam, ManagementAPI(iam), clock, key.key.key_id, key.secret.reveal())


def test_what_is_right_is_let_in_both_ways(place: Place) -> None:
    """In the header and in the query, or the list below would prove nothing."""
    sent = place.signed(b"Action=GetUser&Version=2010-05-08")
    assert place.told(sent) == ("", 200)
    url = place.signer().presign(
        "GET",
        f"https://{HOST}/?Action=GetUser&Version=2010-05-08",
        lasts=timedelta(minutes=1),
        now=place.clock.now(),
    )
    sent = Sent("GET", url.removeprefix(f"https://{HOST}"), (("Host", HOST),))
    assert place.told(sent) == ("", 200)
    assert place.told(place.signed(b"Action=ListUsers&Version=2010-05-08&PathPrefix=%2F")) == ("", 200)


Change = Callable[[Place], Sent]


def _head(old: str, new: str) -> Change:
    return lambda place: place.signed().altered("authorization", lambda text: text.replace(old, new, 1))


def _last_digit(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def _proof(change: Callable[[str], str]) -> Change:
    return lambda place: place.signed().altered("authorization", lambda text: text[:-64] + change(text[-64:]))


def _named(change: Callable[[str], str]) -> Change:
    def made(place: Place) -> Sent:
        def other(text: str) -> str:
            names = text.partition("SignedHeaders=")[2].partition(",")[0]
            return text.replace(names, change(names), 1)

        return place.signed().altered("authorization", other)

    return made


def _hash(value: str) -> Change:
    """Signed with the value that it declares."""

    def made(place: Place) -> Sent:
        sent = place.signed()
        return sent.altered("x-amz-content-sha256", lambda _: value)

    return made


TAMPERED: Final[dict[str, Change]] = {
    "body": lambda place: replace(place.signed(), body=place.signed().body + b"x"),
    "plus for space": lambda place: replace(
        place.signed(b"Action=CreateGroup&Version=2010-05-08&GroupName=a%20b"),
        body=b"Action=CreateGroup&Version=2010-05-08&GroupName=a+b",
    ),
    "method": lambda place: replace(place.signed(), method="PUT"),
    "GET for POST": lambda place: replace(place.signed(), method="GET"),
    "path": lambda place: replace(place.signed(), target="/other"),
    "path case": lambda place: replace(place.signed(target="/api"), target="/API"),
    "query value": lambda place: replace(place.signed(target="/?a=1"), target="/?a=2"),
    "query value added": lambda place: replace(place.signed(), target="/?a=1"),
    "query value removed": lambda place: replace(place.signed(target="/?a=1&b=2"), target="/?a=1"),
    "query value twice": lambda place: replace(place.signed(target="/?a=1"), target="/?a=1&a=1"),
    "plus for space in the query": lambda place: replace(place.signed(target="/?a=x%20y"), target="/?a=x+y"),
    "signed field": lambda place: place.signed().altered("content-type", lambda _: "text/plain"),
    "second value of a signed field": lambda place: place.signed().with_field("Content-Type", "text/plain"),
    "Host": lambda place: place.signed().altered("host", lambda _: "other.example.org"),
    "date": lambda place: place.signed().altered("x-amz-date", lambda text: text[:-2] + "9Z"),
    "one digit of the signature": _proof(_last_digit),
    "wrong secret": lambda place: place.signed(secret="x" * 40),
    "region": _head("us-east-1", "eu-west-1"),
    "service": _head("/iam/", "/sts/"),
    "signed for another service": lambda place: place.signed(service="s3"),
    "terminator": _head("aws4_request", "aws5_request"),
    "early": lambda place: place.signed(after=301),
    "late": lambda place: place.signed(after=-301),
    "Host unsigned": _named(lambda names: names.replace("host;", "")),
    "date unsigned": _named(lambda names: names.replace(";x-amz-date", "")),
    "x-amz field unsigned": lambda place: place.signed().with_field("X-Amz-Target", "x"),
    "Date field unsigned": lambda place: place.signed().with_field("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
    "token added unsigned": lambda place: place.signed().with_field("X-Amz-Security-Token", "x"),
    "hash of another body": _hash(hashlib.sha256(b"other").hexdigest()),
    "UNSIGNED-PAYLOAD": _hash("UNSIGNED-PAYLOAD"),
    "STREAMING": _hash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    "presigned: method": lambda place: replace(place.presigned(), method="POST"),
    "presigned: value": lambda place: place.presigned().requeried("GroupName=x", "GroupName=y"),
    "presigned: value added": lambda place: place.presigned().requeried("Action=", "MaxItems=1&Action="),
    "presigned: value twice": lambda place: place.presigned().requeried("Path=", "Path=%2F&Path="),
    "presigned: expiry": lambda place: place.presigned().requeried("Expires=300", "Expires=600"),
    "presigned: expired": lambda place: place.presigned(after=-301),
    "presigned: early": lambda place: place.presigned(after=301),
    "presigned: Host": lambda place: place.presigned().altered("host", lambda _: "other.example.org"),
    "presigned: body": lambda place: replace(place.presigned(), body=b"GroupName=z"),
    "presigned: digit": lambda place: replace(
        place.presigned(), target=_last_digit(place.presigned().target)
    ),
    "presigned: wrong secret": lambda place: place.presigned(secret="x" * 40),
}
UNREADABLE: Final[dict[str, Change]] = {
    "scope with four parts": _head("/us-east-1", ""),
    "scope with six parts": _head("us-east-1", "us-east-1/x"),
    "no date": lambda place: place.signed().without("x-amz-date"),
    "garbage for a date": lambda place: place.signed().altered("x-amz-date", lambda _: "yesterday"),
    "fields unsorted": _named(lambda names: ";".join(reversed(names.split(";")))),
    "field named twice": _named(lambda names: names.replace("host", "host;host")),
    "no fields named": _named(lambda _: ""),
    "fields in upper case": _named(str.upper),
    "SHA1": _head("HMAC-SHA256", "HMAC-SHA1"),
    "none": _head("AWS4-HMAC-SHA256", "AWS4-none"),
    "lower case": _head("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
    "sigv4a": _head("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    "SigV2": lambda place: place.signed().altered("authorization", lambda _: "AWS AKID:c2ln"),
    "no credential": lambda place: place.signed().altered(
        "authorization", lambda text: re.sub("Credential=[^,]+, ", "", text)
    ),
    "no signature": lambda place: place.signed().altered(
        "authorization", lambda text: text.partition(", Signature")[0]
    ),
    "short signature": _proof(lambda text: text[:-1]),
    "long signature": _proof(lambda text: text + "0"),
    "signature in upper case": _proof(lambda text: text.upper()),
    "empty signature": _proof(lambda _: ""),
    "presigned: expires 0": lambda place: place.presigned().requeried("Expires=300", "Expires=0"),
    "presigned: expires -1": lambda place: place.presigned().requeried("Expires=300", "Expires=-1"),
    "presigned: expires 604801": lambda place: place.presigned().requeried("Expires=300", "Expires=604801"),
    "presigned: expires no number": lambda place: place.presigned().requeried("Expires=300", "Expires=x"),
    "presigned: parameter twice": lambda place: place.presigned().requeried(
        "X-Amz-Expires=300", "X-Amz-Expires=300&X-Amz-Expires=300"
    ),
    "presigned: lower-case parameter": lambda place: place.presigned().requeried("X-Amz-Date", "x-amz-date"),
    "presigned: part gone": lambda place: place.presigned().requeried("X-Amz-SignedHeaders=host&", ""),
}
NOT_ONE: Final[dict[str, tuple[Change, Iterable[Told]]]] = {
    "unknown key": (lambda place: place.signed(key_id="AKIAUNKNOWN234567890"), [NO_SUCH_KEY]),
    "unknown key, presigned": (lambda place: place.presigned(key_id="AKIAUNKNOWN234567890"), [NO_SUCH_KEY]),
    "token on a permanent key": (
        lambda place: place.signed(fields={"X-Amz-Security-Token": "FwoGZXIvYXdz"}),
        [NO_SUCH_KEY],
    ),
    "empty token on a permanent key": (
        lambda place: place.signed(fields={"X-Amz-Security-Token": ""}),
        [NO_SUCH_KEY],
    ),
    "two Hosts": (lambda place: place.signed().with_field("Host", HOST), [AMBIGUOUS, WRONG]),
    "two dates": (
        lambda place: place.signed().with_field("X-Amz-Date", "20260101T000000Z"),
        [AMBIGUOUS, INCOMPLETE],
    ),
    "two Authorizations": (
        lambda place: place.signed().with_field("Authorization", "Basic eDp5"),
        [AMBIGUOUS, INCOMPLETE],
    ),
    "header and query": (
        lambda place: replace(place.signed(), target=place.presigned().target),
        [AMBIGUOUS],
    ),
    "Basic": (lambda place: place.signed().altered("authorization", lambda _: "Basic eDp5"), [NO_SUCH_KEY]),
    "Bearer": (lambda place: place.signed().altered("authorization", lambda _: "Bearer x"), [NO_SUCH_KEY]),
    "nothing": (lambda place: place.signed().without("authorization"), [MISSING]),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_what_was_altered_does_not_match(place: Place, change: Change) -> None:
    """One thing altered, out of time, or signed with something else; nothing is done."""
    assert place.told(change(place)) == WRONG
    assert place.groups() == []


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_incomplete(place: Place, change: Change) -> None:
    """A part is missing, doubled, misspelt or of another algorithm; nothing is done."""
    assert place.told(change(place)) == INCOMPLETE
    assert place.groups() == []


@pytest.mark.parametrize(("change", "told"), NOT_ONE.values(), ids=NOT_ONE)
def test_what_is_nobodys_or_twice_is_refused(place: Place, change: Change, told: Iterable[Told]) -> None:
    """Keys that are none, tokens where none belong, and what could be read in two ways; nothing is done."""
    # A WSGI server joins what came twice; one that does not hands over two.
    assert {way(place.api, change(place)) for way in place.ways} <= set(told)
    assert place.groups() == []


def test_an_inactive_key_is_as_unknown(place: Place) -> None:
    """From the next request on."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(
        access_keys.update_access_key,
        user_name="administrator",
        access_key_id=place.key_id,
        status="Inactive",
    )
    for sent in (place.signed(), place.presigned()):
        assert place.told(sent) == NO_SUCH_KEY


def test_a_slash_is_not_its_escape(place: Place) -> None:
    """A path with an escaped slash is refused whatever it is signed as."""
    assert place.told(replace(place.signed(target="/a/b"), target="/a%2Fb"))[1] in (400, 403)
    assert place.groups() == []
