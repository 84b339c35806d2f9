"""What ties a principal to the request that it came with, and to how current that was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from iamkit.clock import Clock
from iamkit.errors import MissingAuthenticationToken
from iamkit.gate import csrf
from iamkit.gate.current import current_principal
from iamkit.gate.manners import Manners
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.ids import Ids
from iamkit.policy.decision import Decision
from iamkit.policy.request import ContextValue

Judges = Callable[[Principal, str, str, Mapping[str, ContextValue]], Decision]

# How long after its admission a request is decided by what the epochs were then: longer than a framework
# takes to route.
_LOOK_HOLDS: Final = timedelta(milliseconds=20)


class Asking:
    """The judge of a principal that was admitted with a request, whose facts belong to all that it asks.

    `seen` is what the epochs were when it came, until a decision has been taken by it.
    """

    __slots__ = ("admitted_at", "judge", "request", "seen")

    def __init__(self, judge: Judges, request: HttpRequest, admitted_at: datetime) -> None:
        self.judge = judge
        self.request = request
        self.seen: int | None = None
        self.admitted_at = admitted_at


def request_of(principal: Principal) -> HttpRequest | None:
    """The request that a principal was admitted with."""
    return principal.judge.request if isinstance(principal.judge, Asking) else None


def seen_for(principal: Principal, request: HttpRequest | None, clock: Clock) -> int | None:
    """What the epochs were when `request` came, for the first decision about it; None to look anew.

    A second decision, one about something else, and one that comes late all look for themselves.
    """
    asking = principal.judge
    if not isinstance(asking, Asking) or asking.request is not request or asking.seen is None:
        return None
    seen, asking.seen = asking.seen, None
    return seen if abs(clock.now() - asking.admitted_at) <= _LOOK_HOLDS else None


def request_served() -> HttpRequest | None:
    """The request that is being served here, if one is."""
    try:
        return request_of(current_principal())
    except MissingAuthenticationToken:
        return None


def csrf_token(principal: Principal, manners: Manners, ids: Ids) -> str:
    """A token for the forms of a page that is drawn for `principal`.

    Empty for whoever came without session cookie: nothing acts in their name unasked.
    """
    request, proof = request_of(principal), principal.authentication
    if request is None or proof is None or not proof.by_cookie:
        return ""
    sessions = request.cookies(manners.session_cookie)
    return csrf.draw(sessions[0], ids) if len(sessions) == 1 else ""
