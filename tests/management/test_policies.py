"""Operations on managed policies, tags and the conditions on them (CAP-E2, E3, E6, B14)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, InvalidArn, NoSuchEntity, UnmodifiableEntity, ValidationError
from iamkit.management import attachments, groups, inline, policies, roles, tags, users

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
READ_ONLY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_where_a_policy_hangs_is_told(office: Office) -> None:
    """CAP-E6: users, groups, roles, and whom it bounds; with the counts."""
    owner = office.owner()
    made = owner.do(policies.create_policy, policy_name="p", policy_document=office.document())
    owner.do(users.create_user, user_name="ana", permissions_boundary=made.arn)
    owner.do(groups.create_group, group_name="team")
    owner.do(attachments.attach_user_policy, user_name="ana", policy_arn=made.arn)
    owner.do(attachments.attach_group_policy, group_name="team", policy_arn=made.arn)

    entities = owner.do(policies.list_entities_for_policy, policy_arn=made.arn)
    face = owner.do(policies.get_policy, policy_arn=made.arn)

    assert [user.name for user in entities.users] == ["ana"]
    assert [group.name for group in entities.groups] == ["team"]
    assert entities.roles == ()
    assert [user.name for user in entities.bounded_users] == ["ana"]
    assert (face.attachment_count, face.boundary_count, face.default_version) == (2, 1, "v1")


def test_shipped_policies_are_listed_read_and_never_written(office: Office) -> None:
    """CAP-E2."""
    owner = office.owner()
    owner.do(policies.create_policy, policy_name="Mine", policy_document=office.document())

    shipped = owner.do(policies.list_policies, scope="AWS").items
    local = owner.do(policies.list_policies, scope="Local").items
    everything = owner.do(policies.list_policies).items

    assert [face.name for face in local] == ["Mine"]
    assert "ReadOnlyAccess" in [face.name for face in shipped]
    assert all(face.policy is None for face in shipped)
    assert "FullAccess" not in [face.name for face in everything]
    assert len(everything) == len(shipped) + 1
    assert owner.do(policies.get_policy, policy_arn=READ_ONLY).name == "ReadOnlyAccess"
    version = owner.do(policies.get_policy_version, policy_arn=READ_ONLY, version_id="v1")
    assert '"Allow"' in version.document
    with pytest.raises(NoSuchEntity):
        owner.do(policies.get_policy_version, policy_arn=READ_ONLY, version_id="v2")
    with pytest.raises(ValidationError):
        owner.do(policies.list_policies, scope="Mine")
    for attempt in (
        lambda: owner.do(policies.delete_policy, policy_arn=READ_ONLY),
        lambda: owner.do(
            policies.create_policy_version, policy_arn=READ_ONLY, policy_document=office.document()
        ),
        lambda: owner.do(tags.tag_policy, policy_arn=READ_ONLY, tags={"a": "b"}),
    ):
        with pytest.raises(UnmodifiableEntity):
            attempt()


def test_listing_policies_goes_on_where_it_stopped(office: Office) -> None:
    """Own and shipped ones in one order, each once."""
    owner = office.owner()
    for name in ("a", "B", "z"):
        owner.do(policies.create_policy, policy_name=name, policy_document=office.document())
    whole = [face.arn for face in owner.do(policies.list_policies).items]

    seen: list[str] = []
    marker = None
    while True:
        found = owner.do(policies.list_policies, max_items=2, marker=marker)
        seen += [face.arn for face in found.items]
        marker = found.marker
        if marker is None:
            break

    assert seen == whole


def test_another_accounts_policy_is_nothing_here(office: Office) -> None:
    """Neither readable nor attachable, whatever the caller may do at home."""
    owner = office.owner()
    theirs = "arn:aws:iam::999900001111:policy/p"
    office.person("ana")
    for attempt in (
        lambda: owner.do(policies.get_policy, policy_arn=theirs),
        lambda: owner.do(attachments.attach_user_policy, user_name="ana", policy_arn=theirs),
    ):
        with pytest.raises(NoSuchEntity):
            attempt()
    with pytest.raises(InvalidArn):
        owner.do(policies.get_policy, policy_arn="policy/p")


def test_which_policy_may_be_attached_can_be_limited(office: Office) -> None:
    """Key iam:PolicyARN: one policy and no other."""
    office.person(
        "ana",
        office.document(
            action=["iam:AttachUserPolicy", "iam:DetachUserPolicy"],
            Condition={"ArnEquals": {"iam:PolicyARN": READ_ONLY}},
        ),
    )
    office.person("sam")
    ana = office.desk("ana")

    ana.do(attachments.attach_user_policy, user_name="sam", policy_arn=READ_ONLY)
    ana.do(attachments.detach_user_policy, user_name="sam", policy_arn=READ_ONLY)
    with pytest.raises(AccessDenied):
        ana.do(
            attachments.attach_user_policy,
            user_name="sam",
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
        )


@pytest.mark.parametrize("key", ["iam:ResourceTag/team", "aws:ResourceTag/TEAM"])
def test_tags_of_the_target_decide(office: Office, key: str) -> None:
    """CAP-B14: those of one's own team, by the tag the user really has."""
    office.person("ana", office.document(action="iam:GetUser", Condition={"StringEquals": {key: "blue"}}))
    owner = office.owner()
    for name, team in (("mine", "blue"), ("theirs", "red")):
        owner.do(users.create_user, user_name=name, tags={"team": team})
    ana = office.desk("ana")

    assert ana.do(users.get_user, user_name="mine").tags == {"team": "blue"}
    with pytest.raises(AccessDenied):
        ana.do(users.get_user, user_name="theirs")

    owner.do(tags.tag_user, user_name="theirs", tags={"Team": "blue"})
    assert ana.do(users.get_user, user_name="theirs").tags == {"Team": "blue"}


