"""`iamkit user import`: users of other software sign in with the passwords they had."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import argon2
import bcrypt
import pytest

from iamkit.audit.event import Event
from iamkit.credentials.hashing import FOREIGN
from iamkit.credentials.passwords import PasswordRecord
from iamkit.errors import InvalidCredentials
from iamkit.identity.users import User
from iamkit.kit import IAM

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

PASSWORD = "otters7"
RAW = PASSWORD.encode()
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
DJANGO = "pbkdf2_sha256$1000$salt$" + b64encode(hashlib.pbkdf2_hmac("sha256", RAW, b"salt", 1000)).decode()
SALT = "the app's own salt, 146585145368132386173505678016728509634"


def database(name: str, create: str, rows: list[tuple[object, ...]]) -> str:
    with sqlite3.connect(name) as connection:
        connection.execute(create)
        marks = ", ".join("?" * len(rows[0]))
        table = create.split()[2]
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    connection.close()
    return name


@pytest.fixture
def django(cli: Cli) -> str:
    """Django's table: somebody active, one who left, one without a password, and two that cannot be."""
    return database(
        "django.sqlite3",
        "CREATE TABLE auth_user (id INTEGER, username TEXT, email TEXT, password TEXT, is_active BOOL)",
        [
            (1, "dora", "dora@example.org", DJANGO, True),
            (2, "emil", "", DJANGO, False),
            (3, "fay", "", "!unusable", True),
            (4, "gus grey", "", DJANGO, True),
            (5, "hal", "", "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", True),
            (6, "ivy", "", "pbkdf2_sha256$99999999$salt$" + b64encode(b"x" * 32).decode(), True),
            (7, "Dora", "", DJANGO, True),
        ],
    )


def signs_in(cli: Cli, name: str, password: str = PASSWORD) -> bool:
    with IAM(cli.directory) as iam:
        try:
            iam.sign_in(name, password)
        except InvalidCredentials:
            return False
        return True


def kept(cli: Cli, name: str) -> PasswordRecord | None:
    with IAM(cli.directory) as iam, iam.store.read() as reader:
        (user,) = [item for item in reader.find(User) if item.name == name]
        return reader.get(PasswordRecord, (user.user_id,))


def test_django_users_sign_in_and_their_hashes_are_replaced(cli: Cli, django: str) -> None:
    """With the old password, before and after the upgrade; a disabled one does not; refusals say why."""
    done = cli("user", "import", "--from", "django", django)

    assert done.exit_code == 1
    assert "3 imported, 0 there already, 4 refused" in done.stdout
    for words in (
        "`gus grey`: user name",
        "`hal`: one round of a plain digest",
        "`ivy`: PBKDF2",
        "another user",
    ):
        assert words in done.stderr
    assert PASSWORD not in done.output
    assert "pbkdf2_sha256$" not in done.output
    name = "Dora"
    before = kept(cli, name)
    assert before is not None
    assert before.profile == FOREIGN
    assert not signs_in(cli, name, "otters8")
    assert signs_in(cli, name)
    after = kept(cli, name)
    assert after is not None
    assert after.hash.startswith("$argon2id$")
    assert after.pepper_key_id
    assert signs_in(cli, name)
    assert not signs_in(cli, "emil")
    assert kept(cli, "fay") is None


def test_a_second_run_changes_nothing(cli: Cli, django: str) -> None:
    """Not even the password of somebody who has chosen another since."""
    cli("user", "import", "--from", "django", django)
    cli.ok("user", "password", "dora", "--stdin", input="a quiet harbour at dawn")
    before = cli.state()

    again = cli("user", "import", "--from", "django", django)

    assert "0 imported, 3 there already, 4 refused" in again.stdout
    assert cli.state() == before
    assert signs_in(cli, "dora", "a quiet harbour at dawn")


def test_a_dry_run_only_says(cli: Cli, django: str) -> None:
    """The same figures, and nothing kept; as data too."""
    before = cli.state()

    done = cli("user", "import", "--from", "django", django, "--dry-run", "--json")

    told = json.loads(done.stdout)
    assert (told["imported"], told["present"], len(told["refused"])) == (3, 0, 4)
    assert cli.state() == before


def test_a_user_who_is_there_already_gets_nobodys_password(cli: Cli) -> None:
    """An administrator's name in a file of somebody else's is no way in."""
    Path("htpasswd").write_text(f"administrator:{bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode()}\n")

    told = cli.ok("user", "import", "--from", "htpasswd", "htpasswd")

    assert "0 imported, 1 there already" in told
    assert not signs_in(cli, "administrator")
    assert kept(cli, "administrator") is None


