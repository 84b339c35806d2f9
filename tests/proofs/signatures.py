"""Signs random requests with botocore, in the header and in the query, and sends each as it is and altered.

    python tests/proofs/signatures.py [--requests 200000] [--whole 200] [--seed 1]

Each request is handed over as WSGI and as ASGI servers do, and must verify both ways. Then one byte of what
was signed is made another, at random; for `--whole` of the requests every byte in turn. Such a request must
be refused with a 4xx, unless what it says is still the same by the rules of the canonical form (an escape in
lower case, other white space): then it must verify. Exit code 0 if no answer was another.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamkit.clock import SystemClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Rules, SigV4Verifier
from iamkit.errors import IamkitError
from iamkit.http import HttpRequest
from iamkit.ids import Ids
from iamkit.web import asgi, wsgi

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KNOWN: Final = SigningCredential(
    Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY), Secret(SECRET), 1
)
SEGMENTS: Final = ("a", "b-c", "D_4", "%20x", "e~", "1.2", "%C3%A9", "a+b", "x%3By", "users")
VALUES: Final = ("", "1", "x%20y", "%2B", "~", "%C3%A9", "a-b_c.d", "%25", "%26%3D", "long" * 12)
FIELDS: Final = ("X-Amz-Meta", "X-Amz-Target", "X-Other", "Content-Type", "Accept")
TEXTS: Final = ("text/plain", "a  b", "1;q=0.5, 2", "x", 'quo"ted', "application/x-www-form-urlencoded")
_SPACES: Final = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as bytes: what is between client and server."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def field(self, name: bytes) -> bytes:
        """The value of the field."""
        return next((value for key, value in self.fields if key.lower() == name), b"")


def made(dice: random.Random) -> Wire:
    """A random request, signed by botocore at the machine's time."""
    presigned = dice.random() < 0.5
    path = "/" + "/".join(dice.choices(SEGMENTS, k=dice.randrange(5)))
    query = "&".join(f"{name}={dice.choice(VALUES)}" for name in dice.sample("abcxyz", k=dice.randrange(4)))
    method = dice.choice(
        ("GET", "DELETE", "HEAD") if presigned else ("GET", "POST", "PUT", "PATCH", "DELETE")
    )
    body = b"" if presigned or method == "GET" else dice.randbytes(dice.randrange(64))
    named = {name: dice.choice(TEXTS) for name in dice.sample(FIELDS, k=dice.randrange(3))}
    if presigned:
        # What an x-amz field says would have to be signed in the query.
        named = {name: text for name, text in named.items() if not name.startswith("X-Amz")}
    host = dice.choice(("app.example.org", "localhost:8000", "xn--caf-dma.example"))
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    asked = AWSRequest(method=method, url=url, data=body, headers=named)
    known, region = Credentials(KEY, SECRET), dice.choice(("eu-west-1", "global"))
    if presigned:
        SigV4QueryAuth(known, "iamkit", region, expires=dice.randint(60, 604_800)).add_auth(asked)
    else:
        SigV4Auth(known, "iamkit", region).add_auth(asked)
    sent = asked.prepare()
    parts = urlsplit(str(sent.url))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = [("Host", host), *((name, _text(value)) for name, value in sent.headers.items())]
    return Wire(
        method.encode(),
        target.encode(),
        tuple((name.encode(), value.encode("latin-1")) for name, value in fields if name != "Content-Length"),
        body,
    )


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _signed_names(wire: Wire) -> set[bytes]:
    in_header = re.search(rb"SignedHeaders=([^,&]+)", wire.field(b"authorization") + b"&" + wire.target)
    return set() if in_header is None else set(unquote_to_bytes(in_header[1]).split(b";"))


def meaning(wire: Wire, names: set[bytes]) -> object:
    """What the signature stands for; two requests that mean the same share it."""
    path, _, query = wire.target.partition(b"?")
    pairs = sorted(tuple(map(unquote_to_bytes, pair.partition(b"=")[::2])) for pair in query.split(b"&"))
    return (
        wire.method,
        path,
        pairs if query else [],
        [(key.lower(), _trimmed(value)) for key, value in wire.fields if key.lower() in names],
        # Between the parts of the field stands white space, of which there may be less or more.
        wire.field(b"authorization"),
        wire.body,
    )


def _trimmed(value: bytes) -> bytes:
    return _SPACES.sub(b" ", value).strip(b" ")


def places(wire: Wire) -> list[tuple[str, int, int]]:
    """Where signed bytes are: the part, which field, which byte."""
    names = _signed_names(wire) | {b"authorization"}
    found = [("method", 0, at) for at in range(len(wire.method))]
    found += [("target", 0, at) for at in range(1, len(wire.target))]
    found += [("body", 0, at) for at in range(len(wire.body))]
    for number, (key, value) in enumerate(wire.fields):
        if key.lower() in names:
            found += [("name", number, at) for at in range(len(key))]
            found += [("value", number, at) for at in range(len(value))]
    return found


