"""Who may read what was recorded: decisions and audit events of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit.credentials.authentication import CredentialKind
from iamkit.management.denial import denied

if TYPE_CHECKING:
    from iamkit.cli.terminal import Terminal


def check(terminal: Terminal, action: str, resource: str) -> None:
    """Raise AccessDenied unless whoever acts may read such records (`resource` as in `decision/ID`).

    What is allowed is not recorded: reading the log should not fill it.
    """
    iam, principal = terminal.iam(), terminal.principal()
    arn = iam.house.own_arn(principal.account, resource)
    if principal.can(action, arn):
        return
    verdict = iam.gate.authorize(principal, action, arn)
    if not verdict.allowed:
        raise denied(verdict)


def everywhere(terminal: Terminal) -> bool:
    """Whether whoever acts sees every account: only the host operator, acting as itself."""
    principal = terminal.principal()
    proof = principal.authentication
    return terminal.acting_as is None and proof is not None and proof.kind is CredentialKind.OPERATOR
