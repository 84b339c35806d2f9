"""The narrowest grant: the one statement that lets exactly this request through one layer (SEM-E27).

It names the action, the resource with every wildcard escaped, and the caller: in Principal where the layer
has it, in a condition where the document is shared with others (a boundary, a guardrail).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

from iamkit.policy import elements
from iamkit.policy.candidates import NAMING
from iamkit.policy.grammar import GRAMMARS
from iamkit.policy.layers import Layer
from iamkit.policy.model import PolicyKind, PrincipalType
from iamkit.policy.request import AccessRequest, Caller, CallerKind
from iamkit.policy.trace import Json
from iamkit.policy.variables import escaped

_KINDS: Final = {
    Layer.IDENTITY: PolicyKind.IDENTITY,
    Layer.BOUNDARY: PolicyKind.BOUNDARY,
    Layer.SESSION: PolicyKind.SESSION,
    Layer.RESOURCE: PolicyKind.RESOURCE,
    Layer.GUARDRAIL: PolicyKind.GUARDRAIL,
    Layer.RESOURCE_GUARDRAIL: PolicyKind.RESOURCE_GUARDRAIL,
    Layer.ENDPOINT: PolicyKind.ENDPOINT,
}
# Layers whose documents are shared by callers without naming them.
_SHARED: Final = frozenset({Layer.BOUNDARY, Layer.GUARDRAIL})
_TYPES: Final[dict[CallerKind, PrincipalType]] = {
    CallerKind.SERVICE: "Service",
    CallerKind.PROVIDER: "Federated",
}
# What trust in an identity provider has to be held to (SEM-E19).
_CLAIMS: Final = {"sts:assumerolewithwebidentity": ("aud", "sub"), "sts:assumerolewithsaml": ("aud",)}


@final
@dataclass(frozen=True, slots=True)
class Grant:
    """A statement for a document of `kind`, of Version 2012-10-17, or None and the `fault` that forbids it.

    `also` says whom or what else the statement cannot but let through; `private` that it quotes values of
    the request beyond who asks for what.
    """

    kind: PolicyKind
    statement: dict[str, Json] | None = field(default=None, hash=False)
    fault: str = ""
    also: str = ""
    private: bool = False


def grant(request: AccessRequest, layer: Layer, *, trust: bool) -> Grant:
    """The grant for a layer. `trust` says that the resource's policy is a role's trust policy."""
    kind = PolicyKind.TRUST if trust and layer is Layer.RESOURCE else _KINDS[layer]
    if kind is PolicyKind.RESOURCE_GUARDRAIL:
        fault = "what is written there may only refuse; attach the shipped one that allows everything"
        return Grant(kind, fault=fault)
    grammar = GRAMMARS[kind]
    resource = request.resource if request.resource == "*" else escaped(request.resource)
    fault_found = elements.action_fault(request.action, grammar)
    if fault_found is None and grammar.resource != "forbidden":
        fault_found = elements.resource_fault(resource, variables=True)
    statement: dict[str, Json] = {"Effect": "Allow"}
    condition: dict[str, Json] = {}
    also = ""
    private = False
    if layer in NAMING:
        type_, name = _principal(request.caller)
        fault_found = fault_found or elements.principal_fault(type_, name, grammar)
        statement["Principal"] = name if type_ == "*" else {type_: name}
        condition, also = _narrowed_principal(request)
        claims = _CLAIMS.get(request.action.lower(), ()) if kind is PolicyKind.TRUST else ()
        if request.caller.kind is CallerKind.PROVIDER and claims:
            condition, missing = _claims(request, claims)
            private = True
            if missing:
                return Grant(
                    kind, fault=f"trust in a provider is held to its `{missing}` claim, which is missing"
                )
    elif layer in _SHARED:
        condition = _narrowing(request)
        also = "" if condition else "everybody whom the document is for"
    if fault_found is not None:
        return Grant(kind, fault=fault_found.message)
    statement["Action"] = request.action
    if grammar.resource != "forbidden":
        statement["Resource"] = resource
    if condition:
        statement["Condition"] = condition
    return Grant(kind, statement, also=also, private=private)


def _principal(caller: Caller) -> tuple[PrincipalType, str]:
    if caller.kind is CallerKind.ANONYMOUS:
        return "*", "*"
    return _TYPES.get(caller.kind, "AWS"), caller.arn


def _narrowed_principal(request: AccessRequest) -> tuple[dict[str, Json], str]:
    """The condition that Principal needs beside it, or who else is named without one.

    Root's ARN stands for its account (SEM-P4), and `*` for everybody; only a key of the request tells them
    apart.
    """
    kind = request.caller.kind
    if kind is CallerKind.ROOT:
        condition = _narrowing(request)
        return condition, "" if condition else "everybody in the account whose own policies allow it"
    if kind is CallerKind.ANONYMOUS:
        if request.context.by_lower.get("aws:principaltype") == str(kind):
            return {"StringEquals": {"aws:PrincipalType": str(kind)}}, ""
        return {}, "everybody"
    return {}, ""


def _narrowing(request: AccessRequest) -> dict[str, Json]:
    """A condition that only this caller meets, if its request carries a key that says who it is."""
    context, caller = request.context.by_lower, request.caller
    if caller.arn and context.get("aws:principalarn") == caller.arn:
        return {"ArnEquals": {"aws:PrincipalArn": escaped(caller.arn)}}
    unique = context.get("aws:userid")
    if isinstance(unique, str) and unique:
        return {"StringEquals": {"aws:userid": escaped(unique)}}
    return {}


def _claims(request: AccessRequest, claims: tuple[str, ...]) -> tuple[dict[str, Json], str]:
    """The claims of the token as a condition, or the first one that the request lacks."""
    found: dict[str, Json] = {}
    for claim in claims:
        named = [name for name in request.context if name.lower().rpartition(":")[2] == claim]
        value = request.context[named[0]] if named else None
        if not isinstance(value, str):
            return {}, claim
        found[named[0]] = escaped(value)
    return {"StringEquals": found}, ""
