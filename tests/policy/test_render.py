"""The printer: parse, render and parse again give the same policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from iamkit.policy import Policy, PolicyKind, parse, render

DOCUMENTS: list[tuple[PolicyKind, object]] = [
    (PolicyKind.IDENTITY, {"Effect": "Allow", "Action": "*", "Resource": "*"}),
    (
        PolicyKind.IDENTITY,
        [
            {
                "Sid": "A",
                "Effect": "Deny",
                "NotAction": ["a:b", "c:d"],
                "NotResource": ['arn:aws:doc:::\u00e9"\\'],
            },
            {
                "Effect": "Allow",
                "Action": ["a:b"],
                "Resource": "*",
                "Condition": {
                    "StringLike": {"a:b": ["x", True, 1.50], "a:c": "y"},
                    "ForAllValues:StringEqualsIfExists": {"a:b": 5},
                    "Null": {"a:b": "true"},
                    "Bool": {},
                },
            },
        ],
    ),
    (PolicyKind.RESOURCE, {"Effect": "Allow", "Action": "a:b", "Principal": "*"}),
    (
        PolicyKind.RESOURCE,
        {
            "Effect": "Deny",
            "Action": "a:b",
            "NotPrincipal": {"IAM": ["123456789012"], "Service": ["x.y", "z"]},
        },
    ),
]


def _said(policy: Policy) -> Iterator[object]:
    """Everything a policy says, without the places where it says it."""
    yield (policy.kind, policy.version, policy.id)
    for item in policy.statements:
        yield (item.index, item.sid, item.effect, item.not_action, item.not_resource, item.not_principal)
        yield [element.text for element in item.actions]
        yield None if item.resources is None else [element.text for element in item.resources]
        yield None if item.principals is None else [(entry.type, entry.text) for entry in item.principals]
        for condition in item.conditions:
            yield (condition.operator_text, condition.key, [value.text for value in condition.values])


@pytest.mark.parametrize(("kind", "statements"), DOCUMENTS)
@pytest.mark.parametrize("head", [{}, {"Version": "2012-10-17", "Id": "x"}, {"Version": "2008-10-17"}])
def test_nothing_is_lost(kind: PolicyKind, statements: object, head: Mapping[str, object]) -> None:
    """The printed document says the same, and printing it again changes nothing."""
    policy = parse(json.dumps({**head, "Statement": statements}), kind)

    text = render(policy)
    again = parse(text, kind)

    assert list(_said(again)) == list(_said(policy))
    assert render(again) == text


def test_the_form_is_canonical() -> None:
    """However it was written, the same policy is printed the same."""
    one = '{"Statement":{"Resource":["*"],"Action":"a:b","Effect":"Allow"},"Version":"2012-10-17"}'
    other = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a:b"], "Resource": "*"}]}'
    )

    assert render(parse(one, PolicyKind.IDENTITY)) == render(parse(other, PolicyKind.IDENTITY))
    assert render(parse(one, PolicyKind.IDENTITY)).startswith(
        '{\n  "Version": "2012-10-17",\n  "Statement": ['
    )


def test_documents_at_rest_print_too() -> None:
    """Empty lists and foreign elements of a document at rest survive."""
    text = '{"Statement": [{"Effect": "Deny", "Action": [], "Resource": [], "Principal": {"AWS": "x"}}]}'
    policy = parse(text, PolicyKind.IDENTITY, stored=True)

    assert list(_said(parse(render(policy), PolicyKind.IDENTITY, stored=True))) == list(_said(policy))
