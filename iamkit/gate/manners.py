"""How this deployment answers: what settings say once, at the start, and no request can change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """Everything is off by default.

    `sign_in` and `step_up` are paths of pages to which a person in a browser is sent, empty for none.
    `cors` are origins of other sites whose pages may read answers and act with the user's cookie.
    `report_only` lets pass what is decided to be refused (decision 23). `live` and `ready` are the paths of
    the health endpoints. `session_cookie` is the name of the cookie that carries sessions, `forget_cookie`
    the Set-Cookie value that takes it away. `body_limit` is how many bytes of a form are read for its token.
    """

    sign_in: str = ""
    step_up: str = ""
    cors: frozenset[str] = frozenset()
    report_only: bool = False
    live: str = ""
    ready: str = ""
    session_cookie: str = ""
    forget_cookie: str = ""
    body_limit: int = 1_048_576


PLAIN = Manners()
