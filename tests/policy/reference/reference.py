"""A second evaluator of the policy language: as plain as the rules it was written from.

It shares nothing with `iamkit.policy` but the values of a question (request.py), and reads documents as
plain JSON. It was written from the rules alone: where both agree, two readings of the rules agree.

Every test has three answers: True, False, and None for "cannot be judged". They combine by Kleene's
strong tables: one False decides an AND, one True decides an OR, whatever the rest; otherwise None spreads.
A decision that depends on a None is a denial with an error (SEM-F2).
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue

Answer = bool | None
Document = Mapping[str, Any]
Place = tuple[str, int, int, int]
"""Where a statement stands: layer, level, document, statement, counted from 0."""
Notice = Callable[[str, str, Document, Context, Answer], None]
"""Told of every condition that was judged: operator, key, the whole block, the context, the answer."""


def all_of(answers: Iterable[Answer]) -> Answer:
    """Kleene's AND."""
    found: Answer = True
    for answer in answers:
        if answer is False:
            return False
        found = found and answer
    return found


def any_of(answers: Iterable[Answer]) -> Answer:
    """Kleene's OR."""
    found: Answer = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            found = None
    return found


@dataclass(frozen=True)
class Attached:
    """A document where it hangs, with the ids that its principals had when it was saved (SEM-P12)."""

    document: Document
    principal_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layers:
    """All the layers around a request (SEM §8.1). None: there is no such layer; empty: it allows nothing."""

    identity: list[Attached] = field(default_factory=list)
    boundary: list[Attached] | None = None
    session: list[Attached] | None = None
    guardrails: list[list[Attached]] | None = None
    resource: list[Attached] = field(default_factory=list)
    resource_guardrails: list[list[Attached]] | None = None
    endpoint: list[Attached] | None = None


def read(text: str) -> Document:
    """A document of a text. Numbers stay the text they were written as (SEM-G10)."""
    document: Document = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    return document


def listed(value: object) -> list[Any]:
    """A scalar is a list of one (SEM-G6)."""
    return value if isinstance(value, list) else [value]


def written(value: object) -> str:
    """A value of a document as text (SEM-G10)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


ANY_RUN: Final = object()
ANY_ONE: Final = object()
NO_VALUE: Final = object()
# A pattern is a list of marks: a character as the document wrote it, a character that a variable put there
# (in a tuple, so that it separates nothing), ANY_RUN, ANY_ONE, or NO_VALUE for a variable without value.
Marks = list[object]


def wild(text: str) -> Marks:
    """A text without variables as marks."""
    return [ANY_RUN if mark == "*" else ANY_ONE if mark == "?" else mark for mark in text]


def substituted(text: str, live: bool, context: Context) -> Marks:
    """A text as marks, its variables replaced if they are live (SEM-G14, V-1 to V-10)."""
    if not live:
        return wild(text)
    marks, at = Marks(), 0
    for variable in re.finditer(r"\$\{([^}]*)\}", text):
        marks += wild(text[at : variable.start()])
        marks += [(mark,) for mark in variable_text(variable[1], context)] or [NO_VALUE]
        at = variable.end()
    return marks + wild(text[at:])


def variable_text(name: str, context: Context) -> str:
    """What stands for one variable, literally; nothing if it has no value."""
    if name in ("*", "?", "$"):
        return name
    name, _, default = name.partition(",")
    value = context.get(name)
    if isinstance(value, tuple):
        # Several values are no value, and no reason for the default (SEM-V4).
        return ""
    return ("" if value is None else as_text(value)) or default.strip(" ")[1:-1]


def literal(marks: Marks) -> str:
    """Marks as the text they are where wildcards mean nothing."""
    signs = {ANY_RUN: "*", ANY_ONE: "?"}
    return "".join(mark[0] if isinstance(mark, tuple) else signs.get(mark, str(mark)) for mark in marks)


def like(marks: Marks, text: str) -> bool:
    """Whether the marks cover the whole text; the textbook's table, row by row (SEM-C25)."""
    star = marks.index(ANY_RUN) if ANY_RUN in marks else len(marks)
    for mark, got in zip(marks[:star], text, strict=False):
        if not (mark is ANY_ONE or mark == got or mark == (got,)):
            return False
    if star == len(marks) or star > len(text):
        return star == len(text)
    reached = [True] + [False] * (len(text) - star)
    marks, text = marks[star:], text[star:]
    for mark in marks:
        if mark is ANY_RUN:
            seen = False
            reached = [seen := seen or here for here in reached]
        elif mark is ANY_ONE:
            reached = [False, *reached[:-1]]
        else:
            wanted = mark[0] if isinstance(mark, tuple) else mark
            reached = [False, *(here and wanted == got for here, got in zip(reached, text, strict=False))]
        if True not in reached:
            return False
    return reached[-1]


