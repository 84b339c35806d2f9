"""Peers with a policy language of their own: cedarpy, oso, regorus."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any  # the peers have no types

from tests.benchmarks.translation import by_holder, by_user, facts_of, facts_tested, regex_of_pattern
from tests.benchmarks.workload import Ask, Json, Workload, expanded


class Cedar:
    """cedarpy with policies and entities parsed once."""

    name = "cedarpy"
    parsed = True

    def __init__(self) -> None:
        self.cedar: Any = importlib.import_module("cedarpy")
        self.policies: Any = None
        self.entities: Any = None

    def load(self, made: Workload) -> None:
        text = "\n".join(self._policy(made, holder, statement) for holder, statement in by_holder(made))
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
        for key, values in facts_tested(statement):
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
        facts: dict[str, object] = {**facts_of(ask), "arn": ask.resource}
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
        for user, statement in by_user(made):
            pattern = str(statement["Resource"])
            tests = []
            if "*" in pattern:
                regexes[pattern] = re.compile(regex_of_pattern(pattern)).match
                tests.append(f'Check.like(r, "{pattern}")')
            for key, values in facts_tested(statement):
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
        return ("may", ask.user, ask.action, ask.resource, facts_of(ask))

    def decide(self, question: object) -> bool:
        return bool(self.oso.query_rule_once(*question))  # type: ignore[misc]  # a tuple, from `prepare`


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
        for number, (holder, statement) in enumerate(by_holder(made)):
            pattern = str(statement["Resource"])
            row: dict[str, Any] = {"id": number, "deny": statement["Effect"] == "Deny"}
            if "*" not in pattern:
                row["exact"] = pattern
            elif pattern.index("*") == len(pattern) - 1:
                row["prefix"] = pattern[:-1]
            else:
                row["regex"] = regex_of_pattern(pattern)
            for key, values in facts_tested(statement):
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
                "facts": facts_of(ask),
            }
        )

    def decide(self, question: object) -> bool:
        self.engine.set_input_json(question)
        return "true" in self.engine.eval_query_as_json("data.authz.allow")
