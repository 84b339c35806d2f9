"""`iamkit policy validate`, and what is said about a policy that was just saved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import click

from iamkit.cli import documents
from iamkit.cli.documents import Document
from iamkit.cli.faults import quoted
from iamkit.cli.options import Command
from iamkit.cli.output import as_json, harmless
from iamkit.cli.terminal import Terminal
from iamkit.policy.findings import FINDING_TYPES, Facts, Finding
from iamkit.policy.model import PolicyKind
from iamkit.policy.problem import Lines, path_text

_FOUND_ERRORS: Final = 1
# What is worth a word after a policy was saved; an error of another kind than the grammar's does not stop it.
_TOLD: Final = frozenset(FINDING_TYPES) - {"SUGGESTION"}
_WORDS: Final = {
    "ERROR": "error",
    "SECURITY_WARNING": "security warning",
    "WARNING": "warning",
    "SUGGESTION": "suggestion",
}


@click.command("validate", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in PolicyKind]),
    default=PolicyKind.IDENTITY.value,
    show_default=True,
    help="What the document is used as.",
)
@click.option("--managed", is_flag=True, help="It is a managed policy: longer, and of Version 2012-10-17.")
@click.option("--partition", default=None, help="The partition of the deployment, such as aws.")
@click.option("--account", default=None, help="The account that the policy is kept in: 12 digits.")
@click.option("--resource", default=None, metavar="ARN", help="The resource that the policy stands on.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF, for code-review tools.")
@click.pass_context
def validate(
    ctx: click.Context,
    files: tuple[str, ...],
    kind: str,
    managed: bool,
    partition: str | None,
    account: str | None,
    resource: str | None,
    as_sarif: bool,
) -> None:
    """Say what is wrong with policy documents, or likely not meant. Exits 1 if there are errors.

    FILE may be `-` for standard input. Nothing is saved and no directory is needed.
    """
    # Only here: other commands start faster without the checks.
    from iamkit.policy.checks.table import CHECKS
    from iamkit.policy.validate import validate as findings_of

    facts = replace(
        _known_everywhere(), partition=partition, account=account, resource=resource, managed=managed
    )
    found: list[tuple[Document, Sequence[Finding]]] = []
    for name in files:
        document = documents.from_stdin() if name == "-" else documents.from_file(name)
        found.append((document, findings_of(document.text, PolicyKind(kind), facts)))
    terminal = ctx.ensure_object(Terminal)
    if as_sarif:
        from iamkit.cli import sarif

        click.echo(json.dumps(sarif.log(found, CHECKS), indent=2))
    elif terminal.as_json:
        terminal.output.data([_data(document, item) for document, items in found for item in items])
    else:
        for line in _report(found):
            click.echo(harmless(line))
    if any(item.type == "ERROR" for _, items in found for item in items):
        ctx.exit(_FOUND_ERRORS)


def _known_everywhere() -> Facts:
    """What is known without a directory: iamkit's own services, and those of the plugins that are here."""
    from iamkit.management.catalog import SERVICES
    from iamkit.plugins import plugin_manager
    from iamkit.policy.catalog import STANDARD_CATALOG

    hooks = plugin_manager(()).hook
    declared = [service for services in hooks.iamkit_services() for service in services]
    operators = {row.name: row for rows in hooks.iamkit_operators() for row in rows}
    return Facts(
        catalog=STANDARD_CATALOG.with_services((*SERVICES, *declared)),
        operators={**Facts().operators, **operators},
    )


def warn(terminal: Terminal, kind: PolicyKind, *, managed: bool = False, resource: str | None = None) -> None:
    """Say on standard error what the document that was just saved most likely does not mean."""
    from iamkit.policy.validate import validate as findings_of

    if terminal.endpoint:
        # What the app declares is known there only; nothing is said of services that are not known.
        bare = _known_everywhere()
    else:
        bare = Facts(catalog=terminal.iam().catalog, operators=terminal.iam().house.operators)
    facts = replace(
        bare,
        partition=terminal.partition(),
        account=terminal.account(),
        managed=managed,
        resource=resource,
        # It was saved, so that it fits.
        size_limit=len(terminal.document) + 1,
    )
    document = Document(terminal.document, terminal.document_name)
    found = [item for item in findings_of(document.text, kind, facts) if item.type in _TOLD]
    if terminal.as_json:
        if found:
            click.echo(json.dumps({"findings": as_json([_data(document, item) for item in found])}), err=True)
        return
    for item in found:
        for line in _lines(document, item):
            click.echo(harmless(line), err=True)


def _report(found: Sequence[tuple[Document, Sequence[Finding]]]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for document, items in found:
        for item in items:
            counts[item.type] += 1
            yield from _lines(document, item)
    told = [
        f"{counts[kind]} {_WORDS[kind]}{'s' * (counts[kind] > 1)}" for kind in FINDING_TYPES if counts[kind]
    ]
    many = f"{len(found)} document{'s' * (len(found) > 1)}"
    yield f"{many}: {', '.join(told) or 'no findings'}"


def _lines(document: Document, item: Finding) -> Iterator[str]:
    place = f" at `{path_text(item.path)}`" if item.path else ""
    where = f"{document.name or 'document'}:{item.span.line}:{item.span.column}"
    yield f"{where}: {_WORDS[item.type]} {item.code}{place}: {item.message}"
    yield from quoted(document.text, item.span)
    if item.example is not None:
        yield f"    for instance, {item.example}"


def _data(document: Document, item: Finding) -> dict[str, object]:
    """A finding as programs see it, in the shape of AWS's analyzer."""
    lines = Lines(document.text)
    data: dict[str, object] = {
        "file": document.name,
        "type": item.type,
        "code": item.code,
        "message": item.message,
        "learn_more": item.learn_more,
        "locations": [
            {
                "path": path_text(location.path),
                "start": _position(lines, location.span.start),
                "end": _position(lines, location.span.end),
            }
            for location in item.locations
        ],
    }
    if item.example is not None:
        request = item.example.request
        data["example"] = {
            "caller": request.caller.arn,
            "action": request.action,
            "resource": request.resource,
            "context": dict(request.context),
        }
    return data


def _position(lines: Lines, offset: int) -> dict[str, int]:
    span = lines.span(offset, offset)
    return {"line": span.line, "column": span.column, "offset": offset}
