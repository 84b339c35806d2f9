"""The request that a principal came with: its facts belong to everything that the principal asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iamkit.errors import MissingAuthenticationToken
from iamkit.gate import csrf
from iamkit.gate.current import current_principal
from iamkit.gate.manners import Manners
from iamkit.http import HttpRequest
from iamkit.identity.principal import Judge, Principal
from iamkit.ids import Ids
from iamkit.policy.decision import Decision
from iamkit.policy.request import ContextValue


@dataclass(frozen=True, slots=True)
class Asking:
    """The gate together with one request; the judge of a principal that was admitted."""

    gate: Judge
    request: HttpRequest

    def judge(
        self, principal: Principal, action: str, resource: str, context: Mapping[str, ContextValue]
    ) -> Decision:
        return self.gate.judge(principal, action, resource, context)


def request_of(principal: Principal) -> HttpRequest | None:
    """The request that `principal` was admitted with, if it was by one."""
    return principal.judge.request if isinstance(principal.judge, Asking) else None


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
