"""Whether, and how, a Principal or NotPrincipal element speaks of a caller (SEM §4).

The combination of layers needs to know how a caller was matched, not only that it was: an account
delegates, a role's ARN is narrower than its session's, a name or `*` grants directly (SEM-P14).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from iamkit.policy.model import Effect, PrincipalEntry, Statement
from iamkit.policy.request import Caller, CallerKind


class Level(StrEnum):
    """How a principal was matched, the strongest first."""

    ANY = "everybody"
    DIRECT = "the caller itself"
    ROLE = "the session's role"
    FEDUSER = "the user behind the session"
    ACCOUNT = "the caller's account"


Levels: TypeAlias = frozenset[Level]

_NOBODY: Final[Levels] = frozenset()
_EVERYBODY: Final[Levels] = frozenset({Level.ANY})
# Callers that live in an account, which an account principal therefore speaks of.
_OF_ACCOUNT: Final = frozenset(
    {CallerKind.ROOT, CallerKind.USER, CallerKind.ROLE_SESSION, CallerKind.FEDERATED_USER}
)


def levels(statement: Statement, caller: Caller, ids: Mapping[str, str], *, bounded: bool) -> Levels:
    """The levels at which the statement's principal element matches; empty if it does not.

    A statement without the element matches nobody (SEM-G16). `ids` maps ARNs to the unique ids they had
    when the policy was saved (SEM-P12), `bounded` says that the caller has a permissions boundary. A
    NotPrincipal that matches does so at level ANY.
    """
    entries = statement.principals
    if entries is None:
        return _NOBODY
    found = frozenset(level for entry in entries if (level := entry_level(entry, caller, ids)) is not None)
    if not statement.not_principal:
        return found
    if statement.effect is Effect.ALLOW:
        return _NOBODY  # no longer in the language; the parser refuses it (SEM-P17)
    if bounded:
        return _EVERYBODY  # SEM-P16
    return _NOBODY if found else _EVERYBODY


def entry_level(entry: PrincipalEntry, caller: Caller, ids: Mapping[str, str]) -> Level | None:
    """The level at which one entry matches the caller, or None."""
    text, kind = entry.text, caller.kind
    if text == "*":
        return Level.ANY if entry.type in ("*", "AWS") else None
    if "*" in text or "?" in text or kind is CallerKind.ANONYMOUS or not text:
        return None  # SEM-P9: a wildcard inside a principal matches nothing
    if entry.type == "Service":
        return Level.DIRECT if kind is CallerKind.SERVICE and caller.arn == text else None
    if entry.type == "Federated":
        return Level.DIRECT if kind is CallerKind.PROVIDER and caller.arn == text else None
    if entry.type == "CanonicalUser":
        return Level.DIRECT if kind in _OF_ACCOUNT and caller.arn == text else None
    if entry.type != "AWS" or kind not in _OF_ACCOUNT:
        return None
    level = _named_level(text, caller)
    if level not in (None, Level.ACCOUNT) and ids.get(text, caller.unique_id) != caller.unique_id:
        return None  # SEM-P12: somebody else of the same name
    return level


def _named_level(text: str, caller: Caller) -> Level | None:
    """The level at which an account, user, role or session under `AWS` matches."""
    if not text.startswith("arn:"):
        return Level.ACCOUNT if text == caller.account else None
    parts = text.split(":", 5)
    if len(parts) != 6:
        return None
    _, partition, service, _, account, resource = parts
    if account != caller.account or partition != _partition(caller.arn):
        return None
    if service == "iam" and resource == "root":
        return Level.ACCOUNT
    kind = caller.kind
    if kind is CallerKind.ROLE_SESSION and service == "iam" and resource.startswith("role/"):
        # A request may name the caller by its role's ARN; that is still the role, not a session (SEM-P6).
        name = _role_name(caller)
        return Level.ROLE if text == caller.arn or resource.rsplit("/", 1)[-1] == name else None
    if kind is CallerKind.FEDERATED_USER and text == caller.issuer_arn:
        return Level.FEDUSER
    return Level.DIRECT if text == caller.arn else None


def _partition(arn: str) -> str:
    parts = arn.split(":", 2)
    return parts[1] if len(parts) == 3 else ""


def _role_name(caller: Caller) -> str | None:
    """The name in `assumed-role/name/session`; in an account it is unique whatever the path (SEM-P6)."""
    parts = caller.arn.split(":", 5)[-1].split("/")
    return parts[1] if parts[0] == "assumed-role" and len(parts) == 3 else None
