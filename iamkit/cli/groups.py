"""`iamkit group`: users that share policies."""

from __future__ import annotations

from typing import Final

import click

from iamkit.cli import cascade as cascading
from iamkit.cli.holders import HolderOperations, add_policy_commands
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.identity import groups as records
from iamkit.management import attachments, groups, inline
from iamkit.management.desk import Counter

OPERATIONS: Final = HolderOperations(
    kind="group",
    attach=lambda desk, name, arn: desk.do(attachments.attach_group_policy, group_name=name, policy_arn=arn),
    detach=lambda desk, name, arn: desk.do(attachments.detach_group_policy, group_name=name, policy_arn=arn),
    attached=lambda desk, name: desk.do(attachments.list_attached_group_policies, group_name=name).items,
    put=lambda desk, name, policy, text: desk.do(
        inline.put_group_policy, group_name=name, policy_name=policy, policy_document=text
    ),
    text=lambda desk, name, policy: desk.do(inline.get_group_policy, group_name=name, policy_name=policy),
    names=lambda desk, name: desk.do(inline.list_group_policies, group_name=name).items,
    delete=lambda desk, name, policy: desk.do(
        inline.delete_group_policy, group_name=name, policy_name=policy
    ),
)


def data_of(group: records.Group) -> dict[str, object]:
    """A group as programs see it."""
    return {
        "name": group.name,
        "id": group.group_id,
        "arn": group.arn,
        "path": group.path,
        "created": group.created_at,
    }


@click.group("group", cls=Group)
def group() -> None:
    """Groups: users that share policies."""


@group.command("create")
@click.argument("name")
@click.option(
    "--path", default="/", show_default=True, help="Where the group stands; begins and ends with a slash."
)
@click.pass_obj
def create(terminal: Terminal, name: str, path: str) -> None:
    """Create an empty group."""
    made = terminal.desk().do(groups.create_group, group_name=name, path=path)
    terminal.output.done(f"created group {made.arn}", data_of(made))


@group.command("list")
@click.option("--path-prefix", default="/", help="Only groups whose path begins with this.")
@click.pass_obj
def list_(terminal: Terminal, path_prefix: str) -> None:
    """List groups."""
    found = terminal.desk().do(groups.list_groups, path_prefix=path_prefix).items
    terminal.output.table(
        ("NAME", "ARN", "CREATED"),
        [(item.name, item.arn, item.created_at) for item in found],
        [data_of(item) for item in found],
        empty="there are no groups here",
    )


@group.command("show")
@click.argument("name")
@click.pass_obj
def show(terminal: Terminal, name: str) -> None:
    """Show a group and who is in it."""
    found = terminal.desk().do(groups.get_group, group_name=name)
    data = {**data_of(found.group), "users": [user.name for user in found.users]}
    terminal.output.record(data, data)


@group.command("update")
@click.argument("name")
@click.option("--new-name", help="Rename the group.")
@click.option("--path", help="Move the group to another path.")
@click.pass_obj
def update(terminal: Terminal, name: str, new_name: str | None, path: str | None) -> None:
    """Rename or move a group. Members and policies stay."""
    if new_name is None and path is None:
        raise InputError("nothing to change; give `--new-name` or `--path`")
    changed = terminal.desk().do(groups.update_group, group_name=name, new_group_name=new_name, new_path=path)
    terminal.output.done(f"group {name} is now {changed.arn}", data_of(changed))


@group.command("delete")
@click.argument("name")
@click.option("--cascade", is_flag=True, help="Take its members out and its policies away first.")
@click.pass_obj
def delete(terminal: Terminal, name: str, cascade: bool) -> None:
    """Delete a group. Refused while it has members or policies, unless with --cascade."""
    desk = terminal.desk()
    gone = cascading.delete(
        lambda: desk.do(groups.delete_group, group_name=name),
        (lambda: _strip(desk, name)) if cascade else None,
    )
    terminal.output.done(cascading.told(f"group {name}", gone), {"group": name, "with": gone})


def _strip(desk: Counter, name: str) -> list[str]:
    members = [user.name for user in desk.do(groups.get_group, group_name=name).users]
    for user_name in members:
        desk.do(groups.remove_user_from_group, group_name=name, user_name=user_name)
    said = [f"members {', '.join(members)}"] if members else []
    return said + OPERATIONS.strip(desk, name)


@group.command("add-user")
@click.argument("name")
@click.argument("user")
@click.pass_obj
def add_user(terminal: Terminal, name: str, user: str) -> None:
    """Put a user into a group."""
    terminal.desk().do(groups.add_user_to_group, group_name=name, user_name=user)
    terminal.output.done(f"user {user} is in group {name}", {"group": name, "user": user})


@group.command("remove-user")
@click.argument("name")
@click.argument("user")
@click.pass_obj
def remove_user(terminal: Terminal, name: str, user: str) -> None:
    """Take a user out of a group."""
    terminal.desk().do(groups.remove_user_from_group, group_name=name, user_name=user)
    terminal.output.done(f"user {user} is no longer in group {name}", {"group": name, "user": user})


add_policy_commands(group, OPERATIONS)
