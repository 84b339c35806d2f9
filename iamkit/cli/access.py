"""`iamkit who-can` and `iamkit what-can`: everybody asked at once, of the engine that decides."""

from __future__ import annotations

import click

from iamkit.cli.options import Command
from iamkit.cli.simulate import context_of, principal_arn, resource_arn
from iamkit.cli.terminal import Terminal
from iamkit.management import access

_context = click.option(
    "--context",
    "context_texts",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key; a key that comes twice is a list.",
)


@click.command("who-can", cls=Command)
@click.argument("action")
@click.argument("resource", default="*")
@_context
@click.pass_obj
def who_can(terminal: Terminal, action: str, resource: str, context_texts: tuple[str, ...]) -> None:
    """List who can do ACTION on RESOURCE, an ARN or a short name such as `doc/1`; root, users and roles.

    KEYS are condition keys that the answer hangs on and that were not given with --context.
    """
    found = terminal.desk().do(
        access.who_can,
        action_name=action,
        resource_arn=resource_arn(terminal, resource, (action,)),
        context_entries=context_of(context_texts),
    )
    answers = [
        (item.subject.arn or "everybody, also without signing in", item.subject.kind, item) for item in found
    ]
    terminal.output.table(
        ("WHO", "KIND", "CAN", "KEYS"),
        [(name, kind, _told(item.allowed), item.keys) for name, kind, item in answers],
        [
            {
                "arn": item.subject.arn or None,
                "kind": kind,
                "allowed": item.allowed,
                "conditional_on": list(item.keys),
            }
            for _, kind, item in answers
        ],
        empty="nobody can",
    )


@click.command("what-can", cls=Command)
@click.argument("principal")
@click.option("--action", "actions", multiple=True, metavar="ACTION", help="Look at these actions only.")
@click.option(
    "--resource", "resources", multiple=True, metavar="RESOURCE", help="Look at this one too, exactly."
)
@_context
@click.pass_obj
def what_can(
    terminal: Terminal,
    principal: str,
    actions: tuple[str, ...],
    resources: tuple[str, ...],
    context_texts: tuple[str, ...],
) -> None:
    """List what PRINCIPAL can do: a user's name, `group/NAME`, `role/NAME`, or an ARN.

    Every declared action, those that its policies write out, or those given. ON are the resources; KEYS as
    in `iamkit who-can`.
    """
    found = terminal.desk().do(
        access.what_can,
        policy_source_arn=principal_arn(terminal, principal),
        action_names=actions or None,
        resource_arns=tuple(resource_arn(terminal, text, actions) for text in resources),
        context_entries=context_of(context_texts),
    )
    terminal.output.table(
        ("ACTION", "ON", "AND ON", "NOT ON", "KEYS"),
        [
            (
                item.action,
                "everything" if item.everywhere else item.patterns,
                item.allowed,
                item.refused,
                item.keys,
            )
            for item in found
        ],
        [
            {
                "action": item.action,
                "everywhere": item.everywhere,
                "patterns": list(item.patterns),
                "allowed": list(item.allowed),
                "refused": list(item.refused),
                "conditional_on": list(item.keys),
            }
            for item in found
        ],
        empty="nothing at all",
    )


def _told(allowed: bool) -> str:
    return "yes" if allowed else "under conditions"
