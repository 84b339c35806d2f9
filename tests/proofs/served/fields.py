"""Mutations of method and header fields: who is asked, by whom, by which method, through which proxy."""

from __future__ import annotations

import random
from typing import Final

from tests.proofs.served.drafts import BAD, Draft, Mutation, sent_as, upgraded

METHODS: Final = (
    b"HEAD", b"HEAD", b"OPTIONS", b"OPTIONS", b"TRACE", b"CONNECT", b"GET", b"POST", b"PUT", b"PATCH",
    b"DELETE", b"FOO", b"PROPFIND",
    b"MKCOL", b"QUERY", b"PRI", b"get", b"Get", b"gET", b"head", b"put", b"post", b"options", b"G",
    b"GETT", b"GET-X", b"GET_X", b"M-SEARCH", b"G E T",
    b"GET\x00", b"GET\t", b"G\xc3\x89T", b"X" * 33, b"X" * 3000, b"", b"1", b"GET,PUT", b"WEBSOCKET",
)  # fmt: skip
HOSTS: Final = (
    b"evil.example", b"127.0.0.1:1", b"127.0.0.1:99999", b"127.0.0.1:", b"127.0.0.1:x", b"a/admin?x=",
    b"a/../open", b"user@evil",
    b"a b", b"a\tb", b"", b" ", b"[::1]", b"[::1]:80", b"[::g]", b"[::1", b"*", b".", b"..", b"a..b",
    b"-a", b"a_b", b"127.1", b"0x7f.1", b"LOCALHOST",
    b"localhost.", b"a,b", b"127.0.0.1, evil", b"a\\b", b"a%2fb", b"a#b", b"\xc3\xa9", b"xn--9ca",
    b"a" * 300, b"127.0.0.1\x00", b"http://a/", b"://", b"a;b",
)  # fmt: skip
_BEARERS: Final = (
    b"bearer %b", b"BEARER %b", b"Bearer  %b", b"Bearer\t%b", b"Bearer %b,", b"Bearer %b, x", b"%b",
    b"Bearer %b=",
    b"Token %b", b"Bearer %b\x00", b"Bearer %b\xff", b"Bearer%b", b" Bearer %b ",
    b"Bearer Bearer %b", b"Basic %b",
)  # fmt: skip
_ODD_LINES: Final = (
    b"X-Fold: a\r\n b", b"X-Fold: a\r\n\tX-Original-URL: /admin", b"no colon here", b": empty name",
    b"X Space: a",
    b"X-Tab\t: a", b"X-Bare: a\nX-Original-URL: /admin", b"X-Bare: a\rX-Original-URL: /admin", b"X-\xff: a",
    b"X(Y): a", b"\x00: a", b"X-Nul\x00: a", b" leading: a",
)  # fmt: skip
OVERRIDES: Final = (
    b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override", b"x-http-method-override",
    b"X_HTTP_Method_Override",
    b"X-HTTP-Method-Overrides", b"X-Original-Method", b"X-Forwarded-Method",
)  # fmt: skip
PATHS: Final = (
    b"X-Original-URL", b"X-Rewrite-URL", b"X-Original-URI", b"X-Forwarded-Uri", b"X-Forwarded-Path",
    b"X-Forwarded-Prefix", b"X-Script-Name",
    b"SCRIPT_NAME", b"Script-Name", b"PATH_INFO", b"Path-Info", b"X-Accel-Redirect",
    b"X-Envoy-Original-Path", b"X-Matched-Path", b"Content-Location",
    b"X-Middleware-Subrequest", b"X-Invoke-Path", b"Referer", b"RAW_URI", b"REQUEST_URI",
    b"Request-Method", b"X-Override-URL", b"Destination",
)  # fmt: skip
PATH_VALUES: Final = (
    b"/admin",
    b"/open",
    b"/docs/1",
    b"/docs/2",
    b"/bare",
    b"/",
    b"",
    b"//",
    b"/open/../admin",
    b"http://x/admin",
    b"%2fadmin",
    b"/api",
)
IDENTITY: Final = (
    b"X-Forwarded-User", b"X-Remote-User", b"Remote-User", b"REMOTE_USER", b"X-Auth-User", b"X-User",
    b"X-Iamkit-Principal", b"Iamkit", b"iamkit",
    b"X-Iamkit-Decision", b"X-Amz-Security-Token", b"X-Amz-Date", b"X-Amz-User-Agent", b"X-Api-Key",
    b"Proxy-Authorization", b"X-Authorization",
    b"X_Authorization", b"AUTHORIZATION_", b"Authorization.", b"HTTP_AUTHORIZATION", b"Auth_Type",
    b"X-Client-Cert", b"X-Forwarded-Client-Cert",
    b"X-CSRF-Token", b"X-Real-IP", b"X_Real_IP", b"True-Client-IP", b"CF-Connecting-IP",
    b"X-Amzn-Oidc-Identity", b"X-Goog-Iap-Jwt-Assertion",
)  # fmt: skip
FORWARDED: Final = (
    (b"X-Forwarded-For", (b"127.0.0.1", b"10.0.0.1, ::1", b"", b"x", b"::1", b"'; --", b"\xff", b"a" * 900)),
    (b"X-Forwarded-Host", (b"evil.example", b"127.0.0.1", b"a/admin", b"", b"a, b")),
    (b"X-Forwarded-Proto", (b"https", b"http", b"ws", b"javascript", b"https, http", b"")),
    (b"X-Forwarded-Port", (b"443", b"x", b"-1", b"99999")),
    (b"Forwarded", (b"for=127.0.0.1;proto=https;host=evil", b"for=\"[::1]\"", b"=", b";;", b"by=\"")),
    (b"X_Forwarded_For", (b"127.0.0.1",)),
    (b"X_Forwarded_Proto", (b"https",)),
    (b"X.Forwarded.For", (b"127.0.0.1",)),
    (b"Via", (b"1.1 proxy",)),
    (b"Connection", (b"close, X-Forwarded-For", b"Authorization", b"close, Cookie", b"X-Probe", b"TE", b"")),
)  # fmt: skip
PLAIN: Final = (
    (b"Range", (b"bytes=0-0", b"bytes=0-,1-", b"bytes=-1", b"items=x", b"bytes=9-1")),
    (b"Expect", (b"100-continue", b"100-Continue", b"200-ok", b"")),
    (b"Accept", (b"*/*", b"application/json", b"text/html", b"\xff", b"," * 500, b"text/html;q=x", b"")),
    (b"Accept-Encoding", (b"gzip", b"*;q=0", b"\x80")),
    (b"Accept-Language", (b"de", b"*" * 600, b"\xff")),
    (b"Content-Type", (b"multipart/form-data", b"multipart/form-data; boundary=x", b"application/json")),
    (b"Content-Type", (b"text/plain; charset=\xff", b"/", b"", b"text/plain; charset=nope")),
    (b"Content-Encoding", (b"gzip", b"deflate", b"nope")),
    (b"If-None-Match", (b"*", b"\"x\"", b"W/")),
    (b"If-Modified-Since", (b"yesterday", b"Thu, 01 Jan 1970 00:00:00 GMT")),
    (b"Origin", (b"null", b"http://evil.example", b"http://127.0.0.1", b"http://[", b"\xff")),
    (b"Access-Control-Request-Method", (b"PUT", b"GET")),
    (b"Sec-Fetch-Site", (b"cross-site", b"same-origin", b"none", b"x")),
    (b"Upgrade-Insecure-Requests", (b"1",)),
    (b"TE", (b"trailers", b"chunked", b"")),
    (b"HX-Request", (b"true",)),
    (b"X-Requested-With", (b"XMLHttpRequest",)),
    (b"User-Agent", (b"", b"curl/8", b"\xff\xfe", b"() { :;}; x", b"%s%n", b"a" * 4000)),
    (b"Early-Data", (b"1",)),
    (b"Max-Forwards", (b"0",)),
    (b"X-Null", (b"a\x00b", b"a\x01b", b"a\x7fb", b"a\x0bb", b"\t", b"\xc3\xa9", b"\xff")),
)  # fmt: skip


