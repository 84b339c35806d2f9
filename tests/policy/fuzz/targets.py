"""What fuzzing calls: bytes in, and nothing but errors of the tree may come out (FIG-F4).

Each target returns the size of what it looked at, so that a caller can hold work and memory against it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from iamkit import arn
from iamkit.errors import InputError
from iamkit.policy import Facts, evaluate, explain, parse, render, residual
from iamkit.policy.decision import Outcome
from iamkit.policy.layers import AttachedPolicy, CallerLayers, PolicySource, ResourceLayers
from iamkit.policy.match import Known
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue
from iamkit.policy.validate import findings

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:note/a"
JEFF: Final = Caller(CallerKind.USER, f"arn:aws:iam::{HOME}:user/jeff", HOME, unique_id="AIDAJEFF")
CONTEXT: Final[Mapping[str, ContextValue]] = {
    "app:s": "a",
    "app:n": 5,
    "app:b": True,
    "app:l": ("a", "b"),
    "aws:username": "jeff",
    "aws:SourceIp": "10.1.2.3",
}
OPERATORS: Final = (
    "StringEquals",
    "StringNotLike",
    "StringLike",
    "StringEqualsIgnoreCase",
    "NumericLessThan",
    "DateGreaterThan",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnLike",
    "ArnNotEquals",
    "Null",
    "ForAllValues:StringLike",
    "ForAnyValue:ArnEqualsIfExists",
)


class Unsound(AssertionError):  # noqa: N818  # what a fuzzer reports
    """Something was neither refused nor decided."""


def _decide(policy: Policy, resource: str, context: Context) -> None:
    """Decides, explains and leaves open; a decision never raises, whatever the policy holds."""
    attached = AttachedPolicy(policy, PolicySource("fuzzed"))
    with_principal = policy.kind in (PolicyKind.RESOURCE, PolicyKind.TRUST)
    mine = CallerLayers() if with_principal else CallerLayers(identity=(attached,))
    theirs = ResourceLayers(policies=(attached,)) if with_principal else ResourceLayers()
    request = AccessRequest(JEFF, "doc:Get", resource, context)
    decision = evaluate(request, mine, theirs)
    if decision.outcome not in set(Outcome) or (decision.error and decision.allowed):
        raise Unsound(f"an answer that is none: {decision!r}")
    if explain(request, mine, theirs).decision.outcome is not decision.outcome:
        raise Unsound("the explanation decides otherwise")


def _read(text: str, kind: PolicyKind, *, stored: bool) -> Policy | None:
    """The policy, or None if it is refused; what is refused says why."""
    try:
        return parse(text, kind, stored=stored)
    except InputError as refusal:
        if not str(refusal):
            raise Unsound("refused without a word") from refusal
        return None


def policy_text(data: bytes) -> int:
    """Any text as a document of a user, a resource and a role, at rest and as written."""
    text = data.decode("utf-8", "surrogateescape")
    for kind in (PolicyKind.IDENTITY, PolicyKind.RESOURCE, PolicyKind.TRUST):
        for stored in (False, True):
            policy = _read(text, kind, stored=stored)
            if policy is None:
                continue
            for facts in (Facts(), Facts(account=HOME, principals={JEFF.arn}, resource=NOTE)):
                list(findings(policy, facts))
            again = parse(render(policy), kind, stored=stored)
            if len(again.statements) != len(policy.statements):
                raise Unsound("printed and read again, it is another policy")
            _decide(policy, NOTE, Context(CONTEXT))
    return len(text)


def arn_text(data: bytes) -> int:
    """Any text as an ARN, as a pattern of a policy, and as what is asked for."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        if str(arn.Arn.parse(text)) != text:
            raise Unsound("printed, it is another ARN")
    except InputError as refusal:
        fixed = getattr(refusal, "suggestion", None)
        if fixed is not None and len(fixed) > len(text) + 8:
            raise Unsound("the correction is longer than the mistake") from refusal
    for member in ("Resource", "NotResource"):
        body = {"Effect": "Allow", "Action": "*", member: text}
        policy = _read(
            json.dumps({"Version": "2012-10-17", "Statement": body}), PolicyKind.IDENTITY, stored=True
        )
        if policy is not None:
            _decide(policy, NOTE, Context(CONTEXT))
            _decide(policy, text, Context(CONTEXT))
    return len(text)


def condition_value(data: bytes) -> int:
    """Any text as policy value and as request value of every operator."""
    text = data.decode("utf-8", "surrogateescape")
    half = len(text) // 2
    for operator in OPERATORS:
        for written in (text, [text[:half], text[half:]]):
            body = {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {operator: {"app:k": written}},
            }
            document = json.dumps({"Version": "2012-10-17", "Statement": [body]})
            policy = _read(document, PolicyKind.IDENTITY, stored=True)
            if policy is None:
                continue
            asked: tuple[ContextValue, ...] = (text, text[half:], (text, text[:half]), data)
            for value in asked:
                _decide(policy, NOTE, Context({"app:k": value}))
    return len(text)


def variables(data: bytes) -> int:
    """Any text around and inside `${…}`, in resources and in values, with any text as the key's value."""
    text = data.decode("utf-8", "surrogateescape")
    half = len(text) // 2
    for written in (
        text,
        "${" + text + "}",
        text[:half] + "${app:v}" + text[half:],
        "${app:v, '" + text + "'}",
    ):
        body = {
            "Effect": "Allow",
            "Action": "*",
            "Resource": f"arn:aws:doc::{HOME}:{written}",
            "Condition": {"StringLike": {"app:s": written}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [body]})
        for stored in (False, True):
            policy = _read(document, PolicyKind.IDENTITY, stored=stored)
            if policy is None:
                continue
            for value in (text, "*", "", "${app:v}"):
                context = Context({"app:v": value, "app:s": text})
                _decide(policy, NOTE, context)
                known = Known(caller=JEFF, action="doc:Get", context=context)
                attached = (AttachedPolicy(policy, PolicySource("fuzzed")),)
                residual(known, CallerLayers(identity=attached))
    return len(text)


TARGETS: Final[Mapping[str, Callable[[bytes], int]]] = {
    "policy": policy_text,
    "arn": arn_text,
    "condition": condition_value,
    "variables": variables,
}
