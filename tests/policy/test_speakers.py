"""Speakers: the index of actions says what asking every statement says."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.policy import PolicyKind, parse
from iamkit.policy.speakers import Speakers, speakers
from iamkit.policy.targets import action_test

_ENTRY = st.sampled_from(
    ["*", "doc:*", "doc:Get", "DOC:get", "doc:G?t", "doc:Put*", "sh op:X", "doc:", "*:Get"]
)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.booleans(), st.lists(_ENTRY, min_size=1, max_size=3)), min_size=1, max_size=6),
    action=st.sampled_from(["doc:get", "doc:put", "doc:putall", "other:get", "sh op:x"]),
)
def test_the_index_agrees_with_every_statement(rows: list[tuple[bool, list[str]]], action: str) -> None:
    """The same statements, each once, in the document's order."""
    statements = [
        {"Effect": "Allow", "NotAction" if negated else "Action": entries, "Resource": "*"}
        for negated, entries in rows
        if "*:Get" not in entries
    ]
    if not statements:
        return
    policy = parse(json.dumps({"Statement": statements}), PolicyKind.IDENTITY, stored=True)

    asked = Speakers(policy.statements)

    for each in (action, "doc:other", action, action):
        wanted = tuple(one for one in policy.statements if action_test(one).holds(each))
        assert asked.of(each) == wanted


def test_a_policy_keeps_its_index() -> None:
    """It is made once, and neither shown nor compared."""
    text = json.dumps({"Statement": {"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}})
    one, other = (parse(text, PolicyKind.IDENTITY, stored=True) for _ in range(2))

    assert speakers(one) is speakers(one)
    assert one == other
    assert "peakers" not in repr(one)
