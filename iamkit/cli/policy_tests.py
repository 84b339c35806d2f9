"""`iamkit policy test`: cases in files, held to the engine; exits 1 if one fails."""

from __future__ import annotations

from pathlib import Path

import click

from iamkit.cli.options import Command
from iamkit.cli.output import harmless
from iamkit.cli.terminal import Terminal
from iamkit.policy.cases import run
from iamkit.testing.case_files import cases_of


@click.command("test", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def test(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Run policy unit tests: files of cases in JSON or TOML. No directory of accounts is needed.

    Exits 1 if a case fails; what is printed of it is the explanation.
    """
    terminal = ctx.ensure_object(Terminal)
    results = [(name, run(case)) for name in files for case in cases_of(Path(name))]
    failed = [result for _, result in results if not result.passed]
    if terminal.as_json:
        terminal.output.data(
            [
                {
                    "file": name,
                    "case": result.case.name,
                    "passed": result.passed,
                    "expected": result.case.expect,
                    "decision": result.explanation.decision.outcome.value,
                    "message": result.fault or None,
                    "explanation": None if result.passed else result.explanation.as_data(show_values=True),
                }
                for name, result in results
            ]
        )
    else:
        for result in failed:
            for line in result.lines():
                click.echo(harmless(line))
            click.echo()
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    if failed:
        ctx.exit(1)
