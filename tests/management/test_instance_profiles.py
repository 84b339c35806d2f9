"""Operations on instance profiles: whoever fills one hands on a role, and needs to be allowed that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, ValidationError
from iamkit.identity import instance_profiles, roles
from iamkit.identity.references import ResolvedPolicy
from iamkit.management import instance_profiles as operations

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
TRUST: Final = (
    f'{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{HOME}"}},"Action":"sts:AssumeRole"}}}}'
)


def _furnish(office: Office, *names: str) -> None:
    with office.store.write() as unit:
        for name in ("worker", "admin"):
            roles.create(
                unit, office.house, account=HOME, name=name, path="/x/", trust=ResolvedPolicy(TRUST, {})
            )
        for name in names:
            instance_profiles.create(unit, office.house, account=HOME, name=name)


def _document(role: str, **condition: object) -> str:
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"arn:aws:iam::{HOME}:role/x/{role}"}
    filling = {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [filling, passing | condition]})


def test_only_a_role_that_may_be_passed_gets_in(office: Office) -> None:
    """`iam:PassRole` is asked for on the role's own ARN, for the service that profiles are for."""
    _furnish(office, "box")
    service = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    office.person("caller", _document("worker", **service))
    desk = office.desk("caller")

    with pytest.raises(AccessDenied, match=r"iam:PassRole on resource: .*:role/admin ") as caught:
        desk.do(operations.add_role_to_instance_profile, instance_profile_name="box", role_name="admin")
    assert caught.value.decision_id
    desk.do(operations.add_role_to_instance_profile, instance_profile_name="box", role_name="worker")

    event = office.events()[-1]
    assert any("role/x/worker" in json.dumps(item) for item in event["resources"])  # type: ignore[attr-defined]
    found = office.owner().do(operations.get_instance_profile, instance_profile_name="box")
    assert [role.name for role in found.roles] == ["worker"]


def test_another_service_may_not_be_meant(office: Office) -> None:
    """A permission to pass a role elsewhere does not fill a profile."""
    _furnish(office, "box")
    service = {"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
    office.person("caller", _document("worker", **service))
    with pytest.raises(AccessDenied, match="iam:PassRole"):
        office.desk("caller").do(
            operations.add_role_to_instance_profile, instance_profile_name="box", role_name="worker"
        )


def test_listings_go_on_behind_their_marker(office: Office) -> None:
    """By name, of a path or of a role."""
    _furnish(office, "b", "a", "c")
    desk = office.owner()
    for name in "abc":
        desk.do(operations.add_role_to_instance_profile, instance_profile_name=name, role_name="worker")
    first = desk.do(operations.list_instance_profiles, max_items=2)
    rest = desk.do(operations.list_instance_profiles, max_items=2, marker=first.marker)
    assert [item.name for item in (*first.items, *rest.items)] == ["a", "b", "c"]
    assert rest.marker is None
    one = desk.do(operations.list_instance_profiles_for_role, role_name="worker", max_items=1)
    two = desk.do(operations.list_instance_profiles_for_role, role_name="worker", marker=one.marker)
    assert [item.name for item in (*one.items, *two.items)] == ["a", "b", "c"]
    assert desk.do(operations.list_instance_profiles, path_prefix="/no/").items == ()
    with pytest.raises(ValidationError):
        desk.do(operations.list_instance_profiles, path_prefix="no")
