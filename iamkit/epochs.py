"""The scopes that epochs are kept for: what a cached answer depends on, so that a change has effect at once.

A change bumps the scopes it touches in its own unit of work. Last-used stamps, attempt counters, session
touches and decision events bump nothing.
"""

from __future__ import annotations

from typing import Final

# The account tree, guardrails and accounts themselves.
DEPLOYMENT: Final = "deployment"


def policies_of(account: str) -> str:
    """Everything in an account that may concern many principals: managed policies, groups' policies."""
    return f"account/{account}/policies"


def resources_of(account: str) -> str:
    """The resource policies, role trust policies included, that an account holds."""
    return f"account/{account}/resources"


def principal(unique_id: str) -> str:
    """One user, role or root: the record, its own policies and memberships, its credentials."""
    return f"principal/{unique_id}"


def session(session_id: str) -> str:
    """One session, by its stored id."""
    return f"session/{session_id}"
