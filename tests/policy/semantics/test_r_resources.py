"""SEM-R: resource patterns and what they match."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import pytest

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy.decision import Decision, Outcome

Ask = Callable[..., Decision]
Codes = Callable[..., set[str]]
Refused = Callable[..., str]

BASE = "arn:aws:doc:eu-west-1:111122223333:"


@pytest.mark.parametrize("resource", ["a:b/c:d", "a/b", "::"])
def test_R1_holds_the_sixth_part_may_hold_colons_and_slashes(ask: Ask, resource: str) -> None:
    """An ARN is split at its first five colons only."""
    assert ask(identity={"Resource": BASE + resource}, on=BASE + resource)
    assert ask(identity={"Resource": BASE + "*"}, on=BASE + resource)


@pytest.mark.parametrize(
    "pattern", ["notes/a", "bucket", "arn", "ARN:aws:doc:::x", "urn:aws:doc:::x", "", "**"]
)
def test_R1_near_what_is_no_arn_and_no_star_is_refused(refused: Refused, pattern: str) -> None:
    """A pattern is `*` or has six parts that begin with `arn`."""
    refused({"Resource": pattern})


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("notes/*", "notes/a"),
        ("notes/*", "notes/a/b/c"),
        ("notes/*", "notes/"),
        ("notes/*", "notes/a:b"),
        ("n*s/a", "notes/of/others/a"),
        ("n*", "n"),
        ("notes/?", "notes/a"),
        ("notes?a", "notes/a"),
        ("notes?a", "notes:a"),
        ("*/a", "notes/a"),
        ("notes/*", "notes/a\nb"),
    ],
)
def test_R2_holds_wildcards_cross_slashes_and_colons(ask: Ask, pattern: str, asked: str) -> None:
    """In the resource part `*` is any run, also an empty one, and `?` any one character."""
    assert ask(identity={"Resource": BASE + pattern}, on=BASE + asked)


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("notes/*", "notes"),
        ("notes/?", "notes/"),
        ("notes/?", "notes/ab"),
        ("notes/a", "notes/ab"),
        ("notes/a", "xnotes/a"),
        ("notes.a", "notes/a"),
        ("notes/[a]", "notes/a"),
    ],
)
def test_R2_near_a_pattern_covers_the_whole_part_and_nothing_else_is_special(
    ask: Ask, pattern: str, asked: str
) -> None:
    """`bucket/*` does not match `bucket`, and `?` needs its character."""
    assert not ask(identity={"Resource": BASE + pattern}, on=BASE + asked)


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("arn:aws:iam::*:user/x", "arn:aws:iam::111122223333:a:user/x"),
        ("arn:aws:iam:*:111122223333:user/x", "arn:aws:iam:eu:444455556666:111122223333:user/x"),
        ("arn:*:doc:eu-west-1:111122223333:x", "arn:aws:iam:doc:eu-west-1:111122223333:x"),
    ],
)
def test_R3_holds_a_star_does_not_leave_its_part(ask: Ask, pattern: str, asked: str) -> None:
    """The first five parts are compared one by one."""
    assert not ask(identity={"Resource": pattern}, on=asked)


@pytest.mark.parametrize("pattern", ["arn:aws:doc:eu-*:111122223333:x", "arn:aws:doc::1111*:x"])
def test_R3_holds_a_partial_star_in_region_or_account_is_refused(refused: Refused, pattern: str) -> None:
    """A star that is only a piece of one of the first five parts is refused."""
    refused({"Resource": pattern})


@pytest.mark.parametrize(
    "pattern",
    ["arn:aws:iam::*:user/x", "arn:*:iam::111122223333:user/x", "arn:aws:iam:*:111122223333:user/x"],
)
def test_R3_near_a_star_fills_its_own_part(ask: Ask, pattern: str) -> None:
    """A whole-part star matches any text of that part, the empty one included."""
    assert ask(identity={"Resource": pattern}, on="arn:aws:iam::111122223333:user/x")


@pytest.mark.parametrize(
    "pattern", ["arn:aws:*:eu-west-1:111122223333:x", "arn:aws:d*c:::x", "arn:aws:d?c:::x"]
)
def test_R4_holds_wildcard_in_the_service_part_is_refused_or_found(codes: Codes, pattern: str) -> None:
    """A wildcard for the service is refused, or at least reported."""
    try:
        found = codes({"Resource": pattern})
    except MalformedPolicyDocument:
        return
    assert found - codes({"Resource": "arn:aws:doc:eu-west-1:111122223333:x"})


def test_R4_near_wildcards_in_partition_region_and_account_are_accepted(ask: Ask) -> None:
    """The other parts may be stars."""
    assert ask(identity={"Resource": "arn:*:doc:*:*:notes/a"})


@pytest.mark.parametrize(
    "pattern",
    [
        "arn:aws:doc:eu-west-1:111122223333:notes/A",
        "arn:aws:doc:eu-west-1:111122223333:Notes/a",
        "arn:aws:DOC:eu-west-1:111122223333:notes/a",
        "arn:AWS:doc:eu-west-1:111122223333:notes/a",
        "arn:aws:doc:EU-WEST-1:111122223333:notes/a",
    ],
)
def test_R5_holds_every_part_is_compared_exactly(ask: Ask, pattern: str) -> None:
    """Case counts in every part."""
    assert not ask(identity={"Resource": pattern}, stored=True)


def test_R5_near_the_same_case_matches(ask: Ask) -> None:
    """The identical text matches."""
    assert ask(identity={"Resource": BASE + "notes/a"})


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": [BASE + "notes/z", BASE + "notes/a"]},
        {"NotResource": [BASE + "notes/z", BASE + "files/*"]},
    ],
)
def test_R6_holds_any_entry_of_resource_or_none_of_not_resource(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """Resource needs one matching entry, NotResource none."""
    assert ask(identity=statement)
    assert ask(identity=[{}, {"Effect": "Deny", **statement}]).outcome is Outcome.EXPLICIT_DENY


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": [BASE + "notes/z", BASE + "files/*"]},
        {"NotResource": [BASE + "notes/z", BASE + "notes/a"]},
        {"NotResource": "*"},
    ],
)
def test_R6_near_no_entry_of_resource_or_one_of_not_resource(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """One matching entry of NotResource excepts the resource."""
    assert not ask(identity=statement)
    assert ask(identity=[{}, {"Effect": "Deny", **statement}])


@pytest.mark.parametrize("statement", [{"Resource": "*"}, {"NotResource": BASE + "notes/a"}])
def test_R7_holds_the_literal_star_is_matched_by_star_alone_and_by_not_resource(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """An action without resources asks for `*`."""
    assert ask(identity=statement, on="*")


@pytest.mark.parametrize(
    "statement",
    [{"Resource": BASE + "*"}, {"Resource": "arn:*:doc:*:*:*"}, {"NotResource": "*"}],
)
def test_R7_near_a_specific_arn_does_not_match_the_literal_star(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """No ARN pattern, however wide, matches `*`."""
    assert not ask(identity=statement, on="*")


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": BASE + "notes/${app:absent}*"},
        {"NotResource": BASE + "other/${app:absent}"},
        {"NotResource": [BASE + "files/*", BASE + "other/${app:absent}"]},
    ],
)
def test_R8_holds_an_entry_without_value_makes_the_statement_not_match(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """A variable without value matches no resource and excepts none into a match."""
    assert not ask(identity=statement)
    assert ask(identity=[{}, {"Effect": "Deny", **statement}])


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": [BASE + "notes/${app:absent}", BASE + "notes/a"]},
        {"Resource": BASE + "notes/${app:absent, 'a'}"},
        {"NotResource": BASE + "other/${app:absent, 'a'}"},
        {"Resource": BASE + "notes/${app:present}"},
        {"NotResource": BASE + "other/${app:present}"},
    ],
)
def test_R8_near_another_entry_a_default_or_a_value_matches(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """Entries that can be judged count as usual."""
    assert ask(identity=statement, context={"app:present": "a"})


@pytest.mark.parametrize("element", ["Resource", "NotResource"])
@pytest.mark.parametrize("pattern", ["a:b:cadfsdf", "arn:aws:s3", "arn:aws:s3*", "arn:*", "arn:aws:s3::"])
def test_R9_holds_fewer_than_six_parts_are_refused(refused: Refused, element: str, pattern: str) -> None:
    """A short ARN is refused, never completed."""
    refused({element: pattern})


def test_R9_holds_the_corrected_arn_is_suggested(refused: Refused) -> None:
    """The launch post's own five-part ARN is refused with the six-part one."""
    assert "arn:aws:s3:::*" in refused({"Resource": "arn:aws:s3::*"})


