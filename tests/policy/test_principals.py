"""How principal elements match callers, and at which level."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from iamkit.policy import ANONYMOUS, Caller, CallerKind, PolicyKind, Statement, parse
from iamkit.policy.model import PrincipalType
from iamkit.policy.principals import Level, levels

A = "123456789012"
SERVICE = Caller(CallerKind.SERVICE, "jobs.example")
PROVIDER = Caller(CallerKind.PROVIDER, "accounts.google.com")
ROOT = Caller(CallerKind.ROOT, f"arn:aws:iam::{A}:root", A)


def statement(principal: object, effect: str = "Allow", name: str = "Principal") -> Statement:
    whole = {"Effect": effect, "Action": "doc:Get", "Resource": "*"}
    if principal is not None:
        whole[name] = principal  # type: ignore[assignment]  # any JSON
    return parse(json.dumps({"Statement": whole}), PolicyKind.RESOURCE, stored=True).statements[0]


def level(principal: object, caller: Caller, **ids: str) -> set[Level]:
    return set(levels(statement(principal), caller, ids, bounded=False))


@pytest.mark.parametrize("caller", [ANONYMOUS, SERVICE, PROVIDER, ROOT])
def test_everybody_is_everybody(caller: Caller) -> None:
    """`*` in both spellings matches any caller; under other kinds it matches nobody."""
    assert level("*", caller) == level({"AWS": "*"}, caller) == {Level.ANY}
    assert level({"Service": "*", "Federated": "*"}, caller) == set()


def test_an_account_in_three_spellings(jeff: Caller, session: Caller) -> None:
    """An account speaks of all who live in it, and of nobody else."""
    for principal in (A, f"arn:aws:iam::{A}:root"):
        for caller in (jeff, session, ROOT):
            assert level({"AWS": principal}, caller) == {Level.ACCOUNT}
        for caller in (
            ANONYMOUS,
            SERVICE,
            PROVIDER,
            replace(jeff, account="999999999999", arn="arn:aws:iam::9:user/x"),
        ):
            assert level({"AWS": principal}, caller) == set()


def test_a_user_is_matched_exactly(jeff: Caller) -> None:
    """Path, case and partition count."""
    assert level({"AWS": jeff.arn}, jeff) == {Level.DIRECT}
    for other in (
        jeff.arn.replace("family/", ""),
        jeff.arn.upper(),
        jeff.arn.replace(":aws:", ":aws-cn:"),
        jeff.arn + "x",
    ):
        assert level({"AWS": other}, jeff) == set()


def test_a_role_matches_its_sessions(session: Caller) -> None:
    """By account, partition and name; the session's own ARN is a level of its own."""
    assert level({"AWS": f"arn:aws:iam::{A}:role/app/writer"}, session) == {Level.ROLE}
    assert level({"AWS": f"arn:aws:iam::{A}:role/writer"}, session) == {Level.ROLE}
    assert level({"AWS": session.arn}, session) == {Level.DIRECT}
    for other in (
        f"arn:aws:iam::{A}:role/app/Writer",
        "arn:aws:iam::999999999999:role/app/writer",
        f"arn:aws:sts::{A}:assumed-role/writer",
        f"arn:aws:sts::{A}:assumed-role/writer/*",
        f"arn:aws:sts::{A}:assumed-role/writer/tuesday",
        f"arn:aws:iam::{A}:user/writer",
    ):
        assert level({"AWS": other}, session) == set()
    named = replace(session, arn=session.issuer_arn)
    assert level({"AWS": session.issuer_arn}, named) == {Level.ROLE}


def test_a_federated_user_is_matched_by_itself_and_by_its_user(jeff: Caller) -> None:
    """The user behind the session is the weaker level."""
    guest = Caller(
        CallerKind.FEDERATED_USER, f"arn:aws:sts::{A}:federated-user/guest", A, jeff.arn, "AIDAJEFF"
    )

    assert level({"AWS": [guest.arn, jeff.arn, A]}, guest) == {Level.DIRECT, Level.FEDUSER, Level.ACCOUNT}
    assert level({"AWS": jeff.arn.replace("jeff", "joe")}, guest) == set()


