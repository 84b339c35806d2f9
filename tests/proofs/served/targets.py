"""Mutations of the request target: every spelling by which a guard and a router may read two paths."""

from __future__ import annotations

import random
from typing import Final

from tests.proofs.served.drafts import Draft, Mutation

# What stands for a slash or a dot somewhere: encoded, twice, overlong, as a look-alike.
SLASHES: Final = (
    b"%2f", b"%2F", b"%252f", b"%5c", b"\\", b"%255c", b"%c0%af", b"%e0%80%af", b"%ef%bc%8f", b"%u2215",
    b"//",
    b"///", b"/./", b"/%2e/", b"/x/../", b"/x/%2e%2e/", b"/..;/", b"/;/", b"/%20/", b"/%00/", b"/x/..%2f",
)  # fmt: skip
ENDINGS: Final = (
    b"/", b"//", b"/.", b"/./", b"/..", b"/%2e", b".", b"..", b"%2e", b"%00", b"%00.html", b"%0a", b"%0d",
    b"%0d%0a",
    b"%09", b"%20", b"%7f", b"%85", b"%c2%85", b"%c2%a0", b"%e2%80%a8", b";", b";x=y", b"%3b",
    b";/../admin", b".json",
    b".html", b"%", b"%z", b"%zz", b"%u0061", b"%ff", b"%c0%ae", b"%ed%a0%80", b"%ef%bb%bf", b"#",
    b"#/open", b"?", b"??",
    b"%3f", b"%3fx", b"%23", b"*", b"%2a", b"'", b"\"", b"<", b"|", b"^", b"`", b"{}", b"~", b"!", b"@",
    b"$", b"&", b"+",
    b"=", b",", b"\x00", b"\x01", b"\t", b"\x0b", b"\x0c", b"\x7f", b"\x80", b"\xff", b"\xc3\xa9",
    b"%c3%a9", b"%CC%81",
    b"\xef\xbc\x8f", b"a" * 300, b"/" * 40, b"/.." * 30,
)  # fmt: skip
STARTS: Final = (
    b"/", b"//", b"/.", b"/./", b"/../", b"/..", b"/%2e/", b"/%2e%2e/", b"/%2f", b"%2f", b"/%5c", b"\\",
    b"/\\", b"/;/", b"/;x",
    b"/open/..", b"/open/../", b"/open/%2e%2e", b"/open/..%2f", b"/open/..;", b"/open%2f..", b"/open;",
    b"/open/", b"/open",
    b"/static/..", b"/%00", b"/%0a", b"/%20", b"/%09", b"/x", b"/docs", b"/api", b"/API/..", b"@evil",
    b"/@", b"/:80", b"?/", b"#",
    b"/index.php", b"/cgi-bin/..", b"/%61dmin/..",
)  # fmt: skip
WHOLE: Final = (
    b"*", b"", b"/", b"//", b"///", b"admin", b"http://127.0.0.1/admin", b"http://evil.example/admin",
    b"HTTP://x/admin",
    b"https://127.0.0.1/admin", b"http:///admin", b"http:/admin", b"http:admin", b"http://",
    b"http://127.0.0.1", b"http://a@b/admin",
    b"http://127.0.0.1/open/../admin", b"http://127.0.0.1//admin", b"//127.0.0.1/admin",
    b"//evil.example/docs/1", b"///docs/1",
    b"127.0.0.1:80", b"127.0.0.1:443/admin", b"admin.example:80", b"[::1]:80", b"file:///admin",
    b"javascript:1", b"ftp://x/docs/1",
    b"/open?/admin", b"/open#/admin", b"/open%3f/../admin", b"/admin?/open", b"/?path=/admin",
    b"/open?_method=PUT",
    b"/docs/2?doc_id=1&id=1", b"/docs/2/../1", b"/docs/2%2f..%2f1", b"/docs/2;1", b"/docs/2?/../1",
    b"/docs/2,1", b"/docs/%32",
    b"/docs/%2532", b"/docs/%31", b"/docs/\xef\xbc\x91", b"/docs/%ef%bc%91", b"/docs/%d9%a1", b"/docs/*",
    b"/docs/%2a", b"/docs/?",
    b"/docs/", b"/docs", b"/docs/.", b"/docs/..", b"/docs/%24%7baws:username%7d", b"/docs/%7bid%7d",
    b"/docs/1:2", b"/docs/arn:aws:x",
    b"/docs/1%26x", b"/docs/1%3d", b"/docs/1+2", b"/docs/1%2b2", b"/docs/1 2", b"/admin HTTP/1.1",
    b"/admin\tx", b"/\xe2\x80\xae",
    b"/api/v1/../../admin", b"/api//v1/items/1", b"/api/v1/items/1/", b"/api/v1/items", b"/api/v1",
    b"/api", b"/api/v1/items/1/../2",
    b"/api%2fv1%2fitems%2f1", b"/Api/V1/Items/1", b"/api/v1/items/%C4%B1", b"/\xc4\xb1tems", b"/%e2%84%aa",
    b"/adm%c4%b1n", b"/admin%e2%80%8b",
    b"/a%64min", b"/%61%64%6d%69%6e", b"/%2561dmin", b"/%25%36%31dmin", b"/ADMIN", b"/Admin", b"/aDMIN/",
    b"/bare/", b"//bare", b"/BARE",
    b"/bare%0a", b"/./bare", b"/open/../bare", b"/schema", b"/openapi.json", b"/static/x", b"/favicon.ico",
    b"/robots.txt", b"/.well-known/x",
    b"/" + b"a" * 9000, b"/docs/" + b"%41" * 3000, b"/docs/1?" + b"x=1&" * 3000, b"/docs/" + b"b" * 1700,
    b"/form?_method=DELETE",
)  # fmt: skip


