"""Changes of access: what is told after policies changed is what the engine says, and nothing is missed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.analysis.access import Place
from iamkit.analysis.changes import Change, Reached, of_place, of_subject
from iamkit.analysis.subjects import Subject
from iamkit.analysis.witnesses import action_covers, covers
from iamkit.policy import AttachedPolicy, CallerLayers, EvaluationOptions, PolicySource, evaluate, parse
from iamkit.policy.layers import ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context

ACCOUNT = "111122223333"
ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"
BARE = Place("", ResourceLayers(), ACCOUNT)
OPTIONS = EvaluationOptions()


def attached(kind: PolicyKind, *statements: dict[str, object]) -> AttachedPolicy:
    """A policy somewhere."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return AttachedPolicy(parse(text, kind), PolicySource("p", "user"))


def ana(*statements: dict[str, object], boundary: Sequence[dict[str, object]] | None = None) -> Subject:
    """A user with these statements."""
    layers = CallerLayers(
        identity=(attached(PolicyKind.IDENTITY, *statements),) if statements else (),
        boundary=None if boundary is None else (attached(PolicyKind.BOUNDARY, *boundary),),
    )
    caller = Caller(CallerKind.USER, ANA, ACCOUNT, unique_id="AIDA", bounded=boundary is not None)
    return Subject(ANA, "user", caller, layers, {"aws:username": "ana", "aws:PrincipalArn": ANA})


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    """A statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, resource: object = "*") -> dict[str, object]:
    """A statement."""
    return {**allow(action, resource), "Effect": "Deny"}


def doc(name: str) -> str:
    """A resource or a pattern of them."""
    return f"arn:aws:docs:::doc/{name}"


def told(
    before: Subject | None, after: Subject | None, actions: Sequence[str] = ()
) -> list[tuple[object, ...]]:
    """The changes, without whose they are."""
    return [
        (change.action, change.resource, change.before.name, change.after.name)
        for change in of_subject(before, after, BARE, actions, OPTIONS)
    ]


def test_gains_and_losses_are_told_by_pattern() -> None:
    """Nothing is told of what stays."""
    one, other = ana(allow("docs:Read", doc("*"))), ana(allow(["docs:Read", "docs:Write"], doc("*")))
    assert told(one, other) == [("docs:Write", doc("*"), "NO", "YES")]
    assert told(other, one) == [("docs:Write", doc("*"), "YES", "NO")]
    assert told(one, one) == []
    assert told(None, one) == [("docs:Read", doc("*"), "NO", "YES")]
    assert told(one, None) == [("docs:Read", doc("*"), "YES", "NO")]


def test_the_same_said_otherwise_is_no_change() -> None:
    """Two statements for one, another order, and what is covered already."""
    one = ana(allow("docs:Read", [doc("a"), doc("b")]))
    assert told(one, ana(allow("docs:Read", doc("b")), allow("docs:Read", doc("a")))) == []
    assert (
        told(ana(allow("docs:*", doc("*"))), ana(allow("docs:*", doc("*")), allow("docs:Read", doc("a"))))
        == []
    )


def test_a_denial_in_the_midst_is_told() -> None:
    """The pattern as a whole stays allowed; what is denied is named."""
    before = ana(allow("docs:Read", doc("*")))
    after = ana(allow("docs:Read", doc("*")), deny("docs:*", doc("secret*")))
    assert told(before, after) == [("docs:Read", doc("secret*"), "YES", "NO")]


def test_conditions_and_ceilings_count() -> None:
    """What hangs on a key is told with it; a boundary takes away."""
    before = ana(allow("docs:Read"))
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    (change,) = of_subject(before, ana(allow("docs:Read", Condition=condition)), BARE, (), OPTIONS)
    assert (change.before, change.after, change.keys) == (Reached.YES, Reached.CONDITIONAL, ("aws:SourceIp",))
    wider = {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}
    (change,) = of_subject(
        ana(allow("docs:Read", Condition=condition)),
        ana(allow("docs:Read", Condition=wider)),
        BARE,
        (),
        OPTIONS,
    )
    assert (change.before, change.after) == (Reached.CONDITIONAL, Reached.CONDITIONAL)
    assert change.widens
    bounded = ana(allow("docs:Read"), boundary=[allow("mail:*")])
    assert ("docs:Read", "*", "YES", "NO") in told(before, bounded)


def test_what_a_wide_change_does_not_hold_for_is_told_with_it() -> None:
    """`docs:*` was gained but for what was there already."""
    before, after = ana(allow("docs:Read", doc("*"))), ana(allow("docs:*", doc("*")))
    (change,) = of_subject(before, after, BARE, ("docs:Write", "mail:Send"), OPTIONS)
    assert (change.action, change.but) == ("docs:*", (("docs:Read", doc("*")),))


def test_what_cannot_be_shown_is_said_to_be_open() -> None:
    """The two patterns meet where no witness of either stands."""
    before = ana(allow("docs:Read", doc("a*")))
    after = ana(allow("docs:Read", doc("a*")), deny("docs:Read", doc("*b")))
    changes = list(of_subject(before, after, BARE, (), OPTIONS))
    assert changes
    assert all(change.open and change.widens for change in changes)


def test_everybody_and_a_policy_of_a_resource() -> None:
    """A resource that is opened to a user, by its own policy."""
    was, now = (
        Place(doc("1"), ResourceLayers(policies), ACCOUNT)
        for policies in (
            (),
            (
                attached(
                    PolicyKind.RESOURCE,
                    {"Effect": "Allow", "Principal": {"AWS": ANA}, "Action": "docs:Read"},
                ),
            ),
        )
    )
    (change,) = of_place(ana(), ana(), was, now, OPTIONS)
    assert (change.action, change.resource, change.after) == ("docs:Read", doc("1"), Reached.YES)
    assert list(of_place(None, None, was, now, OPTIONS)) == []


_actions = st.sampled_from(["docs:*", "docs:Read", "docs:R*", "docs:Write", "*", "mail:Send"])
_resources = st.sampled_from(["*", doc("*"), doc("a"), doc("a*"), doc("${aws:username}"), doc("ab")])
_statements = st.lists(
    st.builds(
        lambda effect, action, resource, reverse: {
            "Effect": effect,
            ("NotAction" if reverse == 1 else "Action"): action,
            ("NotResource" if reverse == 2 else "Resource"): resource,
        },
        st.sampled_from(["Allow", "Allow", "Deny"]),
        _actions,
        _resources,
        st.integers(0, 6),
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(_statements, _statements)
def test_no_decision_changes_that_is_not_told(
    had: list[dict[str, object]], has: list[dict[str, object]]
) -> None:
    """For every action and resource of a grid: where the engine changes its mind, some change covers it."""
    before, after = ana(*had), ana(*has)
    actions = ("docs:Read", "docs:Write", "docs:Rename", "mail:Send", "mail:List")
    changes = list(of_subject(before, after, BARE, actions, OPTIONS))
    for action in actions:
        for resource in (doc("a"), doc("ab"), doc("abc"), doc("b"), doc("ana"), "arn:aws:x:::y"):
            decisions = [
                evaluate(
                    AccessRequest(ANA_CALLER, action, resource, Context(dict(one.keys)), ACCOUNT), one.layers
                ).allowed
                for one in (before, after)
            ]
            if decisions[0] != decisions[1]:
                assert any(_matches(change, action, resource) for change in changes), (action, resource)


ANA_CALLER = ana().caller


def _matches(change: Change, action: str, resource: str) -> bool:

    return action_covers(change.action, action) and covers(change.resource, resource)
