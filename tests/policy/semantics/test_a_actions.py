"""SEM-A: action patterns and what they match."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iamkit.errors import InputError
from iamkit.policy.decision import Decision, Outcome

Ask = Callable[..., Decision]
Refused = Callable[..., str]


@pytest.mark.parametrize("pattern", ["doc", "doc:Get:x", "doc:", ":Get", "", "**:Get", "doc::Get"])
def test_A1_holds_anything_but_star_or_service_and_name_is_refused(refused: Refused, pattern: str) -> None:
    """A pattern has exactly one colon with something on both sides."""
    refused({"Action": pattern})


@pytest.mark.parametrize("pattern", ["*", "doc:Get", "doc:*"])
def test_A1_near_star_and_service_with_name_are_accepted(ask: Ask, pattern: str) -> None:
    """The two forms of the grammar match."""
    assert ask(identity={"Action": pattern})


@pytest.mark.parametrize(("written", "asked"), [("DOC:gET", "doc:Get"), ("doc:Get", "Doc:GET")])
def test_A2_holds_case_is_ignored_in_action_and_not_action(ask: Ask, written: str, asked: str) -> None:
    """Both parts are compared without regard to case, in both elements."""
    assert ask(identity={"Action": written}, action=asked)
    assert not ask(identity={"NotAction": written}, action=asked)


def test_A2_near_another_name_is_another_action(ask: Ask) -> None:
    """Case is all that is ignored."""
    assert not ask(identity={"Action": "doc:GetAll"})
    assert ask(identity={"NotAction": "doc:GetAll"})


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("doc:*", "doc:Get"),
        ("doc:Get*", "doc:Get"),
        ("doc:*AccessKey*", "doc:UpdateAccessKeyLastUsed"),
        ("doc:G?t", "doc:Get"),
        ("doc:?e*t?", "doc:GetAttt"),
        ("doc:**", "doc:Get"),
    ],
)
def test_A3_holds_star_is_any_run_and_question_mark_one_character(ask: Ask, pattern: str, asked: str) -> None:
    """Wildcards stand anywhere and any number of times in the name."""
    assert ask(identity={"Action": pattern}, action=asked)


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("doc:G?t", "doc:Gt"),
        ("doc:G?t", "doc:Geet"),
        ("doc:Get?", "doc:Get"),
        ("doc:*AccessKey", "doc:UpdateAccessKeyLastUsed"),
        ("doc:G.t", "doc:Get"),
        ("doc:[G]et", "doc:Get"),
        ("doc:Ge{t}", "doc:Get"),
        ("doc:G\\wt", "doc:Get"),
        ("doc:Get", "doc:GetAll"),
        ("doc:Get", "adoc:Get"),
        ("doc:*", "docs:Get"),
    ],
)
def test_A3_near_other_metacharacters_are_literal_and_matches_are_whole(
    ask: Ask, pattern: str, asked: str
) -> None:
    """Only `*` and `?` are special, and a pattern covers the whole name."""
    assert not ask(identity={"Action": pattern}, action=asked, stored=True)


@pytest.mark.parametrize("pattern", ["*:Get", "d*:Get", "do?:Get", "s3*:x", "doc_x:Get", "*:*"])
def test_A4_holds_wildcards_in_the_service_are_refused(refused: Refused, pattern: str) -> None:
    """The service is spelt out."""
    refused({"Action": pattern})


@pytest.mark.parametrize(("pattern", "asked"), [("s3:*", "s3:Get"), ("my-app.v2:Get", "my-app.v2:Get")])
def test_A4_near_the_alphabet_of_services_is_accepted(ask: Ask, pattern: str, asked: str) -> None:
    """Letters, digits, dot and hyphen make a service name."""
    assert ask(identity={"Action": pattern}, action=asked)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_A5_holds_any_entry_matches_and_not_action_takes_the_rest(ask: Ask, effect: str) -> None:
    """Action needs one matching entry; NotAction needs none."""
    expected = Outcome.ALLOWED if effect == "Allow" else Outcome.EXPLICIT_DENY

    assert ask(identity={"Effect": effect, "Action": ["doc:Put", "doc:Get"]}).outcome is expected
    assert ask(identity={"Effect": effect, "NotAction": ["doc:Put", "doc:Del"]}).outcome is expected
    assert ask(identity={"Effect": effect, "NotAction": "doc:*"}, action="other:Get").outcome is expected


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_A5_near_no_entry_matches_or_not_action_names_it(ask: Ask, effect: str) -> None:
    """One matching entry of NotAction excepts the action."""
    expected = Outcome.IMPLICIT_DENY

    assert ask(identity={"Effect": effect, "Action": ["doc:Put", "doc:Del"]}).outcome is expected
    assert ask(identity={"Effect": effect, "NotAction": ["doc:Put", "doc:Get"]}).outcome is expected


MALFORMED = [
    "doc: Get",
    "doc:Get words",
    " doc:Get",
    "doc:Get ",
    "doc:Get\n",
    "doc:Get,doc:Put",
    "doc:",
    "docGet",
]


@pytest.mark.parametrize("element", ["Action", "NotAction"])
@pytest.mark.parametrize("pattern", MALFORMED)
def test_A6_holds_malformed_entries_are_refused(refused: Refused, element: str, pattern: str) -> None:
    """White space, commas, an empty name or no colon is refused, in both elements."""
    refused({element: ["doc:Put", pattern]})


@pytest.mark.parametrize("pattern", MALFORMED)
def test_A6_holds_at_rest_they_never_allow_and_except_nothing_from_a_deny(ask: Ask, pattern: str) -> None:
    """An entry that matches nothing grants nothing and saves nobody from a Deny."""
    assert not ask(identity={"Action": pattern}, stored=True)
    assert not ask(identity=[{}, {"Effect": "Deny", "NotAction": pattern}], stored=True)


def test_A6_near_a_well_formed_entry_allows_and_excepts(ask: Ask) -> None:
    """The same entries without the fault match."""
    assert ask(identity={"Action": "doc:Get"}, stored=True)
    assert ask(identity=[{}, {"Effect": "Deny", "NotAction": "doc:Get"}], stored=True)


@pytest.mark.parametrize("asked", ["doc:*", "doc:G?t", "*", "doc", "doc:Get:x"])
def test_A7_holds_a_request_that_names_a_pattern_is_rejected(ask: Ask, asked: str) -> None:
    """A request names one concrete action; anything else is never allowed."""
    try:
        decision = ask(identity={"Action": "*"}, action=asked)
    except InputError:
        return
    assert not decision
    assert decision.error


def test_A7_near_a_concrete_action_is_decided(ask: Ask) -> None:
    """A concrete action is allowed by `*`."""
    assert ask(identity={"Action": "*"}, action="doc:Get")
