"""SEM-P: who a Principal or NotPrincipal element speaks of, and how strongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.request import Caller, CallerKind

Ask = Callable[..., Decision]
Callers = Mapping[str, Caller]
Read = Callable[..., Policy]
Refused = Callable[..., str]

ACCOUNT = "111122223333"
OTHER = "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/app/jeff"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/writer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize("caller", ["user", "session", "federated-user", "anonymous", "service"])
@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": [OTHER, "*"]}])
def test_P1_holds_star_is_everybody_signed_or_not(ask: Ask, caller: str, principal: object) -> None:
    """Both spellings of everybody grant to every caller."""
    assert ask(resource={"Principal": principal}, caller=caller)


@pytest.mark.parametrize("caller", ["anonymous", "user"])
def test_P1_near_an_account_is_not_everybody(ask: Ask, caller: str) -> None:
    """An account in Principal grants to no unsigned caller, nor to another account's."""
    assert not ask(resource={"Principal": {"AWS": OTHER}}, identity={}, caller=caller, owner=OTHER[::-1])


@pytest.mark.parametrize("kind", ["Service", "Federated"])
def test_P2_holds_star_for_services_or_providers_is_refused(ask: Ask, refused: Refused, kind: str) -> None:
    """`*` under Service or Federated is refused, and at rest matches nobody."""
    refused({"Principal": {kind: "*"}}, PolicyKind.RESOURCE)
    for caller in ("service", "provider", "user", "anonymous"):
        assert not ask(resource={"Principal": {kind: "*"}}, caller=caller, stored=True)


def test_P2_near_one_service_named_is_accepted(ask: Ask) -> None:
    """A service named exactly matches."""
    assert ask(resource={"Principal": {"Service": "lambda.amazonaws.com"}}, caller="service")


@pytest.mark.parametrize("principal", [USER, ACCOUNT[:11], "lambda.amazonaws.com", "", "**", ["*"], None, 5])
def test_P3_holds_plain_text_other_than_star_is_refused(refused: Refused, principal: object) -> None:
    """A plain string other than `*` is no principal."""
    refused({"Principal": principal}, PolicyKind.RESOURCE)


@pytest.mark.parametrize("principal", ["*", {"AWS": USER}, {"AWS": [USER]}])
def test_P3_near_star_or_an_object_is_accepted(ask: Ask, principal: object) -> None:
    """The same ARN inside an object matches."""
    assert ask(resource={"Principal": principal})


ACCOUNT_FORMS = [{"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": [OTHER, ACCOUNT]}]


@pytest.mark.parametrize("principal", ACCOUNT_FORMS)
def test_P4_holds_an_account_delegates_to_its_administrators(ask: Ask, principal: object) -> None:
    """An account's principal opens the identity path of its users, not of root alone."""
    grant = {"Principal": principal}

    assert ask(resource=grant, identity={}, explicit_trust=True)
    assert ask(resource=grant, identity={}, owner=OTHER)
    assert ask(resource=grant, identity={}, caller="session", owner=OTHER)
    assert ask(resource=grant, caller="root", owner=OTHER)


@pytest.mark.parametrize("principal", ACCOUNT_FORMS)
def test_P4_near_an_account_grants_nothing_by_itself(ask: Ask, principal: object) -> None:
    """Without the identity path an account's principal allows nobody."""
    assert not ask(resource={"Principal": principal}, explicit_trust=True)
    assert not ask(resource={"Principal": principal}, owner=OTHER)


def test_P4_near_another_account_opens_nothing(ask: Ask) -> None:
    """The wrong account's principal does not match."""
    grant = {"Principal": {"AWS": OTHER}}

    assert not ask(resource=grant, identity={}, explicit_trust=True)


def test_P5_holds_a_user_is_matched_exactly(ask: Ask) -> None:
    """The user's whole ARN, path included, matches directly."""
    assert ask(resource={"Principal": {"AWS": USER}})


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:user/jeff",
        f"arn:aws:iam::{ACCOUNT}:user/app/Jeff",
        f"arn:aws:iam::{ACCOUNT}:user/APP/jeff",
        f"arn:aws:iam::{OTHER}:user/app/jeff",
        f"arn:aws:iam::{ACCOUNT}:user/app/jeff2",
        f"arn:aws-cn:iam::{ACCOUNT}:user/app/jeff",
        f"arn:aws:iam::{ACCOUNT}:role/app/jeff",
    ],
)
def test_P5_near_another_path_case_or_account_is_somebody_else(ask: Ask, arn: str) -> None:
    """Any difference in the ARN is another user."""
    assert not ask(resource={"Principal": {"AWS": arn}})