@pytest.mark.parametrize("pattern", ["arn:aws:doc:eu-west-1:*", "arn:aws:doc", "notes/a"])
def test_R9_holds_at_rest_a_short_arn_never_allows(ask: Ask, pattern: str) -> None:
    """A short ARN that was stored by other means grants nothing: it is refused then, or matches nothing."""
    with contextlib.suppress(MalformedPolicyDocument):
        assert not ask(identity={"Resource": pattern}, stored=True)


def test_R9_near_six_parts_are_accepted(ask: Ask) -> None:
    """The corrected ARN is accepted and matches."""
    assert ask(identity={"Resource": "arn:aws:s3:::*"}, on="arn:aws:s3:::bucket/key")


def test_R10_holds_a_resource_policy_entry_is_compared_as_usual(ask: Ask) -> None:
    """A policy that names the bucket only does not cover its keys."""
    assert not ask(resource={"Resource": "arn:aws:s3:::bucket"}, on="arn:aws:s3:::bucket/key")


@pytest.mark.parametrize("pattern", ["arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/key", "*"])
def test_R10_near_an_entry_that_covers_the_key_matches(ask: Ask, pattern: str) -> None:
    """Named with its keys, the bucket's policy covers them."""
    assert ask(resource={"Resource": pattern}, on="arn:aws:s3:::bucket/key")


def test_R11_holds_each_pair_is_decided_by_itself(ask: Ask) -> None:
    """An operation on two resources is two decisions, and one of them may deny."""
    grant = {"Resource": BASE + "notes/a"}

    assert not all(ask(identity=grant, on=BASE + name) for name in ("notes/a", "notes/b"))


def test_R11_near_all_pairs_allowed_allow_the_operation(ask: Ask) -> None:
    """Each resource is allowed, so the conjunction is."""
    grant = {"Resource": [BASE + "notes/a", BASE + "notes/b"]}

    assert all(ask(identity=grant, on=BASE + name) for name in ("notes/a", "notes/b"))
