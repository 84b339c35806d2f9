"""The inline policies of users, groups and roles as the commands of 2011 made them."""

from __future__ import annotations

import json
from typing import Final

import click

from iamkit.cli import documents, groups, roles, users, validation
from iamkit.cli.compat.words import add
from iamkit.cli.documents import Document
from iamkit.cli.holders import HolderOperations
from iamkit.cli.terminal import Terminal
from iamkit.policy.model import PolicyKind

_HOLDERS: Final = (("u", users.OPERATIONS), ("g", groups.OPERATIONS), ("r", roles.OPERATIONS))


def add_to(group: click.Group) -> None:
    """Put them into `group`."""
    for letter, holder in _HOLDERS:
        _add(group, letter, holder)


def _add(group: click.Group, letter: str, holder: HolderOperations) -> None:
    kind = holder.kind
    where = _resource_letter(letter)
    whose = click.option(f"-{letter}", "name", required=True, help=f"The {kind}'s name.")

    @add(group, f"iam-{kind}addpolicy")
    @whose
    @click.option("-p", "policy", required=True, help="The policy's name.")
    @click.option("-e", "effect", required=True, type=click.Choice(["Allow", "Deny"]))
    @click.option("-a", "actions", required=True, multiple=True, help="An action; may be given many times.")
    @click.option(where, "resources", required=True, multiple=True, help="A resource; likewise.")
    @click.option("-o", "show", is_flag=True, help="Print the policy.")
    @click.pass_obj
    def add_policy(
        terminal: Terminal,
        name: str,
        policy: str,
        effect: str,
        actions: tuple[str, ...],
        resources: tuple[str, ...],
        show: bool,
    ) -> None:
        statement = {"Effect": effect, "Action": list(actions), "Resource": list(resources)}
        text = json.dumps({"Version": "2008-10-17", "Statement": [statement]}, separators=(",", ":"))
        _put(terminal, holder, name, policy, Document(text, "the policy that was made of it"))
        if show:
            click.echo(text)

    @add(group, f"iam-{kind}uploadpolicy")
    @whose
    @click.option("-p", "policy", required=True, help="The policy's name.")
    @click.option("-f", "file", required=True, help="The file that holds it.")
    @click.pass_obj
    def upload_policy(terminal: Terminal, name: str, policy: str, file: str) -> None:
        _put(terminal, holder, name, policy, documents.from_file(file))

    @add(group, f"iam-{kind}listpolicies", f"iam-list{kind}policies")
    @whose
    @click.option("-v", "verbose", is_flag=True, help="Print the policies too.")
    @click.pass_obj
    def list_policies(terminal: Terminal, name: str, verbose: bool) -> None:
        desk = terminal.desk()
        for policy in holder.names(desk, name):
            click.echo(policy)
            if verbose:
                click.echo(holder.text(desk, name, policy))

    @add(group, f"iam-{kind}delpolicy")
    @whose
    @click.option("-p", "policy", required=True, help="The policy's name.")
    @click.pass_obj
    def delete_policy(terminal: Terminal, name: str, policy: str) -> None:
        holder.delete(terminal.desk(), name, policy)

    add_policy.help = f"Save a policy of a {kind}'s own with one statement."
    upload_policy.help = f"Save a policy of a {kind}'s own from a file."
    list_policies.help = f"List the policies of a {kind}'s own."
    delete_policy.help = f"Delete a policy of a {kind}'s own."


def _resource_letter(letter: str) -> str:
    # A role's own name had taken `-r`.
    return "-c" if letter == "r" else "-r"


def _put(terminal: Terminal, holder: HolderOperations, name: str, policy: str, document: Document) -> None:
    text = documents.kept(terminal, document)
    holder.put(terminal.desk(), name, policy, text)
    validation.warn(terminal, PolicyKind.IDENTITY)