def arn_like(marks: Marks, arn: str) -> Answer:
    """Part by part: no wildcard leaves its part (SEM-R3, C-34), and only colons that the document wrote part
    the pattern (SEM-V8). Fewer than six parts on either side cannot be judged (SEM-C35)."""
    parts: list[Marks] = [[]]
    for mark in marks:
        if mark == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(mark)
    given = arn.split(":", 5)
    return all(map(like, parts, given)) if len(parts) == len(given) == 6 else None


def action_matches(statement: Document, action: str) -> bool:
    """SEM-A1 to A-6."""

    def one(entry: str) -> bool:
        well_formed = re.fullmatch(r"[A-Za-z0-9.-]+:[^\s,:]+", entry)
        return entry == "*" or (bool(well_formed) and like(wild(entry.lower()), action.lower()))

    if "NotAction" in statement:
        return not any(one(entry) for entry in listed(statement["NotAction"]))
    return any(one(entry) for entry in listed(statement["Action"]))


def resource_matches(statement: Document, resource: str, live: bool, context: Context) -> bool:
    """SEM-R1 to R-10. A statement without the element speaks of the resource that it hangs on."""

    def one(entry: str) -> Answer:
        if entry == "*":
            return True
        marks = substituted(entry, live, context)
        if NO_VALUE in marks:
            return None
        return resource != "*" and bool(arn_like(marks, resource))

    if "NotResource" in statement:
        return all(one(entry) is False for entry in listed(statement["NotResource"]))
    return "Resource" not in statement or any(one(entry) is True for entry in listed(statement["Resource"]))


FREE_ACTIONS: Final = (
    "sts:getcalleridentity",
    "sts:getaccesskeyinfo",
    "sts:getsessiontoken",
    "iamkit:getnarrowedcredentials",
)
_WITH_ACCOUNT: Final = (CallerKind.USER, CallerKind.ROOT, CallerKind.ROLE_SESSION, CallerKind.FEDERATED_USER)


def levels(principal: object, caller: Caller, ids: Mapping[str, str]) -> set[str]:
    """At which levels a Principal names the caller (SEM-P1 to P-14)."""
    if principal == "*":
        return {"ANY"}
    kinds = principal if isinstance(principal, Mapping) else {}
    found = {entry_level(kind, one, caller, ids) for kind in kinds for one in listed(kinds[kind])}
    return found - {""}


def entry_level(kind: str, entry: str, caller: Caller, ids: Mapping[str, str]) -> str:
    """At which level one entry names the caller; empty if it does not."""
    if kind != "AWS":
        mine = {CallerKind.SERVICE: "Service", CallerKind.PROVIDER: "Federated"}.get(caller.kind)
        return "DIRECT" if kind == mine and entry == caller.arn != "*" else ""
    if entry == "*":
        return "ANY"
    if caller.kind not in _WITH_ACCOUNT:
        return ""
    if re.fullmatch(r"[0-9]{12}|arn:[^:]*:iam::[0-9]{12}:root", entry):
        return "ACCOUNT" if caller.account in entry.split(":") else ""
    if ids.get(entry, caller.unique_id) != caller.unique_id:
        # Somebody of the same name had this ARN when the policy was saved (SEM-P12).
        return ""
    if caller.kind is CallerKind.ROLE_SESSION and (
        entry == caller.issuer_arn or is_session_of(caller.arn, entry)
    ):
        return "ROLE"
    if caller.kind is CallerKind.FEDERATED_USER and entry == caller.issuer_arn:
        return "FEDUSER"
    return "DIRECT" if entry == caller.arn else ""


