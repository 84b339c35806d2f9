"""`iamkit role`: identities without credentials, which those named in their trust policy may assume."""

from __future__ import annotations

from typing import Final

import click

from iamkit.cli import cascade as cascading
from iamkit.cli import documents, validation
from iamkit.cli.documents import Document
from iamkit.cli.holders import HolderOperations, add_policy_commands
from iamkit.cli.options import Group
from iamkit.cli.role_run import run
from iamkit.cli.role_sessions import add_session_commands
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import pairs, policy_arn
from iamkit.errors import InputError
from iamkit.identity.roles import Role
from iamkit.management import attachments, boundaries, inline, roles, tags
from iamkit.policy.model import PolicyKind

OPERATIONS: Final = HolderOperations(
    kind="role",
    attach=lambda desk, name, arn: desk.do(attachments.attach_role_policy, role_name=name, policy_arn=arn),
    detach=lambda desk, name, arn: desk.do(attachments.detach_role_policy, role_name=name, policy_arn=arn),
    attached=lambda desk, name: desk.do(attachments.list_attached_role_policies, role_name=name).items,
    put=lambda desk, name, policy, text: desk.do(
        inline.put_role_policy, role_name=name, policy_name=policy, policy_document=text
    ),
    text=lambda desk, name, policy: desk.do(inline.get_role_policy, role_name=name, policy_name=policy),
    names=lambda desk, name: desk.do(inline.list_role_policies, role_name=name).items,
    delete=lambda desk, name, policy: desk.do(inline.delete_role_policy, role_name=name, policy_name=policy),
)


def data_of(role: Role) -> dict[str, object]:
    """A role as programs see it."""
    return {
        "name": role.name,
        "id": role.role_id,
        "arn": role.arn,
        "path": role.path,
        "description": role.description,
        "max_session_seconds": role.max_session_seconds,
        "created": role.created_at,
        "boundary": role.boundary,
        "tags": role.tags,
        "last_used": role.last_used_at,
    }


@click.group("role", cls=Group)
def role() -> None:
    """Roles: identities that others may assume. The trust policy says who."""


@role.command("create")
@click.argument("name")
@documents.argument
@documents.file_option
@click.option(
    "--path", default="/", show_default=True, help="Where the role stands; begins and ends with a slash."
)
@click.option("--description", default="", help="What the role is for.")
@click.option(
    "--max-session",
    type=int,
    default=3600,
    show_default=True,
    help="How long a session may last, in seconds.",
)
@click.option("--boundary", metavar="POLICY", help="The role's permissions boundary.")
@click.option(
    "--tag", "tag_texts", multiple=True, metavar="KEY=VALUE", help="A tag; may be given many times."
)
@click.pass_obj
def create(
    terminal: Terminal,
    name: str,
    document: Document | None,
    file: Document | None,
    path: str,
    description: str,
    max_session: int,
    boundary: str | None,
    tag_texts: tuple[str, ...],
) -> None:
    """Create a role with its trust policy."""
    text = documents.chosen(terminal, document, file)
    made = terminal.desk().do(
        roles.create_role,
        role_name=name,
        assume_role_policy_document=text,
        path=path,
        description=description,
        max_session_duration=max_session,
        permissions_boundary=None if boundary is None else policy_arn(terminal, boundary),
        tags=pairs(tag_texts, what="tag") or None,
    )
    terminal.output.done(f"created role {made.arn}", data_of(made))
    validation.warn(terminal, PolicyKind.TRUST)


@role.command("list")
@click.option("--path-prefix", default="/", help="Only roles whose path begins with this.")
@click.pass_obj
def list_(terminal: Terminal, path_prefix: str) -> None:
    """List roles."""
    found = terminal.desk().do(roles.list_roles, path_prefix=path_prefix).items
    terminal.output.table(
        ("NAME", "ARN", "CREATED", "DESCRIPTION"),
        [(item.name, item.arn, item.created_at, item.description) for item in found],
        [data_of(item) for item in found],
        empty="there are no roles here",
    )


