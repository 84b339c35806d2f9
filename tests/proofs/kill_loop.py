"""Kills managing processes again and again: no acknowledged change is lost, none is without its audit event.

    python tests/proofs/kill_loop.py [--rounds 100] [--writers 2] [--postgres | --store URL]

Each round starts processes that do management operations as an operator would, each saying what it did after
the operation returned; all are killed with SIGKILL at a random moment. Then the store is read:

- what a process said, in its order, is what the audit log has of it, but for one last change at most;
- the audit log played from its beginning gives exactly the users, policies, keys, tags and members that are
  there: so each change has its event and each event its change.

(A kill leaves the page cache alone: that commits reach the disk is `fsync.py`.)
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from iamkit.audit.event import Event
from iamkit.credentials.access_keys import AccessKey
from iamkit.identity.documents import text_of
from iamkit.identity.groups import Membership
from iamkit.identity.inline import InlinePolicy
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import access_keys, groups, inline, tags, users
from iamkit.testing.servers import postgres_server

GROUP: Final = "everybody"
DOCUMENT: Final = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "docs:Get", "Resource": "*"}}'
)


# --- the process that is killed -------------------------------------------------------------------------


def manage_forever(folder: Path, store: str | None, writer: str, told: Connection) -> None:
    """Do one operation after another, and say each when it has returned."""
    iam = IAM(folder, store=store, entry_points=False)
    desk = iam.desk(iam.operator())
    for number in itertools.count():
        name = f"{writer}-{number}"

        def say(operation: str, name: str = name) -> None:
            told.send_bytes(f"{operation} {name}".encode())

        desk.do(users.create_user, user_name=name)
        say("CreateUser")
        desk.do(inline.put_user_policy, user_name=name, policy_name="own", policy_document=DOCUMENT)
        say("PutUserPolicy")
        key_id = desk.do(access_keys.create_access_key, user_name=name).key.key_id
        say("CreateAccessKey")
        desk.do(groups.add_user_to_group, group_name=GROUP, user_name=name)
        say("AddUserToGroup")
        desk.do(tags.tag_user, user_name=name, tags={"number": str(number)})
        say("TagUser")
        desk.do(access_keys.update_access_key, user_name=name, access_key_id=key_id, status="Inactive")
        say("UpdateAccessKey")
        if number % 2:
            desk.do(access_keys.delete_access_key, user_name=name, access_key_id=key_id)
            say("DeleteAccessKey")
            desk.do(inline.delete_user_policy, user_name=name, policy_name="own")
            say("DeleteUserPolicy")
        if number % 4 == 3:
            desk.do(users.delete_user, user_name=name, cascade=True)
            say("DeleteUser")


# --- what is there, and what the audit log says is there ------------------------------------------------


@dataclass
class Person:
    """What is known of one user."""

    policies: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)


def people_there(iam: IAM) -> dict[str, Person]:
    """The users that were made by the killed processes, as the store has them."""
    found: dict[str, Person] = {}
    names: dict[str, str] = {}
    with iam.store.read() as reader:
        for user in reader.find(User):
            if "-" in user.name:
                names[user.user_id] = user.name
                found[user.name] = Person(tags=dict(user.tags))
        for policy in reader.find(InlinePolicy):
            if policy.holder_id in names:
                found[names[policy.holder_id]].policies[policy.name] = text_of(reader, policy.digest)
        for key in reader.find(AccessKey):
            if key.user_id in names:
                found[names[key.user_id]].keys[key.key_id] = key.status
        for member in reader.find(Membership):
            if member.user_id in names:
                found[names[member.user_id]].groups.add(GROUP)
    return found


def people_told(events: list[Event]) -> dict[str, Person]:
    """The users that there must be if exactly these events happened."""
    told: dict[str, Person] = {}
    for event in events:
        data = event.as_data()
        asked: Mapping[str, str] = data["requestParameters"]  # type: ignore[assignment]  # JSON of our own
        name = asked["userName"]
        if event.event_name == "CreateUser":
            if name in told:
                raise RuntimeError(f"`{name}` was made twice")
            told[name] = Person()
            continue
        person = told[name]
        match event.event_name:
            case "PutUserPolicy":
                person.policies[asked["policyName"]] = asked["policyDocument"]
            case "DeleteUserPolicy":
                del person.policies[asked["policyName"]]
            case "CreateAccessKey":
                answered: Mapping[str, str] = data["responseElements"]  # type: ignore[assignment]  # as above
                person.keys[answered["keyId"]] = "Active"
            case "UpdateAccessKey":
                person.keys[asked["accessKeyId"]] = asked["status"]
            case "DeleteAccessKey":
                del person.keys[asked["accessKeyId"]]
            case "AddUserToGroup":
                person.groups.add(asked["groupName"])
            case "TagUser":
                person.tags.update(asked["tags"])  # type: ignore[arg-type]  # an object in JSON
            case "DeleteUser":
                del told[name]
            case other:
                raise RuntimeError(f"nobody did `{other}`")
    return told


def events_of_people(iam: IAM) -> list[Event]:
    """The events of what the killed processes did, in order."""
    with iam.store.read() as reader:
        events = reader.find(Event, order="event_time")
    chosen = []
    for event in events:
        asked = event.as_data()["requestParameters"]
        if isinstance(asked, dict) and "-" in str(asked.get("userName", "")):
            if event.error_code:
                raise RuntimeError(f"{event.event_name} failed: {event.body}")
            chosen.append(event)
    return chosen


def check(iam: IAM, said: Mapping[str, list[str]]) -> tuple[int, int]:
    """How many changes there are, and how many of this round came unsaid. Raises RuntimeError for a fault."""
    events = events_of_people(iam)
    unsaid = 0
    for writer, lines in said.items():
        kept = [
            f"{event.event_name} {event.as_data()['requestParameters']['userName']}"  # type: ignore[index]
            for event in events
            if f'"userName": "{writer}-' in event.body
        ]
        if kept[: len(lines)] != lines or len(kept) > len(lines) + 1:
            raise RuntimeError(f"{writer} said {lines[-3:]}, the audit log ends with {kept[-3:]}")
        unsaid += len(kept) - len(lines)
    there, told = people_there(iam), people_told(events)
    for name in there.keys() | told.keys():
        if there.get(name) != told.get(name):
            raise RuntimeError(f"{name}: there is {there.get(name)}, the audit log makes it {told.get(name)}")
    return len(events), unsaid


# --- the rounds -----------------------------------------------------------------------------------------


# Processes are forked from one that has imported all this and opened nothing.
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["iamkit.kit", "iamkit.sql.records", "iamkit.sql.store"])


def killed_round(folder: Path, store: str | None, number: int, writers: int) -> dict[str, list[str]]:
    """Processes, killed; what each said."""
    luck = random.Random()
    started = {}
    for name in (f"r{number}w{writer}" for writer in range(writers)):
        hears, told = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=manage_forever, args=(folder, store, name, told), daemon=True)
        process.start()
        told.close()
        started[name] = (process, hears)
    said: dict[str, list[str]] = {name: [] for name in started}
    # As many acknowledgements as luck has it, then a moment more: anywhere in the operation that follows.
    name, (_, hears) = next(iter(started.items()))
    said[name] += [hears.recv_bytes().decode() for _ in range(luck.randint(1, 40))]
    time.sleep(luck.random() * 0.02)
    for process, _ in started.values():
        process.kill()
    for name, (process, hears) in started.items():
        said[name] += whatever_is_left(hears)
        process.join()
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"the process {name} ended by itself")
    return said


def whatever_is_left(hears: Connection) -> list[str]:
    """What a process that is gone had said. A word that it did not finish was never heard."""
    words = []
    try:
        while True:
            words.append(hears.recv_bytes().decode())
    except (EOFError, OSError):
        return words


def play(folder: Path, store: str | None, rounds: int, writers: int) -> str:
    """All rounds; what was found, in a line. Raises RuntimeError for a change that is lost or alone."""
    with IAM(folder, store=store, entry_points=False) as iam:
        iam.initialize()
        iam.desk(iam.operator()).do(groups.create_group, group_name=GROUP)
    changes = unsaid = acknowledged = 0
    kinds: Counter[str] = Counter()
    for number in range(rounds):
        said = killed_round(folder, store, number, writers)
        acknowledged += sum(map(len, said.values()))
        kinds.update(line.split()[0] for lines in said.values() for line in lines[-1:])
        # Opened anew each time, as after a crash.
        with IAM(folder, store=store, entry_points=False) as iam:
            changes, more = check(iam, said)
            unsaid += more
    return (
        f"{rounds * writers} processes killed in {rounds} rounds:"
        f" {acknowledged} changes acknowledged, none lost;"
        f" {changes} changes and {changes} events, none alone; {unsaid} came unsaid;"
        f" last said before a kill: {json.dumps(dict(sorted(kinds.items())))}"
    )


def main() -> None:
    """Run the rounds and say what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--store", help="the URL of an empty store; default: SQLite in the folder")
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL and use that")
    parser.add_argument("--folder", type=Path, help="an empty folder; default: a temporary one")
    options = parser.parse_args()
    with ExitStack() as started:
        folder = options.folder or Path(started.enter_context(tempfile.TemporaryDirectory())) / "data"
        store = started.enter_context(postgres_server()) if options.postgres else options.store
        print(play(folder, store, options.rounds, options.writers))


if __name__ == "__main__":
    main()
