"""Findings as values: where they stand and how they read."""

from __future__ import annotations

from iamkit.policy import PolicyKind
from iamkit.policy.findings import shown
from iamkit.policy.validate import validate

TEXT = """{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "doc:Get", "Resource": "*",
    "Condition": {"StringEquals": {"aws:usernam": "x"}}}]
}"""


def test_a_finding_says_where_it_stands_and_what_was_meant() -> None:
    """Line, column and path are those of the key at fault, and the nearest key is named."""
    (finding,) = validate(TEXT, PolicyKind.IDENTITY)

    assert finding.path == ("Statement", 0, "Condition", "StringEquals", "aws:usernam")
    assert (finding.span.line, finding.span.column) == (4, 36)
    assert finding.learn_more == "docs/policy-checks.md#invalid_global_condition_key"
    assert str(finding).startswith("ERROR INVALID_GLOBAL_CONDITION_KEY at `Statement[0].Condition")
    assert "`aws:username`" in str(finding)


def test_a_context_value_is_shown_as_text() -> None:
    """A list is told from a single value."""
    assert shown(("a", "b")) == "[a, b]"
    assert shown(True) == "true"
