"""The workload of the policy benchmark: one store of N statements, 1,000 requests, and who may do what.

Deterministic: the same N and shape give the same store. Half of the requests are allowed, by an oracle that
shares no code with any engine: it reads the JSON documents anew and tests every statement.
"""

from __future__ import annotations

import ipaddress
import random
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Shape: TypeAlias = Literal["spread", "single"]
Json: TypeAlias = "str | bool | list[Json] | dict[str, Json]"

ACCOUNT: Final = "123456789012"
ACTIONS: Final[tuple[str, ...]] = tuple(
    f"{service}:{name}"
    for service, names in {
        "s3": "GetObject PutObject DeleteObject ListBucket GetObjectAcl PutObjectAcl",
        "dynamodb": "GetItem PutItem DeleteItem UpdateItem Query Scan BatchGetItem",
        "sqs": "SendMessage ReceiveMessage DeleteMessage GetQueueUrl PurgeQueue",
        "sns": "Publish Subscribe Unsubscribe GetTopicAttributes",
        "lambda": "InvokeFunction GetFunction UpdateFunctionCode DeleteFunction ListVersions",
        "ec2": "StartInstances StopInstances RebootInstances TerminateInstances DescribeInstances",
        "kms": "Encrypt Decrypt GenerateDataKey DescribeKey",
        "logs": "PutLogEvents CreateLogStream GetLogEvents FilterLogEvents",
        "secretsmanager": "GetSecretValue PutSecretValue DescribeSecret DeleteSecret",
    }.items()
    for name in names.split()
)
_RESOURCES: Final = {
    "s3": "arn:aws:s3:::bucket-{0}/folder-{1}/file-{2}",
    "dynamodb": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/table-{{0}}/index/{{1}}-{{2}}",
    "sqs": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue-{{0}}/{{1}}/{{2}}",
    "sns": f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic-{{0}}/{{1}}/{{2}}",
    "lambda": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:worker-{{0}}/{{1}}/{{2}}",
    "ec2": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-{{0}}/{{1}}/{{2}}",
    "kms": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{{0}}/{{1}}/{{2}}",
    "logs": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/app-{{0}}/{{1}}/{{2}}",
    "secretsmanager": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:app-{{0}}/{{1}}/{{2}}",
}
_TEAMS: Final = tuple(f"team-{number}" for number in range(20))
_NETWORKS: Final = tuple(f"10.{number}.0.0/16" for number in range(20))
REQUESTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, in no engine's form."""

    user: str
    action: str
    resource: str
    context: dict[str, str | bool]


@dataclass(slots=True)
class Workload:
    """A store and its questions. `documents` are policy documents by holder, a user or a group."""

    shape: Shape
    size: int
    users: dict[str, list[str]] = field(default_factory=dict)
    documents: dict[str, list[list[dict[str, Json]]]] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    def statements_of(self, user: str) -> list[dict[str, Json]]:
        """Every statement that concerns the user, its groups' included."""
        holders = [user, *self.users[user]]
        return [item for name in holders for document in self.documents.get(name, ()) for item in document]


