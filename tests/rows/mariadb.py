"""A MariaDB of a test's own, where the machine has its server and the environment a driver."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from iamkit.testing.servers import NoServer

MISSING: Final = "no MariaDB to test on: install the package `mariadb-server`, and the driver `pymysql`"


@contextlib.contextmanager
def mariadb_server() -> Iterator[str]:
    """A server on a socket in a new directory; the URL of an empty database. Raises NoServer."""
    server, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if server is None or install is None or importlib.util.find_spec("pymysql") is None:
        raise NoServer(MISSING)
    with tempfile.TemporaryDirectory(prefix="iamkit-") as folder:
        data, socket = Path(folder, "data"), Path(folder, "s")
        # It does not run as root; as anybody else it runs as that.
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        if user:
            shutil.chown(folder, "mysql", "mysql")
        making = [install, "--no-defaults", f"--datadir={data}", *user, "--skip-test-db"]
        making.append("--auth-root-authentication-method=normal")
        subprocess.run(making, check=True, capture_output=True)
        command = [
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={socket}",
            "--skip-networking",
            *user,
        ]
        command += [
            "--innodb-flush-log-at-trx-commit=0",
            "--character-set-server=utf8mb4",
            f"--pid-file={folder}/pid",
        ]
        with (
            Path(folder, "log").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as running,
        ):
            try:
                for _ in range(300):
                    if socket.exists() or running.poll() is not None:
                        break
                    time.sleep(0.1)
                base = f"mysql+pymysql://root@localhost/{{}}?unix_socket={socket}&charset=utf8mb4"
                _create(base.format("mysql"))
                yield base.format("app")
            finally:
                running.terminate()


def _create(url: str) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE app CHARACTER SET utf8mb4"))
    engine.dispose()
