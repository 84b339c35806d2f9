"""Policy unit tests: cases that say what policies should decide, read from data and held to the engine.

    {"policies": {"identity": ["reader.json"]}, "principal": "arn:aws:iam::123456789012:user/ana",
     "cases": [{"action": "doc:Get", "resource": "arn:aws:doc::123456789012:note/1", "expect": "allowed"}]}

Whatever is not known is refused, so that a misspelt member never makes a test say nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias, final

from iamkit.errors import InputError
from iamkit.policy.custom import caller_named
from iamkit.policy.decision import Decision, StatementRef
from iamkit.policy.explain import Explanation, explain
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.parse import parse
from iamkit.policy.request import ANONYMOUS, AccessRequest, Caller, CallerKind, Context, ContextValue

# Gives the text of a document by the name that a file of cases calls it.
Load: TypeAlias = Callable[[str], str]

_FILE: Final = frozenset({"policies", "principal", "context", "owner", "cases"})
_CASE: Final = (_FILE - {"cases"}) | {"name", "action", "resource", "expect", "statement"}
_EXPECTED: Final = ("allowed", "denied", "explicitDeny", "implicitDeny")
_KINDS: Final = {
    "identity": PolicyKind.IDENTITY,
    "boundary": PolicyKind.BOUNDARY,
    "session": PolicyKind.SESSION,
    "resource": PolicyKind.RESOURCE,
    "trust": PolicyKind.TRUST,
    "endpoint": PolicyKind.ENDPOINT,
}
_LEVELLED: Final = {
    "guardrails": PolicyKind.GUARDRAIL,
    "resource-guardrails": PolicyKind.RESOURCE_GUARDRAIL,
}
# Every level of resource guardrails allows everything; what people write there may only refuse (SEM-E6).
_OPEN: Final = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}'


@final
@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One question and the answer that is expected of it."""

    name: str
    request: AccessRequest
    caller_layers: CallerLayers = field(repr=False)
    resource_layers: ResourceLayers = field(repr=False)
    expect: str
    statement: str | None = None


@final
@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case. `fault` says what was expected and is not so; empty where all is well."""

    case: PolicyCase
    explanation: Explanation = field(repr=False)
    fault: str = ""

    @property
    def passed(self) -> bool:
        """Whether the decision is the expected one."""
        return not self.fault

    def lines(self) -> list[str]:
        """The fault and the explanation of the decision."""
        return [self.fault, *self.explanation.lines(show_values=True)] if self.fault else []


def run(case: PolicyCase, *, options: EvaluationOptions = DEFAULT) -> CaseResult:
    """Decide a case and compare. Never raises, as `evaluate` does not."""
    explanation = explain(case.request, case.caller_layers, case.resource_layers, options=options)
    return CaseResult(case, explanation, _fault(case, explanation.decision))


def _fault(case: PolicyCase, decision: Decision) -> str:
    outcome = decision.outcome.value
    if case.expect != outcome and (case.expect != "denied" or decision.allowed):
        return f"`{case.name}` was expected to be {case.expect} and is {outcome}"
    if case.statement is None or any(case.statement in _names(ref) for ref in decision.determining):
        return ""
    decided = ", ".join(f"`{_names(ref)[-1]}`" for ref in decision.determining) or "no statement"
    return f"`{case.name}` was expected to be decided by statement `{case.statement}` and is by {decided}"


def _names(ref: StatementRef) -> tuple[str, ...]:
    """How a case may name a statement: its Sid or number, alone or behind its policy's name."""
    names = [str(ref.index + 1)] if ref.sid is None else [ref.sid, str(ref.index + 1)]
    return (*names, *(f"{ref.source.name}:{name}" for name in reversed(names)))


def read_cases(data: object, load: Load, *, options: EvaluationOptions = DEFAULT) -> tuple[PolicyCase, ...]:
    """The cases of a file that was read already. A list of actions or resources makes one case of each.

    Raises InputError, and MalformedPolicyDocument, saying where.
    """
    file = _members(data, _FILE, "the file")
    listed = file.get("cases")
    if not isinstance(listed, list) or not listed:
        raise InputError("the file has no `cases`: write a list of at least one")
    reader = _Reader(load, options)
    return tuple(
        case
        for number, item in enumerate(listed, 1)
        for case in reader.cases(file, _members(item, _CASE, f"case {number}"), number)
    )


