"""Takes credentials and permissions back while many processes use them, and counts who still gets in.

    python tests/proofs/revocation.py [--rounds 2000] [--processes 8] [--postgres] [--store URL]
        [--only KIND …] [--sabotage] [--list]

Each round there is a new user, role and session. The processes, each with the deployment opened for itself,
send one signed request after another through the gate, admission and decision, as fast as they can. In the
midst of it the revoking call is made; what was begun after that call returned must be refused, and each
process begins some more for certain. One that is accepted is told, and the script ends with 1.

With `--sabotage` the processes look at the epochs once and believe it: the script has to notice.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from iamkit.client.signer import Signer
from iamkit.credentials import access_keys, sessions, temporary, tokens
from iamkit.credentials.authentication import Authentication, CredentialKind, TemporaryKind
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import Wanted
from iamkit.epochs import Look
from iamkit.errors import AuthenticationError
from iamkit.http import Headers, HttpRequest
from iamkit.identity import inline, naming, roles, users
from iamkit.identity.principal import Principal
from iamkit.identity.quotas import Quotas
from iamkit.kit import IAM
from iamkit.management import access_keys as key_operations
from iamkit.management import inline as inline_operations
from iamkit.management import role_sessions, session_tokens
from iamkit.management import roles as role_operations
from iamkit.management import sessions as session_operations
from iamkit.management import tokens as token_operations
from iamkit.management import users as user_operations
from iamkit.management.desk import Desk
from iamkit.policy.model import PolicyKind
from iamkit.testing.servers import postgres_server

PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["iamkit.kit", "iamkit.sql.records", "iamkit.sql.store", "iamkit.client.signer"]
)
PATIENCE: Final = 120.0
URL: Final = "http://localhost/documents"
ACTION, RESOURCE = "doc:Get", "doc/1"
# How many requests each process begins after it was told that the call has returned.
AFTERWARDS: Final = 3
MAY: Final = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["doc:*","sts:*"],"Resource":"*"}}'
)
HOUR: Final = timedelta(hours=1)

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who there is in one round, and what a request of each credential carries."""

    user: str
    role: str
    key_id: str
    token_id: str
    session_id: str
    temporary_id: str
    sends: Mapping[str, Fields]


# Which credential is sent, and what takes it back.
Take = Callable[[Desk, Cast], object]


def _older(desk: Desk, cast: Cast) -> None:
    """AWS's own way: everything is denied to sessions that began before now."""
    before = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    desk.do(
        inline_operations.put_role_policy,
        role_name=cast.role,
        policy_name="AWSRevokeOlderSessions",
        policy_document=(
            '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",'
            f'"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{before}"}}}}}}}}'
        ),
    )


