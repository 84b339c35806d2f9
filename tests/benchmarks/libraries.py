"""Peers whose policies are rows or objects: casbin, vakt, py-abac."""

from __future__ import annotations

import importlib
import json
import re
import tempfile
from typing import Any  # the peers have no types

from tests.benchmarks.engines import Test, tests_of
from tests.benchmarks.translation import by_holder, by_user, facts_of, facts_tested, regex_of_pattern
from tests.benchmarks.workload import Ask, Workload, expanded

_NO_CONDITION = "-"


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
        for user, statement in by_user(made):
            name = json.dumps(statement.get("Condition")) if "Condition" in statement else _NO_CONDITION
            tests[name] = tests_of(statement)
            pattern = str(statement["Resource"])
            regexes.setdefault(pattern, re.compile(regex_of_pattern(pattern)).match)
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


class Vakt:
    """vakt with rules in memory."""

    name = "vakt"

    def __init__(self) -> None:
        self.vakt: Any = importlib.import_module("vakt")
        self.guard: Any = None

    def load(self, made: Workload) -> None:
        vakt, rules = self.vakt, self.vakt.rules
        storage = vakt.MemoryStorage()
        for number, (holder, statement) in enumerate(by_holder(made)):
            pattern = str(statement["Resource"])
            context: dict[str, Any] = {}
            for key, values in facts_tested(statement):
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
                resource = rules.RegexMatch(regex_of_pattern(pattern))
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
            subject=subject, action=ask.action, resource=ask.resource, context=facts_of(ask)
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
        for number, (holder, statement) in enumerate(by_holder(made)):
            context: dict[str, Any] = {}
            for key, values in facts_tested(statement):
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
        facts = facts_of(ask) | {"mfa": "yes" if ask.context["aws:MultiFactorAuthPresent"] else "no"}
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
