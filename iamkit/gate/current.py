"""The principal of the request being served: the one context variable of iamkit.

Set by the web adapters for the time the app runs and reset by token in a `finally`. Outside it there is
no principal, and never the last one: a pool thread that is reused sees nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def acting(principal: Principal) -> Iterator[Principal]:
    """Make `principal` the current one for a block, such as a background job or one request."""
    token = _current.set(principal)
    try:
        yield principal
    finally:
        _current.reset(token)


def replace_current(principal: Principal) -> None:
    """Go on as `principal`, the same caller read anew, until the block that began with `acting` ends."""
    _current.set(principal)


async def principal() -> Principal:
    """`current_principal` as a dependency: `Depends(iam.principal)`, `Provide(iam.principal)`."""
    return current_principal()
