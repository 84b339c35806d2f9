"""`iamkit simulate`: what would be decided, asked of the engine that decides."""

from __future__ import annotations

from collections.abc import Iterable

import click

from iamkit.arn import Arn
from iamkit.cli.options import Command
from iamkit.cli.output import harmless
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError, NoSuchEntity
from iamkit.identity import groups, roles, users
from iamkit.management import simulation
from iamkit.policy.decision import Decision
from iamkit.policy.request import ContextValue


@click.command("simulate", cls=Command)
@click.option(
    "--principal",
    "--as-principal",
    "source",
    required=True,
    metavar="NAME",
    help="A user's name, `group/NAME`, `role/NAME`, or the ARN of any.",
)
@click.option(
    "--action", "actions", multiple=True, required=True, metavar="ACTION", help="May be given many times."
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="RESOURCE",
    help="An ARN, or a short name such as `doc/1`; may be given many times.  [default: *]",
)
@click.option(
    "--context",
    "context_texts",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key; a key that comes twice is a list.",
)
@click.option("--explain", is_flag=True, help="Say for each why.")
@click.pass_obj
def simulate(
    terminal: Terminal,
    source: str,
    actions: tuple[str, ...],
    resources: tuple[str, ...],
    context_texts: tuple[str, ...],
    explain: bool,
) -> None:
    """Ask what would be decided for a user, group or role: every action on every resource."""
    results = terminal.desk().do(
        simulation.simulate_principal_policy,
        policy_source_arn=_arn(terminal, source),
        action_names=actions,
        resource_arns=tuple(_resource(terminal, text, actions) for text in resources) or ("*",),
        context_entries=_context(context_texts),
        explained=explain,
    )
    rows = [
        (item.action, item.resource, item.decision.outcome.value, decided_by(item.decision))
        for item in results
    ]
    data = [
        {
            "action": item.action,
            "resource": item.resource,
            "decision": item.decision.outcome.value,
            "decided_by": decided_by(item.decision),
            **(
                {}
                if item.explanation is None
                else {"explanation": item.explanation.as_data(show_values=True)}
            ),
        }
        for item in results
    ]
    terminal.output.table(
        ("ACTION", "RESOURCE", "DECISION", "DECIDED BY"), rows, data, empty="nothing was asked"
    )
    if explain and not terminal.as_json:
        for item in results:
            lines = [] if item.explanation is None else item.explanation.lines(show_values=True)
            click.echo()
            for line in lines:
                click.echo(harmless(line))


def decided_by(decision: Decision) -> str:
    """The statement that decided, or the layer that lacked one."""
    if decision.error:
        return f"error: {decision.error}"
    if decision.determining:
        return "; ".join(str(ref) for ref in decision.determining)
    return "; ".join(f"no {layer} allows it" for layer in decision.missing)


def _arn(terminal: Terminal, source: str) -> str:
    if source.startswith("arn:"):
        return source
    account = terminal.principal().account
    kind, separator, name = source.partition("/")
    kind, name = (kind, name) if separator else ("user", source)
    finders = {"user": users.find, "group": groups.find, "role": roles.find}
    if kind not in finders:
        raise InputError(f"`{source[:80]}` must be a user's name, `group/NAME`, `role/NAME` or an ARN")
    with terminal.iam().store.read() as reader:
        found = finders[kind](reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no {kind} named `{name[:128]}`")
    return found.arn


def _resource(terminal: Terminal, text: str, actions: tuple[str, ...]) -> str:
    """The ARN of a resource; a short name such as `doc/1` is of the service that the actions name."""
    if text == "*":
        return text
    if not text.startswith("arn:"):
        services = {action.partition(":")[0] for action in actions}
        if len(services) != 1:
            raise InputError(f"`{text[:200]}` is no ARN, and the actions name many services; write its ARN")
        text = terminal.iam().gate.arn(terminal.principal(), services.pop(), text)
    return str(Arn.parse(text))


def _context(texts: Iterable[str]) -> dict[str, ContextValue]:
    found: dict[str, list[str]] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or ":" not in key:
            raise InputError(
                f"context `{text[:80]}` must be written as `prefix:Key=value`, such as `aws:SourceIp=::1`"
            )
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in found.items()}
