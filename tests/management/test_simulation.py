"""Simulation: the same answers that the gate would give, without asking in earnest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import AccessDenied, InputError, InvalidArn, NoSuchEntity
from iamkit.management import groups, inline, resource_policies, roles
from iamkit.management.simulation import simulate_principal_policy
from iamkit.policy.decision import Outcome

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
TRUST: Final = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}}
)


def test_a_simulated_decision_is_the_one_that_the_gate_takes(office: Office) -> None:
    """Own policies and resource policies, allowed, implicitly and explicitly denied."""
    ana = office.person("ana", office.document(action=["doc:Get", "doc:List"]))
    owner = office.owner()
    owner.do(
        resource_policies.put_resource_policy,
        resource_arn=NOTE,
        policy_document=json.dumps(
            {
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "doc:Put"},
                    {"Effect": "Deny", "Principal": "*", "Action": "doc:List"},
                ]
            }
        ),
    )

    actions = ("doc:Get", "doc:List", "doc:Put", "doc:Delete")
    results = owner.do(
        simulate_principal_policy,
        policy_source_arn=ana.arn,
        action_names=actions,
        resource_arns=(NOTE, NOTE + "b"),
    )

    principal = office.principals.find(HOME, "ana")
    for result in results:
        real = office.gate.authorize(principal, result.action, result.resource)
        assert result.decision.outcome is real.decision.outcome
    told = {(result.action, result.resource): result.decision.outcome for result in results}
    assert told["doc:Put", NOTE] is Outcome.ALLOWED
    assert told["doc:List", NOTE] is Outcome.EXPLICIT_DENY
    assert told["doc:List", NOTE + "b"] is Outcome.ALLOWED
    assert told["doc:Delete", NOTE] is Outcome.IMPLICIT_DENY


def test_roles_and_groups_are_simulated_as_those_who_have_them(office: Office) -> None:
    """A session of the role; somebody who has nothing but the group."""
    owner = office.owner()
    role = owner.do(roles.create_role, role_name="worker", path="/app/", assume_role_policy_document=TRUST)
    group = owner.do(groups.create_group, group_name="team")
    owner.do(
        inline.put_role_policy,
        role_name="worker",
        policy_name="p",
        policy_document=office.document(
            action="doc:Get", Condition={"ArnEquals": {"aws:PrincipalArn": role.arn}}
        ),
    )
    owner.do(
        inline.put_group_policy,
        group_name="team",
        policy_name="p",
        policy_document=office.document(action="doc:List"),
    )

    for arn, allowed in ((role.arn, "doc:Get"), (group.arn, "doc:List")):
        results = owner.do(
            simulate_principal_policy, policy_source_arn=arn, action_names=("doc:Get", "doc:List")
        )
        assert [result.action for result in results if result.decision.allowed] == [allowed]


def test_given_keys_count_and_simulating_records_no_decision_of_its_own(office: Office) -> None:
    """What the context would hold is told; only the permission to simulate is decided in earnest."""
    ana = office.person(
        "ana", office.document(action="doc:Get", Condition={"Bool": {"aws:SecureTransport": "true"}})
    )
    owner = office.owner()

    def allowed(**keys: str) -> bool:
        (result,) = owner.do(
            simulate_principal_policy,
            policy_source_arn=ana.arn,
            action_names=("doc:Get",),
            context_entries={name.replace("_", ":"): value for name, value in keys.items()},
        )
        return result.decision.allowed

    assert allowed(aws_SecureTransport="true")
    assert not allowed(aws_SecureTransport="false")
    assert not allowed()
    office.log.flush()
    with office.store.read() as reader:
        assert {item.action for item in reader.find(DecisionRecord)} == {"iam:SimulatePrincipalPolicy"}


def test_simulating_needs_the_right_over_the_source_and_a_source(office: Office) -> None:
    """Not everybody learns what others may do; what is no principal of the account is refused."""
    ana = office.person("ana", office.document(action="doc:*"))
    with pytest.raises(AccessDenied):
        office.desk("ana").do(simulate_principal_policy, policy_source_arn=ana.arn, action_names=("doc:Get",))
    owner = office.owner()
    for arn, fault in (
        ("ana", InvalidArn),
        ("arn:aws:iam::999900001111:user/ana", InputError),
        (NOTE, InputError),
        (f"arn:aws:iam::{HOME}:user/app/ana", NoSuchEntity),
        (f"arn:aws:iam::{HOME}:policy/p", NoSuchEntity),
    ):
        with pytest.raises(fault):
            owner.do(simulate_principal_policy, policy_source_arn=arn, action_names=("doc:Get",))
    with pytest.raises(InputError, match="1000"):
        owner.do(simulate_principal_policy, policy_source_arn=ana.arn, action_names=("doc:Get",) * 1001)
    with pytest.raises(InputError, match="differ only by case"):
        owner.do(
            simulate_principal_policy,
            policy_source_arn=ana.arn,
            action_names=("doc:Get",),
            context_entries={"AWS:username": "root"},
        )