def is_session_of(arn: str, role: str) -> bool:
    """Whether the ARN is of a session of the role. It carries no path, so the path says nothing (SEM-P6)."""
    named = re.fullmatch(r"arn:([^:*?]*):iam::([^:*?]*):role/(?:[^*?]*/)?([^/*?]+)", role)
    called = re.fullmatch(r"arn:([^:]*):sts::([^:]*):assumed-role/([^/]+)/.*", arn)
    return named is not None and called is not None and named.groups() == called.groups()


def as_text(value: object) -> str | None:
    """A request value for the String operators, as JSON would write it (SEM-G10, C-30)."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return written(value) if isinstance(value, str | bool | int | Decimal) else None


def as_number(value: object) -> Decimal | None:
    """SEM-C27: integers and decimals of both signs. An instant is its seconds (SEM-K2)."""
    if isinstance(value, datetime):
        since = value - datetime(1970, 1, 1, tzinfo=UTC)
        return since.days * 86400 + since.seconds + Decimal(since.microseconds) / 1_000_000
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(written(value)) if number or _is(r"[+-]?[0-9]+(\.[0-9]+)?", value) else None


def as_instant(value: object) -> Decimal | None:
    """SEM-C28: ISO 8601, or seconds since 1970; four digits alone are neither. As seconds."""
    if isinstance(value, str) and not _is("-?(?![0-9]{4}$)[0-9]+", value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return as_number(value)


def _is(form: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(form, value, re.ASCII) is not None


def as_truth(value: object) -> bool | None:
    """SEM-C29: the two words in any case."""
    known = {"true": True, "false": False}
    return known.get(written(value).lower()) if isinstance(value, bool | str) else None


def as_bytes(value: object) -> bytes | None:
    """SEM-C30: base64 in documents, bytes or base64 in requests."""
    try:
        return (
            base64.b64decode(value, validate=True)
            if isinstance(value, str)
            else value
            if isinstance(value, bytes)
            else None
        )
    except ValueError:
        return None


def in_network(value: ContextValue, network: str) -> Answer:
    """SEM-C31 to C-33: host bits do not count, families never match, a mapped address is its v4 address."""
    if not isinstance(value, str):
        return None
    try:
        address, inside = ipaddress.ip_address(value), ipaddress.ip_network(network, strict=False)
    except ValueError:
        return None
    return (getattr(address, "ipv4_mapped", None) or address) in inside


def is_arn_like(value: ContextValue, marks: Marks) -> Answer:
    """SEM-C34, C-35, V-5."""
    if not isinstance(value, str) or value.count(":") < 5:
        return None
    return False if NO_VALUE in marks else arn_like(marks, value)


def of_text(relation: Callable[[str, Marks], bool]) -> Callable[[ContextValue, Marks], Answer]:
    """A relation of texts; a variable without value equals nothing (SEM-V5)."""

    def test(value: ContextValue, marks: Marks) -> Answer:
        text = as_text(value)
        return None if text is None else NO_VALUE not in marks and relation(text, marks)

    return test


def of_type(convert: Callable[[object], Any], relation: Callable[[Any, Any], bool]) -> Callable[..., Answer]:
    """A relation of converted values; what cannot be converted cannot be judged (SEM-C38)."""

    def test(value: ContextValue, text: str) -> Answer:
        mine, theirs = convert(value), convert(text)
        return None if mine is None or theirs is None else relation(mine, theirs)

    return test


ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": lambda mine, theirs: bool(mine == theirs),
    "LessThan": lambda mine, theirs: bool(mine < theirs),
    "LessThanEquals": lambda mine, theirs: bool(mine <= theirs),
    "GreaterThan": lambda mine, theirs: bool(mine > theirs),
    "GreaterThanEquals": lambda mine, theirs: bool(mine >= theirs),
}
WITH_MARKS: Final[Mapping[str, Callable[[ContextValue, Marks], Answer]]] = {
    "StringEquals": of_text(lambda text, marks: text == literal(marks)),
    "StringEqualsIgnoreCase": of_text(lambda text, marks: text.lower() == literal(marks).lower()),
    "StringLike": of_text(lambda text, marks: like(marks, text)),
    "ArnEquals": is_arn_like,
    "ArnLike": is_arn_like,
}
WITH_TEXT: Final[Mapping[str, Callable[[ContextValue, str], Answer]]] = {
    **{"Numeric" + name: of_type(as_number, order) for name, order in ORDERS.items()},
    **{"Date" + name: of_type(as_instant, order) for name, order in ORDERS.items()},
    "Bool": of_type(as_truth, ORDERS["Equals"]),
    "BinaryEquals": of_type(as_bytes, ORDERS["Equals"]),
    "IpAddress": in_network,
}
_NEGATIONS: Final = "StringNotEquals StringNotEqualsIgnoreCase StringNotLike NumericNotEquals DateNotEquals"
NEGATED: Final[Mapping[str, str]] = {
    name: name.replace("Not", "") for name in f"{_NEGATIONS} NotIpAddress ArnNotEquals ArnNotLike".split()
}
OPERATORS: Final = (*WITH_MARKS, *WITH_TEXT, *NEGATED)


def condition_holds(operator: str, key: str, values: list[str], context: Context, live: bool) -> Answer:
    """One operator and key (SEM-C2 to C-21)."""
    given = context.get(key)
    if operator == "Null":
        return any((value.lower() == "true") is (given in (None, ())) for value in values)
    pieces = re.fullmatch(r"(ForAllValues:|ForAnyValue:|)([A-Za-z]+?)(IfExists|)", operator)
    if pieces is None or pieces[2] not in OPERATORS:
        return None
    prefix, base, suffix = pieces.groups()
    if given is None or given == ():
        return bool(suffix) or prefix == "ForAllValues:" or (not prefix and base in NEGATED)
    if isinstance(given, tuple) and not prefix:
        return False
    several = given if isinstance(given, tuple) else (given,)
    each = [one_holds(base, value, values, context, live) for value in several]
    return any_of(each) if prefix == "ForAnyValue:" else all_of(each)


def one_holds(base: str, value: ContextValue, values: list[str], context: Context, live: bool) -> Answer:
    """One request value against the list of policy values: any of them, or under a negation none."""
    positive = NEGATED.get(base, base)
    if positive in WITH_MARKS:
        relation = WITH_MARKS[positive]
        found = any_of(relation(value, substituted(text, live, context)) for text in values)
    else:
        found = any_of(WITH_TEXT[positive](value, text) for text in values)
    return found if base not in NEGATED or found is None else not found


@dataclass(frozen=True)
class Verdict:
    """The outcome in the simulator's words, whether it is an error, and which statements matched."""

    outcome: str
    error: bool = False
    denies: frozenset[Place] = frozenset()
    allows: frozenset[Place] = frozenset()