class _Reader:
    def __init__(self, load: Load, options: EvaluationOptions) -> None:
        self._load = load
        self._operators = options.operators
        self._known: dict[tuple[str, PolicyKind], AttachedPolicy] = {}

    def cases(
        self, file: Mapping[str, object], case: Mapping[str, object], number: int
    ) -> Iterator[PolicyCase]:
        where = f"case {number}"
        named = case.get("name")
        expect = case.get("expect")
        if expect not in _EXPECTED or not isinstance(expect, str):
            words = ", ".join(f"`{word}`" for word in _EXPECTED)
            raise InputError(f"{where}: `expect` is one of {words}")
        caller = _caller(case.get("principal", file.get("principal")), where)
        context = _context(caller, file.get("context", {}), case.get("context", {}), where)
        owner = _text(case.get("owner", file.get("owner", "")), f"{where}: `owner`")
        mine, theirs, trust = self._layers(file.get("policies", {}), case.get("policies", {}), where)
        statement = case.get("statement")
        actions = _texts(case.get("action"), f"{where}: `action`")
        resources = _texts(case.get("resource", "*"), f"{where}: `resource`")
        for action in actions:
            for resource in resources:
                asked = f"{action} on {resource}"
                title = asked if named is None else _text(named, f"{where}: `name`")
                if named is not None and len(actions) * len(resources) > 1:
                    title = f"{title}: {asked}"
                account = owner or _account(resource)
                yield PolicyCase(
                    title,
                    AccessRequest(caller, action, resource, context, account, trust),
                    mine,
                    theirs,
                    expect,
                    None if statement is None else str(statement),
                )

    def _layers(self, shared: object, own: object, where: str) -> tuple[CallerLayers, ResourceLayers, bool]:
        """The layers of a case: its own, and the file's where it has none."""
        known = frozenset((*_KINDS, *_LEVELLED))
        given = {**_members(shared, known, "`policies`"), **_members(own, known, f"{where}: `policies`")}
        flat = {
            name: self._policies(given[name], kind, name) for name, kind in _KINDS.items() if name in given
        }
        levels: dict[str, tuple[Policies, ...]] = {}
        for name, kind in _LEVELLED.items():
            if name in given:
                found = given[name]
                if not isinstance(found, list):
                    raise InputError(f"`{name}` is a list of levels, outermost first")
                levels[name] = tuple(self._policies(level, kind, name) for level in found)
        mine = CallerLayers(
            flat.get("identity", ()), flat.get("boundary"), flat.get("session"), levels.get("guardrails")
        )
        limits = levels.get("resource-guardrails")
        if limits is not None:
            everything = self._parsed(_OPEN, PolicyKind.RESOURCE_GUARDRAIL, "ResourceFullAccess", stored=True)
            limits = tuple((everything, *level) for level in limits)
        on_resource = (*flat.get("resource", ()), *flat.get("trust", ()))
        return mine, ResourceLayers(on_resource, limits, flat.get("endpoint")), "trust" in given

    def _policies(self, given: object, kind: PolicyKind, layer: str) -> Policies:
        documents = given if isinstance(given, list) else [given]
        found: list[AttachedPolicy] = []
        for number, document in enumerate(documents, 1):
            if isinstance(document, str):
                key = (document, kind)
                if key not in self._known:
                    self._known[key] = self._parsed(self._load(document), kind, document)
                found.append(self._known[key])
            elif isinstance(document, dict):
                found.append(self._parsed(json.dumps(document, indent=2), kind, f"{layer} {number}"))
            else:
                raise InputError(f"a policy of `{layer}` is the name of a file, or the document itself")
        return tuple(found)

    def _parsed(self, text: str, kind: PolicyKind, name: str, *, stored: bool = False) -> AttachedPolicy:
        try:
            policy = parse(text, kind, stored=stored, operators=self._operators)
        except InputError as fault:
            raise InputError(f"`{name}`: {fault}") from fault
        return AttachedPolicy(policy, PolicySource(name))


def _members(data: object, known: frozenset[str], where: str) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise InputError(f"{where} is an object, or a table")
    for name in data:
        if name not in known:
            raise InputError(
                f"{where} has no member `{str(name)[:80]}`; there are {', '.join(sorted(known))}"
            )
    return data


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where} is a text")
    return value


def _texts(value: object, where: str) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts:
        raise InputError(f"{where} is an empty list")
    return [_text(text, where) for text in texts]


def _caller(value: object, where: str) -> Caller:
    if value == "anonymous":
        return ANONYMOUS
    if isinstance(value, str):
        return caller_named(value)
    if isinstance(value, dict) and len(value) == 1:
        (kind, name), *_ = value.items()
        if kind in ("Service", "Federated") and isinstance(name, str):
            return Caller(CallerKind.SERVICE if kind == "Service" else CallerKind.PROVIDER, name)
    raise InputError(
        f"{where}: `principal` is an ARN, `anonymous`, or an object with one of `Service` and `Federated`"
    )


def _context(caller: Caller, shared: object, own: object, where: str) -> Context:
    """The keys that come with the caller, the file's, and the case's, each before the last."""
    keys: dict[str, ContextValue] = {"aws:PrincipalType": str(caller.kind)}
    if caller.account:
        keys |= {"aws:PrincipalArn": caller.issuer_arn or caller.arn, "aws:PrincipalAccount": caller.account}
    if caller.kind is CallerKind.USER:
        keys["aws:username"] = caller.arn.rpartition("/")[2]
    for given in (shared, own):
        if not isinstance(given, dict):
            raise InputError(f"{where}: `context` is an object of condition keys")
        lowered = {str(name).lower() for name in given}
        keys = {name: value for name, value in keys.items() if name.lower() not in lowered}
        keys |= {name: _value(value, f"{where}: `{name}`") for name, value in given.items()}
    try:
        return Context(keys)
    except ValueError as fault:
        raise InputError(f"{where}: {fault}") from fault


def _value(value: object, where: str) -> ContextValue:
    if isinstance(value, str | bool | int | float | datetime):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise InputError(f"{where} is a text, a number, true, false, an instant, or a list of texts")


def _account(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""
