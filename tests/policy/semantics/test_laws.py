"""Laws of the language that hold for any documents (SEM §10.4), tried on generated ones."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import evaluate, parse
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import AttachedPolicy, CallerLayers, PolicySource, ResourceLayers
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue
from iamkit.policy.validate import findings

Ask = Callable[..., Decision]
Statement = dict[str, object]
Document = tuple[Statement, ...]

ACCOUNT = "111122223333"
BASE = f"arn:aws:doc:eu-west-1:{ACCOUNT}:"
CONTEXT: Mapping[str, ContextValue] = {
    "app:k": "x",
    "app:n": 5,
    "app:list": ("x", "y"),
    "aws:username": "jeff",
}

ACTIONS = ["*", "doc:*", "doc:Get", "doc:G?t", "doc:Put"]
RESOURCES = ["*", BASE + "notes/*", BASE + "notes/a", BASE + "files/*", BASE + "notes/${app:absent}"]
PRINCIPALS: list[object] = [
    "*",
    {"AWS": ACCOUNT},
    {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/app/jeff", "444455556666"]},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app/writer"},
    {"Service": "lambda.amazonaws.com"},
]
CONDITIONS: list[Mapping[str, Mapping[str, object]]] = [
    {},
    {"StringEquals": {"app:k": ["x", "z"]}},
    {"StringNotEquals": {"app:k": ["x", "z"]}},
    {"StringEqualsIfExists": {"app:absent": "x"}, "NumericLessThan": {"app:n": ["1", "9"]}},
    {"ForAllValues:StringEquals": {"app:list": ["x", "y"]}, "Null": {"app:k": "false"}},
    {"ForAnyValue:StringNotEquals": {"app:list": ["x", "y"]}},
    {"StringLike": {"aws:username": ["${aws:username}", "j*"], "app:k": "?"}},
]
CALLERS = ["user", "session", "federated-user", "root", "anonymous", "service"]
LIMITING = ["identity", "boundary", "session"]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None, *, principal: bool = False) -> Statement:
    """A statement of the language, with a principal for resource policies."""
    made: Statement = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    made[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(some(ACTIONS))
    made[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(some(RESOURCES))
    made["Condition"] = draw(st.sampled_from(CONDITIONS))
    if principal:
        made["Principal"] = draw(st.sampled_from(PRINCIPALS))
    return made


def documents(*, principal: bool = False) -> st.SearchStrategy[tuple[Document, ...]]:
    document = st.lists(statements(principal=principal), min_size=1, max_size=3).map(tuple)
    return st.lists(document, max_size=2).map(tuple)


@dataclass(frozen=True, slots=True)
class World:
    """Everything around one request, as documents."""

    caller: str
    owner: str
    trust: bool
    identity: tuple[Document, ...]
    boundary: tuple[Document, ...] | None
    session: tuple[Document, ...] | None
    resource: tuple[Document, ...]

    def decide(self, ask: Ask, **changed: tuple[Document, ...] | None) -> Decision:
        """The decision, with some of the layers changed."""
        layers = {name: getattr(self, name) for name in (*LIMITING, "resource")} | changed
        written = {
            name: None if layer is None else tuple(list(document) for document in layer)
            for name, layer in layers.items()
        }
        return ask(
            caller=self.caller, owner=self.owner, explicit_trust=self.trust, context=CONTEXT, **written
        )


worlds = st.builds(
    World,
    caller=st.sampled_from(CALLERS),
    owner=st.sampled_from([ACCOUNT, ACCOUNT, "444455556666"]),
    trust=st.booleans(),
    identity=documents(),
    boundary=st.none() | documents(),
    session=st.none() | documents(),
    resource=documents(principal=True),
)
LAYER_NAMES = st.sampled_from([*LIMITING, "resource"])


def added(world: World, name: str, statement: Statement) -> tuple[Document, ...] | None:
    """The layer with one more document, or None where the world lacks the layer."""
    layer: tuple[Document, ...] | None = getattr(world, name)
    return None if layer is None else (*layer, (statement,))


@settings(max_examples=60, deadline=None)
@given(worlds, LAYER_NAMES, st.data())
def test_adding_an_allow_never_turns_allowed_into_a_denial(
    ask: Ask, world: World, name: str, data: st.DataObject
) -> None:
    """An Allow more, in a layer that exists, takes nothing away."""
    statement = data.draw(statements("Allow", principal=name == "resource"))

    if world.decide(ask).allowed:
        assert world.decide(ask, **{name: added(world, name, statement)}).allowed


@settings(max_examples=60, deadline=None)
@given(worlds, LAYER_NAMES, st.data())
def test_adding_a_deny_never_turns_a_denial_into_allowed(
    ask: Ask, world: World, name: str, data: st.DataObject
) -> None:
    """A Deny more gives nothing, and an explicit deny stays one."""
    statement = data.draw(statements("Deny", principal=name == "resource"))
    before = world.decide(ask)

    after = world.decide(ask, **{name: added(world, name, statement)})

    assert before.allowed or not after.allowed
    if before.outcome is Outcome.EXPLICIT_DENY:
        assert after.outcome is Outcome.EXPLICIT_DENY


def turned(value: object) -> object:
    """The same document with every list and object in the opposite order."""
    if isinstance(value, dict):
        return {name: turned(part) for name, part in reversed(list(value.items()))}
    if isinstance(value, list | tuple):
        return [turned(part) for part in reversed(value)]
    return value


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_order_never_changes_the_decision(ask: Ask, world: World) -> None:
    """Statements, documents, entries and members may stand in any order."""
    other: dict[str, tuple[Document, ...] | None] = {}
    for name in (*LIMITING, "resource"):
        layer = turned(getattr(world, name))
        other[name] = tuple(tuple(document) for document in layer) if isinstance(layer, list) else None

    assert world.decide(ask).outcome is world.decide(ask, **other).outcome


def wrapped(value: object) -> object:
    """The same statement with one-element lists written as their element."""
    if isinstance(value, dict):
        return {name: wrapped(part) for name, part in value.items()}
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


@settings(max_examples=60, deadline=None)
@given(statements())
def test_a_single_value_and_a_list_of_one_never_differ(ask: Ask, statement: Statement) -> None:
    """Text and one-element list mean the same, under Allow and under Deny."""
    single = wrapped(statement)

    extras: list[list[Statement]] = [[], [{}]]
    for extra in extras:
        first = ask(identity=[*extra, statement], context=CONTEXT)
        assert first.outcome is ask(identity=[*extra, single], context=CONTEXT).outcome


TRICKY = st.text(alphabet="ab*?${}:/,' .", max_size=8)


@settings(max_examples=150, deadline=None)
@given(value=TRICKY, asked=TRICKY)
def test_a_variable_value_never_matches_more_than_its_own_text(ask: Ask, value: str, asked: str) -> None:
    """Whatever the value holds, it matches that text and no other."""
    context = {"app:v": value, "app:k": asked}
    same = value == asked

    like = ask(identity={"Condition": {"StringLike": {"app:k": "${app:v}"}}}, context=context)
    assert like.allowed is (same and value != "")
    equals = ask(identity={"Condition": {"StringEquals": {"app:k": "${app:v}"}}}, context=context)
    assert equals.allowed is (same and value != "")
    resource = ask(identity={"Resource": BASE + "x${app:v}y"}, on=BASE + f"x{asked}y", context=context)
    assert resource.allowed is (same and value != "")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=10)
    | st.sampled_from(["*", "Allow", "2012-10-17", "doc:Get", BASE + "${app:k}", "${", "arn:aws:s3::x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "AWS"]
            )
            | st.sampled_from(["StringLike", "ForAllValues:Bool", "NumericEqualsIfExists", "app:k", "Null"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@st.composite
def damaged(draw: st.DrawFn) -> object:
    """A good document with one part of it replaced by anything."""
    whole: object = {
        "Version": "2012-10-17",
        "Statement": [
            draw(statements(principal=draw(st.booleans()))) for _ in range(draw(st.integers(1, 2)))
        ],
    }
    whole = json.loads(json.dumps(whole))
    place: object = whole
    for _ in range(draw(st.integers(0, 6))):
        if not isinstance(place, dict | list) or not place:
            break
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        inner = place[key]
        if not isinstance(inner, dict | list) or draw(st.integers(0, 3)) == 0:
            place[key] = draw(JSON)
            break
        place = inner
    return whole


def decided(policy: Policy, kind: PolicyKind) -> Decision:
    """The decision with the document as the only one of its layer."""
    caller = Caller(CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/app/jeff", ACCOUNT, unique_id="AIDAJEFF")
    request = AccessRequest(caller, "doc:Get", BASE + "notes/a", Context(CONTEXT), ACCOUNT)
    mine = (AttachedPolicy(policy, PolicySource("any")),)
    if kind in {PolicyKind.RESOURCE, PolicyKind.TRUST}:
        return evaluate(request, CallerLayers(), ResourceLayers(policies=mine))
    return evaluate(request, CallerLayers(identity=mine))


@pytest.mark.parametrize("stored", [False, True], ids=["written", "stored"])
@pytest.mark.parametrize("kind", [PolicyKind.IDENTITY, PolicyKind.RESOURCE, PolicyKind.TRUST])
@settings(max_examples=120, deadline=None)
@given(document=JSON | damaged())
def test_any_json_is_refused_or_decided(kind: PolicyKind, stored: bool, document: object) -> None:
    """No document makes the parser or the evaluator raise anything but a refusal."""
    try:
        policy = parse(json.dumps(document), kind, stored=stored)
    except MalformedPolicyDocument:
        return

    findings(policy)
    decision = decided(policy, kind)

    assert decision.outcome in Outcome


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=40) | st.text(alphabet='{}[]",:0123456789eE+-.truefalsn\\u ', max_size=40))
def test_any_text_is_refused_or_parsed(text: str) -> None:
    """What is no JSON is refused as any other bad document is."""
    with contextlib.suppress(MalformedPolicyDocument):
        parse(text, PolicyKind.IDENTITY)
