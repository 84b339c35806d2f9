"""The strict parser: text to Policy, or MalformedPolicyDocument with every fault and its place.

What is written is held to every rule (SEM-F1). What is at rest (`stored=True`) is held to the rules
without which it has no meaning; the rest has a meaning at run time (an action that matches nothing, an
operator that cannot be judged), which evaluation gives it.

A good document is read without regard to where things stand (`plain`); only one with a fault is read again by
the reader that knows (`source`). The rules below see the same values either way.
"""

from __future__ import annotations

import re
from typing import Final

from iamkit.policy import elements
from iamkit.policy.condition_block import read_conditions
from iamkit.policy.draft import Draft
from iamkit.policy.elements import Fault
from iamkit.policy.grammar import (
    POLICY_MEMBERS,
    STATEMENT_MEMBERS,
    VERSIONS,
)
from iamkit.policy.model import (
    Condition,
    Effect,
    Element,
    Policy,
    PolicyKind,
    PrincipalEntry,
    Statement,
)
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.places import Origin, Place
from iamkit.policy.plain import Plain, UnusualError, is_string, plain, plain_of, text_of
from iamkit.policy.principal_block import check_presence, read_principals
from iamkit.policy.problem import Lines, Problems
from iamkit.policy.source import read

_PLAIN_SID: Final = re.compile(r"[A-Za-z0-9]*")
_EFFECTS: Final = {effect.value: effect for effect in Effect}


def parse(
    text: str,
    kind: PolicyKind,
    *,
    stored: bool = False,
    managed: bool = False,
    operators: OperatorTable = STANDARD,
) -> Policy:
    """Parse a policy document of the given kind.

    `stored` is for documents at rest, `managed` for a managed policy, which has to be of Version
    2012-10-17 (SEM-G15). The caller checks the size limit of the place it is written to, with
    `significant_length` (SEM-G18). Raises MalformedPolicyDocument, whose `problems` are `Problem`s.
    """
    try:
        draft = Draft(kind, operators, stored=stored, managed=managed)
        policy = _Document(draft, Origin(text)).policy(plain(text))
        if policy is not None and not draft.notes:
            return policy
    except UnusualError:
        pass
    problems = Problems(Lines(text))
    root = read(text, problems)
    policy = None
    if root is not None:
        draft = Draft(kind, operators, stored=stored, managed=managed)
        policy = _Document(draft, Origin(text, root)).policy(plain_of(root))
        for note in draft.notes:
            place, fault = note.place, note.fault
            offsets = place.name_offsets if note.name else place.offsets
            problems.add(place.path, offsets, fault.message, fault.code, fault.suggestion)
    problems.refuse()
    if policy is None:  # pragma: no cover  # refuse has raised
        raise AssertionError("a document without problems has a policy")
    return policy