def test_services_and_providers_are_exact() -> None:
    """Each only under its own kind."""
    assert (
        level({"Service": SERVICE.arn}, SERVICE)
        == level({"Federated": PROVIDER.arn}, PROVIDER)
        == {Level.DIRECT}
    )
    assert level({"Federated": SERVICE.arn}, SERVICE) == level({"Service": PROVIDER.arn}, PROVIDER) == set()
    assert level({"Service": SERVICE.arn + "x"}, SERVICE) == set()


def test_somebody_else_of_the_same_name_is_not_matched(jeff: Caller, session: Caller) -> None:
    """The id stored beside an ARN has to be the caller's too; the account level knows no ids."""
    element = statement({"AWS": [jeff.arn, A]})

    assert levels(element, jeff, {jeff.arn: "AIDAJEFF"}, bounded=False) == {Level.DIRECT, Level.ACCOUNT}
    assert levels(element, jeff, {jeff.arn: "AIDAOLD"}, bounded=False) == {Level.ACCOUNT}
    role = session.issuer_arn
    assert levels(statement({"AWS": role}), session, {role: "AROAOLD"}, bounded=False) == set()


def test_not_principal_excepts_at_any_level(jeff: Caller) -> None:
    """It matches only whom no entry matches, not even by account, and whoever is bounded."""
    spared = statement({"AWS": A}, "Deny", "NotPrincipal")
    others = statement({"AWS": "999999999999"}, "Deny", "NotPrincipal")

    assert levels(spared, jeff, {}, bounded=False) == set()
    assert levels(others, jeff, {}, bounded=False) == {Level.ANY}
    assert levels(spared, jeff, {}, bounded=True) == {Level.ANY}
    assert levels(others, ANONYMOUS, {}, bounded=False) == {Level.ANY}


def test_without_principals_nobody_is_meant(jeff: Caller) -> None:
    """A missing element, an empty list and a wildcard inside a name match nobody."""
    assert (
        level(None, jeff)
        == level({"AWS": []}, jeff)
        == level({"AWS": f"arn:aws:iam::{A}:user/*"}, jeff)
        == set()
    )


@pytest.mark.parametrize("text", ["*.amazonaws.com", "jobs.exampl?"])
def test_a_wildcard_inside_a_principal_matches_not_even_itself(text: str) -> None:
    """Whoever came to be called so is not who a pattern names, for there are no patterns here (SEM-P9)."""
    for kind, caller_kind in (("Service", CallerKind.SERVICE), ("Federated", CallerKind.PROVIDER)):
        assert level({kind: text}, Caller(caller_kind, text)) == set()
    user = Caller(CallerKind.USER, f"arn:aws:iam::{A}:user/{text}", A)
    assert level({"AWS": user.arn}, user) == set()


@pytest.mark.parametrize("kind", ["AWS", "Service", "Federated", "CanonicalUser"])
def test_an_empty_principal_is_nobody(kind: PrincipalType) -> None:
    """Not even the caller who has no name."""
    (entry,) = statement({"Service": "jobs.example"}).principals or ()
    empty = replace(statement("*"), principals=(replace(entry, type=kind, text=""),))
    for caller_kind in CallerKind:
        assert levels(empty, Caller(caller_kind), {}, bounded=False) == frozenset()


def test_an_allow_with_not_principal_is_nobody(jeff: Caller) -> None:
    """No document can say it; put together by hand it grants nothing, bounded or not (SEM-P17)."""
    of = replace(statement({"AWS": A}), not_principal=True)

    for caller in (jeff, ANONYMOUS, SERVICE):
        for bounded in (True, False):
            assert levels(of, caller, {}, bounded=bounded) == frozenset()


def test_a_canonical_user_is_an_id_of_somebody_in_an_account(jeff: Caller, session: Caller) -> None:
    """It has to be the caller's own, and nobody outside of accounts has one."""
    for caller in (jeff, session, ROOT):
        assert level({"CanonicalUser": caller.arn}, caller) == {Level.DIRECT}
        assert level({"CanonicalUser": caller.arn + "x"}, caller) == set()
    for stranger in (SERVICE, PROVIDER):
        assert level({"CanonicalUser": stranger.arn}, stranger) == set()


