"""Laws of decisions over random layers: order, adding an Allow, adding a Deny, lists of one, substitution."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    Decision,
    Outcome,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    evaluate,
    parse,
)

A = "123456789012"
JEFF = Caller(CallerKind.USER, f"arn:aws:iam::{A}:user/jeff", A)

_TEXTS = st.lists(st.sampled_from(["x", "y*", "${app:v}", "5"]), min_size=1, max_size=3, unique=True)
_CONDITION = st.dictionaries(
    st.sampled_from(
        [
            "StringEquals",
            "StringNotLike",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotEquals",
            "NoSuchOperator",
        ]
    ),
    st.dictionaries(st.sampled_from(["app:k", "app:list"]), _TEXTS, min_size=1, max_size=2),
    max_size=2,
)
_STATEMENT = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Action": st.lists(
            st.sampled_from(["doc:Get", "doc:*", "doc:Put"]), min_size=1, max_size=2, unique=True
        ),
        "Resource": st.lists(
            st.sampled_from(["*", "arn:aws:doc:::a/*", "arn:aws:doc:::${app:v}/x"]),
            min_size=1,
            max_size=2,
            unique=True,
        ),
        "Condition": _CONDITION,
    }
)
_STATEMENTS = st.lists(_STATEMENT, min_size=1, max_size=4)
_REQUEST = st.builds(
    lambda resource, context, owner: AccessRequest(JEFF, "doc:Get", resource, Context(context), owner),
    st.sampled_from(["*", "arn:aws:doc:::a/x", "arn:aws:doc:::b/x"]),
    st.fixed_dictionaries(
        {},
        optional={
            "app:k": st.sampled_from(["x", "y1", "z"]),
            "app:list": st.sampled_from([("x",), ("x", "z")]),
            "app:v": st.sampled_from(["a", "*", "x"]),
        },
    ),
    st.sampled_from(["", "999999999999"]),
)
Statements = list[dict[str, Any]]


def attached(statements: Statements, kind: PolicyKind = PolicyKind.IDENTITY) -> tuple[AttachedPolicy, ...]:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return (AttachedPolicy(parse(text, kind, stored=True), PolicySource(kind)),)


def decide(
    request: AccessRequest,
    identity: Statements,
    boundary: Statements | None = None,
    resource: Statements | None = None,
) -> Decision:
    named = [{**statement, "Principal": {"AWS": [A, JEFF.arn]}} for statement in resource or ()]
    return evaluate(
        request,
        CallerLayers(attached(identity), None if boundary is None else attached(boundary)),
        ResourceLayers(attached(named, PolicyKind.RESOURCE) if named else ()),
    )


def shuffled(data: st.DataObject, statements: Statements) -> Statements:
    """The same statements with everything that has no order in another order."""
    mixed = []
    for statement in data.draw(st.permutations(statements)):
        members = data.draw(st.permutations(list(statement)))
        turned: dict[str, Any] = {}
        for member in members:
            value = statement[member]
            if isinstance(value, list):
                value = data.draw(st.permutations(value))
            elif isinstance(value, dict):
                value = {
                    operator: {
                        key: data.draw(st.permutations(block[key]))
                        for key in data.draw(st.permutations(list(block)))
                    }
                    for operator, block in data.draw(st.permutations(list(value.items())))
                }
            turned[member] = value
        mixed.append(turned)
    return mixed


def said(decision: Decision) -> object:
    refs = sorted((ref.layer.value, ref.level, ref.source.name) for ref in decision.determining)
    return (decision.outcome, refs, decision.missing, decision.error)


@settings(max_examples=120, deadline=None)
@given(
    data=st.data(),
    identity=_STATEMENTS,
    boundary=st.none() | _STATEMENTS,
    resource=st.none() | _STATEMENTS,
    request=_REQUEST,
)
def test_order_never_matters(
    data: st.DataObject,
    identity: Statements,
    boundary: Statements | None,
    resource: Statements | None,
    request: AccessRequest,
) -> None:
    """Statements, members, entries and values in another order decide the same, errors included."""
    mixed = [None if some is None else shuffled(data, some) for some in (identity, boundary, resource)]
    assert mixed[0] is not None

    one = decide(request, identity, boundary, resource)
    other = decide(request, mixed[0], mixed[1], mixed[2])

    assert said(one) == said(other)


@settings(max_examples=120, deadline=None)
@given(identity=_STATEMENTS, boundary=st.none() | _STATEMENTS, more=_STATEMENT, request=_REQUEST)
def test_adding_an_allow_never_removes_access(
    identity: Statements, boundary: Statements | None, more: dict[str, Any], request: AccessRequest
) -> None:
    """What was allowed stays allowed, also if the added statement cannot be judged."""
    if decide(request, identity, boundary):
        assert decide(request, [*identity, {**more, "Effect": "Allow"}], boundary)


@settings(max_examples=120, deadline=None)
@given(identity=_STATEMENTS, boundary=st.none() | _STATEMENTS, more=_STATEMENT, request=_REQUEST)
def test_adding_a_deny_never_adds_access(
    identity: Statements, boundary: Statements | None, more: dict[str, Any], request: AccessRequest
) -> None:
    """What was denied stays denied, and an explicit denial stays explicit."""
    before = decide(request, identity, boundary)
    after = decide(request, [*identity, {**more, "Effect": "Deny"}], boundary)

    assert before or not after
    if before.outcome is Outcome.EXPLICIT_DENY:
        assert after.outcome is Outcome.EXPLICIT_DENY


@settings(max_examples=80, deadline=None)
@given(statement=_STATEMENT, request=_REQUEST)
def test_a_list_of_one_is_its_entry(statement: dict[str, Any], request: AccessRequest) -> None:
    """One string and a list that holds it decide the same."""
    one = {
        **statement,
        "Action": statement["Action"][:1],
        "Resource": statement["Resource"][:1],
        "Condition": {
            op: {key: vs[:1] for key, vs in block.items()} for op, block in statement["Condition"].items()
        },
    }
    bare = {
        **statement,
        "Action": statement["Action"][0],
        "Resource": statement["Resource"][0],
        "Condition": {
            op: {key: vs[0] for key, vs in block.items()} for op, block in statement["Condition"].items()
        },
    }

    assert said(decide(request, [one])) == said(decide(request, [bare]))


@settings(max_examples=150, deadline=None)
@given(value=st.text("ab*?${}:/'", min_size=1, max_size=8), other=st.text("ab*?${}:/'", max_size=8))
def test_a_substituted_value_matches_only_itself(value: str, other: str) -> None:
    """Under every place that takes a variable, another text never matches."""
    home = "arn:aws:doc:::home/${app:v}"
    layers: list[Statements] = [
        [{"Effect": "Allow", "Action": "doc:Get", "Resource": home}],
        [
            {
                "Effect": "Allow",
                "Action": "doc:Get",
                "Resource": "*",
                "Condition": {"StringLike": {"app:k": "${app:v}"}},
            }
        ],
        [
            {
                "Effect": "Allow",
                "Action": "doc:Get",
                "Resource": "*",
                "Condition": {"ArnLike": {"app:arn": home}},
            }
        ],
    ]
    mine, theirs = f"arn:aws:doc:::home/{value}", f"arn:aws:doc:::home/{other}"
    for statements in layers:
        good = Context({"app:v": value, "app:k": value, "app:arn": mine})
        assert decide(AccessRequest(JEFF, "doc:Get", mine, good), statements)
        if other != value:
            bad = Context({"app:v": value, "app:k": other, "app:arn": theirs})
            assert not decide(AccessRequest(JEFF, "doc:Get", theirs, bad), statements)