def _method(rng: random.Random, draft: Draft) -> None:
    draft.method = rng.choice(METHODS)
    if draft.framed:
        return
    if draft.method == b"TRACE":
        draft.body = b""
    if rng.random() < 0.1:
        draft.body, draft.framed = b"", True


def _override(rng: random.Random, draft: Draft) -> None:
    value = rng.choice((b"GET", b"PUT", b"DELETE", b"HEAD", b"put", b"", b"POST"))
    if rng.random() < 0.3 and not draft.framed:
        draft.method, draft.body = b"POST", b"_method=" + value + b"&a=1"
        draft.fields = [pair for pair in draft.fields if pair[0] != b"Content-Type"]
        draft.add(b"Content-Type", b"application/x-www-form-urlencoded")
    else:
        draft.method = rng.choice((draft.method, b"POST"))
        draft.add(rng.choice(OVERRIDES), value)


def _paths(rng: random.Random, draft: Draft) -> None:
    draft.add(rng.choice(PATHS), rng.choice(PATH_VALUES))


def _identity(rng: random.Random, draft: Draft) -> None:
    # A token of a user who is not asked about otherwise may do something here: the user is named as a caller.
    value = rng.choice((b"alice", b"administrator", b"1", b"Bearer " + draft.tokens.bearer["alice"], b"d_1"))
    if value.startswith(b"Bearer"):
        draft.callers.add("alice")
    draft.add(rng.choice(IDENTITY), value)


