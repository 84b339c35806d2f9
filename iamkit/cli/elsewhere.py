"""What a command looks up beside its operations, where the directory is elsewhere: by operations too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit.arn import iam_arn
from iamkit.credentials.password_rules import MODERN, PasswordRules
from iamkit.errors import AccessDenied, NoSuchEntity
from iamkit.management import groups, password_policy, policies, roles, users

if TYPE_CHECKING:
    from iamkit.cli.terminal import Terminal


def policy_arn(terminal: Terminal, own: str, shipped: str) -> str:
    """`own` if the account has that policy, else `shipped` if there is that one, else `own`."""
    for arn in (own, shipped):
        try:
            terminal.desk().do(policies.get_policy, policy_arn=arn)
        except NoSuchEntity:
            continue
        except AccessDenied:
            # Who may not look has to write the ARN of a shipped policy.
            return own
        return arn
    terminal.missing_policy = own
    return own


def arn_of(terminal: Terminal, kind: str, name: str) -> str:
    """The ARN of a user, group or role. Raises NoSuchEntity, AccessDenied."""
    desk = terminal.desk()
    match kind:
        case "user":
            return desk.do(users.get_user, user_name=name).arn
        case "group":
            return desk.do(groups.get_group, group_name=name).group.arn
        case _:
            return desk.do(roles.get_role, role_name=name).arn


def role_arn(terminal: Terminal, name: str) -> str:
    """The ARN of a role; for who may not look, of one on the path `/`."""
    try:
        return arn_of(terminal, "role", name)
    except (AccessDenied, NoSuchEntity):
        return iam_arn(terminal.partition(), terminal.account(), "role", "/", name)


def is_user(terminal: Terminal, name: str) -> bool:
    """Whether the account has a user of that name. Raises AccessDenied."""
    try:
        terminal.desk().do(users.get_user, user_name=name)
    except NoSuchEntity:
        return False
    return True


def password_rules(terminal: Terminal) -> PasswordRules:
    """What a prompt says of new passwords; the operation checks what holds."""
    try:
        found = terminal.desk().do(password_policy.get_account_password_policy)
    except (AccessDenied, NoSuchEntity):
        return MODERN
    return PasswordRules("account", found.minimum_password_length)