@role.command("show")
@click.argument("name")
@click.pass_obj
def show(terminal: Terminal, name: str) -> None:
    """Show one role."""
    data = data_of(terminal.desk().do(roles.get_role, role_name=name))
    terminal.output.record(data, data)


@role.command("trust")
@click.argument("name")
@documents.argument
@documents.file_option
@click.pass_obj
def trust(terminal: Terminal, name: str, document: Document | None, file: Document | None) -> None:
    """Print the trust policy of a role, or replace it by the one that is given."""
    desk = terminal.desk()
    if document is None and file is None:
        text = desk.do(roles.get_assume_role_policy, role_name=name)
        terminal.output.document(text, {"role": name})
        return
    new = documents.chosen(terminal, document, file)
    desk.do(roles.update_assume_role_policy, role_name=name, policy_document=new)
    terminal.output.done(f"role {name} has a new trust policy", {"role": name})
    validation.warn(terminal, PolicyKind.TRUST)


@role.command("update")
@click.argument("name")
@click.option("--description", help="What the role is for.")
@click.option("--max-session", type=int, help="How long a session may last, in seconds.")
@click.pass_obj
def update(terminal: Terminal, name: str, description: str | None, max_session: int | None) -> None:
    """Change the description of a role, or how long its sessions may last."""
    if description is None and max_session is None:
        raise InputError("nothing to change; give `--description` or `--max-session`")
    changed = terminal.desk().do(
        roles.update_role, role_name=name, description=description, max_session_duration=max_session
    )
    terminal.output.done(f"updated role {changed.arn}", data_of(changed))


@role.command("delete")
@click.argument("name")
@click.option("--cascade", is_flag=True, help="Take its policies away first.")
@click.pass_obj
def delete(terminal: Terminal, name: str, cascade: bool) -> None:
    """Delete a role. Refused while it has policies, unless with --cascade."""
    desk = terminal.desk()
    gone = cascading.delete(
        lambda: desk.do(roles.delete_role, role_name=name),
        (lambda: OPERATIONS.strip(desk, name)) if cascade else None,
    )
    terminal.output.done(cascading.told(f"role {name}", gone), {"role": name, "with": gone})


@role.command("boundary")
@click.argument("name")
@click.argument("policy", required=False)
@click.option("--remove", is_flag=True, help="Take the boundary away.")
@click.pass_obj
def boundary(terminal: Terminal, name: str, policy: str | None, remove: bool) -> None:
    """Set the permissions boundary of a role to POLICY, or take it away."""
    if (policy is None) != remove:
        raise InputError("give either a policy or `--remove`")
    desk = terminal.desk()
    if policy is None:
        desk.do(boundaries.delete_role_permissions_boundary, role_name=name)
        terminal.output.done(f"role {name} has no boundary now", {"role": name, "boundary": None})
        return
    arn = policy_arn(terminal, policy)
    desk.do(boundaries.put_role_permissions_boundary, role_name=name, permissions_boundary=arn)
    terminal.output.done(f"role {name} is bounded by {arn}", {"role": name, "boundary": arn})


@role.command("tag")
@click.argument("name")
@click.argument("tag_texts", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.pass_obj
def tag(terminal: Terminal, name: str, tag_texts: tuple[str, ...]) -> None:
    """Set tags of a role."""
    found = pairs(tag_texts, what="tag")
    terminal.desk().do(tags.tag_role, role_name=name, tags=found)
    terminal.output.done(f"tagged role {name}", {"role": name, "tags": found})


@role.command("untag")
@click.argument("name")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.pass_obj
def untag(terminal: Terminal, name: str, keys: tuple[str, ...]) -> None:
    """Remove tags of a role."""
    terminal.desk().do(tags.untag_role, role_name=name, tag_keys=keys)
    terminal.output.done(f"untagged role {name}", {"role": name, "removed": keys})


add_policy_commands(role, OPERATIONS)
add_session_commands(role)
role.add_command(run)
