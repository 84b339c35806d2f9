"""One match: a statement and what is known make a formula over what is not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from iamkit.policy import (
    FALSE,
    STANDARD,
    TRUE,
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    Effect,
    Formula,
    Known,
    Outcome,
    Policy,
    PolicyKind,
    PolicySource,
    evaluate,
    parse,
)
from iamkit.policy.conditions import KeyTest
from iamkit.policy.formula import And, Unjudged
from iamkit.policy.match import EVERY_KEY, leaves, meaning
from iamkit.policy.targets import ActionTest, ResourceTest

CALLER = Caller(CallerKind.USER)
MINE = "arn:aws:doc:::home/jeff/a"


def policy(**statement: object) -> Policy:
    whole = {"Effect": "Allow", "Action": "doc:Get*", "Resource": "arn:aws:doc:::home/*", **statement}
    return parse(json.dumps({"Version": "2012-10-17", "Statement": whole}), PolicyKind.IDENTITY, stored=True)


def left(of: Policy, known: Known) -> Formula:
    return meaning(of.statements[0], of, known, known.request, STANDARD)


def test_everything_known_is_an_answer() -> None:
    """TRUE if all holds, FALSE if one element does not."""
    known = Known(CALLER, "doc:GetPage", MINE, Context({"app:k": "x"}))

    assert left(policy(Condition={"StringEquals": {"app:k": "x"}}), known) is TRUE
    assert left(policy(Condition={"StringEquals": {"app:k": "y"}}), known) is FALSE
    assert left(policy(Resource="arn:aws:doc:::other"), known) is FALSE
    assert left(policy(Action="doc:Put"), known) is FALSE


def test_a_plan_knows_the_action() -> None:
    """Resource and keys are left as leaves, another action is FALSE at once."""
    known = Known(CALLER, "doc:GetPage", unknown_keys=EVERY_KEY)
    formula = left(policy(Condition={"StringEquals": {"app:k": "x"}}), known)

    assert isinstance(formula, And)
    assert [type(part) for part in formula.parts] == [ResourceTest, KeyTest]
    assert left(policy(Action="doc:Put"), known) is FALSE
    unconditional = left(policy(Resource="*"), known)
    assert isinstance(unconditional, ResourceTest)


def test_only_what_is_unknown_is_left() -> None:
    """A leaf stays if it reads an unknown key, also by a variable; a key that is neither is missing."""
    known = Known(CALLER, "doc:GetPage", MINE, Context({"app:k": "x"}), frozenset({"aws:username"}))

    own = left(policy(Resource="arn:aws:doc:::home/${aws:username}/*"), known)
    assert isinstance(own, ResourceTest)
    assert own.reads_keys == ("aws:username",)
    assert left(policy(Condition={"StringEquals": {"app:k": "${aws:UserName}"}}), known) not in (TRUE, FALSE)
    assert left(policy(Condition={"StringEquals": {"app:other": "x"}}), known) is FALSE
    assert left(policy(Condition={"StringNotEquals": {"app:other": "x"}}), known) is TRUE


def test_what_cannot_be_judged_stays_unless_it_does_not_matter() -> None:
    """An unknown operator is kept as a part that fails; an element that does not hold outweighs it."""
    known = Known(CALLER, "doc:GetPage", MINE, Context({"app:n": "x"}))

    assert isinstance(left(policy(Condition={"NoSuch": {"app:k": "x"}}), known), Unjudged)
    assert isinstance(left(policy(Condition={"NumericEquals": {"app:n": 1}}), known), Unjudged)
    bad = {"NoSuch": {"app:k": "x"}, "StringEquals": {"app:k": "x"}}
    assert left(policy(Condition=bad), known) is FALSE


def test_a_known_resource_is_settled_whatever_keys_are_not() -> None:
    """That no key is known leaves conditions open, not the resource."""
    known = Known(CALLER, "doc:GetPage", MINE, unknown_keys=EVERY_KEY)

    assert left(policy(), known) is TRUE
    assert left(policy(Resource="arn:aws:doc:::other"), known) is FALSE
    assert isinstance(left(policy(Condition={"StringEquals": {"app:k": "x"}}), known), KeyTest)


def test_leaves_of_a_statement() -> None:
    """Action, resource, then each condition, negation kept with its list."""
    of = policy(Condition={"StringEquals": {"a:b": "x"}, "Null": {"a:c": "true"}})
    first, second, *others = leaves(of.statements[0], of)

    assert isinstance(first, ActionTest)
    assert isinstance(second, ResourceTest)
    assert [leaf.key for leaf in others if isinstance(leaf, KeyTest)] == ["a:b", "a:c"]


def test_an_entry_without_value_excepts_everything() -> None:
    """In NotResource a variable without value takes the statement out; beside another entry as well."""
    spared = ["arn:aws:doc:::x", "arn:aws:doc:::home/${aws:username}"]
    statement = {"Effect": "Deny", "Action": "*", "NotResource": spared}
    of = parse(json.dumps({"Version": "2012-10-17", "Statement": statement}), PolicyKind.IDENTITY)

    assert left(of, Known(CALLER, "doc:Get", MINE)) is FALSE
    assert left(of, Known(CALLER, "doc:Get", MINE, Context({"aws:username": "joe"}))) is TRUE
    assert left(of, Known(CALLER, "doc:Get", "*", Context({"aws:username": "joe"}))) is TRUE


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Condition": {"NullIfExists": {"app:k": "true"}}}, "`NullIfExists` has no meaning"),
        ({"Condition": {"ForAllValues:Null": {"app:k": "true"}}}, "`ForAllValues:Null` has no meaning"),
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_what_at_rest_has_no_meaning_is_a_denial(
    statement: dict[str, object], words: str, effect: str
) -> None:
    """A part of a stored document that means nothing never allows and never lets a Deny fall away."""
    of = policy(Effect=effect, **statement)
    beside = policy(Action="*", Resource="*")
    attached = [AttachedPolicy(of, PolicySource("odd"))]
    if effect == "Deny":
        attached.append(AttachedPolicy(beside, PolicySource("all")))
    request = AccessRequest(CALLER, "doc:GetPage", MINE, Context({"app:k": "x"}))

    decision = evaluate(request, CallerLayers(tuple(attached)))

    assert decision.outcome is Outcome.IMPLICIT_DENY
    assert words in (decision.error or "")


@pytest.mark.parametrize("text", ["arn:aws", "${", "arn:aws:doc:::${app}"])
@pytest.mark.parametrize("effect", [Effect.ALLOW, Effect.DENY])
def test_what_no_parser_read_is_a_denial_too(text: str, effect: Effect) -> None:
    """A statement put together by hand, with a resource that is none, never allows nor falls away."""
    good = policy(Action="*", Resource="*")
    (statement,) = good.statements
    element = replace((statement.resources or ())[0], text=text)
    odd = replace(good, statements=(replace(statement, effect=effect, resources=(element,)),))
    attached = (AttachedPolicy(odd, PolicySource("odd")), AttachedPolicy(good, PolicySource("good")))
    request = AccessRequest(CALLER, "doc:GetPage", MINE)

    alone = evaluate(request, CallerLayers(attached[:1]))
    beside = evaluate(request, CallerLayers(attached))

    assert not alone
    assert "statement 1 cannot be read" in (alone.error or "")
    assert beside.allowed is (effect is Effect.ALLOW)


def test_a_part_that_does_not_hold_outweighs_one_without_meaning() -> None:
    """A stored statement about something else is no trouble, whatever else is wrong with it."""
    of = policy(Resource="arn:aws:doc:::other", Condition={"NullIfExists": {"app:k": "true"}})
    known = Known(CALLER, "doc:GetPage", MINE)

    assert left(of, known) is FALSE
