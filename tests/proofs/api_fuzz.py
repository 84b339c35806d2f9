"""Sends the management API what nobody would think of, as many callers, and looks at what became of it.

    python tests/proofs/api_fuzz.py [--rounds 20000] [--seed 1]

A round is one request: one of the callers (an administrator, users with policies made at random, a user who
may do nothing, a session of a role, a personal session), one of the operations, parameters made at random
from what is there and from what is not, as a form that is signed or as JSON. Afterwards

    no answer is 5xx;
    what was refused changed nothing;
    what was changed has one event of that operation, with the answer's request id;
    what was answered has its event too, and a denial has one that says so;
    who may do nothing changed nothing but credentials of its own.

Exit code 0 if every round kept to that.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamkit.api.app import ManagementAPI
from iamkit.api.bound import Bindings
from iamkit.api.model import Models, OperationModel, Shape
from iamkit.audit.event import Event
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import NoSuchEntity
from iamkit.identity.quotas import Quotas
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    assume_role,
    groups,
    inline,
    login_profiles,
    password_policy,
    policies,
    roles,
    users,
)
from iamkit.sql.records import declared
from iamkit.storage import record_type

ACCOUNT: Final = "111122223333"
URL: Final = "http://api.test/"
PASSWORD: Final = "a quiet harbour at dawn"
# What a request may leave behind without anything having been changed.
TRACES: Final = (
    "audit_event",
    "decision",
    "policy_document",
    "attempts",
    "source_attempts",
    "queued_message",
    "last_access",
    "epoch",
)
# Stamps of use, which are written in the background.
STAMPS: Final = ("last_used_at", "last_used_service", "last_used_region", "touched_at", "counts", "seen_at")
# What anybody may do, and what that leaves behind.
# Open to whoever signs; the last two to every user, once somebody let users change their own passwords.
FREE: Final = frozenset(
    {"GetCallerIdentity", "GetAccessKeyInfo", "GetSessionToken", "ChangePassword", "GetAccountPasswordPolicy"}
)
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
    }
)
TEXTS: Final = (
    "", " ", "*", "nobody", "a" * 200, "ä", "x\ty", "<&>'\"", "../..", "%2F", "\u2028", "\U0001f511",
    "-1", "true", "null", "{}", "[]", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::999988887777:role/r",
)  # fmt: skip


@dataclass
class Figures:
    """What was sent, what came, and what should not have."""

    answers: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.answers.total()} requests, {self.answers[200]} done by {len(self.done)} operations,"
            f" {self.changes} changes, {self.codes['AccessDenied']} denials, {len(self.codes)} codes:"
            f" {len(self.faults)} faults"
        )


@dataclass(frozen=True)
class Caller:
    """Who sends a request: a key, perhaps with its session token, or a bearer token."""

    name: str
    key: tuple[str, ...] = ()
    bearer: str = ""


class Fuzz:
    """One deployment that is written to at random."""

    def __init__(self, iam: IAM, seed: int) -> None:
        self.iam = iam
        self.dice = random.Random(seed)
        self.figures = Figures()
        models = Models.load()
        self.operations = [bound.model for bound in Bindings.of(models)]
        self.versions = {name: model.version for name, model in models.services.items()}
        self.client = httpx2.Client(transport=httpx2.WSGITransport(app=ManagementAPI(iam).wsgi))
        self.owner = iam.desk(iam.operator())
        self.made = 0
        self.callers: list[Caller] = []
        self.pool: dict[str, list[str]] = {}

    # --- the stage ---------------------------------------------------------------------------------------

    def furnish(self) -> None:
        """Something of everything, and new callers. What is there already stays."""
        self.made += 1
        mark = str(self.made)
        do = self.owner.do
        names = [f"user-{mark}-{number}" for number in range(4)]
        for name in names:
            do(users.create_user, user_name=name, tags={"team": "red"})
        do(groups.create_group, group_name=f"group-{mark}")
        do(groups.add_user_to_group, group_name=f"group-{mark}", user_name=names[0])
        role = do(roles.create_role, role_name=f"role-{mark}", assume_role_policy_document=TRUST)
        policy = do(policies.create_policy, policy_name=f"policy-{mark}", policy_document=self.document())
        for name in names[:2]:
            do(inline.put_user_policy, user_name=name, policy_name="some", policy_document=self.document())
        do(inline.put_role_policy, role_name=role.name, policy_name="some", policy_document=self.document())
        everything = json.dumps(_statement("Allow", ["iam:*", "sts:*"], ["*"]))
        do(inline.put_user_policy, user_name=names[2], policy_name="all", policy_document=everything)
        do(login_profiles.create_login_profile, user_name=names[2], password=Secret(PASSWORD))
        keys = {name: do(access_keys.create_access_key, user_name=name) for name in names}
        bearer = self.iam.sign_in(names[2], PASSWORD, kind=SessionKind.BEARER).token.reveal()
        self.callers = [Caller(name, (keys[name].key.key_id, keys[name].secret.reveal())) for name in names]
        self.callers[3] = dataclasses.replace(self.callers[3], name="nobody")
        self.callers.append(Caller("bearer", bearer=bearer))
        session = (
            self.iam.desk(self.iam.find_principal(names[2]))
            .do(assume_role.assume_role, role_arn=role.arn, role_session_name="fuzz")
            .credentials
        )
        self.callers.append(
            Caller(
                "session",
                (session.access_key_id, session.secret_access_key.reveal(), session.session_token.reveal()),
            )
        )
        self.pool = {
            # Not the one who may do nothing, to whom the others would give something.
            "UserName": [*names[:3], "nobody"],
            "GroupName": [f"group-{mark}", "nobody"],
            "RoleName": [role.name, "nobody"],
            "PolicyName": ["some", f"policy-{mark}"],
            "PolicyArn": [policy.arn, "arn:aws:iam::aws:policy/AdministratorAccess"],
            "PermissionsBoundary": [policy.arn],
            "RoleArn": [role.arn],
            "AccessKeyId": [keys[name].key.key_id for name in names[:2]],
            "Arn": [policy.arn, role.arn],
            "PolicySourceArn": [role.arn, f"arn:aws:iam::{ACCOUNT}:user/{names[0]}"],
            "VersionId": ["v1", "v2"],
            "Password": [PASSWORD],
            "OldPassword": [PASSWORD],
            "NewPassword": ["another quiet harbour"],
            "Path": ["/", "/app/"],
            "PathPrefix": ["/", "/app/"],
            "ActionName": ["iam:GetUser", "docs:Get"],
            "ResourceArn": ["*", policy.arn],
            "InstanceProfileName": ["profile", "made"],
            "OpenIDConnectProviderArn": [f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.org"],
            "Url": ["https://idp.example.org"],
            "SerialNumber": [f"arn:aws:iam::{ACCOUNT}:mfa/device"],
            "VirtualMFADeviceName": ["device"],
            "Key": ["team", "cost"],
            "TagKey": ["team"],
            "TokenCode": ["123456"],
            "AuthenticationCode1": ["123456"],
            "AuthenticationCode2": ["654321"],
            "ServiceName": ["docs"],
            "ServiceNamespace": ["iam"],
            "AccountAlias": ["acme", "acme-two"],
            "RoleSessionName": ["fuzz"],
            "AWSServiceName": ["es.amazonaws.com"],
        }

    def document(self) -> str:
        """A policy of one or two statements on actions of `iam`."""
        dice = self.dice
        statements = []
        for _ in range(dice.randint(1, 2)):
            actions = [f"iam:{dice.choice(self.operations).name[: dice.randint(3, 30)]}*" for _ in range(6)]
            resources = dice.choice(
                (["*"], [f"arn:aws:iam::{ACCOUNT}:user/*"], [f"arn:aws:iam::{ACCOUNT}:role/*"])
            )
            statements.append(
                {"Effect": dice.choice(("Allow", "Deny")), "Action": actions, "Resource": resources}
            )
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    # --- a round -----------------------------------------------------------------------------------------

    def round(self) -> None:
        """Send one request and look at what became of it."""
        dice = self.dice
        caller, operation = dice.choice(self.callers), dice.choice(self.operations)
        given = self.structure(operation.input)
        before = self.state()
        as_json = dice.random() < 0.3 or bool(caller.bearer)
        answer = self.send(caller, operation, given, as_json=as_json)
        after = self.state()
        self.judge(caller, operation, given, answer, before, after)

    def send(
        self, caller: Caller, operation: OperationModel, given: dict[str, Any], *, as_json: bool
    ) -> httpx2.Response:
        url, kind = URL, "application/x-www-form-urlencoded"
        if as_json:
            url, kind = f"{URL}{operation.service}/{operation.name}", "application/json"
            body = json.dumps(given).encode()
        else:
            form = {"Action": operation.name, "Version": self.versions[operation.service]}
            body = urlencode({**form, **dict(_flat("", given))}).encode()
        headers = {"content-type": kind}
        if caller.bearer:
            headers["authorization"] = f"Bearer {caller.bearer}"
        else:
            request = AWSRequest(method="POST", url=url, data=body, headers=headers)
            SigV4Auth(Credentials(*caller.key), operation.service, "us-east-1").add_auth(request)
            headers = dict(request.headers)
        return self.client.post(url, content=body, headers=headers)

    def judge(
        self,
        caller: Caller,
        operation: OperationModel,
        given: dict[str, Any],
        answer: httpx2.Response,
        before: dict[str, list[str]],
        after: dict[str, list[str]],
    ) -> None:
        figures = self.figures
        changed = sorted(kind for kind in after if after[kind] != before[kind])
        events = self.events(answer.headers.get("x-amzn-requestid", ""))
        code = _code(answer)
        figures.answers[answer.status_code] += 1
        figures.codes[code] += 1
        wrong = []
        if answer.status_code >= 500:
            wrong.append("5xx")
        if answer.status_code != 200 and changed:
            wrong.append(f"refused, and changed {changed}")
        if answer.status_code == 200:
            figures.done[operation.name] += 1
            figures.changes += bool(changed)
            if [(event.event_name, event.error_code) for event in events] != [(operation.name, None)]:
                wrong.append(f"done, with the events {[event.event_name for event in events]}")
            if changed and events and events[0].read_only and operation.name not in FREE:
                wrong.append(f"a reading changed {changed}")
            if caller.name == "nobody" and operation.name not in FREE:
                wrong.append("done by nobody")
        elif (
            code == "AccessDenied"
            and "x-iamkit-decision" in answer.headers
            and answer.headers["content-type"] == "text/xml"
            and [event.error_code for event in events] != ["AccessDenied"]
        ):
            wrong.append("denied without an event")
        if wrong:
            figures.faults.append(
                f"{caller.name} {operation.action} {given} → {answer.status_code} {code}: {'; '.join(wrong)}"
            )

    # --- parameters --------------------------------------------------------------------------------------

    def structure(self, shape: Shape) -> dict[str, Any]:
        made = {}
        for name, member in shape.members.items():
            if name in shape.required or self.dice.random() < 0.2:
                made[name] = self.value(name, member)
        return made

    def value(self, name: str, shape: Shape) -> Any:
        dice = self.dice
        match shape.kind:
            case "structure":
                return self.structure(shape)
            case "list":
                return [self.value(name.removesuffix("s"), shape.inside) for _ in range(dice.randint(0, 2))]
            case "map":
                return {dice.choice(TEXTS): self.value(name, shape.inside)}
            case "integer":
                usual = (shape.least or 2, shape.most or 3, 3600)
                return dice.choice((0, -1, 10**9)) if dice.random() < 0.2 else dice.choice(usual)
            case "boolean":
                return dice.random() < 0.5
        return self.text(name, shape)

    def text(self, name: str, shape: Shape) -> str:
        dice, luck = self.dice, self.dice.random()
        if luck < 0.04:
            return dice.choice(TEXTS)
        if shape.choices and luck < 0.95:
            return dice.choice(shape.choices)
        if "Document" in name or name in ("Policy", "PolicyInputList"):
            return dice.choice((self.document(), TRUST, TRUST, '{"Version":"2012-10-17"}'))
        if name.startswith("New") and luck < 0.7 and "Password" not in name:
            return f"new-{dice.randrange(1000)}"
        if name in self.pool and luck < 0.9:
            return dice.choice(self.pool[name])
        return dice.choice(("team", "red", f"made-{dice.randrange(1000)}", "docs:Get", "123456"))

    # --- what is there -----------------------------------------------------------------------------------

    def state(self) -> dict[str, list[str]]:
        """Every record but traces, without stamps of use."""
        with self.iam.store.read() as reader:
            return {
                record_type(kind).name: sorted(_shown(item) for item in reader.find(kind))
                for kind in declared()
                if not record_type(kind).name.startswith(TRACES)
            }

    def events(self, request_id: str) -> list[Event]:
        with self.iam.store.read() as reader:
            newest = reader.find(Event, {}, order="event_time", newest_first=True, limit=4)
        return [event for event in newest if event.as_data()["requestID"] == request_id]


def _shown(item: Any) -> str:
    return repr([getattr(item, part.name) for part in dataclasses.fields(item) if part.name not in STAMPS])


def _statement(effect: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": effect, "Action": actions, "Resource": resources},
    }


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _flat(f"{prefix}.{key}".lstrip("."), item)]
    if isinstance(value, list):
        if not value:
            return [(prefix, "")]
        return [
            pair for number, item in enumerate(value, 1) for pair in _flat(f"{prefix}.member.{number}", item)
        ]
    return [(prefix, str(value).lower() if isinstance(value, bool) else str(value))]


def _code(answer: httpx2.Response) -> str:
    if answer.status_code == 200:
        return "done"
    if answer.headers["content-type"] == "text/xml":
        return answer.text.split("<Code>")[1].split("<")[0]
    return str(answer.json()["type"].rpartition(":")[2])


def run(rounds: int, seed: int, directory: Path) -> Figures:
    """Do the rounds on a new deployment; callers are renewed every 250, as many lose their credentials."""
    quotas = Quotas(users=10**6, roles=10**6, groups=10**6, managed_policies=10**6)
    with IAM(directory, entry_points=False, password_cost=CHEAPEST, development=True, quotas=quotas) as iam:
        iam.initialize(account_id=ACCOUNT)
        fuzz = Fuzz(iam, seed)
        for number in range(rounds):
            if number % 250 == 0:
                _clear(iam)
                fuzz.furnish()
            fuzz.round()
        fuzz.client.close()
        return fuzz.figures


def _clear(iam: IAM) -> None:
    """Users that are left over go, so that a look at everything stays quick."""
    desk = iam.desk(iam.operator())
    with contextlib.suppress(NoSuchEntity):
        desk.do(password_policy.delete_account_password_policy)
    for user in desk.do(users.list_users).items:
        if user.name.startswith(("user-", "made-", "new-")):
            desk.do(users.delete_user, user_name=user.name, cascade=True)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="iamkit-fuzz-") as folder:
        figures = run(asked.rounds, asked.seed, Path(folder) / "data")
    for fault in figures.faults[:20]:
        print(fault)
    print(f"codes: {dict(figures.codes.most_common())}")
    print(f"seed {asked.seed}: {figures}")
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
