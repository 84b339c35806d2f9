"""Simulation in AWS's shape: positions, missing keys, what boundary, organisation and each account say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.errors import InvalidArn, MalformedPolicyDocument
from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    evaluate,
    parse,
)
from iamkit.policy.custom import caller_named, custom_layers, custom_resource_layers
from iamkit.policy.simulate import context_keys, simulate, simulate_all

Attach = Callable[..., AttachedPolicy]
A = "123456789012"
NOTE = f"arn:aws:doc::{A}:note/1"
ALLOW = {"Effect": "Allow", "Action": "doc:*", "Resource": "*"}
TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "doc:List", "Resource": "*"},
    {
      "Sid": "Get", "Effect": "Allow", "Action": "doc:Get", "Resource": "*"
    }, {"Effect": "Deny", "Action": "doc:Put", "Resource": "*"}
  ]
}"""


def test_positions_cut_the_statement_out(jeff: Caller) -> None:
    """The start is the line and column of the statement's brace, the end those of the closing one."""
    lines = TEXT.splitlines()
    layers = custom_layers([TEXT])

    for action, outcome in (("doc:List", "allowed"), ("doc:Get", "allowed"), ("doc:Put", "explicitDeny")):
        (matched,) = simulate(AccessRequest(jeff, action, NOTE), layers).matched
        assert lines[matched.start.line - 1][matched.start.column - 1] == "{"
        assert lines[matched.end.line - 1][matched.end.column - 1] == "}"
        data = simulate(AccessRequest(jeff, action, NOTE), layers).as_data()
        assert data["EvalDecision"] == outcome
        told = matched.as_data()
        assert isinstance(told, dict)
        assert told["SourcePolicyId"] == "PolicyInputList.1"
        assert data["MatchedStatements"] == [told]
    get = simulate(AccessRequest(jeff, "doc:Get", NOTE), layers).matched[0]
    assert ((get.start.line, get.start.column), (get.end.line, get.end.column)) == ((5, 5), (7, 5))


def test_the_shape_is_the_one_of_aws(attach: Attach, jeff: Caller) -> None:
    """Details stand where they apply, and are left out where they do not."""
    layers = CallerLayers(
        (attach(ALLOW),), (attach({**ALLOW, "Action": "doc:Get"}),), guardrails=((attach(ALLOW),),)
    )

    named = simulate(AccessRequest(jeff, "doc:Put", NOTE), layers).as_data()
    whole = simulate(AccessRequest(jeff, "doc:Put", "*"), CallerLayers((attach(ALLOW),))).as_data()

    assert named == {
        "EvalActionName": "doc:Put",
        "EvalResourceName": NOTE,
        "EvalDecision": "implicitDeny",
        "MatchedStatements": [],
        "MissingContextValues": [],
        "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": True},
        "EvalDecisionDetails": {},
        "ResourceSpecificResults": [
            {
                "EvalResourceName": NOTE,
                "EvalResourceDecision": "implicitDeny",
                "MatchedStatements": [],
                "MissingContextValues": [],
                "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
                "EvalDecisionDetails": {},
            }
        ],
    }
    assert set(whole) == {
        "EvalActionName", "EvalResourceName", "EvalDecision", "MatchedStatements", "MissingContextValues",
    }  # fmt: skip


def test_both_accounts_are_told_and_a_guardrail_ends_it(attach: Attach, jeff: Caller) -> None:
    """Across accounts each type of policy says its part; not once a guardrail has refused."""
    request = AccessRequest(jeff, "doc:Get", NOTE, resource_account="999999999999")
    theirs = ResourceLayers((attach({**ALLOW, "Principal": {"AWS": A}}, kind=PolicyKind.RESOURCE),))
    layers = CallerLayers((attach({**ALLOW, "Effect": "Deny"}),))

    told = simulate(request, layers, theirs)
    ended = simulate(request, replace(layers, guardrails=((),)), theirs)

    assert told.details == {"identity-based policy": "explicitDeny", "resource-based policy": "allowed"}
    assert ended.details is None
    assert ended.allowed_by_organization is False


