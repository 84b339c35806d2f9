"""A part of the app as a principal: a worker, a scheduler, a job, which roles may trust as a `Service`."""

from __future__ import annotations

import re
from typing import Final

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import ValidationError
from iamkit.identity.principal import Judge, Principal
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import Caller, CallerKind

# A name like a host's, of two parts or more, so that it is nobody's user name.
_NAME: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}", re.ASCII)
WORKLOAD: Final = "workload.iamkit"
"""What the local provider of credentials calls itself, unless it is told otherwise."""


def component(*, name: str, account: str, system_user: str, judge: Judge) -> Principal:
    """The part of the app that `name` names, such as `jobs.myapp`. It holds no credential and may do nothing
    but what resources allow it by name.

    Whoever can read the key file may be any of them; `system_user`, who runs it, is named in every event.
    Raises ValidationError.
    """
    if not _NAME.fullmatch(name):
        raise ValidationError(f"`{name[:80]!a}` names no part of an app; write one like `jobs.myapp`")
    operator = f"operator:{system_user}"
    return Principal(
        caller=Caller(CallerKind.SERVICE, arn=name, account=account),
        name=name,
        account=account,
        layers=CallerLayers(),
        authentication=Authentication(account, name, CredentialKind.OPERATOR, operator),
        judge=judge,
    )
