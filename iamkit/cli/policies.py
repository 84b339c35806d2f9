"""`iamkit policy`: managed policies and their versions."""

from __future__ import annotations

import click

from iamkit.cli import cascade as cascading
from iamkit.cli import documents, validation
from iamkit.cli.documents import Document
from iamkit.cli.options import Group
from iamkit.cli.policy_tests import test
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import pairs, policy_arn
from iamkit.errors import DeleteConflict
from iamkit.management import policies, tags
from iamkit.management.desk import Counter
from iamkit.management.policies import PolicyFace
from iamkit.policy.model import PolicyKind


def data_of(face: PolicyFace) -> dict[str, object]:
    """A policy as programs see it."""
    return {
        "name": face.name,
        "arn": face.arn,
        "path": face.path,
        "description": face.description,
        "default_version": face.default_version,
        "attachments": face.attachment_count,
        "boundaries": face.boundary_count,
        "shipped": face.policy is None,
    }


@click.group("policy", cls=Group)
def policy() -> None:
    """Managed policies: kept once, attached to many. POLICY is an ARN, or a name with its path."""


policy.add_command(validation.validate)
policy.add_command(test)


@policy.command("create")
@click.argument("name")
@documents.argument
@documents.file_option
@click.option(
    "--path", default="/", show_default=True, help="Where the policy stands; begins and ends with a slash."
)
@click.option("--description", default="", help="What the policy is for.")
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
    tag_texts: tuple[str, ...],
) -> None:
    """Create a policy; its document becomes version v1."""
    made = terminal.desk().do(
        policies.create_policy,
        policy_name=name,
        policy_document=documents.chosen(terminal, document, file),
        path=path,
        description=description,
        tags=pairs(tag_texts, what="tag") or None,
    )
    terminal.output.done(
        f"created policy {made.arn}",
        {"name": made.name, "arn": made.arn, "default_version": made.default_version},
    )
    validation.warn(terminal, PolicyKind.IDENTITY, managed=True)


@policy.command("list")
@click.option("--path-prefix", default="/", help="Only policies whose path begins with this.")
@click.option(
    "--scope",
    type=click.Choice(["All", "AWS", "Local"], case_sensitive=False),
    default="All",
    show_default=True,
    help="AWS: only the shipped ones. Local: only the account's own.",
)
@click.pass_obj
def list_(terminal: Terminal, path_prefix: str, scope: str) -> None:
    """List policies, the shipped ones too."""
    found = terminal.desk().do(policies.list_policies, path_prefix=path_prefix, scope=scope).items
    terminal.output.table(
        ("NAME", "ARN", "VERSION", "ATTACHED", "DESCRIPTION"),
        [
            (item.name, item.arn, item.default_version, item.attachment_count, item.description)
            for item in found
        ],
        [data_of(item) for item in found],
        empty="there are no policies here",
    )


@policy.command("show")
@click.argument("policy_name", metavar="POLICY")
@click.pass_obj
def show(terminal: Terminal, policy_name: str) -> None:
    """Show one policy."""
    arn = policy_arn(terminal, policy_name)
    data = data_of(terminal.desk().do(policies.get_policy, policy_arn=arn))
    terminal.output.record(data, data)


@policy.command("get")
@click.argument("policy_name", metavar="POLICY")
@click.option("--version", "version_id", metavar="VERSION", help="Such as v2.  [default: the one in force]")
@click.pass_obj
def get(terminal: Terminal, policy_name: str, version_id: str | None) -> None:
    """Print the document of a policy, exactly as it was saved."""
    desk = terminal.desk()
    arn = policy_arn(terminal, policy_name)
    chosen = version_id or desk.do(policies.get_policy, policy_arn=arn).default_version
    found = desk.do(policies.get_policy_version, policy_arn=arn, version_id=chosen)
    terminal.output.document(
        found.document, {"arn": arn, "version": found.version, "default": found.is_default}
    )


@policy.command("update")
@click.argument("policy_name", metavar="POLICY")
@documents.argument
@documents.file_option
@click.option("--no-default", is_flag=True, help="Save the version without putting it in force.")
@click.pass_obj
def update(
    terminal: Terminal, policy_name: str, document: Document | None, file: Document | None, no_default: bool
) -> None:
    """Save a new version of a policy and put it in force, wherever it is attached. At most five are kept."""
    arn = policy_arn(terminal, policy_name)
    made = terminal.desk().do(
        policies.create_policy_version,
        policy_arn=arn,
        policy_document=documents.chosen(terminal, document, file),
        set_as_default=not no_default,
    )
    said = f"saved version {made.version} of {arn}" + ("" if no_default else ", which is in force")
    terminal.output.done(said, {"arn": arn, "version": made.version, "default": not no_default})
    validation.warn(terminal, PolicyKind.IDENTITY, managed=True)


