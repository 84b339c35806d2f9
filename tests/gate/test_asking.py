"""How current a decision is: the first about a request by the look at its admission, others by their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.clock import FrozenClock
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import resource_policies
from iamkit.memory import MemoryStore

ACCOUNT = "111122223333"
DOC = f"arn:aws:docs::{ACCOUNT}:doc/1"
Opened = Callable[[], None]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def iam(tmp_path: Path, clock: FrozenClock) -> Iterator[IAM]:
    """A deployment where everybody may read document 1, by a policy that stands on it."""
    with IAM(tmp_path / "data", store=MemoryStore(), entry_points=False, clock=clock) as iam:
        iam.initialize(account_id=ACCOUNT)
        statement = {"Effect": "Allow", "Principal": "*", "Action": "docs:Read", "Resource": DOC}
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.desk(iam.operator()).do(
            resource_policies.put_resource_policy, resource_arn=DOC, policy_document=text
        )
        yield iam


def admitted(iam: IAM) -> tuple[Principal, HttpRequest]:
    request = HttpRequest("GET", "http", "a.example", "/", "/", "", Headers((("host", "a.example"),)))
    principal = iam.gate.admit(request)
    assert isinstance(principal, Principal)
    return principal, request


def revoke(iam: IAM) -> None:
    iam.desk(iam.operator()).do(resource_policies.delete_resource_policy, resource_arn=DOC)


def test_what_was_revoked_after_a_first_decision_is_refused_by_the_second(iam: IAM) -> None:
    """A request that goes on for long is not decided by what held when it began."""
    principal, request = admitted(iam)
    assert iam.gate.authorize(principal, "docs:Read", DOC, request=request)

    revoke(iam)

    assert not iam.gate.authorize(principal, "docs:Read", DOC, request=request)
    assert not iam.gate.authorize(principal, "docs:Read", DOC)
    assert not principal.can("docs:Read", DOC)


@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta(seconds=-1)])
def test_a_first_decision_that_comes_late_looks_for_itself(
    iam: IAM, clock: FrozenClock, step: timedelta
) -> None:
    """Middleware may have waited for anything in between; a clock that was set back is no excuse."""
    principal, request = admitted(iam)
    revoke(iam)
    clock.advance(step)

    assert not iam.gate.authorize(principal, "docs:Read", DOC, request=request)


def test_questions_beside_the_endpoints_own_look_for_themselves(iam: IAM) -> None:
    """`can`, and a decision about no request in particular."""
    principal, _ = admitted(iam)
    revoke(iam)

    assert not principal.can("docs:Read", DOC)
    assert not iam.gate.authorize(principal, "docs:Read", DOC)


def test_the_next_request_sees_it_at_once(iam: IAM) -> None:
    """Whatever the one before saw."""
    before = admitted(iam)
    revoke(iam)
    principal, request = admitted(iam)

    assert not iam.gate.authorize(principal, "docs:Read", DOC, request=request)
    assert before[0] is not principal
