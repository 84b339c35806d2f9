"""The Principal and NotPrincipal elements at load: where they may stand and whom they may name (SEM §4.1)."""

from __future__ import annotations

from typing import Final

from iamkit.policy.draft import Draft
from iamkit.policy.elements import Fault, principal_fault
from iamkit.policy.grammar import PRINCIPAL_MEMBERS
from iamkit.policy.model import Effect, PolicyKind, PrincipalEntry, PrincipalType
from iamkit.policy.problem import Path
from iamkit.policy.source import Node

_TYPES: Final[dict[str, PrincipalType]] = {
    "AWS": "AWS",
    "IAM": "AWS",
    "Service": "Service",
    "Federated": "Federated",
    "CanonicalUser": "CanonicalUser",
}


def check_presence(
    draft: Draft,
    statement: tuple[Path, Node],
    effect: Effect,
    path: Path,
    node: Node | None,
    *,
    negated: bool,
) -> None:
    """Note where an element is missing, or may not stand (SEM-G16, G-17, P-17)."""
    grammar = draft.grammar
    if node is None:
        if grammar.principal == "required":
            draft.note(*statement, Fault("the statement has no Principal", "MISSING_PRINCIPAL"))
    elif grammar.principal == "forbidden":
        message = "a principal may not stand here: the policy speaks of whom it is attached to"
        code = "SCP_SYNTAX_ERROR_PRINCIPAL" if draft.kind is PolicyKind.GUARDRAIL else "UNSUPPORTED_PRINCIPAL"
        draft.note(path, node, Fault(message, code))
    elif negated and effect is Effect.ALLOW:
        message = "NotPrincipal may not stand with Allow: name whom to allow"
        draft.refuse(path, node, message, _negated_code(draft.kind, "ALLOW_WITH_NOTPRINCIPAL"))
    elif negated and not grammar.not_principal:
        code = _negated_code(draft.kind, "INVALID_POLICY_ELEMENT")
        draft.note(path, node, Fault("NotPrincipal may not stand in such a policy", code))


def _negated_code(kind: PolicyKind, otherwise: str) -> str:
    return "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL" if kind is PolicyKind.TRUST else otherwise


def read_principals(
    draft: Draft, path: Path, node: Node | None, *, negated: bool
) -> tuple[PrincipalEntry, ...] | None:
    """The entries of an element, or None where it is absent."""
    if node is None:
        return None
    entries: list[tuple[Path, Node, PrincipalType]] = []
    if node.kind == "string":
        entries.append((path, node, "*"))
    elif node.kind == "object":
        for name, value in draft.members(path, node, PRINCIPAL_MEMBERS, "INVALID_PRINCIPAL_KEY").items():
            for place, item in draft.strings((*path, name), value, "EMPTY_ARRAY_PRINCIPAL", negated=negated):
                entries.append((place, item, _TYPES[name]))
        if {"AWS", "IAM"} <= {member.name for member in node.members}:
            draft.refuse(path, node, "`IAM` and `AWS` are two names of one member", "DUPLICATE_KEY")
        if not node.members:
            draft.note(path, node, Fault(f"{path[-1]} names nobody", "EMPTY_OBJECT_PRINCIPAL", fatal=negated))
    else:
        message = f'{path[-1]} is `*` or an object such as {{"AWS": "…"}}'
        draft.refuse(path, node, message, "DATA_TYPE_MISMATCH")
    if draft.grammar.principal == "required":
        for place, item, kind in entries:
            draft.note(place, item, principal_fault(kind, item.text, draft.grammar))
    return tuple(
        [PrincipalEntry(kind, item.text, draft.lines.span(*item.place)) for _, item, kind in entries]
    )
