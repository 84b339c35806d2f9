"""The engines a Python user could pick instead, each in its best documented form.

Translation favours them: patterns of actions are expanded to the actions known where that lets an index
work, and the building of their request object is not timed. What is not installed is left out, by name.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from typing import Any  # the peers have no types

from tests.benchmarks.engines import Engine, Test, conditions_of, tests_of
from tests.benchmarks.workload import Ask, Json, Workload, expanded

_CONTEXT = {"aws:SourceIp": "ip", "aws:PrincipalTag/team": "team", "aws:MultiFactorAuthPresent": "mfa"}
_NO_COLUMN = "-"


def _facts(ask: Ask) -> dict[str, str | bool]:
    return {short: ask.context[key] for key, short in _CONTEXT.items()}


def _tests(statement: dict[str, Json]) -> Iterator[tuple[str, list[str]]]:
    for _, key, values in conditions_of(statement):
        yield _CONTEXT[key], values


def _regex(pattern: str) -> str:
    return "^" + ".*".join(map(re.escape, pattern.split("*"))) + "$"


def _by_user(made: Workload) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every statement under each user it concerns, for engines whose index is by user."""
    for user in made.users:
        for statement in made.statements_of(user):
            yield user, statement


def _by_holder(made: Workload) -> Iterator[tuple[str, dict[str, Json]]]:
    for holder, documents in made.documents.items():
        for document in documents:
            for statement in document:
                yield holder, statement


class Cedar:
    """cedarpy with policies and entities parsed once."""

    name = "cedarpy"
    parsed = True

    def __init__(self) -> None:
        self.cedar: Any = importlib.import_module("cedarpy")
        self.policies: Any = None
        self.entities: Any = None

    def load(self, made: Workload) -> None:
        text = "\n".join(self._policy(made, holder, statement) for holder, statement in _by_holder(made))
        entities = [
            {
                "uid": {"type": "User", "id": user},
                "attrs": {},
                "parents": [{"type": "Group", "id": g} for g in gs],
            }
            for user, gs in made.users.items()
        ]
        self.policies, self.entities = text, entities
        if self.parsed:
            self.policies = self.cedar.PolicySet.from_str(text)
            self.entities = self.cedar.Entities.from_json_str(json.dumps(entities))

    @staticmethod
    def _policy(made: Workload, holder: str, statement: dict[str, Json]) -> str:
        who = f'principal == User::"{holder}"' if holder in made.users else f'principal in Group::"{holder}"'
        actions = ", ".join(f'Action::"{action}"' for action in expanded(statement))
        pattern = str(statement["Resource"])
        what = "resource" if "*" in pattern else f'resource == R::"{pattern}"'
        tests = [f'context.arn like "{pattern}"'] if "*" in pattern else []
        for key, values in _tests(statement):
            if key == "ip":
                tests.append(f'context.ip.isInRange(ip("{values[0]}"))')
            elif key == "mfa":
                tests.append(f"context.mfa == {values[0]}")
            else:
                tests.append(f"{json.dumps(values)}.contains(context.team)")
        effect = "permit" if statement["Effect"] == "Allow" else "forbid"
        when = f" when {{ {' && '.join(tests)} }}" if tests else ""
        return f"{effect}({who}, action in [{actions}], {what}){when};"

    def prepare(self, ask: Ask) -> object:
        facts: dict[str, object] = {**_facts(ask), "arn": ask.resource}
        facts["ip"] = {"__extn": {"fn": "ip", "arg": facts["ip"]}}
        return {
            "principal": {"type": "User", "id": ask.user},
            "action": {"type": "Action", "id": ask.action},
            "resource": {"type": "R", "id": ask.resource},
            "context": facts,
        }

    def decide(self, question: object) -> bool:
        return bool(self.cedar.is_authorized(question, self.policies, self.entities).allowed)


