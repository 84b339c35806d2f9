"""Residuals: filling in what was unknown gives what evaluate gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamkit.policy import (
    FALSE,
    TRUE,
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    Known,
    Outcome,
    PolicyKind,
    ResourceLayers,
    evaluate,
    residual,
)
from iamkit.policy.conditions import KeyTest
from iamkit.policy.match import EVERY_KEY
from iamkit.policy.targets import ResourceTest
from iamkit.policy.tokens import Wildcard

Attach = Callable[..., AttachedPolicy]

_CONDITIONS = st.dictionaries(
    st.sampled_from(
        [
            "StringEquals",
            "StringNotLike",
            "StringLikeIfExists",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotEquals",
        ]
    ),
    st.dictionaries(
        st.sampled_from(["app:k", "app:list"]),
        st.sampled_from(["x", "y*", "${app:v}", "${app:v, 'x'}"]),
        max_size=1,
    ),
    max_size=2,
) | st.sampled_from([{"Null": {"app:k": "true"}}, {"NumericLessThan": {"app:k": "5"}}])
_RESOURCES = st.sampled_from(
    ["*", "arn:aws:doc:::a/*", "arn:aws:doc:::a/${app:v}", "arn:*:doc:::b", "arn:aws:doc:::?/x"]
)
_STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Action": st.sampled_from(["doc:Get", "doc:*", "*", "doc:Put"]),
        "Condition": _CONDITIONS,
    }
)
_OWN = st.builds(
    lambda s, r, n: {**s, ("NotResource" if n else "Resource"): r}, _STATEMENTS, _RESOURCES, st.booleans()
)
_NAMED = st.builds(
    lambda s, p: {**s, "Principal": p},
    _OWN,
    st.sampled_from(["*", {"AWS": "123456789012"}, {"AWS": "arn:aws:iam::123456789012:user/family/jeff"}]),
)
_CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "app:k": st.sampled_from(["x", "y1", 3, ("x", "z")]),
        "app:list": st.sampled_from([("x",), ("x", "y"), ()]),
        "app:v": st.sampled_from(["x", "", "*", "b/x"]),
    },
)
_TARGETS = st.sampled_from(
    ["*", "arn:aws:doc:::a/x", "arn:aws:doc:::a/*", "arn:aws:doc:::b", "arn:aws:doc:::a/b/x"]
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_filling_the_unknowns_agrees_with_evaluate(attach: Attach, jeff: Caller, data: st.DataObject) -> None:
    """Whatever part is unknown, the residual tested with the whole request says what evaluate says."""
    some: Any = data.draw(st.lists(_OWN, min_size=1, max_size=4))
    layers = CallerLayers(
        identity=(attach(*some),),
        boundary=data.draw(
            st.none() | st.builds(lambda s: (attach(*s),), st.lists(_OWN, min_size=1, max_size=2))
        ),
        guardrails=data.draw(
            st.none() | st.builds(lambda s: ((attach(*s),),), st.lists(_OWN, min_size=1, max_size=2))
        ),
    )
    theirs = ResourceLayers(
        data.draw(
            st.just(())
            | st.builds(
                lambda s: (attach(*s, kind=PolicyKind.RESOURCE),), st.lists(_NAMED, min_size=1, max_size=2)
            )
        )
    )
    context: dict[str, Any] = data.draw(_CONTEXTS)
    owner = data.draw(st.sampled_from(["", "999999999999"]))
    trust = data.draw(st.booleans())
    request = AccessRequest(jeff, "doc:Get", data.draw(_TARGETS), Context(context), owner, trust)
    unknown = data.draw(st.sets(st.sampled_from(["app:k", "app:list", "app:v"])))
    known = Known(
        caller=jeff,
        action="doc:Get",
        resource=data.draw(st.sampled_from([None, request.resource])),
        context=Context({key: value for key, value in context.items() if key not in unknown}),
        unknown_keys=frozenset(unknown),
        resource_account=owner,
        explicit_trust=trust,
    )

    assert residual(known, layers, theirs).outcome(request) is evaluate(request, layers, theirs).outcome
    assert (
        residual(Known.all_of(request), layers, theirs).outcome(request)
        is evaluate(request, layers, theirs).outcome
    )


def test_with_everything_known_nothing_is_left(attach: Attach, jeff: Caller) -> None:
    """Both formulas are constants."""
    layers = CallerLayers((attach({"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}),))
    left = residual(Known(jeff, "doc:Get", "*"), layers)

    assert (left.deny, left.allow) == (FALSE, TRUE)


def test_an_unknown_resource_leaves_its_patterns(attach: Attach, jeff: Caller) -> None:
    """Known conditions are settled, the resource's patterns are what a list can filter by."""
    statement = {
        "Effect": "Allow",
        "Action": "doc:Get",
        "Resource": ["arn:aws:doc:::a/*", "arn:aws:doc:::b"],
        "Condition": {"StringEquals": {"app:k": "x"}},
    }
    layers = CallerLayers((attach(statement),))

    left = residual(Known(jeff, "doc:Get", context=Context({"app:k": "x"})), layers)
    assert isinstance(left.allow, ResourceTest)
    assert [entry.text for entry in left.allow.entries] == statement["Resource"]
    assert residual(Known(jeff, "doc:Get", context=Context({"app:k": "y"})), layers).allow is FALSE


