"""What is asked: who calls, which action, on which resource, under which circumstances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

# One action, without wildcards (SEM-A7): printable ASCII but for white space, `*`, `,`, `:` and `?`.
_ACTION: Final = re.compile(r"[A-Za-z0-9.-]+:[!-)+\--9;->@-~]+")


class CallerKind(StrEnum):
    """The kinds of caller that evaluation tells apart (SEM §8.6), valued as `aws:PrincipalType` (SEM-K13)."""

    ROOT = "Account"
    USER = "User"
    ROLE_SESSION = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    ANONYMOUS = "Anonymous"
    SERVICE = "Service"
    PROVIDER = "Provider"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as policies see it.

    `arn` is the caller's own ARN: the user's, `…:root`, `…:assumed-role/name/session`,
    `…:federated-user/name`; for a service or identity provider the text that a policy's `Service` or
    `Federated` entry must equal; empty for anonymous.
    `issuer_arn` is the role's ARN with its path for a role session, the IAM user's for a federated-user
    session (SEM-P6, P-8). `unique_id` is the immutable id of the user, or of the role or user behind the
    session (SEM-P12). `bounded` says that a permissions boundary is set (SEM-P16).
    """

    kind: CallerKind
    arn: str = ""
    account: str = ""
    issuer_arn: str = ""
    unique_id: str = ""
    bounded: bool = False


ANONYMOUS = Caller(CallerKind.ANONYMOUS)

# A tuple is a list-typed key, also when it holds one value (SEM-C18). An absent key is missing; None and
# the empty string are never emitted (SEM-C17).
ContextValue = str | bool | int | float | Decimal | datetime | bytes | tuple[str, ...]


class Context(Mapping[str, ContextValue]):
    """Condition keys and their values; names ignore case (SEM-C4). Built once per request."""

    __slots__ = ("_written", "by_lower")

    by_lower: Mapping[str, ContextValue]
    """Values by lower-case name, for compiled conditions."""

    def __init__(self, values: Mapping[str, ContextValue] | None = None) -> None:
        self._written = tuple(values or ())
        self.by_lower = {name.lower(): value for name, value in values.items()} if values else {}
        if len(self.by_lower) != len(self._written):
            raise ValueError("two context keys differ only by case")

    def __getitem__(self, name: str) -> ContextValue:
        return self.by_lower[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question. `action` is concrete (`doc:Get`); `resource` is a concrete ARN, or `*` for an action
    without resource-level permissions (SEM-R7).

    `resource_account` owns the resource ("" means: the caller's own). `explicit_trust` marks resources that
    must name the caller in their own policy even within the account, such as roles (SEM-E17).
    """

    caller: Caller
    action: str
    resource: str
    context: Context = field(default_factory=Context)
    resource_account: str = ""
    explicit_trust: bool = False


def action_fault(action: str) -> str | None:
    """Why a text is not one concrete action, or None (SEM-A7)."""
    if _ACTION.fullmatch(action):
        return None
    return f"`{action[:80]}` is not one action: a request names `service:Name` without wildcards"


def resource_fault(resource: str) -> str | None:
    """Why a text is not the resource of a request, or None: an ARN, or `*` (SEM-R7)."""
    if resource == "*" or (resource.startswith("arn:") and resource.count(":") >= 5):
        return None
    return f"`{resource[:200]}` is neither an ARN nor `*`"