def test_missing_keys_are_those_that_could_matter(attach: Attach, jeff: Caller) -> None:
    """Read by a statement that nothing else keeps from matching, also by a variable; spelt as there."""
    statements = (
        {**ALLOW, "Condition": {"StringEquals": {"app:Mine": "${app:Other}"}, "Bool": {"app:Given": "true"}}},
        {**ALLOW, "Resource": "arn:aws:doc:::${app:Home}/*"},
        {**ALLOW, "Action": "doc:Put", "Condition": {"StringEquals": {"app:NotThisAction": "x"}}},
        {**ALLOW, "Resource": "arn:aws:doc:::x", "Condition": {"StringEquals": {"app:NotHere": "x"}}},
    )
    layers = CallerLayers((attach(*statements),))
    context = Context({"app:given": "true"})

    one = simulate(AccessRequest(jeff, "doc:Get", NOTE, context), layers)
    whole = simulate(AccessRequest(jeff, "doc:Get", "*", context), layers).as_data()

    assert one.missing_context == ("app:Home", "app:Mine", "app:Other")
    assert one.as_data()["MissingContextValues"] == []
    assert whole["MissingContextValues"] == ["app:Home", "app:Mine", "app:Other"]
    policies = [attached.policy for attached in layers.identity]
    assert context_keys(policies) == (
        "app:Given", "app:Home", "app:Mine", "app:NotHere", "app:NotThisAction", "app:Other",
    )  # fmt: skip


def test_every_action_meets_every_resource(attach: Attach, jeff: Caller) -> None:
    """Actions outermost, and each decision is the one of evaluate."""
    layers = CallerLayers((attach({**ALLOW, "Resource": NOTE}),))
    actions, resources = ("doc:Get", "web:Get"), (NOTE, NOTE + "1", "*")

    results = simulate_all(jeff, actions, resources, Context(), layers, lambda arn: (ResourceLayers(), A))

    assert [(item.action, item.resource) for item in results] == [
        (action, resource) for action in actions for resource in resources
    ]
    for item in results:
        assert item.decision == evaluate(AccessRequest(jeff, item.action, item.resource), layers)


def test_custom_documents_are_held_to_the_grammar(jeff: Caller) -> None:
    """What could not be saved cannot be simulated; a boundary and a resource policy have names too."""
    layers = custom_layers([TEXT], [TEXT])
    theirs = custom_resource_layers(json.dumps({"Statement": {**ALLOW, "Principal": {"AWS": A}}}))

    found = simulate(AccessRequest(jeff, "doc:Get", NOTE, resource_account="9" * 12), layers, theirs)

    assert {item.ref.source.name for item in found.matched} == {
        "PolicyInputList.1", "PermissionsBoundaryPolicyInputList.1", "ResourcePolicy",
    }  # fmt: skip
    assert custom_resource_layers(None) == ResourceLayers()
    with pytest.raises(MalformedPolicyDocument):
        custom_layers(["{}"])
    with pytest.raises(MalformedPolicyDocument):
        custom_resource_layers(TEXT)


def test_callers_are_known_by_their_arn() -> None:
    """A user, a role, its session, root, and what is none of them."""
    kinds = {
        f"arn:aws:iam::{A}:user/a/b": CallerKind.USER,
        f"arn:aws:iam::{A}:root": CallerKind.ROOT,
        f"arn:aws:iam::{A}:role/x": CallerKind.ROLE_SESSION,
        f"arn:aws:sts::{A}:assumed-role/x/s": CallerKind.ROLE_SESSION,
        f"arn:aws:sts::{A}:federated-user/x": CallerKind.FEDERATED_USER,
    }
    assert {arn: caller_named(arn).kind for arn in kinds} == kinds
    for arn in ("", "ana", f"arn:aws:iam::{A}:group/x", f"arn:aws:iam::{A}:user", NOTE):
        with pytest.raises(InvalidArn):
            caller_named(arn)


def test_a_source_that_hangs_twice_is_told_apart(jeff: Caller) -> None:
    """The same name in two layers may stand for two texts."""
    one = AttachedPolicy(parse(TEXT, PolicyKind.IDENTITY), PolicySource("p"))
    other = AttachedPolicy(parse("\n\n" + TEXT, PolicyKind.BOUNDARY), PolicySource("p"))

    found = simulate(AccessRequest(jeff, "doc:Get", NOTE), CallerLayers((one,), (other,)))

    assert sorted(item.end.line for item in found.matched) == [7, 9]
