"""`iamkit instance-profile`: the names under which machines and processes are handed a role."""

from __future__ import annotations

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import pairs
from iamkit.management import instance_profiles as operations
from iamkit.management.instance_profiles import InstanceProfileFace


def _data(found: InstanceProfileFace) -> dict[str, object]:
    return {
        "name": found.name,
        "id": found.profile_id,
        "arn": found.arn,
        "path": found.path,
        "created": found.created_at,
        "role": found.roles[0].name if found.roles else None,
        "tags": found.tags,
    }


@click.group("instance-profile", cls=Group)
def instance_profile() -> None:
    """Instance profiles: names under which a machine or process is handed one role."""


@instance_profile.command("create")
@click.argument("name")
@click.option("--path", default="/", show_default=True, help="Begins and ends with a slash.")
@click.option(
    "--tag", "tag_texts", multiple=True, metavar="KEY=VALUE", help="A tag; may be given many times."
)
@click.pass_obj
def create(terminal: Terminal, name: str, path: str, tag_texts: tuple[str, ...]) -> None:
    """Create an empty profile."""
    made = terminal.desk().do(
        operations.create_instance_profile,
        instance_profile_name=name,
        path=path,
        tags=pairs(tag_texts, what="tag") or None,
    )
    terminal.output.done(f"created instance profile {made.arn}", _data(made))


@instance_profile.command("list")
@click.option("--path-prefix", default="/", help="Only profiles whose path begins with this.")
@click.pass_obj
def list_(terminal: Terminal, path_prefix: str) -> None:
    """List profiles with their roles."""
    found = terminal.desk().do(operations.list_instance_profiles, path_prefix=path_prefix).items
    terminal.output.table(
        ("NAME", "ARN", "ROLE"),
        [(item.name, item.arn, item.roles[0].name if item.roles else "") for item in found],
        [_data(item) for item in found],
        empty="there are no instance profiles here",
    )


@instance_profile.command("show")
@click.argument("name")
@click.pass_obj
def show(terminal: Terminal, name: str) -> None:
    """Show one profile."""
    data = _data(terminal.desk().do(operations.get_instance_profile, instance_profile_name=name))
    terminal.output.record(data, data)


@instance_profile.command("add-role")
@click.argument("name")
@click.argument("role")
@click.pass_obj
def add_role(terminal: Terminal, name: str, role: str) -> None:
    """Put ROLE into a profile; whoever does needs `iam:PassRole` on it."""
    terminal.desk().do(operations.add_role_to_instance_profile, instance_profile_name=name, role_name=role)
    terminal.output.done(f"role {role} is in instance profile {name}", {"name": name, "role": role})


@instance_profile.command("remove-role")
@click.argument("name")
@click.argument("role")
@click.pass_obj
def remove_role(terminal: Terminal, name: str, role: str) -> None:
    """Take ROLE out of a profile."""
    terminal.desk().do(
        operations.remove_role_from_instance_profile, instance_profile_name=name, role_name=role
    )
    terminal.output.done(f"instance profile {name} is empty", {"name": name, "role": None})


@instance_profile.command("delete")
@click.argument("name")
@click.pass_obj
def delete(terminal: Terminal, name: str) -> None:
    """Delete an empty profile."""
    terminal.desk().do(operations.delete_instance_profile, instance_profile_name=name)
    terminal.output.done(f"deleted instance profile {name}", {"name": name})
