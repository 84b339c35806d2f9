"""Places: spans are found when asked for, and cut out what they name."""

from __future__ import annotations

import json

from iamkit.policy import PolicyKind, parse

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "doc:Get", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["doc:Get", "doc:Put"],
            "Resource": "arn:aws:doc:::a/*",
            "Condition": {"StringEquals": {"app:k": ["x", "y"]}},
        },
    ],
}


def test_every_element_is_cut_out_of_its_text() -> None:
    """Also on another line, and again when asked again."""
    text = json.dumps(DOCUMENT, indent=2)
    policy = parse(text, PolicyKind.IDENTITY)
    second = policy.statements[1]
    (condition,) = second.conditions

    for element in (*second.actions, *(second.resources or ()), *condition.values):
        assert text[element.span.start : element.span.end] == f'"{element.text}"'
        assert text.splitlines()[element.span.line - 1][element.span.column - 1 :].startswith('"')
        assert element.span == element.span
    assert json.loads(text[second.span.start : second.span.end]) == DOCUMENT["Statement"][1]
    assert condition.values[1].place.path == ("Statement", 1, "Condition", "StringEquals", "app:k", 1)
    assert list(second.members) == ["Effect", "Action", "Resource", "Condition"]


def test_where_an_element_stands_does_not_tell_it_from_another() -> None:
    """Elements are what they say; two documents of one text are equal."""
    text = json.dumps(DOCUMENT)
    policy = parse(text, PolicyKind.IDENTITY)

    assert policy == parse(text, PolicyKind.IDENTITY)
    assert policy.statements[0].actions[0] == policy.statements[1].actions[0]
