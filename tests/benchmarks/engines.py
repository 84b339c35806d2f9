"""iamkit, and the scan that anybody would write by hand, behind the benchmark's one interface.

An engine is loaded with a workload once; `prepare` makes of a question what the engine is asked, `decide`
answers it. Only `decide` is timed as a decision.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Final, Protocol

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    compile_plan,
    parse,
)
from iamkit.policy.plan import Plan
from tests.benchmarks.workload import ACCOUNT, Ask, Json, Workload


class Engine(Protocol):
    """What the benchmark asks of each engine."""

    name: str

    def load(self, made: Workload) -> None: ...

    def prepare(self, ask: Ask) -> object: ...

    def decide(self, question: object) -> bool: ...


class Iamkit:
    """The engine under test, as the gate uses it: plans by caller and action, a request a question."""

    name = "iamkit"

    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {}
        self.layers: dict[str, CallerLayers] = {}
        self.plans: dict[str, dict[str, Plan]] = {}

    def load(self, made: Workload) -> None:
        attached = {
            holder: tuple(
                AttachedPolicy(parse(text, PolicyKind.IDENTITY), PolicySource(f"{holder}-{number}"))
                for number, text in enumerate(texts)
            )
            for holder, texts in texts_of(made).items()
        }
        for user, groups in made.users.items():
            arn = f"arn:aws:iam::{ACCOUNT}:user/{user}"
            self.callers[user] = Caller(CallerKind.USER, arn, ACCOUNT, unique_id=user)
            policies = [policy for holder in (user, *groups) for policy in attached.get(holder, ())]
            self.layers[user] = CallerLayers(identity=tuple(policies))
            self.plans[user] = {}

    def request(self, ask: Ask) -> AccessRequest:
        return AccessRequest(self.callers[ask.user], ask.action, ask.resource, Context(ask.context))

    def compile(self, ask: Ask) -> Plan:
        return compile_plan(self.layers[ask.user], _NO_RESOURCE, self.callers[ask.user], ask.action)

    def prepare(self, ask: Ask) -> object:
        plan = self.plans[ask.user].get(ask.action)
        if plan is None:
            plan = self.plans[ask.user][ask.action] = self.compile(ask)
        return plan.decide, self.request(ask)

    def decide(self, question: object) -> bool:
        decide, request = question  # type: ignore[misc]  # a pair, as `prepare` made it
        return decide(request).allowed  # type: ignore[has-type,no-any-return]


_NO_RESOURCE: Final = ResourceLayers()


def texts_of(made: Workload) -> dict[str, list[str]]:
    """The documents as they are stored."""
    return {
        holder: [json.dumps({"Version": "2012-10-17", "Statement": document}) for document in documents]
        for holder, documents in made.documents.items()
    }


class Scan:
    """Some 25 lines: a list of prepared statements by user, tried one by one, a Deny ending the search."""

    name = "handwritten-scan"

    def __init__(self) -> None:
        self.by_user: dict[str, list[tuple[bool, re.Pattern[str], re.Pattern[str], list[Test]]]] = {}

    def load(self, made: Workload) -> None:
        for user in made.users:
            rows = [
                (
                    item["Effect"] == "Deny",
                    regex_of(item["Action"]),
                    regex_of(item["Resource"]),
                    tests_of(item),
                )
                for item in made.statements_of(user)
            ]
            self.by_user[user] = sorted(rows, key=lambda row: not row[0])

    def prepare(self, ask: Ask) -> object:
        return ask

    def decide(self, question: object) -> bool:
        ask: Ask = question  # type: ignore[assignment]
        for deny, actions, resource, tests in self.by_user[ask.user]:
            if (
                actions.fullmatch(ask.action)
                and resource.fullmatch(ask.resource)
                and all(test(ask.context) for test in tests)
            ):
                return not deny
        return False


def regex_of(value: Json) -> re.Pattern[str]:
    """A string or list of strings with stars as one regular expression."""
    texts = value if isinstance(value, list) else [value]
    return re.compile("|".join(".*".join(map(re.escape, str(text).split("*"))) for text in texts))


Test = Callable[[dict[str, str | bool]], bool]


def tests_of(statement: dict[str, Json]) -> list[Test]:
    """The conditions of a statement as Python functions."""
    tests: list[Test] = []
    for operator, key, values in conditions_of(statement):
        if operator == "IpAddress":
            networks = [ipaddress.IPv4Network(value) for value in values]
            tests.append(_inside(key, networks))
        elif operator == "Bool":
            tests.append(_one_of(key, frozenset([values[0] == "true"])))
        else:
            tests.append(_one_of(key, frozenset(values)))
    return tests


def _inside(key: str, networks: list[ipaddress.IPv4Network]) -> Test:
    return lambda have: any(ipaddress.ip_address(str(have[key])) in network for network in networks)


def _one_of(key: str, wanted: frozenset[str | bool]) -> Test:
    return lambda have: have[key] in wanted


def conditions_of(statement: dict[str, Json]) -> list[tuple[str, str, list[str]]]:
    """The (operator, key, values) of a statement."""
    block = statement.get("Condition")
    found: list[tuple[str, str, list[str]]] = []
    for operator, keys in block.items() if isinstance(block, dict) else ():
        for key, value in keys.items() if isinstance(keys, dict) else ():
            values = [str(item) for item in value] if isinstance(value, list) else [str(value)]
            found.append((operator, key, values))
    return found