def test_P6_holds_a_role_matches_every_session_of_it(ask: Ask, callers: Callers) -> None:
    """The role's ARN with its path matches sessions of any name."""
    tuesday = replace(callers["session"], arn=SESSION.replace("monday", "tuesday"))

    assert ask(resource={"Principal": {"AWS": ROLE}}, caller="session")
    assert ask(resource={"Principal": {"AWS": ROLE}}, caller=tuesday)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:role/app/reader",
        f"arn:aws:iam::{ACCOUNT}:role/app/writer2",
        f"arn:aws:iam::{ACCOUNT}:role/app/Writer",
        f"arn:aws:iam::{OTHER}:role/app/writer",
        f"arn:aws-cn:iam::{ACCOUNT}:role/app/writer",
        f"arn:aws:iam::{ACCOUNT}:user/app/writer",
    ],
)
def test_P6_near_another_role_does_not(ask: Ask, arn: str) -> None:
    """Another name, account, partition or kind is another principal."""
    assert not ask(resource={"Principal": {"AWS": arn}}, caller="session")


def test_P6_near_a_caller_named_by_the_role_arn_itself_is_matched_as_a_role(
    ask: Ask, callers: Callers
) -> None:
    """Simulators name the role itself; that is a grant to the role, which the boundary still cuts."""
    role = replace(callers["session"], arn=ROLE, bounded=True)
    silent = {"Action": "doc:Put"}

    assert ask(resource={"Principal": {"AWS": ROLE}}, caller=role, boundary={})
    assert not ask(resource={"Principal": {"AWS": ROLE}}, caller=role, boundary=silent)