class Reference:
    """Decides one request under its layers."""

    def __init__(self, request: AccessRequest, *, notice: Notice | None = None) -> None:
        self.request = request
        self.notice = notice
        self.denied: Answer = False
        self.denies: set[Place] = set()
        self.allows: set[Place] = set()

    def statement(self, document: Document, statement: Document) -> Answer:
        """Action, resource and condition; the principal is its layer's affair (SEM-E2)."""
        request, whole = self.request, statement.get("Condition", {})
        live = document.get("Version") == "2012-10-17"
        if not action_matches(statement, request.action):
            return False
        if not resource_matches(statement, request.resource, live, request.context):
            return False
        return all_of(
            self.condition(operator, key, values, whole, live)
            for operator, block in whole.items()
            for key, values in block.items()
        )

    def condition(self, operator: str, key: str, values: object, whole: Document, live: bool) -> Answer:
        """One condition, told to whoever counts."""
        texts = [written(value) for value in listed(values)]
        answer = condition_holds(operator, key, texts, self.request.context, live)
        if self.notice:
            self.notice(operator, key, whole, self.request.context, answer)
        return answer

    def named(self, statement: Document, ids: Mapping[str, str]) -> set[str]:
        """How a statement with principals names the caller (SEM-P15, P-16)."""
        caller = self.request.caller
        if "NotPrincipal" not in statement:
            return levels(statement.get("Principal"), caller, ids)
        return {"ANY"} if caller.bounded or not levels(statement["NotPrincipal"], caller, ids) else set()

    def layer(self, name: str, documents: list[Attached], level: int = 0) -> dict[str, Answer]:
        """At which levels the layer allows (without principals: ANY); its Denies are noted on the way."""
        allowed: dict[str, Answer] = {}
        for number, attached in enumerate(documents):
            for index, statement in enumerate(listed(attached.document["Statement"])):
                with_principal = name in ("resource", "resource guardrail", "endpoint")
                named = self.named(statement, attached.principal_ids) if with_principal else {"ANY"}
                answer = bool(named) and self.statement(attached.document, statement)
                if statement["Effect"] == "Deny":
                    self.denied = any_of((self.denied, answer))
                else:
                    allowed |= {one: any_of((allowed.get(one, False), answer)) for one in named}
                if answer:
                    matched = self.denies if statement["Effect"] == "Deny" else self.allows
                    matched.add((name, level, number, index))
        return allowed

    def allows_in(self, name: str, documents: list[Attached] | None, level: int = 0) -> Answer:
        """Whether the layer does not exist, or allows."""
        return documents is None or any_of(self.layer(name, documents, level).values())

    def decide(self, layers: Layers, *, session_binds: bool = False) -> Verdict:
        """SEM §8.7. `session_binds` is the switch of SEM-E9."""
        request, kind = self.request, self.request.caller.kind
        if request.action.lower() in FREE_ACTIONS and kind is not CallerKind.ANONYMOUS:
            return Verdict("allowed")
        rp = self.layer("resource", layers.resource)
        passed = [
            self.allows_in("resource guardrail", level, number)
            for number, level in enumerate(layers.resource_guardrails or [])
        ]
        passed.append(self.allows_in("endpoint", layers.endpoint))

        def at(*wanted: str) -> Answer:
            return any_of(rp.get(level, False) for level in wanted)

        if kind not in _WITH_ACCOUNT:
            granted = at("ANY") if kind is CallerKind.ANONYMOUS else at("DIRECT", "ANY")
            return self.verdict(all_of([*passed, granted]))
        passed += [
            self.allows_in("guardrail", level, number) for number, level in enumerate(layers.guardrails or [])
        ]
        ident = self.allows_in("identity", layers.identity)
        b, s = self.allows_in("boundary", layers.boundary), self.allows_in("session", layers.session)
        own = request.resource_account in ("", request.caller.account)
        path = all_of((ident, b, s))
        if kind is CallerKind.ROOT:
            path = True if own else all_of((b, s))
        if kind is CallerKind.FEDERATED_USER and layers.session is None:
            path = False
        ways = [
            all_of((at("DIRECT", "ANY"), s if session_binds else True)),
            all_of((at("ROLE", "FEDUSER"), b, s)),
            all_of((path, at("ACCOUNT") if request.explicit_trust else True)),
        ]
        granted = any_of(ways) if own else all_of((any_of(rp.values()), path))
        return self.verdict(all_of([*passed, granted]))

    def verdict(self, passed: Answer) -> Verdict:
        """The three outcomes; what depends on something that cannot be judged is an error."""
        if self.denied:
            return Verdict("explicitDeny", denies=frozenset(self.denies))
        if self.denied is None or passed is None:
            return Verdict("implicitDeny", error=True)
        return Verdict("allowed", allows=frozenset(self.allows)) if passed else Verdict("implicitDeny")
