"""The command line with an endpoint: the same commands say the same as they do on the directory itself."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from waitress.server import create_server

from iamkit.api.app import ManagementAPI
from iamkit.kit import IAM

if TYPE_CHECKING:
    from click.testing import Result

    from tests.cli.conftest import Cli

READ = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}]}'
)
WRONG = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "notes:Read", "Resource": "*"}]}'
)
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal":'
    ' {"AWS": "arn:aws:iam::123456789012:user/administrator"}, "Action": "sts:AssumeRole"}]}'
)
OPEN = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "notes:Read"}]}'
HOME = "123456789012"
PASSWORD = "a quiet harbour at dawn\n"

# What differs from run to run: ids, secrets, instants.
_DRAWN = re.compile(
    r"\bA[A-Z]{3}[A-Z2-7]{16,17}\b|\b[dt]_[\w-]{20}|\bikt_[\w-]+|(?<=_KEY=)\S+|(?<=_TOKEN=)\S+"
    r"|\b[0-9a-f]{20}\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?"
)
# Who acts is told by the directory only.
_ACTING = re.compile(r"(?m)^hint: acting as .*\n")

# In this order, on a directory where `ana` may do nothing.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("user", "create", "ben", "--path", "/staff/", "--tag", "team=one", "--key"),
    ("user", "create", "ben"),
    ("user", "create", "cleo", "--password", "--stdin"),
    ("user", "list"),
    ("user", "show", "ben"),
    ("user", "show", "nobody"),
    ("group", "create", "readers"),
    ("group", "add-user", "readers", "ben"),
    ("group", "show", "readers"),
    ("policy", "create", "reading", READ),
    ("policy", "create", "broken", WRONG),
    ("policy", "list"),
    ("policy", "show", "reading"),
    ("policy", "versions", "reading"),
    ("group", "attach", "readers", "reading"),
    ("group", "attach", "readers", "AdministratorAccess"),
    ("group", "attach", "readers", "arn:aws:iam:123456789012:policy/reading"),
    ("group", "list-policies", "readers"),
    ("user", "put-policy", "ben", "own", READ),
    ("user", "list-policies", "ben"),
    ("role", "create", "worker", TRUST),
    ("role", "list"),
    ("role", "assume", "worker"),
    ("role", "sessions", "worker"),
    ("key", "create", "ben"),
    ("key", "create", "ben"),
    ("key", "list", "ben"),
    ("key", "rotate", "ben"),
    ("token", "create", "nightly"),
    ("token", "list"),
    ("password-policy", "show"),
    ("mfa", "list"),
    ("simulate", "--principal", "ben", "--action", "notes:Read", "--resource", "note/1", "--explain"),
    ("simulate", "--principal", "group/none", "--action", "notes:Read"),
    ("who-can", "notes:Read", "note/1"),
    ("what-can", "ben"),
    ("resource-policy", "put", "note/1", OPEN),
    ("resource-policy", "put", f"arn:aws:notes::{HOME}:note/1", OPEN),
    ("resource-policy", "list"),
    ("who-can", "notes:Read", "note/1", "--json"),
    ("report", "summary"),
    ("sessions", "list"),
    ("certificate", "list"),
    ("provider", "list"),
    ("user", "password", "ben", "--stdin"),
    ("user", "tag", "ben", "a=b"),
    ("user", "show", "ben", "--json"),
    ("user", "delete", "ben"),
    ("guardrail", "create", "ceiling", READ),
    ("guardrail", "attach", "ceiling"),
    ("guardrail", "detach", "ceiling"),
    ("guardrail", "list"),
    ("user", "delete", "cleo", "--cascade"),
    ("user", "delete", "cleo"),
    ("whoami",),
)


@dataclass(frozen=True)
class Places:
    """A directory, a copy of it that is served, and the key of its administrator."""

    cli: Cli
    served: Path
    url: str
    key: Mapping[str, str]

    def here(self, *args: str, key: Mapping[str, str] | None = None) -> Result:
        """A command on the directory."""
        return self.cli(*args, input=PASSWORD, env=self.key if key is None else key)

    def there(self, *args: str, key: Mapping[str, str] | None = None) -> Result:
        """The same, by the endpoint."""
        return self.cli(*args, "--endpoint", self.url, input=PASSWORD, env=self.key if key is None else key)


@pytest.fixture
def places(cli: Cli, tmp_path: Path) -> Iterator[Places]:
    """Both of them, alike."""
    key = cli.key_of("administrator")
    served = tmp_path / "served"
    shutil.copytree(cli.directory, served)
    with IAM(served) as iam:
        server: Any = create_server(ManagementAPI(iam).wsgi, host="127.0.0.1", port=0, threads=2)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield Places(cli, served, f"http://127.0.0.1:{server.effective_port}", key)
        finally:
            server.trigger.pull_trigger(server.close)
            server.task_dispatcher.shutdown()
            server.close()
            thread.join(timeout=10)


def _masked(result: Result) -> tuple[int, str, str]:
    out, err = (_DRAWN.sub("…", text) for text in (result.stdout, result.stderr))
    return result.exit_code, out, _ACTING.sub("", err)


def test_the_same_is_said_here_and_there(places: Places) -> None:
    """Standard output, standard error and exit code, for people and for programs, refusals included."""
    for command in COMMANDS:
        here, there = places.here(*command), places.there(*command)
        told = [_masked(each) for each in (here, there)]
        if command == ("whoami",):
            told = [(code, re.sub(r"(?m)^(directory|endpoint) .*$", "", out), err) for code, out, err in told]
        assert told[0] == told[1], command
        assert "Usage:" not in here.stderr, command


def test_a_denial_is_one_there_too(places: Places) -> None:
    """Exit code 1, with the decision's id, and nothing changed; as JSON too."""
    made = json.loads(places.there("key", "create", "ana", "--json").stdout)
    ana = {
        "IAMKIT_ACCESS_KEY_ID": made["access_key_id"],
        "IAMKIT_SECRET_ACCESS_KEY": made["secret_access_key"],
    }

    refused = places.there("user", "create", "ben", key=ana)
    as_data = places.there("user", "create", "ben", "--json", key=ana)

    assert refused.exit_code == as_data.exit_code == 1
    assert "AccessDenied" in refused.stderr
    decision = json.loads(as_data.stderr)["error"]["decision_id"]
    assert places.there("why", decision).exit_code == 0
    assert places.there("user", "show", "ben").exit_code == 2


