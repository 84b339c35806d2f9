"""Asking about everybody is an operation: authorised, recorded, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import AccessDenied, InputError, NoSuchEntity
from iamkit.identity import accounts, resource_policies
from iamkit.management import groups
from iamkit.management.access import what_can, who_can

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


def test_who_can_is_told_to_those_who_may_ask(office: Office) -> None:
    """Asked on the resource; recorded as one decision about the question, none about the answers."""
    ana = office.person("ana", office.document(action="doc:Get", resource=NOTE))
    office.person("ben", office.document(action="iamkit:WhoCan", resource=NOTE))

    found = office.desk("ben").do(who_can, action_name="doc:Get", resource_arn=NOTE)

    assert [(item.subject.kind, item.allowed) for item in found] == [("root", True), ("user", True)]
    assert found[1].subject.arn == ana.arn
    for desk, resource in ((office.desk("ben"), NOTE + "b"), (office.desk("ana"), NOTE)):
        with pytest.raises(AccessDenied):
            desk.do(who_can, action_name="doc:Get", resource_arn=resource)
    office.log.flush()
    with office.store.read() as reader:
        assert {item.action for item in reader.find(DecisionRecord)} == {"iamkit:WhoCan"}


def test_what_can_looks_at_what_policies_write_out(office: Office) -> None:
    """Actions of an app that declared none are found by name; groups and root have answers too."""
    ana = office.person("ana", office.document(action=["doc:Get", "web:*"], resource=NOTE))
    owner = office.owner()
    team = owner.do(groups.create_group, group_name="team")

    found = owner.do(what_can, policy_source_arn=ana.arn)
    named = owner.do(
        what_can, policy_source_arn=ana.arn, action_names=("doc:Get", "web:Read"), resource_arns=(NOTE,)
    )

    # Whoever is authenticated may ask who that is, whose a key is, and for its own power for a while.
    free = {
        "sts:GetCallerIdentity",
        "sts:GetAccessKeyInfo",
        "sts:GetSessionToken",
        "iamkit:GetNarrowedCredentials",
    }
    assert {item.action for item in found} == {"doc:Get", *free}
    assert [(item.action, item.patterns, item.allowed) for item in named] == [
        ("doc:Get", (NOTE,), (NOTE,)),
        ("web:Read", (NOTE,), (NOTE,)),
    ]
    assert not owner.do(what_can, policy_source_arn=team.arn, action_names=("doc:Get",))
    (all_of_it,) = owner.do(
        what_can, policy_source_arn=f"arn:aws:iam::{HOME}:root", action_names=("doc:Get",)
    )
    # Everything, once it has shown a second factor.
    assert (all_of_it.patterns, all_of_it.keys) == (("*",), ("aws:MultiFactorAuthPresent",))
    with pytest.raises(AccessDenied):
        office.desk("ana").do(what_can, policy_source_arn=ana.arn)


def test_what_is_no_question_is_refused(office: Office) -> None:
    """Patterns, foreign principals, keys given twice, and more than can be looked at."""
    ana = office.person("ana")
    owner = office.owner()
    twice = {"app:k": "x", "APP:K": "y"}

    for action, resource in (("doc:*", NOTE), ("doc:Get", "notes/a")):
        with pytest.raises(InputError):
            owner.do(who_can, action_name=action, resource_arn=resource)
    with pytest.raises(InputError, match="case"):
        owner.do(who_can, action_name="doc:Get", context_entries=twice)
    with pytest.raises(InputError, match="case"):
        owner.do(what_can, policy_source_arn=ana.arn, context_entries=twice)
    with pytest.raises(InputError, match="name the actions"):
        owner.do(what_can, policy_source_arn=ana.arn, action_names=[f"doc:A{n}" for n in range(20_001)])
    with pytest.raises(InputError):
        owner.do(what_can, policy_source_arn=ana.arn, action_names=("doc:*",))
    with pytest.raises(InputError):
        owner.do(what_can, policy_source_arn="arn:aws:iam::999900001111:user/ana")
    with pytest.raises(NoSuchEntity):
        owner.do(what_can, policy_source_arn=f"arn:aws:iam::{HOME}:user/nobody")


def test_another_accounts_policies_are_not_told(office: Office) -> None:
    """What somebody can do on another account's resource shows nothing of the policy that stands on it."""
    foreign = "arn:aws:doc::999988887777:note/1"
    office.person("ana", office.document(action="doc:Get"))
    with office.store.write() as unit:
        accounts.create(unit, office.house, name="other", account_id="999988887777")

    def told() -> object:
        return office.owner().do(
            what_can,
            policy_source_arn=f"arn:aws:iam::{HOME}:user/ana",
            action_names=("doc:Get",),
            resource_arns=(foreign,),
        )

    before = told()
    text = office.document(Principal="*", resource=foreign)
    with office.store.write() as unit:
        resource_policies.put(unit, office.house, account="999988887777", resource_arn=foreign, text=text)

    assert told() == before