def test_P7_holds_a_session_is_matched_exactly(ask: Ask) -> None:
    """The session's own ARN matches directly."""
    assert ask(resource={"Principal": {"AWS": SESSION}}, caller="session")


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/*",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/tuesday",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/Monday",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/app/writer/monday",
        f"arn:aws:sts::{OTHER}:assumed-role/writer/monday",
    ],
)
def test_P7_near_other_names_and_shortened_forms_match_nothing(ask: Ask, arn: str) -> None:
    """A session of another name, or only the role's half of the ARN, does not match."""
    assert not ask(resource={"Principal": {"AWS": arn}}, caller="session", stored=True)


def test_P8_holds_a_federated_user_is_matched_by_its_own_arn_and_by_its_users(ask: Ask) -> None:
    """The session's ARN matches directly; the user's ARN matches at a level that the boundary cuts."""
    silent = {"Action": "doc:Put"}

    assert ask(
        resource={"Principal": {"AWS": FEDERATED}}, caller="federated-user", boundary=silent, session={}
    )
    assert ask(resource={"Principal": {"AWS": USER}}, caller="federated-user", session={})
    assert not ask(
        resource={"Principal": {"AWS": USER}}, caller="federated-user", boundary=silent, session={}
    )


@pytest.mark.parametrize(
    "arn",
    [FEDERATED + "2", FEDERATED.replace("guest", "Guest"), FEDERATED.replace(ACCOUNT, OTHER), USER + "2"],
)
def test_P8_near_another_name_or_creator_does_not(ask: Ask, arn: str) -> None:
    """Neither another federated user nor another IAM user matches."""
    assert not ask(resource={"Principal": {"AWS": arn}}, caller="federated-user", session={})


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:user/*",
        f"arn:aws:iam::{ACCOUNT}:user/app/j?ff",
        f"arn:aws:iam::{ACCOUNT}:*",
        "arn:aws:iam::*:user/app/jeff",
        f"arn:*:iam::{ACCOUNT}:user/app/jeff",
        "1111*",
    ],
)
def test_P9_holds_wildcards_inside_a_principal_are_refused(ask: Ask, refused: Refused, arn: str) -> None:
    """A pattern as principal is refused, and at rest matches nobody."""
    refused({"Principal": {"AWS": arn}}, PolicyKind.RESOURCE)
    assert not ask(resource={"Principal": {"AWS": arn}}, stored=True)


def test_P9_near_star_narrowed_by_a_condition_is_accepted(ask: Ask) -> None:
    """Everybody, narrowed by an ARN pattern on the caller, says what was meant."""
    grant = {
        "Principal": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}},
    }

    assert ask(resource=grant, context={"aws:PrincipalArn": USER})
    assert not ask(resource=grant, context={"aws:PrincipalArn": ROLE})


@pytest.mark.parametrize(
    "arn", [f"arn:aws:iam::{ACCOUNT}:group/admins", f"arn:aws:iam::{ACCOUNT}:instance-profile/web"]
)
def test_P10_holds_groups_and_instance_profiles_are_refused(ask: Ask, refused: Refused, arn: str) -> None:
    """Neither is a principal; at rest they match nobody."""
    refused({"Principal": {"AWS": arn}}, PolicyKind.RESOURCE)
    assert not ask(resource={"Principal": {"AWS": arn}}, stored=True)


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{ACCOUNT}:user/group", ROLE, SESSION, FEDERATED])
def test_P10_near_users_roles_and_sessions_are_principals(read: Read, arn: str) -> None:
    """The kinds that can call can be named."""
    assert read({"Principal": {"AWS": arn}}, PolicyKind.RESOURCE).statements[0].principals


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("service", {"Service": "lambda.amazonaws.com"}),
        ("service", {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
        ("service", {"AWS": OTHER, "Service": "lambda.amazonaws.com"}),
        ("provider", {"Federated": "accounts.google.com"}),
        ("user", {"AWS": USER, "Service": "lambda.amazonaws.com"}),
    ],
)
def test_P11_holds_services_and_providers_are_exact_and_kinds_are_alternatives(
    ask: Ask, caller: str, principal: object
) -> None:
    """One matching entry of any kind is enough."""
    assert ask(resource={"Principal": principal}, caller=caller)


def test_P11_holds_a_provider_may_be_an_arn(ask: Ask) -> None:
    """Providers registered with the account are named by ARN."""
    arn = f"arn:aws:iam::{ACCOUNT}:saml-provider/office"

    assert ask(resource={"Principal": {"Federated": arn}}, caller=Caller(CallerKind.PROVIDER, arn))


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("service", {"Service": "Lambda.amazonaws.com"}),
        ("service", {"Service": "eu.lambda.amazonaws.com"}),
        ("service", {"Federated": "lambda.amazonaws.com"}),
        ("provider", {"Federated": "google.com"}),
        ("provider", {"Service": "accounts.google.com"}),
        ("user", {"Service": "lambda.amazonaws.com"}),
    ],
)
def test_P11_near_another_spelling_or_kind_does_not_match(ask: Ask, caller: str, principal: object) -> None:
    """The text and the kind must both be the caller's."""
    assert not ask(resource={"Principal": principal}, caller=caller)


def test_P11_near_canonical_users_and_unknown_kinds_are_refused(read: Read, refused: Refused) -> None:
    """A canonical user is accepted only from documents at rest."""
    refused({"Principal": {"CanonicalUser": HEX}}, PolicyKind.RESOURCE)
    refused({"Principal": {"Group": "admins"}}, PolicyKind.RESOURCE)
    refused({"Principal": {"aws": USER}}, PolicyKind.RESOURCE)
    assert read({"Principal": {"CanonicalUser": HEX}}, PolicyKind.RESOURCE, stored=True).statements


@pytest.mark.parametrize(
    ("arn", "caller", "recorded"),
    [(USER, "user", "AIDAJEFF"), (ROLE, "session", "AROAWRITER")],
)
def test_P12_holds_the_id_at_saving_must_be_the_callers(
    ask: Ask, arn: str, caller: str, recorded: str
) -> None:
    """A grant to a principal that still has the id it was saved with matches."""
    assert ask(resource={"Principal": {"AWS": arn}}, caller=caller, principal_ids={arn: recorded})
    assert ask(resource={"Principal": {"AWS": arn}}, caller=caller)


@pytest.mark.parametrize(
    ("arn", "caller", "recorded"),
    [(USER, "user", "AIDAOLDJEFF"), (ROLE, "session", "AROAOLDWRITER")],
)
def test_P12_near_a_namesake_made_later_regains_nothing(
    ask: Ask, arn: str, caller: str, recorded: str
) -> None:
    """The same ARN with another id is somebody else, in trust policies too."""
    assert not ask(resource={"Principal": {"AWS": arn}}, caller=caller, principal_ids={arn: recorded})
    assert not ask(trust={"Principal": {"AWS": arn}}, caller=caller, principal_ids={arn: recorded})


def test_P12_near_a_namesake_made_later_is_not_excepted_either(ask: Ask) -> None:
    """A Deny for everybody except somebody who is gone denies who took the name."""
    kept = ask(resource=deny_all_but(USER), principal_ids={USER: "AIDAJEFF"})
    gone = ask(resource=deny_all_but(USER), principal_ids={USER: "AIDAOLDJEFF"})

    assert kept
    assert gone.outcome is Outcome.EXPLICIT_DENY


def test_P13_holds_the_principal_arn_of_a_session_is_its_role(ask: Ask) -> None:
    """A condition on the role's ARN, path included, finds the role's sessions."""
    grant = {"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}

    assert ask(resource=grant, caller="session", context={"aws:PrincipalArn": ROLE})


def test_P13_near_the_session_arn_is_not_its_principal_arn(ask: Ask) -> None:
    """A condition that names the session's own ARN does not find it."""
    grant = {"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": SESSION}}}

    assert not ask(resource=grant, caller="session", context={"aws:PrincipalArn": ROLE})


def test_P14_holds_the_strongest_level_of_all_matching_allows_counts(ask: Ask) -> None:
    """A direct grant beside an account's decides, in any order and across documents."""
    account: Mapping[str, object] = {"Principal": {"AWS": ACCOUNT}}
    direct: Mapping[str, object] = {"Principal": {"AWS": USER}}

    assert ask(resource=[account, direct])
    assert ask(resource=[direct, account])
    assert ask(resource=(account, direct))
    assert ask(resource={"Principal": {"AWS": [ACCOUNT, USER]}})


@pytest.mark.parametrize(
    "statements",
    [
        [{"Principal": {"AWS": ACCOUNT}}, {"Principal": {"AWS": USER}, "Action": "doc:Put"}],
        [{"Principal": {"AWS": ACCOUNT}}, {"Principal": {"AWS": USER}, "Effect": "Deny"}],
    ],
)
def test_P14_near_levels_of_statements_that_do_not_allow_do_not_count(
    ask: Ask, statements: list[Mapping[str, object]]
) -> None:
    """Only Allow statements that match give a level."""
    assert not ask(resource=statements)


ALLOW_ALL: Mapping[str, object] = {"Principal": "*"}


def deny_all_but(*arns: str) -> list[Mapping[str, object]]:
    return [ALLOW_ALL, {"Effect": "Deny", "NotPrincipal": {"AWS": list(arns)}}]


@pytest.mark.parametrize(
    ("caller", "listed"),
    [
        ("user", [USER + "2"]),
        ("user", [OTHER]),
        ("session", [SESSION + "2"]),
        ("session", [USER]),
        ("anonymous", [ACCOUNT, USER]),
    ],
)
def test_P15_holds_not_principal_matches_who_is_listed_in_no_form(
    ask: Ask, caller: str, listed: list[str]
) -> None:
    """A Deny for everybody except the list denies who is not on it."""
    assert ask(resource=deny_all_but(*listed), caller=caller).outcome is Outcome.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("caller", "listed"),
    [
        ("user", [USER]),
        ("user", [ACCOUNT]),
        ("user", [f"arn:aws:iam::{ACCOUNT}:root"]),
        ("session", [ACCOUNT, ROLE, SESSION]),
        ("federated-user", [ACCOUNT, USER, FEDERATED]),
    ],
)
def test_P15_near_who_is_listed_at_any_level_is_excepted(ask: Ask, caller: str, listed: list[str]) -> None:
    """The principal itself, or its account, on the list excepts the caller."""
    assert ask(resource=deny_all_but(*listed), caller=caller)


def test_P16_holds_a_bounded_caller_is_always_denied_by_not_principal(ask: Ask, callers: Callers) -> None:
    """Deny with NotPrincipal spares nobody who has a permissions boundary."""
    bounded = replace(callers["user"], bounded=True)

    decision = ask(resource=deny_all_but(USER, ACCOUNT), caller=bounded, boundary={})

    assert decision.outcome is Outcome.EXPLICIT_DENY


def test_P16_near_without_a_boundary_the_list_counts(ask: Ask) -> None:
    """The same caller without boundary is excepted."""
    assert ask(resource=deny_all_but(USER, ACCOUNT))


def test_P17_holds_allow_with_not_principal_is_refused(refused: Refused) -> None:
    """Allowing everybody except a list is not in the language."""
    refused({"NotPrincipal": {"AWS": USER}}, PolicyKind.RESOURCE)


def test_P17_near_deny_with_not_principal_is_accepted(read: Read) -> None:
    """Denying everybody except a list is."""
    assert read({"Effect": "Deny", "NotPrincipal": {"AWS": USER}}, PolicyKind.RESOURCE).statements