class CedarText(Cedar):
    """cedarpy as in its first example: policies as text, parsed at each call."""

    name = "cedarpy-text"
    parsed = False


class Casbin:
    """casbin's FastEnforcer, keyed by subject and action."""

    name = "casbin-fast"
    MODEL = """
[request_definition]
r = sub, act, obj, facts
[policy_definition]
p = sub, act, obj, cond, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.sub == p.sub && r.act == p.act && like(r.obj, p.obj) && met(r.facts, p.cond)
"""

    def __init__(self) -> None:
        self.enforcer: Any = None

    def load(self, made: Workload) -> None:
        casbin: Any = importlib.import_module("casbin")
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as model:
            model.write(self.MODEL)
            model.flush()
            enforcer = casbin.FastEnforcer(model.name, cache_key_order=[0, 1])
        tests: dict[str, list[Test]] = {}
        regexes: dict[str, Any] = {}
        rows: list[list[str]] = []
        for user, statement in _by_user(made):
            name = json.dumps(statement.get("Condition")) if "Condition" in statement else _NO_COLUMN
            tests[name] = tests_of(statement)
            pattern = str(statement["Resource"])
            regexes.setdefault(pattern, re.compile(_regex(pattern)).match)
            effect = "allow" if statement["Effect"] == "Allow" else "deny"
            rows.extend([user, action, pattern, name, effect] for action in expanded(statement))
        enforcer.add_function("like", lambda have, pattern: regexes[pattern](have) is not None)
        enforcer.add_function("met", lambda facts, name: all(test(facts) for test in tests[name]))
        unique = list(dict.fromkeys(map(tuple, rows)))
        enforcer.model.add_policies("p", "p", [list(row) for row in unique])
        self.enforcer = enforcer

    def prepare(self, ask: Ask) -> object:
        return (ask.user, ask.action, ask.resource, ask.context)

    def decide(self, question: object) -> bool:
        return bool(self.enforcer.enforce(*question))  # type: ignore[misc]  # a tuple, from `prepare`


class Oso:
    """oso with a rule a statement and action, so that its index by the first arguments works."""

    name = "oso"

    def __init__(self) -> None:
        self.oso: Any = None

    def load(self, made: Workload) -> None:
        module: Any = importlib.import_module("oso")
        address: Any = importlib.import_module("ipaddress")
        regexes: dict[str, Any] = {}
        networks: dict[str, Any] = {}

        class Check:
            @staticmethod
            def like(have: str, pattern: str) -> bool:
                return regexes[pattern](have) is not None

            @staticmethod
            def inside(facts: dict[str, Any], network: str) -> bool:
                return address.ip_address(facts["ip"]) in networks[network]

            @staticmethod
            def mfa(facts: dict[str, Any]) -> bool:
                return facts["mfa"] is True

            @staticmethod
            def team(facts: dict[str, Any], one: str, other: str) -> bool:
                return facts["team"] in (one, other)

        rules = ["may(u, a, r, c) if permit(u, a, r, c) and not forbid(u, a, r, c);"]
        rules.append('permit("", "", "", _);')
        rules.append("allow(_actor, _action, _resource) if false;")  # it warns without one
        rules.append('forbid("", "", "", _);')
        for user, statement in _by_user(made):
            pattern = str(statement["Resource"])
            tests = []
            if "*" in pattern:
                regexes[pattern] = re.compile(_regex(pattern)).match
                tests.append(f'Check.like(r, "{pattern}")')
            for key, values in _tests(statement):
                if key == "ip":
                    networks[values[0]] = address.ip_network(values[0])
                    tests.append(f'Check.inside(c, "{values[0]}")')
                elif key == "mfa":
                    tests.append("Check.mfa(c)")
                else:
                    tests.append(f'Check.team(c, "{values[0]}", "{values[1]}")')
            what = "r" if "*" in pattern else f'"{pattern}"'
            facts = "c" if "Condition" in statement else "_c"
            head = "permit" if statement["Effect"] == "Allow" else "forbid"
            body = f" if {' and '.join(tests)}" if tests else ""
            for action in expanded(statement):
                rules.append(f'{head}("{user}", "{action}", {what}, {facts}){body};')
        self.oso = module.Oso()
        self.oso.register_class(Check, name="Check")
        self.oso.load_str("\n".join(rules))

    def prepare(self, ask: Ask) -> object:
        return ("may", ask.user, ask.action, ask.resource, _facts(ask))

    def decide(self, question: object) -> bool:
        return bool(self.oso.query_rule_once(*question))  # type: ignore[misc]  # a tuple, from `prepare`


