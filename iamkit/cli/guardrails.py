"""`iamkit guardrail`: ceilings over whole accounts, root users included."""

from __future__ import annotations

import click

from iamkit.cli import documents, validation
from iamkit.cli.documents import Document
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.identity.guardrails import Guardrail
from iamkit.management import guardrails
from iamkit.policy.model import PolicyKind


def data_of(found: Guardrail) -> dict[str, object]:
    """A guardrail as programs see it."""
    return {
        "name": found.name,
        "arn": found.arn,
        "kind": found.kind,
        "description": found.description,
        "created": found.created_at,
        "updated": found.updated_at,
    }


@click.group("guardrail", cls=Group)
def guardrail() -> None:
    """Ceilings over whole accounts: they grant nothing, and limit everybody, root users too.

    TARGET is an account id or a node of the account tree; without it, the home account.
    """


@guardrail.command("create")
@click.argument("name")
@documents.argument
@documents.file_option
@click.option(
    "--kind",
    type=click.Choice(["guardrail", "resource-guardrail"]),
    default="guardrail",
    show_default=True,
    help="Whether it limits the accounts' callers or access to their resources.",
)
@click.option("--description", default="", help="What the guardrail is for.")
@click.pass_obj
def create(
    terminal: Terminal,
    name: str,
    document: Document | None,
    file: Document | None,
    kind: str,
    description: str,
) -> None:
    """Create a guardrail. It limits nothing until it is attached."""
    made = terminal.desk().do(
        guardrails.create_guardrail,
        name=name,
        policy_document=documents.chosen(terminal, document, file),
        kind=kind,
        description=description,
    )
    terminal.output.done(f"created {made.kind} {made.arn}", data_of(made))
    validation.warn(terminal, PolicyKind(made.kind))


@guardrail.command("list")
@click.option("--target", help="Only those on this account or node, the shipped ones too.")
@click.pass_obj
def list_(terminal: Terminal, target: str | None) -> None:
    """List guardrails."""
    desk = terminal.desk()
    if target is not None:
        arns = desk.do(guardrails.list_guardrails_for_target, target_id=target).items
        terminal.output.table(
            ("GUARDRAIL",), [(arn,) for arn in arns], list(arns), empty=f"nothing is attached to {target}"
        )
        return
    found = desk.do(guardrails.list_guardrails).items
    terminal.output.table(
        ("NAME", "KIND", "ARN", "UPDATED"),
        [(item.name, item.kind, item.arn, item.updated_at) for item in found],
        [data_of(item) for item in found],
        empty="there are no guardrails beside the shipped ones",
    )


@guardrail.command("show")
@click.argument("name")
@click.pass_obj
def show(terminal: Terminal, name: str) -> None:
    """Show a guardrail and where it is attached."""
    found = terminal.desk().do(guardrails.get_guardrail, name=name)
    data = {**data_of(found.guardrail), "targets": found.targets}
    terminal.output.record(data, {**data, "document": found.document})


@guardrail.command("get")
@click.argument("name")
@click.pass_obj
def get(terminal: Terminal, name: str) -> None:
    """Print the document of a guardrail, exactly as it was saved."""
    found = terminal.desk().do(guardrails.get_guardrail, name=name)
    terminal.output.document(found.document, {"name": found.guardrail.name})


@guardrail.command("update")
@click.argument("name")
@documents.argument
@documents.file_option
@click.option("--description", help="What the guardrail is for.")
@click.pass_obj
def update(
    terminal: Terminal, name: str, document: Document | None, file: Document | None, description: str | None
) -> None:
    """Replace the document or the description of a guardrail, wherever it is attached."""
    given = document is not None or file is not None
    if not given and description is None:
        raise InputError("nothing to change; give a document or `--description`")
    changed = terminal.desk().do(
        guardrails.update_guardrail,
        name=name,
        policy_document=documents.chosen(terminal, document, file) if given else None,
        description=description,
    )
    terminal.output.done(f"updated {changed.kind} {changed.arn}", data_of(changed))
    if given:
        validation.warn(terminal, PolicyKind(changed.kind))


@guardrail.command("attach")
@click.argument("name")
@click.argument("target", required=False)
@click.pass_obj
def attach(terminal: Terminal, name: str, target: str | None) -> None:
    """Put a guardrail on an account or a node. NAME may be the ARN of a shipped one."""
    where = target or terminal.home_account()
    terminal.desk().do(guardrails.attach_guardrail, guardrail=name, target_id=where)
    terminal.output.done(f"guardrail {name} is on {where}", {"guardrail": name, "target": where})


@guardrail.command("detach")
@click.argument("name")
@click.argument("target", required=False)
@click.pass_obj
def detach(terminal: Terminal, name: str, target: str | None) -> None:
    """Take a guardrail off an account or a node. A level left without any refuses everybody below it."""
    where = target or terminal.home_account()
    terminal.desk().do(guardrails.detach_guardrail, guardrail=name, target_id=where)
    terminal.output.done(f"guardrail {name} is no longer on {where}", {"guardrail": name, "target": where})


@guardrail.command("delete")
@click.argument("name")
@click.pass_obj
def delete(terminal: Terminal, name: str) -> None:
    """Delete a guardrail that is attached nowhere."""
    terminal.desk().do(guardrails.delete_guardrail, name=name)
    terminal.output.done(f"deleted guardrail {name}", {"guardrail": name})
