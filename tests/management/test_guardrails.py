"""Guardrails and the tree: whose they are, and that they hold their keepers too (CAP-E12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, NoSuchEntity, ValidationError
from iamkit.management import guardrails, resource_policies, tree, users

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
FULL: Final = "arn:aws:iam::aws:policy/guardrail/FullAccess"


def test_a_tenant_cannot_touch_what_limits_it(office: Office) -> None:
    """The home account owns tree and guardrails; another account's owner is a stranger to them."""
    made = office.owner().do(tree.create_account, account_name="tenant")
    office.owner().do(
        guardrails.create_guardrail,
        name="no-users",
        policy_document=office.document("Deny", "iam:CreateUser"),
    )
    tenant = office.owner(made.account_id)
    tenant.do(users.create_user, user_name="one")

    office.owner().do(guardrails.attach_guardrail, guardrail="no-users", target_id=made.account_id)

    with pytest.raises(AccessDenied, match="with an explicit deny in a guardrail"):
        tenant.do(users.create_user, user_name="two")
    for attempt in (
        lambda: tenant.do(guardrails.detach_guardrail, guardrail="no-users", target_id=made.account_id),
        lambda: tenant.do(guardrails.delete_guardrail, name="no-users"),
        lambda: tenant.do(guardrails.list_guardrails),
        lambda: tenant.do(tree.list_accounts),
        lambda: tenant.do(tree.create_account, account_name="more"),
    ):
        with pytest.raises(AccessDenied):
            attempt()
    office.owner().do(users.create_user, user_name="free")


def test_a_level_without_any_refuses_everybody_and_is_mended_from_above(office: Office) -> None:
    """SEM-E4: the tenant is stopped; the home account, which is not below, puts it right."""
    made = office.owner().do(tree.create_account, account_name="tenant")
    tenant, owner = office.owner(made.account_id), office.owner()
    owner.do(guardrails.detach_guardrail, guardrail=FULL, target_id=made.account_id)

    with pytest.raises(AccessDenied, match="because no guardrail allows"):
        tenant.do(users.list_users)
    assert owner.do(guardrails.list_guardrails_for_target, target_id=made.account_id).items == ()

    owner.do(guardrails.attach_guardrail, guardrail=FULL, target_id=made.account_id)
    assert tenant.do(users.list_users).items == ()


def test_a_new_unit_and_an_account_moved_into_it(office: Office) -> None:
    """What hangs on the unit holds from the next request on, and no longer after moving out."""
    owner = office.owner()
    made = owner.do(tree.create_account, account_name="tenant")
    (root,) = owner.do(tree.list_nodes).items
    node = owner.do(tree.create_node, parent_id=root.node_id, name="frozen")
    owner.do(
        guardrails.create_guardrail, name="frozen", policy_document=office.document("Deny", "iam:Create*")
    )
    owner.do(guardrails.attach_guardrail, guardrail="FROZEN", target_id=node.node_id)
    tenant = office.owner(made.account_id)

    owner.do(tree.move_account, account_id=made.account_id, parent_id=node.node_id)
    with pytest.raises(AccessDenied):
        tenant.do(users.create_user, user_name="one")
    owner.do(tree.move_account, account_id=made.account_id, parent_id=root.node_id)
    tenant.do(users.create_user, user_name="one")

    details = owner.do(guardrails.get_guardrail, name="frozen")
    assert details.targets == (node.node_id,)
    assert [item.name for item in owner.do(tree.list_nodes, parent_id=root.node_id).items] == ["frozen"]


def test_what_is_not_there_cannot_be_attached_or_limited(office: Office) -> None:
    """Unknown guardrails, unknown and malformed targets, unknown kinds."""
    owner = office.owner()
    with pytest.raises(NoSuchEntity):
        owner.do(guardrails.attach_guardrail, guardrail="none", target_id=HOME)
    with pytest.raises(NoSuchEntity):
        owner.do(guardrails.attach_guardrail, guardrail=FULL, target_id="999900001111")
    with pytest.raises(NoSuchEntity):
        owner.do(guardrails.attach_guardrail, guardrail=FULL, target_id="ou-none")
    for target in ("", "a/b", "*"):
        with pytest.raises(ValidationError):
            owner.do(guardrails.attach_guardrail, guardrail=FULL, target_id=target)
    with pytest.raises(ValidationError):
        owner.do(guardrails.create_guardrail, name="x", policy_document=office.document(), kind="identity")


def test_a_resource_that_denies_everybody_is_unlocked_by_the_owner_alone(office: Office) -> None:
    """CAP-A7: an administrator is told who can; the owner, denied like all, unlocks the resource."""
    office.person("admin", office.document())
    owner = office.owner()
    owner.do(
        resource_policies.put_resource_policy,
        resource_arn=NOTE,
        policy_document='{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*"}}',
    )
    for desk in (owner, office.desk("admin")):
        with pytest.raises(AccessDenied, match="explicit deny in a resource-based policy"):
            desk.do(resource_policies.delete_resource_policy, resource_arn=NOTE)

    with pytest.raises(AccessDenied, match="owner"):
        office.desk("admin").do(resource_policies.unlock_resource, resource_arn=NOTE)
    owner.do(resource_policies.unlock_resource, resource_arn=NOTE)

    with pytest.raises(NoSuchEntity):
        owner.do(resource_policies.get_resource_policy, resource_arn=NOTE)


def test_a_resource_policy_may_be_delegated_by_resource(office: Office) -> None:
    """The right is on the resource itself."""
    office.person(
        "ana", office.document(action="iamkit:*ResourcePolicy", resource=f"arn:aws:doc::{HOME}:notes/*")
    )
    ana = office.desk("ana")
    text = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "doc:Get"}}'

    ana.do(resource_policies.put_resource_policy, resource_arn=NOTE, policy_document=text)
    assert ana.do(resource_policies.get_resource_policy, resource_arn=NOTE) == text
    with pytest.raises(AccessDenied):
        ana.do(
            resource_policies.put_resource_policy,
            resource_arn=f"arn:aws:doc::{HOME}:payroll/a",
            policy_document=text,
        )