def _forwarded(rng: random.Random, draft: Draft) -> None:
    name, values = rng.choice(FORWARDED)
    draft.add(name, rng.choice(values))


def _plain(rng: random.Random, draft: Draft) -> None:
    name, values = rng.choice(PLAIN)
    draft.add(name, rng.choice(values))


def _host(rng: random.Random, draft: Draft) -> None:
    other = rng.choice(HOSTS)
    draft.host = rng.choice(
        ([other], [other], [*draft.host, other], [other, *draft.host], [*draft.host, *draft.host], [])
    )


def _credentials(rng: random.Random, draft: Draft) -> None:
    """A second credential, a second cookie of our name, or one that is written oddly."""
    cookie, token = draft.tokens.cookie_name, draft.tokens.bearer["bob"]
    kind = rng.randrange(8)
    if kind == 0:
        sent_as(draft, rng.choice(("alice", "bob", "bad", "alice cookie", "bob cookie")), rng)
    elif kind == 1:
        draft.callers |= {"alice", "bob"}
        draft.add(
            b"Cookie",
            cookie + b"=" + draft.tokens.cookie["bob"] + b"; " + cookie + b"=" + draft.tokens.cookie["alice"],
        )
    elif kind == 2:
        draft.callers.add("alice")
        form = rng.choice(
            (
                b'%b="%b"',
                b" %b = %b",
                b"a b=1; %b=%b",
                b";;%b=%b;",
                b"%b=%b, x=1",
                b"=%b; %b",
                b"%b=%b\x00",
                b"x=1; %b=%b; x=2",
            )
        )
        draft.add(b"Cookie", form % (cookie, draft.tokens.cookie["alice"]))
    elif kind == 3:
        draft.callers.add("bob")
        draft.add(b"Authorization", rng.choice(_BEARERS) % token)
    elif kind == 4:
        draft.callers.add("alice")
        name = rng.choice(
            (
                b"Authorization ",
                b"authorization\t",
                b" Authorization",
                b"Authorization:",
                b"Author\xc3\xaezation",
                b"Authori\x00zation",
            )
        )
        draft.lines.append(name + b": Bearer " + draft.tokens.bearer["alice"])
    elif kind == 5:
        draft.add(b"Authorization", rng.choice(BAD))
    elif kind == 6:
        draft.callers.add("bob")
        draft.lines.append(b"Authorization: Bearer\r\n " + token)
    else:
        draft.callers.add("bob")
        draft.add(b"Cookie", b"x=1")
        draft.add(b"Cookie", cookie + b"=" + draft.tokens.cookie["bob"])


def _lines(rng: random.Random, draft: Draft) -> None:
    """Header lines that two parsers read in two ways: folded, ended otherwise, or too many."""
    kind = rng.randrange(11)
    if kind < 6:
        draft.lines.insert(rng.randrange(len(draft.lines) + 1), rng.choice(_ODD_LINES))
    elif kind == 6:
        draft.add(b"X-Huge", b"h" * rng.choice((7000, 9000, 20_000, 70_000)))
    elif kind == 7:
        for number in range(rng.choice((60, 120, 300))):
            draft.add(b"X-Many-%d" % number, b"1")
    elif kind == 8:
        draft.fields += rng.sample(draft.fields, min(len(draft.fields), 2))
    elif kind == 9:
        draft.add(b"Cookie", b"; ".join(b"c%d=1" % number for number in range(200)))
    else:
        rng.shuffle(draft.fields)
        draft.fields = [(name.swapcase(), value) for name, value in draft.fields]


def _upgrade(rng: random.Random, draft: Draft) -> None:
    """A WebSocket where none is, or what is almost one; HTTP/2 by upgrade."""
    kind = rng.randrange(4)
    if kind < 2 and not draft.socket and not draft.framed:
        upgraded(draft)
        draft.method, draft.body = b"GET", b""
    elif kind == 2:
        draft.add(b"Upgrade", rng.choice((b"h2c", b"TLS/1.0", b"WebSocket", b"websocket, h2c")))
        draft.add(b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA")
    else:
        draft.fields = [
            pair
            for pair in draft.fields
            if pair[0] != rng.choice((b"Upgrade", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version"))
        ]
        draft.add(
            b"Sec-WebSocket-Protocol",
            rng.choice((b"iamkit", b"", b"a, b", b"Bearer " + draft.tokens.bearer["bob"])),
        )
        draft.callers.add("bob")


FIELDS: Final[tuple[tuple[str, Mutation], ...]] = (
    ("method", _method),
    ("override", _override),
    ("paths", _paths),
    ("identity", _identity),
    ("forwarded", _forwarded),
    ("plain", _plain),
    ("host", _host),
    ("credentials", _credentials),
    ("lines", _lines),
    ("upgrade", _upgrade),
)
