"""Drift, plans and their application: what is done, in which order, by whom, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iamkit.audit.event import Event
from iamkit.errors import AccessDenied, InputError
from iamkit.identity.users import User
from iamkit.management import (
    attachments,
    boundaries,
    groups,
    inline,
    instance_profiles,
    policies,
    roles,
    tags,
    users,
)
from iamkit.management.reports import get_account_authorization_details as details
from iamkit.manifest.folder import Folder
from iamkit.manifest.report import change_lines
from iamkit.manifest.steps import Stage, Step

if TYPE_CHECKING:
    from tests.manifest.conftest import Town

ACCOUNT = "111122223333"


def text(action: object = "docs:Read", resource: object = "*", effect: str = "Allow", **more: object) -> str:
    """A document of one statement."""
    body = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [body]})


def trust(*principals: str) -> str:
    """A trust policy."""
    body = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [body]})


def change(path: Path, name: str, /, **members: Any) -> None:  # whatever JSON holds
    """Change members of a file, or make one."""
    file = path / name
    held = json.loads(file.read_text("utf-8")) if file.exists() else {"name": file.stem}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(held | members), "utf-8")


def arn(kind: str, name: str) -> str:
    """An ARN of the account."""
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def test_each_edit_by_hand_shows_as_drift_and_is_undone(town: Town, tmp_path: Path) -> None:
    """CAP-E7: whatever somebody changes beside the folder is found, and apply takes it back."""
    town.do(policies.create_policy, policy_name="p", policy_document=text(), tags={"a": "b"})
    town.do(policies.create_policy, policy_name="limit", policy_document=text("*"))
    town.do(groups.create_group, group_name="team")
    town.do(users.create_user, user_name="ana", permissions_boundary=arn("policy", "limit"))
    town.do(roles.create_role, role_name="r", assume_role_policy_document=trust(ACCOUNT), description="old")
    town.do(inline.put_role_policy, role_name="r", policy_name="in", policy_document=text())
    town.do(groups.add_user_to_group, group_name="team", user_name="ana")
    path = town.export(tmp_path / "f")

    edits: list[tuple[Any, dict[str, Any]]] = [
        (groups.remove_user_from_group, {"group_name": "team", "user_name": "ana"}),
        (attachments.attach_user_policy, {"user_name": "ana", "policy_arn": arn("policy", "p")}),
        (inline.delete_role_policy, {"role_name": "r", "policy_name": "in"}),
        (inline.put_role_policy, {"role_name": "r", "policy_name": "in", "policy_document": text("a:*")}),
        (roles.update_assume_role_policy, {"role_name": "r", "policy_document": trust(arn("user", "ana"))}),
        (roles.update_role, {"role_name": "r", "description": "", "max_session_duration": 7200}),
        (boundaries.delete_user_permissions_boundary, {"user_name": "ana"}),
        (tags.tag_user, {"user_name": "ana", "tags": {"Team": "maps"}}),
        (tags.untag_policy, {"policy_arn": arn("policy", "p"), "tag_keys": ("a",)}),
        (users.disable_user, {"user_name": "ana"}),
        (users.update_user, {"user_name": "ana", "new_user_name": "ANA", "new_path": "/x/"}),
        (groups.update_group, {"group_name": "team", "new_path": "/y/"}),
        (groups.delete_group, {"group_name": "empty"}),
    ]
    town.do(groups.create_group, group_name="empty")
    town.export(path)
    for operation, params in edits:
        town.do(operation, **params)
        assert town.apply(path).steps, operation.action
        assert town.prepare(path).plan.is_empty, operation.action
    for number in range(7):
        town.do(
            policies.create_policy_version,
            policy_arn=arn("policy", "p"),
            policy_document=text(f"docs:N{number}"),
            set_as_default=True,
        )
        town.apply(path)
        assert town.prepare(path).plan.is_empty
        found = town.do(details, filter=("LocalManagedPolicy",)).policies
        kept = next(item for item in found if item.name == "p").versions
        assert len(kept) <= 5
        if len(kept) == 5:
            for item in kept:
                if not item.is_default:
                    town.do(
                        policies.delete_policy_version,
                        policy_arn=arn("policy", "p"),
                        version_id=item.version,
                    )


def test_what_only_the_account_has_stays_until_it_is_pruned(town: Town, tmp_path: Path) -> None:
    """It is told, and goes with everything that hangs on it, in an order that works."""
    path = town.export(tmp_path / "f")
    town.do(policies.create_policy, policy_name="p", policy_document=text())
    town.do(policies.create_policy_version, policy_arn=arn("policy", "p"), policy_document=text("a:b"))
    town.do(groups.create_group, group_name="team")
    town.do(users.create_user, user_name="ana", permissions_boundary=arn("policy", "p"))
    town.do(roles.create_role, role_name="r", assume_role_policy_document=trust(arn("user", "ana")))
    for operation, named in (
        (attachments.attach_user_policy, {"user_name": "ana"}),
        (attachments.attach_group_policy, {"group_name": "team"}),
        (attachments.attach_role_policy, {"role_name": "r"}),
    ):
        town.do(operation, policy_arn=arn("policy", "p"), **named)
    town.do(groups.add_user_to_group, group_name="team", user_name="ana")

    plan = town.apply(path)
    assert plan.steps == ()
    assert set(plan.surplus) == {"policy p", "group team", "user ana", "role r"}

    assert town.apply(path, prune=True).surplus == ()
    assert town.prepare(path).plan.is_empty


def test_whoever_prunes_is_not_pruned(town: Town, tmp_path: Path) -> None:
    """The folder lacks its own administrator: an obstacle, and nothing is done."""
    path = town.export(tmp_path / "f")
    (path / "users" / "administrator.json").unlink()
    prepared = town.workshop("administrator").prepare(Folder(path), prune=True)
    assert prepared.plan.steps == ()
    assert len(prepared.plan.obstacles) == 1


def test_a_group_is_pruned_although_nothing_is_said_of_users(town: Town, tmp_path: Path) -> None:
    """Its members leave it first."""
    path = town.export(tmp_path / "f", "groups")
    town.do(groups.create_group, group_name="team")
    town.do(groups.add_user_to_group, group_name="team", user_name="administrator")
    town.apply(path, prune=True)
    assert town.prepare(path).plan.is_empty


def test_roles_that_trust_each_other_are_made(town: Town, tmp_path: Path) -> None:
    """Until both are there, nobody may assume the first."""
    path = town.export(tmp_path / "f")
    for one, other in (("a", "b"), ("b", "a"), ("self", "self")):
        change(path, f"roles/{one}.json", trust_policy=json.loads(trust(arn("role", other))))
    plan = town.apply(path)
    assert [step.stage for step in plan.steps].count(Stage.TRUST) == 2
    assert town.prepare(path).plan.is_empty


def test_what_cannot_be_changed_is_an_obstacle(town: Town, tmp_path: Path) -> None:
    """No operation moves a role or renames a policy."""
    town.do(policies.create_policy, policy_name="p", policy_document=text())
    town.do(roles.create_role, role_name="r", assume_role_policy_document=trust(ACCOUNT))
    path = town.export(tmp_path / "f")
    change(path, "roles/r.json", path="/app/")
    change(path, "policies/p.json", description="new")
    prepared = town.prepare(path)
    assert prepared.plan.steps == ()
    assert len(prepared.plan.obstacles) == 2


def test_ceilings_come_before_what_they_limit_and_taking_before_giving(town: Town, tmp_path: Path) -> None:
    """At no moment in between can anybody do more than before and after."""
    town.do(policies.create_policy, policy_name="limit", policy_document=text())
    town.do(users.create_user, user_name="ana")
    town.do(inline.put_user_policy, user_name="ana", policy_name="old", policy_document=text())
    path = town.export(tmp_path / "f")
    change(
        path,
        "users/ana.json",
        permissions_boundary=arn("policy", "limit"),
        inline_policies={"new": json.loads(text("*"))},
    )
    actions = [step.operation.name for step in town.apply(path).steps]
    assert actions == ["PutUserPermissionsBoundary", "DeleteUserPolicy", "PutUserPolicy"]


def test_a_refusal_stops_and_running_again_goes_on(town: Town, tmp_path: Path) -> None:
    """What was done stays done and recorded; the rest waits for somebody who may."""
    town.do(users.create_user, user_name="ana")
    town.do(
        inline.put_user_policy,
        user_name="ana",
        policy_name="own",
        policy_document=text(["iam:Get*", "iam:List*", "iamkit:*", "iam:CreateGroup", "iam:CreateUser"]),
    )
    path = town.export(tmp_path / "f")
    change(path, "groups/team.json")
    change(path, "users/bob.json", groups=["team"])
    change(path, "users/carl.json", groups=["team"])

    workshop, done = town.workshop("ana"), list[Step]()
    prepared = workshop.prepare(Folder(path))
    with pytest.raises(AccessDenied, match="iam:AddUserToGroup"):
        workshop.apply(prepared.plan, done.append)

    assert [step.operation.name for step in done] == ["CreateGroup", "CreateUser", "CreateUser"]
    left = town.prepare(path).plan
    assert [step.summary for step in left.steps] == [
        "put user bob into group team",
        "put user carl into group team",
    ]
    with town.iam.store.read() as reader:
        made = reader.find(Event, {"event_name": "CreateUser", "user_name": "ana"})
        refused = reader.find(Event, {"event_name": "AddUserToGroup"})
    assert len(made) == 2
    assert [event.error_code for event in refused] == ["AccessDenied"]
    town.apply(path)
    assert town.prepare(path).plan.is_empty


def test_nothing_is_done_where_a_step_is_known_to_fail(town: Town, tmp_path: Path) -> None:
    """The rehearsal finds it, whatever it is: a bad document, a policy that is not there, a quota."""
    path = town.export(tmp_path / "f")
    for members in (
        {"inline_policies": {"p": {"Version": "2012-10-17", "Statement": []}}},
        {"attached_policies": [arn("policy", "nothing")]},
        {"groups": ["nowhere"]},
        {"tags": {f"k{number}": "" for number in range(60)}},
        {"inline_policies": {"p": "no document"}},
    ):
        change(path, "users/zoe.json", **members)
        rehearsal = town.prepare(path).rehearsal
        assert rehearsal.fault is not None, members
        (path / "users" / "zoe.json").unlink()
    assert town.prepare(path).plan.is_empty


def test_planning_takes_permissions_and_changes_nothing(town: Town, tmp_path: Path) -> None:
    """Who may not read gets no plan; who may not ask what people can do gets one without."""
    path = town.export(tmp_path / "f")
    town.do(users.create_user, user_name="ana")
    change(path, "users/bob.json", inline_policies={"own": json.loads(text())})
    with pytest.raises(AccessDenied):
        town.workshop("ana").prepare(Folder(path))
    with pytest.raises(AccessDenied):
        town.workshop("ana").export(Folder(tmp_path / "g"))
    assert not (tmp_path / "g").exists()

    town.do(
        inline.put_user_policy,
        user_name="ana",
        policy_name="own",
        policy_document=text(["iam:Get*", "iam:List*", "iamkit:List*"]),
    )
    prepared = town.workshop("ana").prepare(Folder(path))
    assert "iamkit:WhatCan" in prepared.withheld
    assert prepared.rehearsal.changes == ()
    assert prepared.widens

    told = town.prepare(path)
    assert "user bob gains docs:Read on everything" in change_lines(told.rehearsal.changes)
    with town.iam.store.read() as reader:
        assert not [user for user in reader.find(User) if user.name == "bob"]


OTHERS: list[dict[str, object]] = [
    {"Principal": {"AWS": "arn:aws:iam::999900001111:root"}},
    {"Principal": {"AWS": "999900001111"}},
    {"Principal": {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/nightly"}},
    {"Principal": {"Service": "jobs.myapp"}},
    {"Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/id.example"}},
]
ELSEWHERE: dict[str, object] = {
    "Principal": "*",
    "Condition": {"StringEquals": {"aws:PrincipalAccount": "999900001111"}},
}


@pytest.mark.parametrize("others", OTHERS)
def test_whom_a_role_trusts_outside_the_account_is_told(
    town: Town, tmp_path: Path, others: dict[str, object]
) -> None:
    """No rehearsal knows what they could do; taken away again, it is no more access."""
    town.do(roles.create_role, role_name="r", assume_role_policy_document=trust(ACCOUNT))
    path = town.export(tmp_path / "f")
    role = (path / "roles/r.json").read_text()
    # Beside the account itself, so that nobody of it can do less.
    statements = [
        {"Effect": "Allow", "Action": "sts:AssumeRole", **who}
        for who in ({"Principal": {"AWS": ACCOUNT}}, others)
    ]
    change(path, "roles/r.json", trust_policy={"Version": "2012-10-17", "Statement": statements})

    prepared = town.prepare(path)
    assert prepared.widens
    (line,) = change_lines(prepared.rehearsal.changes)
    assert line.startswith("whoever is let in from outside the account may have more or less of sts:Assume")

    town.apply(path)
    assert not town.prepare(path).widens
    (path / "roles/r.json").write_text(role)
    assert not town.prepare(path).widens


@pytest.mark.parametrize("others", [*OTHERS, ELSEWHERE])
def test_whom_a_resource_lets_in_from_outside_the_account_is_told(
    town: Town, tmp_path: Path, others: dict[str, object]
) -> None:
    """Also where a condition says who of everybody."""
    town.do(roles.create_role, role_name="r", assume_role_policy_document=trust(ACCOUNT))
    path = town.export(tmp_path / "f")
    box = {"Effect": "Allow", "Action": "docs:Read", "Resource": "*", **others}
    (path / "resource-policies").mkdir(exist_ok=True)
    (path / "resource-policies/box.json").write_text(
        json.dumps(
            {
                "resource": f"arn:aws:docs::{ACCOUNT}:doc/1",
                "document": {"Version": "2012-10-17", "Statement": [box]},
            }
        )
    )
    assert town.prepare(path).widens


def test_a_denial_that_goes_lets_in_who_was_kept_out_by_it(town: Town, tmp_path: Path) -> None:
    """The statement that lets them in was there all along."""
    allow = {"Effect": "Allow", "Principal": {"Service": "jobs.myapp"}, "Action": "sts:AssumeRole"}
    both = {"Version": "2012-10-17", "Statement": [{**allow, "Effect": "Deny"}, allow]}
    town.do(roles.create_role, role_name="r", assume_role_policy_document=json.dumps(both))
    path = town.export(tmp_path / "f")
    change(path, "roles/r.json", trust_policy={**both, "Statement": [allow]})

    assert town.prepare(path).widens


def test_another_role_in_a_profile_is_told(town: Town, tmp_path: Path) -> None:
    """What runs with the profile becomes that role."""
    for name in ("low", "high"):
        town.do(roles.create_role, role_name=name, assume_role_policy_document=trust(ACCOUNT))
    town.do(instance_profiles.create_instance_profile, instance_profile_name="web")
    town.do(instance_profiles.add_role_to_instance_profile, instance_profile_name="web", role_name="low")
    path = town.export(tmp_path / "f")
    change(path, "instance-profiles/web.json", role="high")

    prepared = town.prepare(path)

    assert prepared.widens
    (line,) = change_lines(prepared.rehearsal.changes)
    assert line.startswith(f"instance profile web gains sts:AssumeRole on {arn('role', 'high')}")


def test_a_folder_of_another_account_is_taken_only_when_that_is_said(town: Town, tmp_path: Path) -> None:
    """Its ARNs become this account's, the account's number where it stands for the account, no other text."""
    other = "999900001111"
    path = town.export(tmp_path / "f")
    head = json.loads((path / "account.json").read_text())
    (path / "account.json").write_text(json.dumps(head | {"account": other}))
    document = json.loads(text(resource=f"arn:aws:docs::{other}:doc/*"))
    condition = {"StringEquals": {"aws:SourceAccount": other, "docs:Label": other}}
    document["Statement"][0]["Condition"] = condition
    change(path, "policies/p.json", document=document)
    change(path, "users/ana.json", attached_policies=[f"arn:aws:iam::{other}:policy/p"])
    change(path, "roles/r.json", trust_policy=json.loads(trust(other, f"arn:aws:iam::{other}:user/ana")))
    with pytest.raises(InputError, match="--rehome"):
        town.prepare(path)

    town.apply(path, rehome=True)

    found = town.export(tmp_path / "g")
    policy = (found / "policies" / "p.json").read_text()
    role = (found / "roles" / "r.json").read_text()
    assert f"arn:aws:docs::{ACCOUNT}:doc/*" in policy
    assert json.loads(policy)["document"]["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "docs:Label": other,
    }
    assert other not in role
    assert town.prepare(path, rehome=True).plan.is_empty
