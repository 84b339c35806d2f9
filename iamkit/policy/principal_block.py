"""The Principal and NotPrincipal elements at load: where they may stand and whom they may name (SEM §4.1)."""

from __future__ import annotations

from typing import Final

from iamkit.policy.draft import Draft
from iamkit.policy.elements import Fault, principal_fault
from iamkit.policy.grammar import PRINCIPAL_MEMBERS
from iamkit.policy.model import Effect, PolicyKind, PrincipalEntry, PrincipalType
from iamkit.policy.places import Place
from iamkit.policy.plain import Plain, is_string, text_of

_TYPES: Final[dict[str, PrincipalType]] = {
    "AWS": "AWS",
    "IAM": "AWS",
    "Service": "Service",
    "Federated": "Federated",
    "CanonicalUser": "CanonicalUser",
}


def check_presence(
    draft: Draft, statement: Place, effect: Effect, place: Place | None, *, negated: bool
) -> None:
    """Note where an element is missing (its `place` None), or may not stand (SEM-G16, G-17, P-17)."""
    grammar = draft.grammar
    if place is None:
        if grammar.principal == "required":
            draft.note(statement, Fault("the statement has no Principal", "MISSING_PRINCIPAL"))
    elif grammar.principal == "forbidden":
        message = "a principal may not stand here: the policy speaks of whom it is attached to"
        code = "SCP_SYNTAX_ERROR_PRINCIPAL" if draft.kind is PolicyKind.GUARDRAIL else "UNSUPPORTED_PRINCIPAL"
        draft.note(place, Fault(message, code))
    elif negated and effect is Effect.ALLOW:
        message = "NotPrincipal may not stand with Allow: name whom to allow"
        draft.refuse(place, message, _negated_code(draft.kind, "ALLOW_WITH_NOTPRINCIPAL"))
    elif negated and not grammar.not_principal:
        code = _negated_code(draft.kind, "INVALID_POLICY_ELEMENT")
        draft.note(place, Fault("NotPrincipal may not stand in such a policy", code))


def _negated_code(kind: PolicyKind, otherwise: str) -> str:
    return "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL" if kind is PolicyKind.TRUST else otherwise


def read_principals(draft: Draft, place: Place, value: Plain, *, negated: bool) -> tuple[PrincipalEntry, ...]:
    """The entries of an element."""
    entries: list[PrincipalEntry] = []
    if is_string(value):
        entries.append(PrincipalEntry("*", text_of(value), place))
    elif isinstance(value, dict):
        draft.known(place, value, PRINCIPAL_MEMBERS, "INVALID_PRINCIPAL_KEY")
        for name, listed in value.items():
            if name in _TYPES:
                for item in draft.strings(
                    Place(place, name), listed, "EMPTY_ARRAY_PRINCIPAL", negated=negated
                ):
                    entries.append(PrincipalEntry(_TYPES[name], item.text, item.place))
        if "AWS" in value and "IAM" in value:
            draft.refuse(place, "`IAM` and `AWS` are two names of one member", "DUPLICATE_KEY")
        if not value:
            draft.note(place, Fault(f"{place.step} names nobody", "EMPTY_OBJECT_PRINCIPAL", fatal=negated))
    else:
        message = f'{place.step} is `*` or an object such as {{"AWS": "…"}}'
        draft.refuse(place, message, "DATA_TYPE_MISMATCH")
    if draft.grammar.principal == "required":
        for entry in entries:
            draft.note(entry.place, principal_fault(entry.type, entry.text, draft.grammar))
    return tuple(entries)