KINDS: Final[Mapping[str, tuple[str, Take]]] = {
    "session of a role": (
        "role",
        lambda desk, cast: desk.do(
            role_sessions.end_role_session, role_name=cast.role, session_id=cast.temporary_id
        ),
    ),
    "all before now": (
        "role",
        lambda desk, cast: desk.do(role_sessions.end_role_sessions, role_name=cast.role),
    ),
    "all before now, by a policy": ("role", _older),
    "role policy": (
        "role",
        lambda desk, cast: desk.do(
            inline_operations.delete_role_policy, role_name=cast.role, policy_name="may"
        ),
    ),
    "role": (
        "role",
        lambda desk, cast: (
            desk.do(inline_operations.delete_role_policy, role_name=cast.role, policy_name="may"),
            desk.do(role_operations.delete_role, role_name=cast.role),
        ),
    ),
    "user of a session": (
        "role",
        lambda desk, cast: desk.do(user_operations.disable_user, user_name=cast.user),
    ),
    "key of a session": (
        "role",
        lambda desk, cast: desk.do(
            key_operations.delete_access_key, user_name=cast.user, access_key_id=cast.key_id
        ),
    ),
    "key of a session token": (
        "self",
        lambda desk, cast: desk.do(
            key_operations.update_access_key,
            user_name=cast.user,
            access_key_id=cast.key_id,
            status="Inactive",
        ),
    ),
    "key": (
        "key",
        lambda desk, cast: desk.do(
            key_operations.update_access_key,
            user_name=cast.user,
            access_key_id=cast.key_id,
            status="Inactive",
        ),
    ),
    "user": (
        "key",
        lambda desk, cast: desk.do(user_operations.delete_user, user_name=cast.user, cascade=True),
    ),
    "user policy": (
        "key",
        lambda desk, cast: desk.do(
            inline_operations.delete_user_policy, user_name=cast.user, policy_name="may"
        ),
    ),
    "sign-in": (
        "session",
        lambda desk, cast: desk.do(
            session_operations.end_session, user_name=cast.user, session_id=cast.session_id
        ),
    ),
    "all sign-ins": (
        "session",
        lambda desk, cast: desk.do(session_operations.end_sessions, user_name=cast.user),
    ),
    "personal token": (
        "token",
        lambda desk, cast: desk.do(
            token_operations.delete_personal_token, user_name=cast.user, token_id=cast.token_id
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the deployment is, and whether what is kept of it is believed for ever."""

    folder: Path
    store: str | None
    sabotage: bool = False


@contextmanager
def opened(place: Place) -> Iterator[IAM]:
    """The deployment. Decisions that allow are not kept: there are too many."""
    with IAM(
        place.folder,
        store=place.store,
        password_cost=CHEAPEST,
        entry_points=False,
        quotas=Quotas(users=10**9, roles=10**9),
        allow_sampling=0.0,
    ) as iam:
        yield iam


# --- those who come ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Came:
    """What became of one process's requests: the last instant at which one was begun that was let in."""

    accepted: int
    refused: int
    last_accepted: float
    late: int


def come(place: Place, line: Connection) -> None:
    """Send what is said, until something else is said; then some more; and tell."""
    with opened(place) as iam:
        if place.sabotage:
            seen: dict[int, int] = {}
            now = Look.now
            setattr(Look, "now", lambda look: seen.setdefault(id(look), now(look)))  # noqa: B010  # on purpose
        while (fields := line.recv()) is not None:
            accepted = refused = late = 0
            last = 0.0
            line.send("ready" if _let_in(iam, fields) else "refused")
            while True:
                told = line.poll()
                for _ in range(AFTERWARDS if told else 1):
                    began = time.monotonic()
                    if _let_in(iam, fields):
                        accepted, last, late = accepted + 1, began, late + told
                    else:
                        refused += 1
                if told:
                    break
            line.recv()
            line.send(Came(accepted, refused, last, late))


def _let_in(iam: IAM, fields: Fields) -> bool:
    request = HttpRequest(
        "GET", "http", "localhost", "/documents", "/documents", "", Headers(fields), body=b""
    )
    try:
        who = iam.gate.admit(request)
    except AuthenticationError:
        return False
    if not isinstance(who, Principal):
        raise RuntimeError("the body was there")
    return iam.gate.authorize(who, ACTION, RESOURCE, request=request).allowed


# --- the rounds -------------------------------------------------------------------------------------------


def cast_of(iam: IAM, number: int) -> Cast:
    """A new user and role, with every credential that either can have."""
    account, house, now = iam.deployment().home_account, iam.house, iam.clock.now()
    with iam.store.write() as unit:
        user = users.create(unit, house, account=account, name=f"user{number}")
        inline.put(unit, house, user.holder, name="may", text=MAY)
        key = access_keys.create(unit, iam.keyring, iam.ids, account=account, user_id=user.user_id, now=now)
        token = tokens.create(unit, iam.ids, account=account, user_id=user.user_id, name="t", now=now)
        session = sessions.start(
            unit,
            iam.ids,
            account=account,
            user_id=user.user_id,
            kind=sessions.SessionKind.BEARER,
            factors=("password",),
            limits=sessions.MODERN,
            now=now,
        )
        trust = (
            '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
            f'"Principal":{{"AWS":"{user.arn}"}}}}}}'
        )
        role = roles.create(
            unit,
            house,
            account=account,
            name=f"role{number}",
            trust=naming.resolved(unit, house, trust, PolicyKind.TRUST),
        )
        inline.put(unit, house, role.holder, name="may", text=MAY)
        proof = Authentication(account, user.user_id, CredentialKind.ACCESS_KEY, key.key.key_id)
        wanted = Wanted(
            account=account, subject=role.role_id, kind=TemporaryKind.ROLE, life=HOUR, name="work"
        )
        made = temporary.issue(unit, iam.keyring, iam.ids, wanted, parent=proof, parent_arn=user.arn, now=now)
    own = iam.desk(iam.principals.resolve(proof)).do(session_tokens.get_session_token).credentials
    sends = {
        "key": signed(Signer(key.key.key_id, key.secret)),
        "role": signed(Signer(made.kept.key_id, made.secret, token=made.token)),
        "self": signed(Signer(own.access_key_id, own.secret_access_key, token=own.session_token)),
        "session": bearing(session.token),
        "token": bearing(token.token),
    }
    return Cast(
        user.name, role.name, key.key.key_id, token.kept.public_id, session.public_id, made.kept.key_id, sends
    )


def signed(signer: Signer) -> Fields:
    """The fields of a request that is signed now; it is good for five minutes."""
    return tuple(signer.sign("GET", URL, {}, b"", now=datetime.now(UTC)).items())


def bearing(token: Secret) -> Fields:
    """The fields of a request with a token."""
    return (("Host", "localhost"), ("Authorization", f"Bearer {token.reveal()}"))


@contextmanager
def everybody(place: Place, processes: int) -> Iterator[Sequence[Connection]]:
    """The processes, at the ends of their lines."""
    started = []
    for _ in range(processes):
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=come, args=(place, theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    try:
        yield [line for _, line in started]
    finally:
        for process, line in started:
            with suppress(OSError):
                line.send(None)
            process.join(10)
            process.kill()


def heard(lines: Sequence[Connection]) -> list[object]:
    """One answer of each. Raises RuntimeError when one does not answer."""
    found: dict[Connection, object] = {}
    until = time.monotonic() + PATIENCE
    while len(found) < len(lines):
        ready = wait([line for line in lines if line not in found], timeout=until - time.monotonic())
        if not ready:
            raise RuntimeError("a process does not answer")
        for line in ready:
            if isinstance(line, Connection):
                found[line] = line.recv()
    return [found[line] for line in lines]


def play(iam: IAM, kind: str, number: int, lines: Sequence[Connection], totals: Counter[str]) -> str | None:
    """One round; what was wrong with it."""
    credential, take = KINDS[kind]
    cast = cast_of(iam, number)
    for line in lines:
        line.send(cast.sends[credential])
    if set(heard(lines)) != {"ready"}:
        raise RuntimeError(f"{kind}: refused before anything was taken back")
    take(iam.desk(iam.operator()), cast)
    returned = time.monotonic()
    for line in lines:
        line.send("returned")
    came = [item for item in heard(lines) if isinstance(item, Came)]
    totals["accepted before"] += sum(item.accepted - item.late for item in came)
    totals["refused after"] += sum(item.refused for item in came)
    late = [item for item in came if item.late or item.last_accepted > returned]
    totals["accepted after"] += len(late)
    return f"{kind}, round {number}: {len(late)} processes were let in afterwards" if late else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the rounds and say what was found. 1 if anybody was let in after the call had returned."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--store", help="the URL of an empty store; default: one of the database's own")
    parser.add_argument("--only", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument(
        "--sabotage", action="store_true", help="believe the first look: it has to be noticed"
    )
    parser.add_argument("--list", action="store_true", help="say which kinds there are")
    options = parser.parse_args(arguments)
    if options.list:
        sys.stdout.write("\n".join(KINDS) + "\n")
        return 0
    totals: Counter[str] = Counter()
    wrong: dict[str, list[str]] = {kind: [] for kind in options.only}
    began = time.monotonic()
    with ExitStack() as started:
        base = Path(started.enter_context(tempfile.TemporaryDirectory()))
        store = options.store
        if store is None and options.postgres:
            store = started.enter_context(postgres_server())
        place = Place(base / "data", store, options.sabotage)
        iam = started.enter_context(opened(Place(place.folder, store)))
        iam.initialize()
        lines = started.enter_context(everybody(place, options.processes))
        for number in range(options.rounds):
            kind = options.only[number % len(options.only)]
            fault = play(iam, kind, number, lines, totals)
            if fault is not None:
                wrong[kind].append(fault)
    for found in wrong.values():
        for line in found[:3]:
            sys.stdout.write(f"  {line}\n")
    noticed = sum(bool(found) for found in wrong.values())
    sys.stdout.write(
        f"{options.rounds} rounds of {len(options.only)} kinds, {options.processes} processes on"
        f" {'PostgreSQL' if options.postgres else 'SQLite'}, {time.monotonic() - began:.0f} s:"
        f" {totals['accepted before']} requests accepted before, {totals['refused after']} refused,"
        f" {totals['accepted after']} accepted after the call had returned\n"
    )
    if options.sabotage:
        sys.stdout.write(
            f"with the first look believed, {noticed} of {len(options.only)} kinds were noticed\n"
        )
    return 1 if noticed else 0


if __name__ == "__main__":
    sys.exit(main())