class Vakt:
    """vakt with rules in memory."""

    name = "vakt"

    def __init__(self) -> None:
        self.vakt: Any = importlib.import_module("vakt")
        self.guard: Any = None

    def load(self, made: Workload) -> None:
        vakt, rules = self.vakt, self.vakt.rules
        storage = vakt.MemoryStorage()
        for number, (holder, statement) in enumerate(_by_holder(made)):
            pattern = str(statement["Resource"])
            context: dict[str, Any] = {}
            for key, values in _tests(statement):
                if key == "ip":
                    context[key] = rules.CIDR(values[0])
                elif key == "mfa":
                    context[key] = rules.Truthy()
                else:
                    context[key] = rules.In(*values)
            if "*" not in pattern:
                resource = rules.Eq(pattern)
            elif pattern.index("*") == len(pattern) - 1:
                resource = rules.StartsWith(pattern[:-1])
            else:
                resource = rules.RegexMatch(_regex(pattern))
            attribute = "user" if holder in made.users else "group"
            storage.add(
                vakt.Policy(
                    str(number),
                    subjects=[{attribute: rules.Eq(holder)}],
                    actions=[rules.In(*expanded(statement))],
                    resources=[resource],
                    context=context,
                    effect=vakt.ALLOW_ACCESS if statement["Effect"] == "Allow" else vakt.DENY_ACCESS,
                )
            )
        self.guard = vakt.Guard(storage, vakt.RulesChecker())
        self.users = made.users
        importlib.import_module("logging").getLogger("vakt").setLevel("CRITICAL")

    def prepare(self, ask: Ask) -> object:
        subject = {"user": ask.user, "group": next(iter(self.users[ask.user]), "")}
        return self.vakt.Inquiry(
            subject=subject, action=ask.action, resource=ask.resource, context=_facts(ask)
        )

    def decide(self, question: object) -> bool:
        return bool(self.guard.is_allowed(question))


class PyAbac:
    """py-abac with targets, in memory."""

    name = "py-abac"

    def __init__(self) -> None:
        self.abac: Any = importlib.import_module("py_abac")
        self.pdp: Any = None

    def load(self, made: Workload) -> None:
        memory: Any = importlib.import_module("py_abac.storage.memory")
        storage = memory.MemoryStorage()
        members: dict[str, list[str]] = {}
        for user, groups in made.users.items():
            for group in groups:
                members.setdefault(group, []).append(user)
        for number, (holder, statement) in enumerate(_by_holder(made)):
            context: dict[str, Any] = {}
            for key, values in _tests(statement):
                if key == "ip":
                    context["$.ip"] = {"condition": "CIDR", "value": values[0]}
                elif key == "mfa":
                    context["$.mfa"] = {"condition": "Equals", "value": "yes"}
                else:
                    context["$.team"] = {"condition": "IsIn", "values": values}
            subject: object = holder if holder in made.users else members.get(holder, ["nobody"])
            storage.add(
                self.abac.Policy.from_json(
                    {
                        "uid": str(number),
                        "description": "",
                        "effect": str(statement["Effect"]).lower(),
                        "rules": {"subject": {}, "resource": {}, "action": {}, "context": context},
                        "targets": {
                            "subject_id": subject,
                            "resource_id": str(statement["Resource"]),
                            "action_id": list(expanded(statement)),
                        },
                        "priority": 0,
                    }
                )
            )
        self.pdp = self.abac.PDP(storage, self.abac.EvaluationAlgorithm.DENY_OVERRIDES)

    def prepare(self, ask: Ask) -> object:
        facts = _facts(ask) | {"mfa": "yes" if ask.context["aws:MultiFactorAuthPresent"] else "no"}
        return self.abac.AccessRequest.from_json(
            {
                "subject": {"id": ask.user, "attributes": {}},
                "resource": {"id": ask.resource, "attributes": {}},
                "action": {"id": ask.action, "attributes": {}},
                "context": facts,
            }
        )

    def decide(self, question: object) -> bool:
        return bool(self.pdp.is_allowed(question))