@pytest.mark.parametrize("kind", [CallerKind.SERVICE, CallerKind.PROVIDER])
def test_who_lives_in_no_account_is_named_by_no_account(kind: CallerKind) -> None:
    """Whatever account and ARN such a caller claims, `AWS` does not speak of it."""
    caller = Caller(kind, f"arn:aws:iam::{A}:user/jeff", A)

    for text in (A, f"arn:aws:iam::{A}:root", caller.arn):
        assert level({"AWS": text}, caller) == set()
    for other in ("Service", "Federated"):
        mine = (other == "Service") is (kind is CallerKind.SERVICE)
        assert level({other: caller.arn}, caller) == ({Level.DIRECT} if mine else set())


def test_an_account_under_another_kind_is_nobody(jeff: Caller) -> None:
    """What `AWS` would match does not match under `Service`, `Federated` or `CanonicalUser`."""
    for kind in ("Service", "Federated", "CanonicalUser"):
        assert level({kind: A}, jeff) == set()
        assert level({kind: f"arn:aws:iam::{A}:root"}, jeff) == set()


def test_what_is_nearly_the_name_of_a_caller_is_not(jeff: Caller, session: Caller) -> None:
    """Another service's root or role, an ARN cut short, a session that is none: nobody."""
    assert level({"AWS": f"arn:aws:sts::{A}:root"}, jeff) == set()
    assert level({"AWS": f"arn:aws:sts::{A}:role/app/writer"}, session) == set()
    assert level({"AWS": session.issuer_arn}, session) == {Level.ROLE}
    for arn in (
        f"arn:aws:sts::{A}:assumed-role/writer",
        f"arn:aws:sts::{A}:other/writer/monday",
        f"arn:aws:sts::{A}:assumed-role/monday/writer",
    ):
        assert level({"AWS": session.issuer_arn}, replace(session, arn=arn)) == set()
    entry = (statement({"AWS": A}).principals or ())[0]
    for text in ("arn:", "arn:aws:iam", f"arn:aws:iam::{A}", "arn:aws]sts::1:x"):
        odd = replace(statement("*"), principals=(replace(entry, text=text),))
        assert levels(odd, jeff, {}, bounded=False) == frozenset()


def test_colons_in_a_name_belong_to_the_name(jeff: Caller) -> None:
    """Only the first five part an ARN."""
    odd = replace(jeff, arn=f"arn:aws:iam::{A}:user/a:b:c")

    assert level({"AWS": odd.arn}, odd) == {Level.DIRECT}
    assert level({"AWS": odd.arn + ":d"}, odd) == set()


def test_a_federated_user_of_a_role_is_named_by_it() -> None:
    """Whoever the session was made by stands behind it."""
    role = f"arn:aws:iam::{A}:role/app/writer"
    caller = Caller(CallerKind.FEDERATED_USER, f"arn:aws:sts::{A}:federated-user/x", A, role)

    assert level({"AWS": role}, caller) == {Level.FEDUSER}


def test_an_account_is_no_name_that_somebody_else_could_have(jeff: Caller) -> None:
    """Ids are kept for users and roles; an account is itself, whatever is kept beside it (SEM-P12)."""
    root = f"arn:aws:iam::{A}:root"
    kept = {root: "AIDASOMEBODY", jeff.arn: "AIDASOMEBODY"}

    assert levels(statement({"AWS": root}), jeff, kept, bounded=False) == {Level.ACCOUNT}
    assert levels(statement({"AWS": jeff.arn}), jeff, kept, bounded=False) == set()


def test_levels_have_words() -> None:
    """How a caller was matched, in the words of an explanation."""
    assert {one.name: one.value for one in Level} == {
        "ANY": "everybody",
        "DIRECT": "the caller itself",
        "ROLE": "the session's role",
        "FEDUSER": "the user behind the session",
        "ACCOUNT": "the caller's account",
    }
