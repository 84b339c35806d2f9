"""Cases: what they may say, that they are decided by the engine, and that nothing misspelt is passed over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from iamkit.errors import InputError
from iamkit.policy import CallerKind, Outcome, evaluate
from iamkit.policy.cases import PolicyCase, read_cases, run

A = "123456789012"
NOTE = f"arn:aws:doc::{A}:note/1"
ANA = f"arn:aws:iam::{A}:user/app/ana"
ALLOW = {"Sid": "Docs", "Effect": "Allow", "Action": "doc:*", "Resource": "*"}
CASE = {"action": "doc:Get", "resource": NOTE, "expect": "allowed"}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def nothing(name: str) -> str:
    raise InputError(f"there is no `{name}`")


def cases(*found: dict[str, Any], **file: Any) -> tuple[PolicyCase, ...]:
    data = {
        "principal": ANA,
        "policies": {"identity": document(ALLOW)},
        **file,
        "cases": list(found or (CASE,)),
    }
    return read_cases(data, nothing)


def test_a_case_is_decided_by_the_engine() -> None:
    """The result of a case is the decision of evaluate; expectations are compared with it."""
    for expect, passes in (("allowed", True), ("denied", False), ("explicitDeny", False)):
        (case,) = cases({**CASE, "expect": expect})
        result = run(case)
        assert result.explanation.decision == evaluate(case.request, case.caller_layers, case.resource_layers)
        assert result.passed is passes
        assert bool(result.lines()) is not passes


def test_the_message_of_a_failure_is_the_explanation() -> None:
    """What was expected, what is, and what would make it pass."""
    (case,) = cases({**CASE, "name": "reading", "action": "web:Get"})

    text = "\n".join(run(case).lines())

    assert "`reading` was expected to be allowed and is implicitDeny" in text
    assert "what would make it pass:" in text


@pytest.mark.parametrize(
    ("statement", "passes"),
    [
        ("Docs", True),
        (1, True),
        ("identity 1:Docs", True),
        ("identity 1:1", True),
        ("Other", False),
        (2, False),
    ],
)
def test_the_statement_that_decides_may_be_expected(statement: str | int, passes: bool) -> None:
    """By its Sid or number, alone or with its policy."""
    result = run(cases({**CASE, "statement": statement})[0])

    assert result.passed is passes
    assert passes or "is by `identity 1:Docs`" in result.fault
    refused = cases({**CASE, "action": "web:Get", "expect": "denied", "statement": "Docs"})
    assert "no statement" in run(refused[0]).fault


def test_a_case_overrides_the_file() -> None:
    """Layer by layer, key by key, the principal, the owner; a list asks for each."""
    boundary = document({**ALLOW, "Action": "doc:Get"})
    found = cases(
        {
            "name": "x",
            "action": ["doc:Get", "doc:Put"],
            "resource": [NOTE, "*"],
            "expect": "allowed",
            "policies": {"boundary": boundary},
            "context": {"APP:K": "mine", "aws:username": "else"},
            "principal": f"arn:aws:sts::{A}:assumed-role/x/s",
            "owner": A,
        },
        context={"app:k": "shared", "app:list": ["a", "b"], "app:t": datetime(2024, 1, 1, tzinfo=UTC)},
    )

    assert [case.name for case in found] == [
        f"x: {action} on {resource}" for action in ("doc:Get", "doc:Put") for resource in (NOTE, "*")
    ]
    assert [run(case).passed for case in found] == [True, True, False, False]
    context = found[0].request.context
    assert (context["app:k"], context["app:list"], context["aws:username"]) == ("mine", ("a", "b"), "else")
    assert found[0].request.caller.kind is CallerKind.ROLE_SESSION
    assert context["aws:PrincipalType"] == "AssumedRole"


def test_every_layer_may_be_given() -> None:
    """Resource and trust policies, guardrails of both kinds, sessions and endpoints bear on the decision."""
    refuse = {"Effect": "Deny", "Action": "doc:Get", "Resource": "*"}
    everybody = {**ALLOW, "Principal": "*"}
    role = f"arn:aws:iam::{A}:role/x"
    trust = {"Effect": "Allow", "Principal": {"AWS": ANA}, "Action": "sts:AssumeRole"}
    for policies, outcome in (
        ({"session": document()["Statement"] or []}, Outcome.IMPLICIT_DENY),
        ({"guardrails": [[document(ALLOW)], []]}, Outcome.IMPLICIT_DENY),
        ({"guardrails": [document(ALLOW)]}, Outcome.ALLOWED),
        ({"resource-guardrails": [[]]}, Outcome.ALLOWED),
        ({"resource-guardrails": [document({**refuse, "Principal": "*"})]}, Outcome.EXPLICIT_DENY),
        ({"endpoint": []}, Outcome.IMPLICIT_DENY),
        ({"identity": [], "resource": document(everybody)}, Outcome.ALLOWED),
    ):
        (case,) = cases({**CASE, "policies": policies})
        assert run(case).explanation.decision.outcome is outcome, policies
    (assumed,) = cases(
        {
            "action": "sts:AssumeRole",
            "resource": role,
            "expect": "allowed",
            "policies": {"trust": document(trust)},
        }
    )
    assert assumed.request.explicit_trust
    assert run(assumed).passed


def test_strangers_may_ask() -> None:
    """Nobody in particular, a service, an identity provider."""
    for principal, kind in (
        ("anonymous", CallerKind.ANONYMOUS),
        ({"Service": "jobs.example"}, CallerKind.SERVICE),
        ({"Federated": "accounts.example"}, CallerKind.PROVIDER),
    ):
        (case,) = cases({**CASE, "principal": principal, "expect": "denied"})
        assert case.request.caller.kind is kind
        assert run(case).passed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expects": "allowed"}, "no member `expects`"),
        ({"expect": "allow"}, "`expect` is one of"),
        ({"expect": ["allowed"]}, "`expect` is one of"),
        ({"action": []}, "empty list"),
        ({"action": 3}, "`action` is a text"),
        ({"resource": [None]}, "`resource` is a text"),
        ({"principal": "ana"}, "not the ARN"),
        ({"principal": {"AWS": ANA}}, "`principal` is"),
        ({"principal": None}, "`principal` is"),
        ({"context": []}, "`context` is"),
        ({"context": {"app:k": {}}}, "`app:k` is a text"),
        ({"context": {"app:k": "x", "APP:K": "y"}}, "differ only by case"),
        ({"policies": {"identities": []}}, "no member `identities`"),
        ({"policies": {"identity": 3}}, "name of a file"),
        ({"policies": {"identity": "gone.json"}}, "gone.json"),
        ({"policies": {"identity": {}}}, "identity 1"),
        ({"policies": {"guardrails": {}}}, "list of levels"),
        ({"owner": 1}, "`owner`"),
        ({"name": 1}, "`name`"),
    ],
)
def test_what_is_not_understood_is_refused(change: dict[str, Any], message: str) -> None:
    """A test that says nothing would pass for ever."""
    with pytest.raises(InputError, match=message):
        cases({**CASE, **change})


@pytest.mark.parametrize("data", [None, [], {}, {"cases": []}, {"cases": {}}, {"cases": [3]}, {"case": []}])
def test_a_file_has_cases(data: object) -> None:
    """And nothing that is not known."""
    with pytest.raises(InputError):
        read_cases(data, nothing)