def test_known_variables_are_put_into_what_is_left(attach: Attach, jeff: Caller) -> None:
    """A list can filter by the caller's own values; a variable without one filters everything out."""
    own = {"StringEquals": {"doc:owner": "${aws:username}"}}
    home = "arn:aws:doc:::home/${aws:username}/*"
    allow = {"Effect": "Allow", "Action": "doc:Get"}
    by_owner = CallerLayers((attach({**allow, "Resource": "*", "Condition": own}),))
    by_name = CallerLayers((attach({**allow, "Resource": home}),))
    by_other = CallerLayers((attach({**allow, "NotResource": home}),))
    unknown = frozenset({"doc:Owner"})
    who = Context({"aws:username": "je*f"})

    owner = residual(Known(jeff, "doc:Get", "*", who, unknown), by_owner).allow
    assert isinstance(owner, KeyTest)
    assert [value.prepared for value in owner.values] == ["je*f"]
    assert owner.reads_keys == ("doc:owner",)
    named = residual(Known(jeff, "doc:Get", None, who), by_name).allow
    assert isinstance(named, ResourceTest)
    assert named.entries[0].template == ("arn:aws:doc:::home/", "je*f", "/", Wildcard.RUN)
    assert named.reads_keys == ()

    nobody = residual(Known(jeff, "doc:Get", "*", unknown_keys=unknown), by_owner).allow
    assert isinstance(nobody, KeyTest)
    assert nobody.values[0].void
    assert not nobody.test(AccessRequest(jeff, "doc:Get", "*", Context({"doc:owner": ""})))
    assert residual(Known(jeff, "doc:Get"), by_name).allow is FALSE
    assert residual(Known(jeff, "doc:Get"), by_other).allow is FALSE
    waiting = residual(Known(jeff, "doc:Get", unknown_keys=frozenset({"aws:username"})), by_name).allow
    assert isinstance(waiting, ResourceTest)
    assert waiting.reads_keys == ("aws:username",)


def test_everything_stays_everything_beside_a_variable(attach: Attach, jeff: Caller) -> None:
    """`*` alone in a list with a variable matches every resource, once the variable has its value."""
    resources = ["*", "arn:aws:doc:::home/${aws:username}/*"]
    layers = CallerLayers((attach({"Effect": "Allow", "Action": "doc:Get", "Resource": resources}),))
    request = AccessRequest(jeff, "doc:Get", "arn:aws:doc:::b", Context({"aws:username": "jeff"}))

    left = residual(Known(jeff, "doc:Get", None, request.context), layers)

    assert left.outcome(request) is Outcome.ALLOWED


def test_a_malformed_question_allows_nothing(attach: Attach, jeff: Caller) -> None:
    """An action that is a pattern, or a resource that is no ARN, leaves a residual that never allows."""
    layers = CallerLayers((attach({"Effect": "Allow", "Action": "*", "Resource": "*"}),))

    for known in (Known(jeff, "doc:*"), Known(jeff, "doc:Get", "x")):
        left = residual(known, layers)
        assert left.allow is FALSE
        assert left.outcome(AccessRequest(jeff, "doc:Get", "*")) is Outcome.IMPLICIT_DENY


def test_who_am_i_leaves_true(jeff: Caller) -> None:
    """The open call needs nothing, whatever is unknown."""
    left = residual(Known(jeff, "sts:GetCallerIdentity", unknown_keys=EVERY_KEY), CallerLayers())

    assert (left.deny, left.allow) == (FALSE, TRUE)
    anonymous = Known(Caller(CallerKind.ANONYMOUS), "sts:GetCallerIdentity")
    assert residual(anonymous, CallerLayers()).allow is FALSE


def test_a_star_beside_a_variable_is_still_everything(jeff: Caller, attach: Attach) -> None:
    """`*` in a list of resources is no ARN pattern; a variable next to it must not make it one."""
    statement = {
        "Effect": "Allow",
        "Action": "doc:Get",
        "Resource": ["arn:aws:doc:::${app:v}/*", "*"],
    }
    layers = CallerLayers(identity=(attach(statement),))
    context = Context({"app:v": "a"})

    left = residual(Known(jeff, "doc:Get", context=context), layers)

    asked = AccessRequest(jeff, "doc:Get", "arn:aws:doc:::b/x", context)
    assert left.outcome(asked) is evaluate(asked, layers).outcome is Outcome.ALLOWED


def test_a_value_that_grows_too_long_beside_an_unknown_key(jeff: Caller, attach: Attach) -> None:
    """What cannot be put in stays as it is, and cannot be judged once the key is known either."""
    condition = {"StringEquals": {"app:k": ["${app:v}", "good"]}}
    layers = CallerLayers(
        (attach({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}),)
    )
    long = {"app:v": "x" * 70_000}

    left = residual(Known(jeff, "doc:Get", "*", Context(long), frozenset({"app:k"})), layers)

    for value, outcome in (("good", Outcome.ALLOWED), ("bad", Outcome.IMPLICIT_DENY)):
        asked = AccessRequest(jeff, "doc:Get", "*", Context({**long, "app:k": value}))
        assert left.outcome(asked) is evaluate(asked, layers).outcome is outcome