def test_a_token_or_a_role_may_act(places: Places) -> None:
    """Whatever the environment proves who somebody is by; a role with its session token."""
    made = json.loads(places.there("token", "create", "nightly", "--json").stdout)
    by_token = places.there("whoami", "--json", key={"IAMKIT_TOKEN": made["secret"]})
    places.there("role", "create", "worker", TRUST)
    role = json.loads(places.there("role", "assume", "worker", "--json").stdout)
    temporary = {
        "IAMKIT_ACCESS_KEY_ID": role["access_key_id"],
        "IAMKIT_SECRET_ACCESS_KEY": role["secret_access_key"],
        "IAMKIT_SESSION_TOKEN": role["session_token"],
    }
    by_role = places.there("whoami", "--json", key=temporary)
    without = places.there("whoami", key={**temporary, "IAMKIT_SESSION_TOKEN": ""})

    assert json.loads(by_token.stdout)["name"] == "administrator"
    assert json.loads(by_role.stdout)["arn"] == role["arn"]
    assert without.exit_code == 1


def test_the_variable_names_it_too(places: Places) -> None:
    """`--dir` goes before it; both options together are a mistake."""
    key = {**places.key, "IAMKIT_ENDPOINT": places.url}

    assert json.loads(places.cli("whoami", "--json", env=key).stdout)["endpoint"] == places.url
    here = places.cli("whoami", "--json", "--dir", str(places.cli.directory), env=key)
    assert json.loads(here.stdout)["directory"] == str(places.cli.directory)
    both = places.there("whoami", "--dir", str(places.cli.directory))
    assert both.exit_code == 2
    assert "give one" in both.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("init",),
        ("db", "status"),
        ("config", "show"),
        ("serve",),
        ("plan", "folder"),
        ("apply", "folder"),
        ("root", "sign-in-url"),
        ("root", "recover"),
    ],
)
def test_what_needs_the_directory_says_so(places: Places, command: tuple[str, ...]) -> None:
    """Exit code 2, and where to run it."""
    told = places.there(*command)

    assert told.exit_code == 2, told.output
    assert "run it on the host" in told.stderr


def test_acting_as_somebody_is_for_the_host(places: Places) -> None:
    """Nobody becomes somebody else by naming them."""
    told = places.there("user", "list", "--as", "root")

    assert told.exit_code == 2
    assert "`--as` is for the host" in told.stderr


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://192.0.2.1:8750", "not encrypted"),
        ("http://localhost.example.org", "not encrypted"),
        ("http://127.0.0.1@192.0.2.1/", "must be like"),
        ("https://", "must be like"),
        ("ftp://127.0.0.1", "must be like"),
        ("https://host:port", "must be like"),
        ("https://host/?a=b", "must be like"),
        ("nonsense", "must be like"),
    ],
)
def test_an_address_that_is_none_or_in_the_clear_is_refused(places: Places, url: str, word: str) -> None:
    """Before anything is sent."""
    told = places.cli("user", "list", "--endpoint", url, env=places.key)

    assert told.exit_code == 2
    assert word in told.stderr


def test_nobody_there_is_said(places: Places) -> None:
    """Exit code 3, with what to look at; also where somebody else answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    nobody = places.cli("user", "list", "--endpoint", gone, env=places.key)
    below = places.cli("user", "list", "--endpoint", f"{places.url}/openapi.json/x", env=places.key)

    assert nobody.exit_code == 3
    assert "did not answer" in nobody.stderr
    assert "`iamkit serve`" in nobody.stderr
    # The API stands wherever it is mounted, so a longer path is it too.
    assert below.exit_code == 0


def test_a_key_of_elsewhere_is_told_so(places: Places) -> None:
    """And without any key, what to set."""
    strange = {"IAMKIT_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA", "IAMKIT_SECRET_ACCESS_KEY": "x" * 40}
    unknown = places.there("user", "list", key=strange)
    nothing = places.there("user", "list", key={})
    half = places.there("user", "list", key={"IAMKIT_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA"})

    assert unknown.exit_code == 1
    assert f"was tried at `{places.url}`" in unknown.stderr
    assert nothing.exit_code == half.exit_code == 2
    assert "set IAMKIT_ACCESS_KEY_ID" in nothing.stderr
    assert "set both or none" in half.stderr
