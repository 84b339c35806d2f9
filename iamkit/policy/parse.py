"""The strict parser: text to Policy, or MalformedPolicyDocument with every fault and its place.

What is written is held to every rule (SEM-F1). What is at rest (`stored=True`) is held to the rules
without which it has no meaning; the rest has a meaning at run time (an action that matches nothing, an
operator that cannot be judged), which evaluation gives it.
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
    Statement,
)
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.principal_block import check_presence, read_principals
from iamkit.policy.problem import Lines, Path, Problems
from iamkit.policy.source import Node, read

_PLAIN_SID: Final = re.compile(r"[A-Za-z0-9]*")


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
    lines = Lines(text)
    problems = Problems(lines)
    root = read(text, problems)
    policy = None
    if root is not None:
        draft = Draft(kind, lines, problems, operators, stored=stored, managed=managed)
        policy = _Document(draft, text).policy(root)
    problems.refuse()
    if policy is None:  # pragma: no cover  # refuse has raised
        raise AssertionError("a document without problems has a policy")
    return policy


class _Document:
    """The parser of one document. Each method reads one element and notes what is wrong with it."""

    def __init__(self, draft: Draft, text: str) -> None:
        self.draft = draft
        self.text = text
        self.grammar = draft.grammar

    def policy(self, root: Node) -> Policy | None:
        if root.kind != "object":
            self.draft.refuse((), root, "a policy document is a JSON object", "JSON_SYNTAX_ERROR")
            return None
        members = self.draft.members((), root, POLICY_MEMBERS)
        version = self.version(root, members.get("Version"))
        self.draft.variables = version == VERSIONS[0]
        identifier = members.get("Id")
        if identifier is not None and identifier.kind != "string":
            self.draft.refuse(("Id",), identifier, "Id is a string", "DATA_TYPE_MISMATCH")
        node = members.get("Statement")
        if node is None:
            self.draft.refuse((), root, "the document has no Statement", "MISSING_STATEMENT")
            return None
        statements = self.statements(node)
        return Policy(
            kind=self.draft.kind,
            version=version,
            id=identifier.text if identifier is not None else None,
            statements=statements,
            text=self.text,
        )

    def version(self, root: Node, node: Node | None) -> str | None:
        if node is None:
            if not self.draft.stored and (self.draft.managed or self.grammar.current_version):
                message = "the document has to say Version `2012-10-17`"
                self.draft.refuse((), root, message, "MISSING_VERSION", '"Version": "2012-10-17"')
            return None
        if node.kind != "string" or node.text not in VERSIONS:
            shown = node.text[:40]
            message = f"Version `{shown}` does not exist: the language is of 2012-10-17 (or 2008-10-17)"
            self.draft.refuse(("Version",), node, message, "INVALID_VERSION", VERSIONS[0])
            return None
        if (
            not self.draft.stored
            and (self.draft.managed or self.grammar.current_version)
            and node.text != VERSIONS[0]
        ):
            message = f"such a policy has to be of Version 2012-10-17, not `{node.text}`"
            self.draft.refuse(("Version",), node, message, "OLD_VERSION", VERSIONS[0])
        return node.text

    def statements(self, node: Node) -> tuple[Statement, ...]:
        if node.kind == "object":
            places: list[tuple[Path, Node]] = [(("Statement",), node)]
        elif node.kind == "array" and node.items:
            places = [(("Statement", index), item) for index, item in enumerate(node.items)]
        else:
            code = "MISSING_STATEMENT" if node.kind == "array" else "DATA_TYPE_MISMATCH"
            self.draft.refuse(("Statement",), node, "Statement is an object or a list of objects", code)
            return ()
        if not self.draft.fits(("Statement",), node):
            return ()
        statements: list[Statement] = []
        sids: set[str] = set()
        for index, (path, item) in enumerate(places):
            if item.kind != "object":
                self.draft.refuse(path, item, "a statement is an object", "DATA_TYPE_MISMATCH")
                continue
            statement = self.statement(path, item, index)
            if statement.sid in sids and self.grammar.plain_sid and not self.draft.stored:
                sid = next(member.value for member in item.members if member.name == "Sid")
                self.draft.refuse(
                    (*path, "Sid"), sid, f"Sid `{statement.sid}` is in use already", "UNIQUE_SIDS_REQUIRED"
                )
            if statement.sid:
                sids.add(statement.sid)
            statements.append(statement)
        return tuple(statements)

    def statement(self, path: Path, node: Node, index: int) -> Statement:
        members = self.draft.members(path, node, STATEMENT_MEMBERS)
        effect = self.effect(path, node, members.get("Effect"))
        not_action, action_path, action = self.either(path, members, "Action")
        not_resource, resource_path, resource = self.either(path, members, "Resource")
        not_principal, principal_path, principal = self.either(path, members, "Principal")
        if action is None:
            self.draft.refuse(path, node, "the statement has neither Action nor NotAction", "MISSING_ACTION")
        elif not_action and (self.grammar.service or self.grammar.refusals_only) and not self.draft.stored:
            self.draft.refuse(
                action_path, action, "NotAction may not stand in such a policy", "INVALID_POLICY_ELEMENT"
            )
        self.presence(path, node, resource_path, resource)
        check_presence(self.draft, (path, node), effect, principal_path, principal, negated=not_principal)
        if self.grammar.refusals_only and effect is Effect.ALLOW and not self.draft.stored:
            message = "a resource guardrail may only refuse: its effect is Deny"
            self.draft.refuse((*path, "Effect"), members["Effect"], message, "UNSUPPORTED_EFFECT", "Deny")
        conditions = self.conditions(path, members.get("Condition"))
        statement = Statement(
            index=index,
            sid=self.sid(path, members.get("Sid")),
            effect=effect,
            actions=self.actions(action_path, action, negated=not_action),
            not_action=not_action,
            resources=self.resources(resource_path, resource, negated=not_resource),
            not_resource=not_resource,
            principals=read_principals(self.draft, principal_path, principal, negated=not_principal),
            not_principal=not_principal,
            conditions=conditions,
            span=self.draft.lines.span(*node.place),
            members={
                member.name: self.draft.lines.span(member.start, member.value.end)
                for member in node.members
                if member.name in members
            },
        )
        if self.grammar.service == "sts" and not self.draft.stored:
            self.draft.note(path, node, elements.stranger_fault(statement))
        return statement

    def either(self, path: Path, members: dict[str, Node], name: str) -> tuple[bool, Path, Node | None]:
        """Which half of a pair stands there: whether it is the Not- half, its path and its value."""
        plain, negated = members.get(name), members.get(f"Not{name}")
        if plain is not None and negated is not None:
            message = f"{name} and Not{name} may not stand in one statement"
            self.draft.refuse((*path, f"Not{name}"), negated, message, "UNSUPPORTED_ELEMENT_COMBINATION")
        if plain is None and negated is not None:
            return True, (*path, f"Not{name}"), negated
        return False, (*path, name), plain

    def effect(self, path: Path, node: Node, value: Node | None) -> Effect:
        if value is None:
            self.draft.refuse(path, node, "the statement has no Effect", "MISSING_EFFECT")
            return Effect.DENY
        if value.kind == "string" and value.text in ("Allow", "Deny"):
            return Effect(value.text)
        near = elements.nearest(value.text, ("Allow", "Deny"))
        message = f"Effect is `Allow` or `Deny`, spelt exactly so, not `{value.text[:40]}`"
        self.draft.refuse((*path, "Effect"), value, message, "INVALID_EFFECT", near)
        return Effect.DENY

    def sid(self, path: Path, node: Node | None) -> str | None:
        if node is None:
            return None
        if node.kind != "string":
            self.draft.refuse((*path, "Sid"), node, "Sid is a string", "DATA_TYPE_MISMATCH")
            return None
        if self.grammar.plain_sid and not _PLAIN_SID.fullmatch(node.text):
            near = re.sub("[^A-Za-z0-9]", "", node.text) or None
            message = f"Sid `{node.text[:80]}` may hold ASCII letters and digits only"
            self.draft.note((*path, "Sid"), node, Fault(message, "UNSUPPORTED_SID", near))
        return node.text

    def presence(self, path: Path, node: Node, place: Path, resource: Node | None) -> None:
        if resource is None and self.grammar.resource == "required":
            self.draft.refuse(
                path, node, "the statement has neither Resource nor NotResource", "MISSING_RESOURCE"
            )
        if resource is not None and self.grammar.resource == "forbidden":
            message = "a trust policy has no Resource: it speaks of the role it hangs on"
            self.draft.refuse(place, resource, message, "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE")

    def actions(self, path: Path, node: Node | None, *, negated: bool) -> tuple[Element, ...]:
        if node is None:
            return ()
        places = self.draft.strings(path, node, "EMPTY_ARRAY_ACTION", negated=negated)
        for place, item in places:
            self.draft.note(place, item, elements.action_fault(item.text, self.grammar))
        return tuple(self.draft.element(item) for _, item in places)

    def resources(self, path: Path, node: Node | None, *, negated: bool) -> tuple[Element, ...] | None:
        if node is None:
            return None
        places = self.draft.strings(path, node, "EMPTY_ARRAY_RESOURCE", negated=negated)
        for place, item in places:
            self.draft.note(place, item, elements.resource_fault(item.text, variables=self.draft.variables))
        return tuple(self.draft.element(item) for _, item in places)

    def conditions(self, path: Path, node: Node | None) -> tuple[Condition, ...]:
        if node is None:
            return ()
        return read_conditions(self.draft, (*path, "Condition"), node)
