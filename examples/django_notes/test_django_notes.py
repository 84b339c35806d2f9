"""The example does what its README says, in processes of its own, as Django's settings need."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

HERE = Path(__file__).parent
FORGOTTEN = 'urlpatterns.append(path("forgotten", lambda request: None, name="forgotten"))\n'

# Each server is given a socket that listens already, so that no port is guessed and nobody waits.
GUNICORN = ["-m", "gunicorn", "--bind", "fd://{fd}", "--log-level", "error", "notes.wsgi:application"]
UVICORN = [
    "-m",
    "uvicorn",
    "--fd",
    "{fd}",
    "--log-level",
    "error",
    "--lifespan",
    "off",
    "notes.asgi:application",
]


@pytest.fixture
def project(started: Any, tmp_path: Path) -> Path:
    """A copy of the example beside a fresh deployment."""
    shutil.copytree(HERE / "notes", tmp_path / "notes")
    shutil.copy(HERE / "manage.py", tmp_path)
    return tmp_path


@contextlib.contextmanager
def served(project: Path, command: list[str]) -> Iterator[str]:
    """The project's address, served by a real server until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fd = listening.fileno()
        words = [word.format(fd=fd) for word in command]
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", *words], cwd=project, pass_fds=[fd], env=_environment()
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(20)


def manage(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One `manage.py` command."""
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *words],
        cwd=project,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(
            path for path in (str(HERE.parent.parent), kept.get("PYTHONPATH")) if path
        ),
    }


@pytest.mark.parametrize("command", [GUNICORN, UVICORN], ids=["gunicorn", "uvicorn"])
def test_a_note_is_read_by_whom_policies_allow(started: Any, project: Path, command: list[str]) -> None:
    """A stranger gets 401, ana 403 until a policy lets her, and then the note, on the very next request."""
    with (project / "notes" / "urls.py").open("a", encoding="utf-8") as urls:
        urls.write(FORGOTTEN)
    with served(project, command) as address, httpx2.Client(base_url=address, timeout=30) as client:
        url = f"{address}/notes/7"

        assert client.get("/healthz").text == "ok"
        assert client.get("/notes/7").status_code == 401
        assert client.get("/notes/7", headers=started.signed("GET", url)).status_code == 403
        started.allow("notes:Read", "arn:aws:notes::*:note/*")
        answer = client.get("/notes/7", headers=started.signed("GET", url))
        forgotten = client.get("/forgotten", headers=started.signed("GET", f"{address}/forgotten"))
        twice = client.get(f"{address}//healthz")

    assert (answer.status_code, answer.json()) == (200, {"note": 7, "reader": "ana"})
    assert (forgotten.status_code, twice.status_code) == (403, 400)


def test_the_checks_and_commands_see_the_project(started: Any, project: Path) -> None:
    """`check` and `iam routes` pass, and name a view that somebody forgot."""
    assert "no issues" in manage(project, "check").stdout
    listed = manage(project, "iam", "routes")
    assert (listed.returncode, "notes:Read" in listed.stdout) == (0, True), listed.stderr

    with (project / "notes" / "urls.py").open("a", encoding="utf-8") as urls:
        urls.write(FORGOTTEN)

    checked, listed = manage(project, "check"), manage(project, "iam", "routes", "--json")
    assert checked.returncode == 1
    assert "iamkit.E001" in checked.stderr
    assert (listed.returncode, '"/forgotten"' in listed.stdout) == (1, True)
    assert "ana" in manage(project, "iam", "user", "list").stdout