def test_htpasswd(cli: Cli) -> None:
    """bcrypt is taken, apr1 and SHA-1 are refused by name; without their hashes they come if asked for."""
    crypted = bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode().replace("$2b", "$2y")
    weak = ("lea:$apr1$salt$qZ8QrPR2nZ6M4lLVk0W7o/", "max:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")
    Path("htpasswd").write_text("\n".join(("# people", "", f"kim:{crypted}", *weak)))

    done = cli("user", "import", "--from", "htpasswd", "htpasswd", "--path", "/staff/")
    bare = cli("user", "import", "--from", "htpasswd", "htpasswd", "--without-refused-hashes")

    assert "1 imported" in done.stdout
    assert "`lea`: apr1" in done.stderr
    assert "`max`: unsalted SHA-1" in done.stderr
    assert signs_in(cli, "kim")
    assert cli.data("user", "show", "kim")["path"] == "/staff/"
    assert "2 imported, 1 there already, 2 refused" in bare.stdout
    assert "imported without a password: apr1" in bare.stderr


def test_flask_security_with_its_salt(cli: Cli) -> None:
    """Passwords were mixed with the app's salt before they were hashed; the salt is kept sealed."""
    mixed = b64encode(hmac.digest(SALT.encode(), RAW, "sha512"))
    source = database(
        "fs.db",
        'CREATE TABLE "user" (id INTEGER, email TEXT, password TEXT, active BOOL, confirmed_at TEXT)',
        [(1, "nia@example.org", CHEAP.hash(mixed), True, "2025-01-01")],
    )

    told = cli.ok("user", "import", "--from", "flask-security", source, "--hash-key-stdin", input=SALT)

    assert "1 imported" in told
    assert signs_in(cli, "nia@example.org")
    with IAM(cli.directory) as iam:
        with iam.store.read() as reader:
            assert SALT[:20] not in repr([reader.find(Event), reader.find(PasswordRecord)])
        # The pepper of new hashes is not the salt that came in.
        iam.desk(iam.operator())
        found = kept(cli, "nia@example.org")
        assert found is not None
        assert found.profile != FOREIGN


def test_fastapi_users(cli: Cli) -> None:
    """By e-mail, with whether it was verified."""
    source = database(
        "fu.db",
        'CREATE TABLE "user" (id TEXT, email TEXT, hashed_password TEXT, is_active BOOL, is_verified BOOL)',
        [("u1", "ole@example.org", CHEAP.hash(PASSWORD), True, True)],
    )

    cli.ok("user", "import", "--from", "fastapi-users", source)

    assert signs_in(cli, "ole@example.org")
    with IAM(cli.directory) as iam, iam.store.read() as reader:
        (ole,) = reader.find(User, {"account": "123456789012", "email": "ole@example.org"})
        assert ole.email_verified_at is not None


def test_a_batch_is_one_event_and_holds_no_hash(cli: Cli, django: str) -> None:
    """Whoever may not make users may not import any, and nothing of the batch stays."""
    cli("user", "import", "--from", "django", django)
    with IAM(cli.directory) as iam, iam.store.read() as reader:
        events = [event for event in reader.find(Event) if "ImportUsers" in repr(event)]
    assert len(events) == 1
    assert DJANGO not in repr(events)
    assert "Dora" in repr(events)

    Path("htpasswd").write_text(f"pia:{bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode()}\n")
    cli.ok(
        "user",
        "put-policy",
        "ana",
        "import",
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*",'
        ' "Action": "iamkit:ImportUsers"}}',
    )
    before = cli.state()
    denied = cli("user", "import", "--from", "htpasswd", "htpasswd", env=cli.key_of("ana"))
    assert denied.exit_code == 1
    assert "iam:CreateUser" in denied.stderr
    assert "User" in before
    assert not signs_in(cli, "pia")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("django", "nothing.db"), "no such database file"),
        (("django", "postgresql+nothing://ana:secret@host/db"), "cannot be read"),
        (("htpasswd", "nothing"), "cannot be read"),
        (("django", "django.sqlite3", "--table", "nothing"), "cannot be read"),
        (("django", "django.sqlite3", "--name", "nothing"), "no column `nothing`"),
        (("fastapi-users", "django.sqlite3", "--table", "auth_user"), "no column `hashed_password`"),
        (("django", "django.sqlite3", "--hash-key-stdin"), "flask-security"),
    ],
)
@pytest.mark.usefixtures("django")
def test_a_source_that_is_none_is_bad_input(cli: Cli, args: tuple[str, ...], words: str) -> None:
    """Exit code 2, nothing changed, and no secret of a URL is told."""
    before = cli.state()

    done = cli("user", "import", "--from", *args, input="x")

    assert done.exit_code == 2
    assert words in done.stderr
    assert "secret" not in done.output
    assert cli.state() == before