class _Document:
    """The parser of one document. Each method reads one element and notes what is wrong with it."""

    def __init__(self, draft: Draft, origin: Origin) -> None:
        self.draft = draft
        self.origin = origin
        self.grammar = draft.grammar

    def policy(self, root: Plain) -> Policy | None:
        whole = Place(self.origin)
        if not isinstance(root, dict):
            self.draft.refuse(whole, "a policy document is a JSON object", "JSON_SYNTAX_ERROR")
            return None
        self.draft.known(whole, root, POLICY_MEMBERS)
        version = self.version(whole, root)
        self.draft.variables = version == VERSIONS[0]
        identifier = root.get("Id")
        if "Id" in root and not is_string(identifier):
            self.draft.refuse(Place(whole, "Id"), "Id is a string", "DATA_TYPE_MISMATCH")
        if "Statement" not in root:
            self.draft.refuse(whole, "the document has no Statement", "MISSING_STATEMENT")
            return None
        return Policy(
            kind=self.draft.kind,
            version=version,
            id=identifier if isinstance(identifier, str) else None,
            statements=self.statements(Place(whole, "Statement"), root["Statement"]),
            text=self.origin.text,
        )

    def version(self, whole: Place, root: dict[str, Plain]) -> str | None:
        demanding = not self.draft.stored and (self.draft.managed or self.grammar.current_version)
        if "Version" not in root:
            if demanding:
                message = "the document has to say Version `2012-10-17`"
                self.draft.refuse(whole, message, "MISSING_VERSION", '"Version": "2012-10-17"')
            return None
        place, value = Place(whole, "Version"), root["Version"]
        text = "null" if value is None else text_of(value)
        if not is_string(value) or text not in VERSIONS:
            message = f"Version `{text[:40]}` does not exist: the language is of 2012-10-17 (or 2008-10-17)"
            self.draft.refuse(place, message, "INVALID_VERSION", VERSIONS[0])
            return None
        if demanding and text != VERSIONS[0]:
            message = f"such a policy has to be of Version 2012-10-17, not `{text}`"
            self.draft.refuse(place, message, "OLD_VERSION", VERSIONS[0])
        return text

    def statements(self, place: Place, value: Plain) -> tuple[Statement, ...]:
        if isinstance(value, dict):
            places: list[tuple[Place, Plain]] = [(place, value)]
        elif isinstance(value, list) and value:
            places = [(Place(place, index), item) for index, item in enumerate(value)]
        else:
            message, code = "Statement is an object or a list of objects", "DATA_TYPE_MISMATCH"
            if isinstance(value, list):
                message, code = "Statement is empty: write one statement at least", "MISSING_STATEMENT"
            self.draft.refuse(place, message, code)
            return ()
        if not self.draft.fits(place, value):
            return ()
        statements: list[Statement] = []
        sids: set[str] = set()
        for index, (here, item) in enumerate(places):
            if not isinstance(item, dict):
                self.draft.refuse(here, "a statement is an object", "DATA_TYPE_MISMATCH")
                continue
            statement = self.statement(here, item, index)
            sid = statement.sid
            if sid in sids and self.grammar.plain_sid and not self.draft.stored:
                self.draft.refuse(
                    Place(here, "Sid"), f"Sid `{sid}` is in use already", "UNIQUE_SIDS_REQUIRED"
                )
            if sid:
                sids.add(sid)
            statements.append(statement)
        return tuple(statements)

    def statement(self, place: Place, members: dict[str, Plain], index: int) -> Statement:
        self.draft.known(place, members, STATEMENT_MEMBERS)
        effect = self.effect(place, members)
        not_action, action = self.either(place, members, "Action")
        not_resource, resource = self.either(place, members, "Resource")
        not_principal, principal = self.either(place, members, "Principal")
        if action is None:
            self.draft.refuse(place, "the statement has neither Action nor NotAction", "MISSING_ACTION")
        elif not_action and (self.grammar.service or self.grammar.refusals_only) and not self.draft.stored:
            self.draft.refuse(action, "NotAction may not stand in such a policy", "INVALID_POLICY_ELEMENT")
        self.presence(place, resource)
        check_presence(self.draft, place, effect, principal, negated=not_principal)
        if self.grammar.refusals_only and effect is Effect.ALLOW and not self.draft.stored:
            message = "a resource guardrail may only refuse: its effect is Deny"
            self.draft.refuse(Place(place, "Effect"), message, "UNSUPPORTED_EFFECT", "Deny")
        conditions = self.conditions(place, members)
        statement = Statement(
            index=index,
            sid=self.sid(place, members) if "Sid" in members else None,
            effect=effect,
            actions=self.actions(action, members, negated=not_action),
            not_action=not_action,
            resources=self.resources(resource, members, negated=not_resource),
            not_resource=not_resource,
            principals=self.principals(principal, members, negated=not_principal),
            not_principal=not_principal,
            conditions=conditions,
            place=place,
        )
        if self.grammar.service == "sts" and not self.draft.stored:
            self.draft.note(place, elements.stranger_fault(statement))
        return statement

    def either(self, place: Place, members: dict[str, Plain], name: str) -> tuple[bool, Place | None]:
        """Which half of a pair stands there: whether it is the Not- half, and where; None if neither does."""
        negated = _NEGATED[name]
        if name in members:
            if negated in members:
                message = f"{name} and {negated} may not stand in one statement"
                self.draft.refuse(Place(place, negated), message, "UNSUPPORTED_ELEMENT_COMBINATION")
            return False, Place(place, name)
        return (True, Place(place, negated)) if negated in members else (False, None)

    def effect(self, place: Place, members: dict[str, Plain]) -> Effect:
        if "Effect" not in members:
            self.draft.refuse(place, "the statement has no Effect", "MISSING_EFFECT")
            return Effect.DENY
        value = members["Effect"]
        text = "null" if value is None else text_of(value)
        if is_string(value) and text in _EFFECTS:
            return _EFFECTS[text]
        near = elements.nearest(text, ("Allow", "Deny"))
        message = f"Effect is `Allow` or `Deny`, spelt exactly so, not `{text[:40]}`"
        self.draft.refuse(Place(place, "Effect"), message, "INVALID_EFFECT", near)
        return Effect.DENY

    def sid(self, place: Place, members: dict[str, Plain]) -> str | None:
        value = members["Sid"]
        if not isinstance(value, str) or not is_string(value):
            self.draft.refuse(Place(place, "Sid"), "Sid is a string", "DATA_TYPE_MISMATCH")
            return None
        if self.grammar.plain_sid and not _PLAIN_SID.fullmatch(value):
            near = re.sub("[^A-Za-z0-9]", "", value) or None
            message = f"Sid `{value[:80]}` may hold ASCII letters and digits only"
            self.draft.note(Place(place, "Sid"), Fault(message, "UNSUPPORTED_SID", near))
        return value

    def presence(self, place: Place, resource: Place | None) -> None:
        if resource is None and self.grammar.resource == "required":
            message = "the statement has neither Resource nor NotResource"
            self.draft.refuse(place, message, "MISSING_RESOURCE")
        if resource is not None and self.grammar.resource == "forbidden":
            message = "a trust policy has no Resource: it speaks of the role it hangs on"
            self.draft.refuse(resource, message, "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE")

    def actions(
        self, place: Place | None, members: dict[str, Plain], *, negated: bool
    ) -> tuple[Element, ...]:
        if place is None:
            return ()
        value = members[str(place.step)]
        found = self.draft.strings(place, value, "EMPTY_ARRAY_ACTION", negated=negated)
        for element in found:
            self.draft.note(element.place, elements.action_fault(element.text, self.grammar))
        return tuple(found)

    def resources(
        self, place: Place | None, members: dict[str, Plain], *, negated: bool
    ) -> tuple[Element, ...] | None:
        if place is None:
            return None
        value = members[str(place.step)]
        found = self.draft.strings(place, value, "EMPTY_ARRAY_RESOURCE", negated=negated)
        variables = self.draft.variables
        for element in found:
            self.draft.note(element.place, elements.resource_fault(element.text, variables=variables))
        return tuple(found)

    def principals(
        self, place: Place | None, members: dict[str, Plain], *, negated: bool
    ) -> tuple[PrincipalEntry, ...] | None:
        if place is None:
            return None
        return read_principals(self.draft, place, members[str(place.step)], negated=negated)

    def conditions(self, place: Place, members: dict[str, Plain]) -> tuple[Condition, ...]:
        if "Condition" not in members:
            return ()
        return read_conditions(self.draft, Place(place, "Condition"), members["Condition"])


_NEGATED: Final = {"Action": "NotAction", "Resource": "NotResource", "Principal": "NotPrincipal"}
