"""Decisions as they are kept: what comes back is what went in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import IamkitError
from iamkit.gate.kept import Inputs, LayerWriter, caller_text, context_text, inputs_of
from iamkit.policy import parse
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context

Make = Callable[..., Any]
ACCOUNT = "111122223333"


def _document(number: int, kind: PolicyKind) -> str:
    statement: dict[str, object] = {
        "Effect": "Deny" if number % 2 or kind is PolicyKind.RESOURCE_GUARDRAIL else "Allow",
        "Action": f"doc:Get{number}",
        "Resource": "*",
    }
    if kind in (PolicyKind.RESOURCE, PolicyKind.RESOURCE_GUARDRAIL, PolicyKind.ENDPOINT):
        statement["Principal"] = "*"
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=number or None)


def _policies(kind: PolicyKind) -> st.SearchStrategy[Policies]:
    def attached(number: int, ids: dict[str, str]) -> AttachedPolicy:
        text = _document(number, kind)
        source = PolicySource(f"p{number}", "user", "arn:x", f"v{number}", "jeff", f"digest-{kind}-{number}")
        return AttachedPolicy(parse(text, kind), source, ids)

    ids = st.dictionaries(st.sampled_from(["arn:a", "arn:b"]), st.just("AIDA1"), max_size=2)
    return st.lists(st.builds(attached, st.integers(0, 5), ids), max_size=3).map(tuple)


def _levels(kind: PolicyKind) -> st.SearchStrategy[tuple[Policies, ...] | None]:
    return st.none() | st.lists(_policies(kind), max_size=2).map(tuple)


names = st.from_regex(r"[a-z]{1,4}:[A-Za-z/-]{1,6}", fullmatch=True)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
instants = st.datetimes(timezones=zones)
values = st.one_of(
    st.text(max_size=8),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    instants,
    st.binary(max_size=8),
    st.lists(st.text(max_size=4), max_size=3).map(tuple),
)
contexts = st.dictionaries(names, values, max_size=6).filter(
    lambda made: len({name.lower() for name in made}) == len(made)
)
callers = st.builds(
    Caller,
    kind=st.sampled_from(CallerKind),
    arn=st.text(max_size=10),
    account=st.just(ACCOUNT),
    issuer_arn=st.text(max_size=5),
    unique_id=st.text(max_size=5),
    bounded=st.booleans(),
)
inputs = st.builds(
    Inputs,
    request=st.builds(
        AccessRequest,
        caller=callers,
        action=st.just("doc:Get"),
        resource=st.text(min_size=1, max_size=12),
        context=contexts.map(Context),
        resource_account=st.sampled_from(["", ACCOUNT]),
        explicit_trust=st.booleans(),
    ),
    caller_layers=st.builds(
        CallerLayers,
        identity=_policies(PolicyKind.IDENTITY),
        boundary=st.none() | _policies(PolicyKind.BOUNDARY),
        session=st.none() | _policies(PolicyKind.SESSION),
        guardrails=_levels(PolicyKind.GUARDRAIL),
    ),
    resource_layers=st.builds(
        ResourceLayers,
        policies=_policies(PolicyKind.RESOURCE),
        guardrails=_levels(PolicyKind.RESOURCE_GUARDRAIL),
        endpoint=st.none() | _policies(PolicyKind.ENDPOINT),
    ),
)


def _record(given: Inputs, layers: str) -> DecisionRecord:
    request = given.request
    return DecisionRecord(
        decision_id="d_1",
        account=ACCOUNT,
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        outcome="allowed",
        action=request.action,
        resource=request.resource,
        resource_account=request.resource_account,
        explicit_trust=request.explicit_trust,
        principal="jeff",
        caller=caller_text(request.caller),
        layers=layers,
        context=context_text(request.context),
        determining="[]",
        error=None,
        request="",
    )


@given(inputs)
@settings(max_examples=100, deadline=None)
def test_what_comes_back_is_what_went_in(given: Inputs) -> None:
    """Caller, context and every layer survive, the absent layer apart from the empty one."""
    layers, texts = LayerWriter().write(given.caller_layers, given.resource_layers)

    back = inputs_of(_record(given, layers), texts.__getitem__)

    assert back == given
    for name in given.request.context:
        assert type(back.request.context[name]) is type(given.request.context[name])


@given(contexts)
@settings(max_examples=50)
def test_a_kept_context_is_one_line_of_ascii(made: dict[str, Any]) -> None:
    """Whatever the values hold, every store can keep the text."""
    text = context_text(Context(made))

    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    "value", [Decimal("1.10"), Decimal("1E+3"), 2**70, float("inf"), "", str({"date": "x"}), "2026-01-01"]
)
def test_values_that_look_like_others_stay_what_they_are(value: Any) -> None:
    """Digits are not lost, and a text that looks like an instant stays a text."""
    context = Context({"a:B": value})
    given = Inputs(
        AccessRequest(Caller(CallerKind.USER), "a:B", "*", context), CallerLayers(), ResourceLayers()
    )

    back = inputs_of(_record(given, LayerWriter().write(CallerLayers(), ResourceLayers())[0]), str)

    assert str(back.request.context["a:B"]) == str(value)
    assert type(back.request.context["a:B"]) is type(value)


def test_policies_without_a_digest_do_not_run_together(make_policy: Make) -> None:
    """Two policies that plugins supplied, neither with a digest, come back as themselves."""
    first = make_policy("Allow", digest="", Action="doc:Get")
    second = make_policy("Deny", digest="", Action="doc:Put")
    caller_layers = CallerLayers(identity=(first, second))
    given = Inputs(AccessRequest(Caller(CallerKind.USER), "doc:Get", "*"), caller_layers, ResourceLayers())
    layers, texts = LayerWriter().write(caller_layers, ResourceLayers())

    back = inputs_of(_record(given, layers), texts.__getitem__)

    assert [attached.policy for attached in back.caller_layers.identity] == [first.policy, second.policy]
    assert "" not in texts


def test_texts_are_kept_once_and_outside_the_record(make_policy: Make) -> None:
    """A policy that stands in three layers is one text, and the record holds only its digest."""
    policy = make_policy()
    caller_layers = CallerLayers(identity=(policy, policy), boundary=(policy,))

    layers, texts = LayerWriter().write(caller_layers, ResourceLayers())

    assert texts == {policy.source.digest: policy.policy.text}
    assert "Effect" not in layers


def test_the_writer_remembers_by_identity_only(make_policy: Make) -> None:
    """The same layers give the same text at once; other layers, also later ones, get their own."""
    writer = LayerWriter()
    seen = set()

    for number in range(600):
        layers = CallerLayers(identity=(make_policy(Action=f"doc:Get{number % 7}"),))
        text, texts = writer.write(layers, ResourceLayers())
        assert writer.write(layers, ResourceLayers())[0] == text
        assert [attached.policy.text for attached in layers.identity] == list(texts.values())
        seen.add(text)

    assert len(seen) == 7


def test_a_record_whose_policy_is_gone_is_an_error() -> None:
    """A missing text is not taken for an empty policy."""
    text = _document(0, PolicyKind.IDENTITY)
    attached = AttachedPolicy(parse(text, PolicyKind.IDENTITY), PolicySource("p", digest="gone"))
    caller_layers = CallerLayers(identity=(attached,))
    given = Inputs(AccessRequest(Caller(CallerKind.USER), "a:B", "*"), caller_layers, ResourceLayers())
    record = _record(given, LayerWriter().write(caller_layers, ResourceLayers())[0])

    with pytest.raises(KeyError):
        inputs_of(record, dict[str, str]().__getitem__)
    with pytest.raises(IamkitError):
        inputs_of(record, lambda _: "{")


def test_sources_are_kept_whole() -> None:
    """Every field of a source stands in the record, so that an explanation can name it."""
    source = PolicySource("n", "t", "a", "v", "h", "d")
    attached = AttachedPolicy(parse(_document(0, PolicyKind.IDENTITY), PolicyKind.IDENTITY), source)

    layers, _ = LayerWriter().write(CallerLayers(identity=(attached,)), ResourceLayers())

    assert json.loads(layers)["identity"][0]["source"] == asdict(source)
    assert source == PolicySource(**json.loads(layers)["identity"][0]["source"])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("https://other.example/page?token=hunter2#hunter2", "https://other.example/page"),
        ("https://other.example/page#hunter2", "https://other.example/page"),
        ("?hunter2", ""),
        ("https://other.example/page", "https://other.example/page"),
    ],
)
def test_of_a_referring_page_only_the_address_is_kept(sent: str, kept: str) -> None:
    """Other sites put tokens into queries, which are no business of a log."""
    assert json.loads(context_text(Context({"aws:Referer": sent}))) == {"aws:Referer": kept}