def test_tags_of_the_request_decide_and_tagging_at_creation_is_tagging(office: Office) -> None:
    """CAP-B14: only with the team's tag, only these keys, and only who may tag at all."""
    condition = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]},
    }
    office.person("ana", office.document(action=["iam:CreateUser", "iam:TagUser"], Condition=condition))
    office.person("sam", office.document(action="iam:CreateUser"))
    ana, sam = office.desk("ana"), office.desk("sam")

    assert (
        ana.do(users.create_user, user_name="a", tags={"team": "blue", "stage": "x"}).tags["team"] == "blue"
    )
    wrong: tuple[dict[str, str] | None, ...] = ({"team": "red"}, {"team": "blue", "admin": "yes"}, None)
    for given in wrong:
        with pytest.raises(AccessDenied):
            ana.do(users.create_user, user_name="b", tags=given)
    with pytest.raises(AccessDenied, match="iam:TagUser"):
        sam.do(users.create_user, user_name="c", tags={"team": "blue"})
    assert sam.do(users.create_user, user_name="c").tags == {}


def test_a_trust_policy_is_read_back_and_replaced(office: Office) -> None:
    """To the letter; a malformed one leaves the one before."""
    owner = office.owner()
    who = {"AWS": HOME}
    trust = json.dumps({"Statement": {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}})
    owner.do(roles.create_role, role_name="r", assume_role_policy_document=trust)
    assert owner.do(roles.get_assume_role_policy, role_name="R") == trust

    with pytest.raises(Exception, match="not valid"):
        owner.do(roles.update_assume_role_policy, role_name="r", policy_document='{"Statement": []}')
    assert owner.do(roles.get_assume_role_policy, role_name="r") == trust
    owner.do(roles.update_assume_role_policy, role_name="r", policy_document=trust + "\n")
    assert owner.do(roles.get_assume_role_policy, role_name="r") == trust + "\n"


def test_inline_policies_come_back_to_the_letter(office: Office) -> None:
    """CAP-E4, for each kind of holder."""
    owner, text = office.owner(), office.document() + "\n "
    owner.do(users.create_user, user_name="u")
    owner.do(groups.create_group, group_name="g")

    owner.do(inline.put_user_policy, user_name="u", policy_name="p", policy_document=text)
    owner.do(inline.put_group_policy, group_name="g", policy_name="p", policy_document=text)

    assert owner.do(inline.get_user_policy, user_name="u", policy_name="p") == text
    assert owner.do(inline.get_group_policy, group_name="g", policy_name="p") == text
    owner.do(inline.delete_user_policy, user_name="u", policy_name="p")
    assert owner.do(inline.list_user_policies, user_name="u").items == ()
