"""The commands that users, groups and roles share: what hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from iamkit.cli import documents, validation
from iamkit.cli.documents import Document
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import policy_arn
from iamkit.management.desk import Counter
from iamkit.policy.model import PolicyKind


@dataclass(frozen=True, slots=True)
class HolderOperations:
    """The operations on one kind of holder, each with the holder's name first."""

    kind: str
    attach: Callable[[Counter, str, str], None]
    detach: Callable[[Counter, str, str], None]
    attached: Callable[[Counter, str], Sequence[str]]
    put: Callable[[Counter, str, str, str], None]
    text: Callable[[Counter, str, str], str]
    names: Callable[[Counter, str], Sequence[str]]
    delete: Callable[[Counter, str, str], None]

    def hanging(self, desk: Counter, name: str) -> list[str]:
        """The policies that hang on a holder, for people to read."""
        return [
            f"{what} {', '.join(found)}"
            for what, found in (
                ("attached policies", self.attached(desk, name)),
                ("policies of its own", self.names(desk, name)),
            )
            if found
        ]

    def strip(self, desk: Counter, name: str) -> list[str]:
        """Take every policy off a holder, and say which there were."""
        said = self.hanging(desk, name)
        for arn in self.attached(desk, name):
            self.detach(desk, name, arn)
        for policy_name in self.names(desk, name):
            self.delete(desk, name, policy_name)
        return said


def add_policy_commands(group: click.Group, holder: HolderOperations) -> None:
    """Add `attach`, `detach`, `list-policies`, `put-policy`, `get-policy` and `delete-policy` to a noun."""
    kind = holder.kind

    @group.command(
        "attach", help=f"Attach a managed policy to a {kind}. POLICY is an ARN, or a name with its path."
    )
    @click.argument("name")
    @click.argument("policy")
    @click.pass_obj
    def attach(terminal: Terminal, name: str, policy: str) -> None:
        arn = policy_arn(terminal, policy)
        holder.attach(terminal.desk(), name, arn)
        terminal.output.done(f"attached {arn} to {kind} {name}", {kind: name, "policy": arn})

    @group.command("detach", help=f"Detach a managed policy from a {kind}.")
    @click.argument("name")
    @click.argument("policy")
    @click.pass_obj
    def detach(terminal: Terminal, name: str, policy: str) -> None:
        arn = policy_arn(terminal, policy)
        holder.detach(terminal.desk(), name, arn)
        terminal.output.done(f"detached {arn} from {kind} {name}", {kind: name, "policy": arn})

    @group.command("list-policies", help=f"List the policies of a {kind}: attached ones and its own.")
    @click.argument("name")
    @click.pass_obj
    def list_policies(terminal: Terminal, name: str) -> None:
        attached = list(holder.attached(terminal.desk(), name))
        inline = list(holder.names(terminal.desk(), name))
        rows = [("attached", arn) for arn in attached] + [("inline", text) for text in inline]
        terminal.output.table(
            ("KIND", "POLICY"),
            rows,
            {"attached": attached, "inline": inline},
            empty=f"{kind} {name} has no policies",
        )

    @group.command(
        "put-policy",
        help=f"Save a policy of a {kind}'s own under POLICY_NAME, a name of your choice;"
        " replaces the one of that name.",
    )
    @click.argument("name")
    @click.argument("policy_name")
    @documents.argument
    @documents.file_option
    @click.pass_obj
    def put_policy(
        terminal: Terminal, name: str, policy_name: str, document: Document | None, file: Document | None
    ) -> None:
        holder.put(terminal.desk(), name, policy_name, documents.chosen(terminal, document, file))
        terminal.output.done(
            f"saved policy {policy_name} of {kind} {name}", {kind: name, "policy": policy_name}
        )
        validation.warn(terminal, PolicyKind.IDENTITY)

    @group.command("get-policy", help=f"Print a policy of a {kind}'s own, exactly as it was saved.")
    @click.argument("name")
    @click.argument("policy_name")
    @click.pass_obj
    def get_policy(terminal: Terminal, name: str, policy_name: str) -> None:
        text = holder.text(terminal.desk(), name, policy_name)
        terminal.output.document(text, {kind: name, "policy": policy_name})

    @group.command("delete-policy", help=f"Delete a policy of a {kind}'s own.")
    @click.argument("name")
    @click.argument("policy_name")
    @click.pass_obj
    def delete_policy(terminal: Terminal, name: str, policy_name: str) -> None:
        holder.delete(terminal.desk(), name, policy_name)
        terminal.output.done(
            f"deleted policy {policy_name} of {kind} {name}", {kind: name, "policy": policy_name}
        )