def altered(wire: Wire, place: tuple[str, int, int], dice: random.Random) -> Wire:
    """`wire` with one byte made another."""
    part, number, at = place

    def other(text: bytes) -> bytes:
        # What cannot be in a request line or field at all is the server's to refuse.
        low, high = (0, 255) if part == "body" else (0x21 if part in ("method", "target") else 0x20, 0x7E)
        byte = dice.choice([byte for byte in range(low, high + 1) if byte != text[at]])
        return text[:at] + bytes([byte]) + text[at + 1 :]

    if part == "method":
        return replace(wire, method=other(wire.method))
    if part == "target":
        return replace(wire, target=other(wire.target))
    if part == "body":
        return replace(wire, body=other(wire.body))
    fields = list(wire.fields)
    key, value = fields[number]
    fields[number] = (other(key), value) if part == "name" else (key, other(value))
    return replace(wire, fields=tuple(fields))


def as_wsgi(wire: Wire) -> HttpRequest:
    """The request as a WSGI server hands it over."""
    path, _, query = wire.target.decode("latin-1").partition("?")
    environ: dict[str, object] = {
        "REQUEST_METHOD": wire.method.decode("latin-1"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": wire.target.decode("latin-1"),
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(wire.body),
        "CONTENT_LENGTH": str(len(wire.body)),
    }
    for key, value in wire.fields:
        if b"_" in key:
            # CGI's names cannot tell it from a hyphen: WSGI servers leave such a field out, or refuse it.
            continue
        name = key.decode("latin-1").upper().replace("-", "_")
        name = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
        text = value.decode("latin-1").strip()
        environ[name] = f"{environ[name]},{text}" if name in environ else text
    return wsgi.request_of(environ).with_body(wire.body)


def as_asgi(wire: Wire) -> HttpRequest:
    """The request as an ASGI server hands it over."""
    path, _, query = wire.target.partition(b"?")
    scope = {
        "type": "http",
        "method": wire.method.decode("latin-1"),
        "scheme": "https",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": [
            *((key.lower(), value.strip()) for key, value in wire.fields),
            (b"content-length", str(len(wire.body)).encode()),
        ],
        "client": ("192.0.2.1", 1),
    }
    return asgi.request_of(scope).with_body(wire.body)


class Judge:
    """Verifies, and counts every answer that is not the expected one."""

    def __init__(self) -> None:
        rules = SigV4Rules(skew=timedelta(days=1))
        self._verifier = SigV4Verifier(SystemClock(), Ids(), rules)
        self.counts: Counter[str] = Counter()
        self.surprises: list[str] = []

    def expect(self, wire: Wire, right: bool, what: str) -> None:
        """`wire` must verify, or be refused with a 4xx, both ways."""
        for read in (as_wsgi, as_asgi):
            try:
                found = self._verifier.verify(read(wire), {KEY: KNOWN}.get)
                said = "verified" if isinstance(found, Signed) else "unknown"
            except IamkitError as refusal:
                said = "refused" if 400 <= refusal.status < 500 else refusal.code
            self.counts[f"{what} {said}"] += 1
            if said != ("verified" if right else "refused"):
                self.counts["surprises"] += 1
                if len(self.surprises) < 10:
                    self.surprises.append(f"{read.__name__} {what}: {said}: {wire}")


def run(requests: int, whole: int, seed: int) -> Judge:
    """Ask them all."""
    dice, judge = random.Random(seed), Judge()
    for number in range(requests):
        wire = made(dice)
        judge.expect(wire, True, "as signed")
        names = _signed_names(wire)
        said = meaning(wire, names)
        chosen = places(wire)
        for place in chosen if number < whole else [dice.choice(chosen)]:
            other = altered(wire, place, dice)
            same = meaning(other, names) == said
            judge.expect(other, same, "respelt" if same else "altered")
    return judge


def told(judge: Judge) -> Iterator[str]:
    """The figures, then the verdict."""
    yield from judge.surprises
    for what, count in sorted(judge.counts.items()):
        yield f"{what}: {count:,}"
    yield f"{judge.counts['surprises']} answers were another than they should be"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--whole", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(datetime.now(UTC).strftime("%Y%m%d")))
    chosen = parser.parse_args()
    judge = run(chosen.requests, chosen.whole, chosen.seed)
    print(*told(judge), sep="\n")
    return 1 if judge.counts["surprises"] else 0


if __name__ == "__main__":
    sys.exit(main())