@policy.command("versions")
@click.argument("policy_name", metavar="POLICY")
@click.pass_obj
def versions(terminal: Terminal, policy_name: str) -> None:
    """List the versions of a policy."""
    desk = terminal.desk()
    arn = policy_arn(terminal, policy_name)
    current = desk.do(policies.get_policy, policy_arn=arn).default_version
    found = desk.do(policies.list_policy_versions, policy_arn=arn).items
    terminal.output.table(
        ("VERSION", "IN FORCE", "CREATED"),
        [(item.version, item.version == current, item.created_at) for item in found],
        [
            {"version": item.version, "default": item.version == current, "created": item.created_at}
            for item in found
        ],
        empty=f"policy {arn} has no versions",
    )


@policy.command("set-default")
@click.argument("policy_name", metavar="POLICY")
@click.argument("version_id", metavar="VERSION")
@click.pass_obj
def set_default(terminal: Terminal, policy_name: str, version_id: str) -> None:
    """Put another version of a policy in force, such as an earlier one again."""
    arn = policy_arn(terminal, policy_name)
    terminal.desk().do(policies.set_default_policy_version, policy_arn=arn, version_id=version_id)
    terminal.output.done(f"version {version_id} of {arn} is in force", {"arn": arn, "version": version_id})


@policy.command("delete-version")
@click.argument("policy_name", metavar="POLICY")
@click.argument("version_id", metavar="VERSION")
@click.pass_obj
def delete_version(terminal: Terminal, policy_name: str, version_id: str) -> None:
    """Delete a version that is not in force."""
    arn = policy_arn(terminal, policy_name)
    terminal.desk().do(policies.delete_policy_version, policy_arn=arn, version_id=version_id)
    terminal.output.done(f"deleted version {version_id} of {arn}", {"arn": arn, "version": version_id})


@policy.command("entities")
@click.argument("policy_name", metavar="POLICY")
@click.pass_obj
def entities(terminal: Terminal, policy_name: str) -> None:
    """List who a policy is attached to, and whose boundary it is."""
    found = terminal.desk().do(
        policies.list_entities_for_policy, policy_arn=policy_arn(terminal, policy_name)
    )
    rows = [("user", item.name, "attached") for item in found.users]
    rows += [("group", item.name, "attached") for item in found.groups]
    rows += [("role", item.name, "attached") for item in found.roles]
    rows += [("user", item.name, "boundary") for item in found.bounded_users]
    rows += [("role", item.name, "boundary") for item in found.bounded_roles]
    data = [{"kind": kind, "name": name, "as": use} for kind, name, use in rows]
    terminal.output.table(("KIND", "NAME", "AS"), rows, data, empty="the policy is not in use")


@policy.command("delete")
@click.argument("policy_name", metavar="POLICY")
@click.option(
    "--cascade",
    is_flag=True,
    help="Delete its other versions first. What it is attached to is never changed.",
)
@click.pass_obj
def delete(terminal: Terminal, policy_name: str, cascade: bool) -> None:
    """Delete a policy. Refused while it is in use, or has other versions unless with --cascade."""
    arn = policy_arn(terminal, policy_name)
    desk = terminal.desk()
    gone = cascading.delete(
        lambda: desk.do(policies.delete_policy, policy_arn=arn),
        (lambda: _strip_versions(desk, arn)) if cascade else None,
    )
    terminal.output.done(cascading.told(f"policy {arn}", gone), {"arn": arn, "with": gone})


def _strip_versions(desk: Counter, arn: str) -> list[str]:
    face = desk.do(policies.get_policy, policy_arn=arn)
    if face.attachment_count or face.boundary_count:
        raise DeleteConflict(
            f"policy `{face.name}` is still in use; `iamkit policy entities` says where, detach it there"
        )
    found = desk.do(policies.list_policy_versions, policy_arn=arn).items
    others = [item.version for item in found if item.version != face.default_version]
    for version_id in others:
        desk.do(policies.delete_policy_version, policy_arn=arn, version_id=version_id)
    return [f"versions {', '.join(others)}"] if others else []


@policy.command("tag")
@click.argument("policy_name", metavar="POLICY")
@click.argument("tag_texts", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.pass_obj
def tag(terminal: Terminal, policy_name: str, tag_texts: tuple[str, ...]) -> None:
    """Set tags of a policy."""
    arn, found = policy_arn(terminal, policy_name), pairs(tag_texts, what="tag")
    terminal.desk().do(tags.tag_policy, policy_arn=arn, tags=found)
    terminal.output.done(f"tagged policy {arn}", {"arn": arn, "tags": found})


@policy.command("untag")
@click.argument("policy_name", metavar="POLICY")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.pass_obj
def untag(terminal: Terminal, policy_name: str, keys: tuple[str, ...]) -> None:
    """Remove tags of a policy."""
    arn = policy_arn(terminal, policy_name)
    terminal.desk().do(tags.untag_policy, policy_arn=arn, tag_keys=keys)
    terminal.output.done(f"untagged policy {arn}", {"arn": arn, "removed": keys})