class Regorus:
    """regorus (lakera's wheel): Rego over data indexed by holder and action."""

    name = "regorus"
    REGO = """package authz
import future.keywords
default allow := false
speaks contains s if { some h in input.holders; some s in data.store[h][input.action]; like(s); met(s) }
like(s) if { s.exact == input.resource }
like(s) if { startswith(input.resource, s.prefix) }
like(s) if { regex.match(s.regex, input.resource) }
met(s) if { not s.ip; not s.mfa; not s.team }
met(s) if { startswith(input.facts.ip, s.ip) }
met(s) if { s.mfa; input.facts.mfa }
met(s) if { input.facts.team in s.team }
denied if { some s in speaks; s.deny }
allow if { not denied; some s in speaks; not s.deny }
"""

    def __init__(self) -> None:
        module: Any = importlib.import_module("lakera_regorus")
        self.engine: Any = module.Engine()

    def load(self, made: Workload) -> None:
        self.users = made.users
        store: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for number, (holder, statement) in enumerate(_by_holder(made)):
            pattern = str(statement["Resource"])
            row: dict[str, Any] = {"id": number, "deny": statement["Effect"] == "Deny"}
            if "*" not in pattern:
                row["exact"] = pattern
            elif pattern.index("*") == len(pattern) - 1:
                row["prefix"] = pattern[:-1]
            else:
                row["regex"] = _regex(pattern)
            for key, values in _tests(statement):
                # Its Rego knows no address ranges; of a /16 the first two numbers say the same.
                start = values[0].removesuffix("0.0/16")
                row[key] = {"ip": start, "mfa": True, "team": values}[key]
            for action in expanded(statement):
                store.setdefault(holder, {}).setdefault(action, []).append(row)
        self.engine.add_policy("authz.rego", self.REGO)
        self.engine.add_data_json(json.dumps({"store": store}))

    def prepare(self, ask: Ask) -> object:
        return json.dumps(
            {
                "holders": [ask.user, *self.users[ask.user]],
                "action": ask.action,
                "resource": ask.resource,
                "facts": _facts(ask),
            }
        )

    def decide(self, question: object) -> bool:
        self.engine.set_input_json(question)
        return "true" in self.engine.eval_query_as_json("data.authz.allow")


_KINDS: tuple[tuple[str, type[Any]], ...] = (
    ("cedarpy", Cedar),
    ("cedarpy", CedarText),
    ("casbin", Casbin),
    ("oso", Oso),
    ("vakt", Vakt),
    ("py-abac", PyAbac),
    ("lakera-regorus", Regorus),
)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


MAKERS: dict[str, Callable[[], Engine]] = {kind.name: kind for name, kind in _KINDS if _version(name)}
# Beyond these numbers of statements an engine takes too long to be worth the wait.
LIMITS: dict[str, int] = {"cedarpy-text": 1_000}


def versions() -> str:
    """What is compared, with versions, and what is not installed."""
    names = dict.fromkeys(name for name, _ in _KINDS)
    return ", ".join(f"{name} {_version(name) or '(not installed, left out)'}" for name in names)
