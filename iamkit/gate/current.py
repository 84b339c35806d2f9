"""The principal of the request being served: the one context variable of iamkit.

Set by the web adapters for the time the app runs and reset by token in a `finally`. Outside it there is
no principal, and never the last one: a pool thread that is reused sees nobody.
"""

from __future__ import annotations

from contextvars import ContextVar

from iamkit.errors import MissingAuthenticationToken
from iamkit.identity.principal import Principal

_current: ContextVar[Principal | None] = ContextVar("iamkit_principal", default=None)


def current_principal() -> Principal:
    """Who the running request belongs to (anonymous included).

    Raises MissingAuthenticationToken outside a request.
    """
    principal = _current.get()
    if principal is None:
        raise MissingAuthenticationToken(
            "no request is being served here; pass the principal on, or use `iam.acting(principal)`"
        )
    return principal


class acting:  # noqa: N801  # read as the statement that it is
    """Make `principal` the current one for a block, such as a background job or one request."""

    __slots__ = ("_principal", "_token")

    def __init__(self, principal: Principal) -> None:
        self._principal = principal

    def __enter__(self) -> Principal:
        self._token = _current.set(self._principal)
        return self._principal

    def __exit__(self, *raised: object) -> None:
        _current.reset(self._token)


def replace_current(principal: Principal) -> None:
    """Go on as `principal`, the same caller read anew, until the block that began with `acting` ends."""
    _current.set(principal)


async def principal() -> Principal:
    """`current_principal` as a dependency: `Depends(iam.principal)`, `Provide(iam.principal)`."""
    return current_principal()
