"""`iamkit demo`: set the stage, run the tour, print what happened, and leave the apps up."""

from __future__ import annotations

import importlib.util
import json
import tempfile
import time
from pathlib import Path

import click

from iamkit.errors import ConfigurationError

_NEEDED = ("flask", "fastapi", "uvicorn")


@click.command()
@click.option(
    "--once", is_flag=True, help="End after the tour; exit 0 only if every outcome was the expected one."
)
@click.option("--json", "as_json", is_flag=True, help="Print the tour as JSON.")
@click.option(
    "--policies",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Use the story's policies from this folder where it has them.",
)
def demo(once: bool, as_json: bool, policies: Path | None) -> None:
    """Watch a Flask and a FastAPI app admit and refuse real requests, each decision explained."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"the demo needs {', '.join(missing)}; install `iamkit[demo]`")
    with tempfile.TemporaryDirectory(prefix="iamkit-demo-") as folder:
        if not _play(Path(folder), policies, once=once, as_json=as_json):
            raise SystemExit(1)


def _play(folder: Path, policies: Path | None, *, once: bool, as_json: bool) -> bool:
    from iamkit.cli.demo import cast as casting
    from iamkit.cli.demo import page, servers, tour
    from iamkit.kit import IAM

    if not as_json:
        page.opening(folder)
    with IAM(folder, development=True) as iam:
        iam.initialize(account_name="demo")
        cast = casting.assemble(iam, casting.Policies(policies))
        running = servers.start(folder)
        try:
            rows = tour.run(iam, cast, running)
            good = cast.as_expected and all(row.as_expected for row in rows)
            if as_json:
                click.echo(json.dumps(page.as_data(cast, rows), indent=2))
            else:
                page.show(iam, cast, rows)
            if not once:
                page.next_steps(folder, running, cast)
                _wait()
        finally:
            for server in running:
                server.stop()
    return good


def _wait() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo()