def workload(shape: Shape, size: int) -> Workload:
    """The store of `size` statements and its 1,000 requests with their answers."""
    chance = random.Random(f"{shape} {size}")
    made = Workload(shape, size)
    pool = max(6, size // 8)
    count = max(1, size // 10) if shape == "spread" else 1
    names = [f"user-{number}" for number in range(count)]
    groups = [f"group-{number}" for number in range(max(1, size // 140))] if count >= 10 else []
    for name in names:
        made.users[name] = [chance.choice(groups)] if groups else []
    loose: dict[str, list[dict[str, Json]]] = {}
    for number in range(size):
        grouped = groups and chance.random() < 0.3
        holder = chance.choice(groups) if grouped else names[number % count]
        loose.setdefault(holder, []).append(_statement(chance, pool, number))
    for holder, statements in loose.items():
        # A document holds some ten statements, as written by people.
        made.documents[holder] = [statements[at : at + 10] for at in range(0, len(statements), 10)]
    _ask(made, chance, pool)
    return made


def _place(chance: random.Random, pool: int) -> tuple[int, int, int]:
    return chance.randrange(pool), chance.randrange(6), chance.randrange(20)


def _statement(chance: random.Random, pool: int, number: int) -> dict[str, Json]:
    action = chance.choice(ACTIONS)
    service, name = action.split(":")
    effect = "Deny" if chance.random() < 0.15 else "Allow"
    kind = chance.random()
    actions: Json = action
    if kind < 0.20:
        mates = [other for other in ACTIONS if other.startswith(f"{service}:")]
        actions = list(chance.sample(mates, min(len(mates), 3)))
    elif kind < 0.40:
        actions = f"{service}:{re.match('[A-Z][a-z]+', name).group()}*"  # type: ignore[union-attr]
    elif kind < 0.45:
        actions = f"{service}:*"
    conditions = _conditions(chance) if chance.random() < 0.3 else None
    one, two, three = _place(chance, pool)
    form = _RESOURCES[service]
    cut = form.index("{0}")
    kind = chance.random()
    if kind < 0.02 and conditions and effect == "Allow":
        resource = "*"
    elif kind < 0.07 and effect == "Allow":
        resource = form[:cut] + f"{one}/*/{three}" if service != "s3" else f"{form[:cut]}{one}/*/file-{three}"
    elif kind < 0.32 and effect == "Allow":
        resource = form[:cut] + f"{one}/*"
    elif kind < 0.57:
        resource = form.format(one, two, "*")
    else:
        resource = form.format(one, two, three)
    statement: dict[str, Json] = {
        "Sid": f"S{number}",
        "Effect": effect,
        "Action": actions,
        "Resource": resource,
    }
    if conditions:
        statement["Condition"] = conditions
    return statement


def _conditions(chance: random.Random) -> dict[str, Json]:
    kind = chance.random()
    if kind < 0.4:
        return {"StringEquals": {"aws:PrincipalTag/team": list(chance.sample(_TEAMS, 2))}}
    if kind < 0.7:
        return {"IpAddress": {"aws:SourceIp": chance.choice(_NETWORKS)}}
    return {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def _ask(made: Workload, chance: random.Random, pool: int) -> None:
    """Half allowed, half denied; where one side is scarce, its requests differ by their contexts."""
    wanted = {True: REQUESTS // 2, False: REQUESTS // 2}
    names = list(made.users)
    found: list[tuple[Ask, bool]] = []
    while any(wanted.values()):
        user = chance.choice(names)
        action = chance.choice(ACTIONS)
        resource = _RESOURCES[action.split(":")[0]].format(*_place(chance, pool))
        held = made.statements_of(user)
        if held and chance.random() < 0.7:
            statement = chance.choice(held)
            action = chance.choice(_expanded(_texts(statement["Action"])))
            text = str(statement["Resource"])
            filled = _RESOURCES[action.split(":")[0]].format(*_place(chance, pool))
            if text != "*":
                filled = text.replace("*", str(chance.randrange(20)))
            resource = filled
        context: dict[str, str | bool] = {
            "aws:SourceIp": f"10.{chance.randrange(25)}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
            "aws:SecureTransport": True,
            "aws:MultiFactorAuthPresent": chance.random() < 0.6,
            "aws:PrincipalTag/team": f"team-{chance.randrange(22)}",
            "aws:RequestedRegion": "eu-west-1",
            "aws:UserAgent": f"client/{chance.randrange(1_000_000)}",
        }
        ask = Ask(user, action, resource, context)
        answer = oracle(made, ask)
        if wanted[answer]:
            wanted[answer] -= 1
            found.append((ask, answer))
    chance.shuffle(found)
    made.asks = [ask for ask, _ in found]
    made.answers = [answer for _, answer in found]


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


@lru_cache(maxsize=100_000)
def _expanded(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in ACTIONS if any(_like(pattern, name) for pattern in patterns))


def expanded(statement: dict[str, Json]) -> tuple[str, ...]:
    """The known actions that a statement speaks of; what a translation gives to peers without patterns."""
    return _expanded(_texts(statement["Action"]))


@lru_cache(maxsize=200_000)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _like(pattern: str, text: str) -> bool:
    return pattern == text if "*" not in pattern else _regex(pattern).fullmatch(text) is not None


def oracle(made: Workload, ask: Ask) -> bool:
    """The right answer, from the documents themselves."""
    allowed = False
    for statement in made.statements_of(ask.user):
        if ask.action not in expanded(statement) or not _like(str(statement["Resource"]), ask.resource):
            continue
        if not _met(statement.get("Condition"), ask.context):
            continue
        if statement["Effect"] == "Deny":
            return False
        allowed = True
    return allowed


def _met(block: Json | None, context: dict[str, str | bool]) -> bool:
    if not isinstance(block, dict):
        return True
    for operator, keys in block.items():
        for key, value in keys.items() if isinstance(keys, dict) else ():
            have = context[key]
            if operator == "IpAddress":
                met = ipaddress.ip_address(str(have)) in ipaddress.ip_network(str(value))
            elif operator == "Bool":
                met = have is (value == "true")
            else:
                met = have in _texts(value)
            if not met:
                return False
    return True
