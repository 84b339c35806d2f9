"""`iamkit resource-policy`: policies that stand on one resource and say who may reach it."""

from __future__ import annotations

import click

from iamkit.cli import documents, validation
from iamkit.cli.documents import Document
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import InvalidArn
from iamkit.management import resource_policies
from iamkit.policy.model import PolicyKind


@click.group("resource-policy", cls=Group)
def resource_policy() -> None:
    """Policies that stand on one resource and say who may reach it. RESOURCE is an ARN."""


@resource_policy.command("put")
@click.argument("resource")
@documents.argument
@documents.file_option
@click.pass_obj
def put(terminal: Terminal, resource: str, document: Document | None, file: Document | None) -> None:
    """Save the policy of a resource, or replace it."""
    _check_whole(terminal, resource)
    text = documents.chosen(terminal, document, file)
    made = terminal.desk().do(
        resource_policies.put_resource_policy, resource_arn=resource, policy_document=text
    )
    terminal.output.done(f"saved the policy of {made.resource_arn}", {"resource": made.resource_arn})
    validation.warn(terminal, PolicyKind.RESOURCE, resource=made.resource_arn)


@resource_policy.command("show")
@click.argument("resource")
@click.pass_obj
def show(terminal: Terminal, resource: str) -> None:
    """Print the policy of a resource, exactly as it was saved."""
    _check_whole(terminal, resource)
    text = terminal.desk().do(resource_policies.get_resource_policy, resource_arn=resource)
    terminal.output.document(text, {"resource": resource})


@resource_policy.command("list")
@click.option("--prefix", default="", help="Only resources whose ARN begins with this.")
@click.pass_obj
def list_(terminal: Terminal, prefix: str) -> None:
    """List the resources that have a policy."""
    found = terminal.desk().do(resource_policies.list_resource_policies, arn_prefix=prefix).items
    terminal.output.table(
        ("RESOURCE", "UPDATED"),
        [(item.resource_arn, item.updated_at) for item in found],
        [{"resource": item.resource_arn, "updated": item.updated_at} for item in found],
        empty="no resource has a policy here",
    )


@resource_policy.command("delete")
@click.argument("resource")
@click.pass_obj
def delete(terminal: Terminal, resource: str) -> None:
    """Delete the policy of a resource."""
    _check_whole(terminal, resource)
    terminal.desk().do(resource_policies.delete_resource_policy, resource_arn=resource)
    terminal.output.done(f"deleted the policy of {resource}", {"resource": resource})


@resource_policy.command("unlock")
@click.argument("resource")
@click.pass_obj
def unlock(terminal: Terminal, resource: str) -> None:
    """Delete a policy that locks everybody out. For the account's root user: add `--as root`."""
    _check_whole(terminal, resource)
    terminal.desk().do(resource_policies.unlock_resource, resource_arn=resource)
    terminal.output.done(f"unlocked {resource}: it has no policy now", {"resource": resource})


def _check_whole(terminal: Terminal, resource: str) -> None:
    """Show the ARN to write for a short name such as `doc/1`: which service it is of, only people know."""
    if resource.startswith("arn:"):
        return
    shown = resource[:200]
    whole = f"arn:{terminal.partition()}:SERVICE::{terminal.account()}:{shown}"
    raise InvalidArn(
        f"`{shown}` is not an ARN; write `{whole}`, with what stands before the colon of its actions"
        " for SERVICE (`docs` of `docs:Read`)"
    )
