"""Every check: a document that triggers it, a near miss that does not, its place, and its danger shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import parse
from iamkit.policy.checks.table import CHECKS
from iamkit.policy.checks.witness import confirmed
from iamkit.policy.validate import validate

if TYPE_CHECKING:
    from tests.policy.validate.conftest import Pair


def test_every_check_has_its_pair(pairs: Mapping[str, Pair]) -> None:
    """A check without two documents, or documents without a check, fail here."""
    assert set(pairs) == set(CHECKS)


def test_the_first_document_triggers_and_the_second_does_not(pair: Pair) -> None:
    """The near miss may have other findings, but not this one."""
    found = [
        finding for finding in validate(pair.trigger, pair.kind, pair.facts) if finding.code == pair.code
    ]
    near = {finding.code for finding in validate(pair.near, pair.kind, pair.facts)}

    assert found
    assert pair.code not in near
    first = found[0]
    assert pair.trigger[first.span.start : first.span.end] == pair.cuts
    assert first.type in (CHECKS[pair.code].type, "ERROR")
    assert first.message
    assert not first.message.endswith(".")


def test_what_the_grammar_refuses_is_refused_and_the_rest_is_not(pair: Pair) -> None:
    """The row says whether a save is refused, and the strict parser agrees."""
    row = CHECKS[pair.code]
    if row.refused:
        assert row.type == "ERROR"
        with pytest.raises(MalformedPolicyDocument):
            parse(pair.trigger, pair.kind)


def test_a_danger_is_shown_by_a_request_that_evaluation_allows(pair: Pair) -> None:
    """A security warning carries a request, and evaluation lets it pass."""
    for finding in validate(pair.trigger, pair.kind, pair.facts):
        if finding.type == "SECURITY_WARNING" and finding.code == pair.code:
            policy = parse(pair.trigger, pair.kind, stored=True)

            assert finding.example is not None
            assert confirmed(policy, pair.facts, finding.example)
            assert finding.example.request.action in str(finding.example)
        elif finding.type != "SECURITY_WARNING":
            assert finding.example is None


def test_near_misses_are_good_documents(pair: Pair) -> None:
    """The near miss is a document that can be saved."""
    assert parse(pair.near, pair.kind).statements