QUERIES: Final = (
    b"_method=PUT", b"_method=DELETE&_method=GET", b"x=%00", b"x=\x01", b"x=/admin", b"access_token=TOKEN",
    b"token=TOKEN",
    b"Authorization=Bearer%20TOKEN", b"X-Amz-Signature=x", b"X-Amz-Algorithm=AWS4-HMAC-SHA256", b"doc_id=1",
    b"id=1",
    b"X-Amz-Credential=a/b&X-Amz-Signature=0", b"%", b"a[b]=c", b"a=1&a=2", b"=", b"&&&", b"\xff", b"x=%ff",
    b"item_id=2",
    b"../admin", b"/../admin", b"next=//evil", b"#x", b"x y", b"format=json", b"x=" + b"y" * 5000,
)  # fmt: skip


def _path(draft: Draft) -> tuple[bytes, bytes]:
    path, mark, query = draft.target.partition(b"?")
    return path, mark + query


def _slash(rng: random.Random, draft: Draft) -> None:
    path, rest = _path(draft)
    places = [place for place in range(len(path)) if path[place : place + 1] == b"/"]
    if places:
        place = rng.choice(places)
        draft.target = path[:place] + rng.choice(SLASHES) + path[place + 1 :] + rest


def _ending(rng: random.Random, draft: Draft) -> None:
    path, rest = _path(draft)
    draft.target = path + rng.choice(ENDINGS) + rest


def _start(rng: random.Random, draft: Draft) -> None:
    draft.target = rng.choice(STARTS) + draft.target


def _whole(rng: random.Random, draft: Draft) -> None:
    draft.target = rng.choice(WHOLE)


def _absolute(rng: random.Random, draft: Draft) -> None:
    host = rng.choice(
        (b"127.0.0.1", b"evil.example", b"127.0.0.1:80", b"a@127.0.0.1", b"", b"LOCALHOST", b"[::1]", b"x y")
    )
    draft.target = rng.choice((b"http://", b"https://", b"//", b"HTTP://", b"ws://")) + host + draft.target


def _encoded(rng: random.Random, draft: Draft) -> None:
    path, rest = _path(draft)
    letters = list(path)
    for place in rng.sample(range(len(path)), min(len(path), rng.choice((1, 1, 2, len(path))))):
        letters[place] = -letters[place]
    form = rng.choice((b"%%%02x", b"%%%02X", b"%%25%02x", b"%%2525%02x", b"%%u00%02x", b"%%0%02x"))
    draft.target = b"".join(form % -one if one < 0 else bytes((one,)) for one in letters) + rest


def _cased(rng: random.Random, draft: Draft) -> None:
    path, rest = _path(draft)
    draft.target = rng.choice((path.upper(), path.title(), path.swapcase(), path.capitalize())) + rest


def _inside(rng: random.Random, draft: Draft) -> None:
    path, rest = _path(draft)
    place = rng.randrange(len(path) + 1)
    raw = bytes(
        (
            rng.choice(
                (
                    *range(33),
                    34,
                    35,
                    37,
                    38,
                    39,
                    43,
                    58,
                    59,
                    60,
                    62,
                    63,
                    64,
                    91,
                    92,
                    94,
                    124,
                    *range(127, 256),
                )
            ),
        )
    )
    one = rng.choice((raw, b"%%%02x" % raw[0], b"%%%02X" % raw[0], b"%%25%02x" % raw[0]))
    if one not in (b"\n", b"\r"):
        draft.target = path[:place] + one + path[place:] + rest


def _query(rng: random.Random, draft: Draft) -> None:
    mark = b"&" if b"?" in draft.target else b"?"
    draft.target += mark + rng.choice(QUERIES).replace(b"TOKEN", draft.tokens.bearer["alice"])


TARGETS: Final[tuple[tuple[str, Mutation], ...]] = (
    ("slash", _slash),
    ("ending", _ending),
    ("start", _start),
    ("whole", _whole),
    ("absolute", _absolute),
    ("encoded", _encoded),
    ("cased", _cased),
    ("inside", _inside),
    ("query", _query),
)
