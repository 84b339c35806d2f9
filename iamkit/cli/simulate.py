"""`iamkit simulate`: what would be decided, asked of the engine that decides."""

from __future__ import annotations

from collections.abc import Iterable

import click

from iamkit.arn import Arn, root_arn
from iamkit.cli import documents, elsewhere
from iamkit.cli.options import Command
from iamkit.cli.output import harmless
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError, NoSuchEntity
from iamkit.identity import groups, roles, users
from iamkit.management import simulation
from iamkit.policy.decision import Decision
from iamkit.policy.request import ContextValue
from iamkit.policy.simulate import SimulationResult


def _text(path: str) -> str:
    return documents.from_file(path).text


@click.command("simulate", cls=Command)
@click.option(
    "--principal",
    "--as-principal",
    "source",
    metavar="NAME",
    help="A user's name, `group/NAME`, `role/NAME`, or the ARN of any.",
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="FILE",
    help="A policy to try: beside those of --principal, or alone without it; may be given many times.",
)
@click.option("--boundary", metavar="FILE", help="A permissions boundary to try.")
@click.option("--resource-policy", metavar="FILE", help="A resource policy to try on every resource.")
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
    source: str | None,
    policies: tuple[str, ...],
    boundary: str | None,
    resource_policy: str | None,
    actions: tuple[str, ...],
    resources: tuple[str, ...],
    context_texts: tuple[str, ...],
    explain: bool,
) -> None:
    """Ask what would be decided: every action on every resource, for a principal or for given policies."""
    if source is None and not policies:
        raise InputError("say for whom: `--principal NAME`, or `--policy FILE` for policies alone")
    texts = tuple(_text(path) for path in policies)
    bounds = None if boundary is None else (_text(boundary),)
    on_resource = None if resource_policy is None else _text(resource_policy)
    found = tuple(resource_arn(terminal, text, actions) for text in resources) or ("*",)
    context = context_of(context_texts)
    if source is None:
        results = terminal.desk().do(
            simulation.simulate_custom_policy,
            policy_input_list=texts,
            action_names=actions,
            resource_arns=found,
            context_entries=context,
            permissions_boundary_policy_input_list=bounds,
            resource_policy=on_resource,
        )
    else:
        results = terminal.desk().do(
            simulation.simulate_principal_policy,
            policy_source_arn=principal_arn(terminal, source),
            action_names=actions,
            resource_arns=found,
            context_entries=context,
            policy_input_list=texts,
            permissions_boundary_policy_input_list=bounds,
            resource_policy=on_resource,
        )
    rows = [
        (
            item.action,
            item.resource,
            item.decision.outcome.value,
            decided_by(item.decision),
            _places(item),
            item.missing_context,
        )
        for item in results
    ]
    data = [_data(item, explain=explain) for item in results]
    terminal.output.table(
        ("ACTION", "RESOURCE", "DECISION", "DECIDED BY", "AT", "MISSING KEYS"),
        rows,
        data,
        empty="nothing was asked",
    )
    if explain and not terminal.as_json:
        for item in results:
            click.echo()
            for line in item.explanation.lines(show_values=True):
                click.echo(harmless(line))


def _data(item: SimulationResult, *, explain: bool) -> dict[str, object]:
    """A result in the words of every command, and as AWS's simulator tells it."""
    told: dict[str, object] = {
        "action": item.action,
        "resource": item.resource,
        "decision": item.decision.outcome.value,
        "decided_by": decided_by(item.decision),
        "evaluation": item.as_data(),
    }
    if explain:
        told["explanation"] = item.explanation.as_data(show_values=True)
    return told


def _places(item: SimulationResult) -> str:
    """Where the statements that decided stand: from line and column to line and column."""
    return "; ".join(
        f"{found.start.line}:{found.start.column}-{found.end.line}:{found.end.column}"
        for found in item.matched
    )


def decided_by(decision: Decision) -> str:
    """The statement that decided, or the layer that lacked one."""
    if decision.error:
        return f"error: {decision.error}"
    if decision.determining:
        return "; ".join(str(ref) for ref in decision.determining)
    return "; ".join(f"no {layer} allows it" for layer in decision.missing)


def principal_arn(terminal: Terminal, source: str) -> str:
    """The ARN of a user, group or role as people name it. Raises InputError, NoSuchEntity."""
    if source.startswith("arn:"):
        return source
    account = terminal.account()
    kind, separator, name = source.partition("/")
    kind, name = (kind, name) if separator else ("user", source)
    finders = {"user": users.find, "group": groups.find, "role": roles.find}
    if source == "root":
        return root_arn(terminal.partition(), account)
    if kind not in finders:
        raise InputError(f"`{source[:80]}` must be a user's name, `group/NAME`, `role/NAME` or an ARN")
    if terminal.endpoint:
        return elsewhere.arn_of(terminal, kind, name)
    with terminal.iam().store.read() as reader:
        found = finders[kind](reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no {kind} named `{name[:128]}`")
    return found.arn


def resource_arn(terminal: Terminal, text: str, actions: tuple[str, ...]) -> str:
    """The ARN of a resource; a short name such as `doc/1` is of the service that the actions name."""
    if text == "*":
        return text
    if not text.startswith("arn:"):
        services = {action.partition(":")[0] for action in actions}
        if len(services) != 1:
            raise InputError(f"`{text[:200]}` is no ARN, and the actions name many services; write its ARN")
        text = f"arn:{terminal.partition()}:{services.pop()}::{terminal.account()}:{text}"
    return str(Arn.parse(text))


def context_of(texts: Iterable[str]) -> dict[str, ContextValue]:
    """Condition keys as people write them. Raises InputError."""
    found: dict[str, list[str]] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or ":" not in key:
            raise InputError(
                f"context `{text[:80]}` must be written as `prefix:Key=value`, such as `aws:SourceIp=::1`"
            )
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in found.items()}
