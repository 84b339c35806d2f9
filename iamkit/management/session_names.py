"""Names of sessions: what they may be, and the ids that are made of them (CAP-B13, App. E)."""

from __future__ import annotations

import re
from typing import Final

from iamkit.errors import ValidationError
from iamkit.policy.request import Caller, CallerKind

# `[\w+=,.@-]*` of the service model, with `\w` spelt out.
_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]*", re.ASCII)


def user_id_of(caller: Caller) -> str:
    """The `UserId` of a caller: a session is the role's id and the session's name (CAP App. E)."""
    name = caller.arn.rsplit("/", 1)[-1]
    if caller.kind is CallerKind.ROLE_SESSION:
        return f"{caller.unique_id}:{name}"
    if caller.kind is CallerKind.FEDERATED_USER:
        return f"{caller.account}:{name}"
    return caller.unique_id


def checked_name(what: str, name: str, longest: int) -> str:
    """`name`, if a session can be called so: 2 characters to `longest`. Raises ValidationError."""
    if not 2 <= len(name) <= longest or not _NAME.fullmatch(name):
        raise ValidationError(
            f"{what} `{name[:80]!a}` must have 2 to {longest} letters, digits or characters of `_+=,.@-`"
        )
    return name
