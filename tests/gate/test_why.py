"""Why a recorded decision fell as it did: from the policies as they were then."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import EvaluationError, NoSuchEntity
from iamkit.gate import kept
from iamkit.gate.why import why
from iamkit.identity import documents
from iamkit.memory import MemoryStore
from iamkit.policy import STANDARD, EvaluationOptions, evaluate, parse
from iamkit.policy.decision import Outcome
from iamkit.policy.layers import AttachedPolicy, CallerLayers, PolicySource, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import AccessRequest, CallerKind, Context

ACCOUNT = "111122223333"
DOC = f"arn:aws:doc::{ACCOUNT}:doc/1"
OPTIONS = EvaluationOptions()
Make = Callable[..., Any]


def _keep(
    store: MemoryStore,
    asked: AccessRequest,
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers = ResourceLayers(),  # noqa: B008  # frozen, and empty
    *,
    options: EvaluationOptions = OPTIONS,
) -> DecisionRecord:
    """Decide, and keep the decision as the gate does."""
    decision = evaluate(asked, caller_layers, resource_layers, options=options)
    layers, texts = kept.LayerWriter().write(caller_layers, resource_layers)
    record = DecisionRecord(
        decision_id="d_1",
        account=ACCOUNT,
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        outcome=str(decision.outcome),
        action=asked.action,
        resource=asked.resource,
        resource_account=asked.resource_account,
        explicit_trust=asked.explicit_trust,
        principal="jeff",
        caller=kept.caller_text(asked.caller),
        layers=layers,
        context=kept.context_text(asked.context),
        determining=json.dumps([ref.as_data() for ref in decision.determining]),
        error=decision.error,
        request="",
    )
    with store.write() as unit:
        unit.add(record)
        documents.keep_all(unit, texts)
    return record


@pytest.fixture
def asked(make_principal: Make) -> AccessRequest:
    """jeff asks for a document with one fact known."""
    context = Context({"app:Mode": "frozen"})
    return AccessRequest(make_principal(CallerKind.USER).caller, "doc:Get", DOC, context, ACCOUNT)


def test_the_explanation_repeats_the_decision(asked: AccessRequest, make_policy: Make) -> None:
    """Explained from what was kept, a decision comes out as it was taken, with the deciding statement."""
    store = MemoryStore()
    deny = make_policy("Deny", Sid="NotWhileFrozen", Condition={"StringEquals": {"app:Mode": "frozen"}})
    record = _keep(store, asked, CallerLayers(identity=(make_policy(), deny)))

    told = why(store, "d_1", options=OPTIONS)

    assert told.record == record
    assert told.explanation is not None
    assert told.explanation.decision.outcome is Outcome.EXPLICIT_DENY
    assert [ref.sid for ref in told.explanation.decision.determining] == ["NotWhileFrozen"]
    assert json.loads(record.determining)[0]["sid"] == "NotWhileFrozen"


def test_every_layer_is_remembered(asked: AccessRequest, make_policy: Make) -> None:
    """A boundary that was silent then is silent in the explanation."""
    store = MemoryStore()
    boundary = make_policy(Action="other:*", kind=PolicyKind.BOUNDARY)
    _keep(store, asked, CallerLayers(identity=(make_policy(),), boundary=(boundary,)))

    told = why(store, "d_1", options=OPTIONS)

    assert told.explanation is not None
    assert [str(layer) for layer in told.explanation.decision.missing] == ["permissions boundary"]


@pytest.mark.parametrize("decision_id", ["d_2", "", "D_1", "d_1 ", "x" * 100_000])
def test_an_unknown_id_is_said_to_be_unknown(asked: AccessRequest, decision_id: str) -> None:
    """An id that was never given out is an error that quotes its beginning only."""
    store = MemoryStore()
    _keep(store, asked, CallerLayers())

    with pytest.raises(NoSuchEntity) as refused:
        why(store, decision_id, options=OPTIONS)

    assert len(refused.value.message) < 300


def test_a_decision_that_failed_has_no_explanation(asked: AccessRequest) -> None:
    """Where deciding itself had failed, the record's error is all there is."""
    store = MemoryStore()
    _keep(store, replace(asked, action="doc:*"), CallerLayers())

    told = why(store, "d_1", options=OPTIONS)

    assert told.explanation is None
    assert told.record.error


def test_a_plugins_operator_is_known_to_the_explanation(asked: AccessRequest) -> None:
    """A policy with an operator that a plugin added is explained like any other."""
    ends = replace(
        STANDARD["StringEquals"],
        name="StringEndsWith",
        holds=lambda value, end: str(value).endswith(str(end)),
    )
    options = EvaluationOptions(operators={**STANDARD, "StringEndsWith": ends})
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEndsWith": {"app:Mode": "zen"}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    policy = parse(text, PolicyKind.IDENTITY, operators=options.operators)
    store = MemoryStore()
    _keep(store, asked, CallerLayers(identity=(AttachedPolicy(policy, PolicySource("p")),)), options=options)

    told = why(store, "d_1", options=options)

    assert told.explanation is not None
    assert told.explanation.decision.allowed


def test_a_lost_text_is_an_error_and_not_an_empty_policy(asked: AccessRequest, make_policy: Make) -> None:
    """An explanation without one of its policies would be a wrong one."""
    store = MemoryStore()
    policy = make_policy()
    _keep(store, asked, CallerLayers(identity=(policy,)))
    with store.write() as unit:
        assert unit.remove(documents.PolicyDocument, (policy.source.digest,))

    with pytest.raises(EvaluationError):
        why(store, "d_1", options=OPTIONS)
