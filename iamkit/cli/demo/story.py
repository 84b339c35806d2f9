"""The story that the demo tells: who asks for what, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Who = Literal["backup", "syndic8", "ana", "nobody", "stranger", "impostor", "retired"]
Expected = Literal["allowed", "implicit deny", "explicit deny", "401", "undeclared", "public"]

STATUS: Final[dict[Expected, tuple[int, ...]]] = {
    "allowed": (200, 204),
    "public": (200,),
    "implicit deny": (403,),
    "explicit deny": (403,),
    "401": (401,),
    "undeclared": (403,),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One request, made to both apps. `why` is what the audience should notice."""

    who: Who
    method: str
    path: str
    expected: Expected
    why: str
    body: str = ""


STEPS: Final = (
    Step("nobody", "GET", "/healthz", "public", "declared public"),
    Step("backup", "GET", "/documents", "allowed", "docs:* on everything"),
    Step("backup", "GET", "/documents/plan", "allowed", "docs:* on everything"),
    Step("backup", "PUT", "/documents/plan", "allowed", "docs:* on everything", body="Ship on Monday."),
    Step("backup", "DELETE", "/documents/ledger", "explicit deny", "its Deny wins over docs:*"),
    Step("backup", "PUT", "/documents/ledger", "explicit deny", "its Deny wins over docs:*", body="0"),
    Step("backup", "GET", "/documents/payroll", "explicit deny", "its policy: office addresses only"),
    Step("syndic8", "GET", "/documents/plan", "allowed", "inside its boundary"),
    Step("syndic8", "PUT", "/documents/plan", "implicit deny", "granted, but bounded", body="x"),
    Step("syndic8", "DELETE", "/documents/plan", "implicit deny", "nobody granted it"),
    Step("ana", "GET", "/documents/plan", "allowed", "a browser session"),
    Step("ana", "DELETE", "/documents/plan", "implicit deny", "nobody granted it"),
    Step("nobody", "GET", "/documents/notice", "allowed", "its policy admits local addresses"),
    Step("nobody", "GET", "/documents/plan", "401", "no credential, and no policy for strangers"),
    Step("stranger", "GET", "/documents/plan", "401", "an unknown key id"),
    Step("impostor", "GET", "/documents/plan", "401", "backup's key id, another secret"),
    Step("retired", "GET", "/documents/plan", "401", "a key that was switched off"),
    Step("backup", "GET", "/forgotten", "undeclared", "the route declares nothing"),
    Step("ana", "GET", "/forgotten", "undeclared", "the route declares nothing"),
    Step("nobody", "GET", "/forgotten", "undeclared", "the route declares nothing"),
)
