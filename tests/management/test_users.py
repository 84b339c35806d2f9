"""Operations on users, and the story of jeff (CAP-B1, B2, B16, App. J)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials import sessions
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import (
    AccessDenied,
    DeleteConflict,
    EntityAlreadyExists,
    InputError,
    InvalidClientTokenId,
    LimitExceeded,
    MalformedPolicyDocument,
    ValidationError,
)
from iamkit.identity import users as people
from iamkit.management import access_keys, groups, inline, users

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"


def test_the_story_of_jeff(office: Office) -> None:
    """App. J: jeff of `/family/` manages the applications on `/app/`, and those alone."""
    owner = office.owner()
    assert owner.do(users.list_users).items == ()
    made = owner.do(users.create_user, user_name="jeff", path="/family/")
    assert made.arn == f"arn:aws:iam::{HOME}:user/family/jeff"
    owner.do(groups.create_group, group_name="admins")
    owner.do(
        inline.put_group_policy,
        group_name="admins",
        policy_name="manageusers",
        policy_document=office.document(action="iam:*", resource=f"arn:aws:iam::{HOME}:user/app/*"),
    )
    owner.do(groups.add_user_to_group, group_name="admins", user_name="jeff")

    jeff = office.desk("jeff")
    for name in ("backup", "syndic8"):
        jeff.do(users.create_user, user_name=name, path="/app/")
        key = jeff.do(access_keys.create_access_key, user_name=name)
        assert len(key.secret.reveal()) == 40
    with pytest.raises(ValidationError, match="did you mean `/app/`"):
        jeff.do(users.create_user, user_name="trap", path="/app")

    listed = jeff.do(users.list_users, path_prefix="/app/")
    assert [user.arn.split(":", 5)[5] for user in listed.items] == ["user/app/backup", "user/app/syndic8"]
    for prefix in ("/", "/app", "/family/", "/apple/"):
        with pytest.raises(AccessDenied):
            jeff.do(users.list_users, path_prefix=prefix)

    with pytest.raises(MalformedPolicyDocument, match="arn:aws:s3:::"):
        jeff.do(
            inline.put_user_policy,
            user_name="backup",
            policy_name="dobackup",
            policy_document=office.document(action="s3:*", resource="arn:aws:s3::*"),
        )
    jeff.do(
        inline.put_user_policy,
        user_name="backup",
        policy_name="dobackup",
        policy_document=office.document(action="s3:*", resource="arn:aws:s3:::*"),
    )
    assert jeff.do(inline.list_user_policies, user_name="backup").items == ("dobackup",)
    # Neither himself, nor his group, nor anybody elsewhere.
    for attempt in (
        lambda: jeff.do(
            inline.put_user_policy, user_name="jeff", policy_name="p", policy_document=office.document()
        ),
        lambda: jeff.do(groups.add_user_to_group, group_name="admins", user_name="backup"),
        lambda: jeff.do(users.create_user, user_name="friend", path="/"),
        lambda: jeff.do(users.update_user, user_name="backup", new_path="/"),
    ):
        with pytest.raises(AccessDenied):
            attempt()


def test_moving_asks_for_where_from_and_where_to(office: Office) -> None:
    """Somebody with rights on one path cannot pull in or push out users of another."""
    office.person("ana", office.document(action="iam:*", resource=f"arn:aws:iam::{HOME}:user/app/*"))
    office.person("inside", path="/app/")
    office.person("outside")
    ana = office.desk("ana")

    assert ana.do(users.update_user, user_name="inside", new_user_name="within").name == "within"
    for name, path in (("within", "/"), ("outside", "/app/")):
        with pytest.raises(AccessDenied):
            ana.do(users.update_user, user_name=name, new_path=path)


def test_names_differ_by_more_than_case(office: Office) -> None:
    """CAP-B1."""
    owner = office.owner()
    owner.do(users.create_user, user_name="jeff")

    with pytest.raises(EntityAlreadyExists):
        owner.do(users.create_user, user_name="JEFF")
    assert owner.do(users.get_user, user_name="JEFF").name == "jeff"


def test_without_a_name_the_caller_is_meant(office: Office) -> None:
    """CAP-B1: `GetUser` without a name is about oneself, if one is a user."""
    office.person("ana", office.document(action="iam:GetUser", resource=f"arn:aws:iam::{HOME}:user/ana"))

    assert office.desk("ana").do(users.get_user).name == "ana"
    with pytest.raises(InputError, match="the caller is no user"):
        office.owner().do(users.get_user)


def test_pages_go_on_behind_their_last_name(office: Office) -> None:
    """All users, once each, in order, whatever the size of a page."""
    for name in ("d", "B", "a", "C", "e"):
        office.person(name)
    owner = office.owner()

    seen, marker = [], None
    for _ in range(3):
        found = owner.do(users.list_users, max_items=2, marker=marker)
        seen += [user.name for user in found.items]
        marker = found.marker

    assert seen == ["a", "B", "C", "d", "e"]
    assert marker is None
    assert not found.truncated
    for size in (0, -1, 1001):
        with pytest.raises(ValidationError):
            owner.do(users.list_users, max_items=size)


@pytest.mark.parametrize("prefix", ["", "app/", "/ä/", "/a b/", "/" + "a" * 512])
def test_a_prefix_begins_with_a_slash(office: Office, prefix: str) -> None:
    """Otherwise it is refused, and not made into one."""
    with pytest.raises(ValidationError):
        office.owner().do(users.list_users, path_prefix=prefix)


def test_disabling_ends_sessions_and_stops_keys_at_once(office: Office) -> None:
    """CAP-B16: in one operation; enabling restores everything but the sessions."""
    jeff = office.person("jeff", office.document())
    owner = office.owner()
    owner.do(access_keys.create_access_key, user_name="jeff")
    with office.store.write() as unit:
        sessions.start(
            unit,
            office.house.ids,
            account=HOME,
            user_id=jeff.user_id,
            kind=SessionKind.COOKIE,
            factors=(),
            limits=sessions.MODERN,
            now=office.clock.now(),
        )
    desk = office.desk("jeff")

    owner.do(users.disable_user, user_name="jeff")

    with pytest.raises(InvalidClientTokenId):
        desk.do(users.get_user)
    with office.store.read() as reader:
        assert sessions.live_sessions(reader, jeff.user_id, now=office.clock.now()) == []

    owner.do(users.enable_user, user_name="jeff")
    assert desk.do(users.get_user).enabled
    assert len(desk.do(access_keys.list_access_keys).items) == 1
    with office.store.read() as reader:
        assert sessions.live_sessions(reader, jeff.user_id, now=office.clock.now()) == []


def test_a_user_with_anything_left_is_not_deleted_unless_all_of_it_goes(office: Office) -> None:
    """CAP-B16: DeleteConflict changes nothing; `cascade` takes all."""
    office.person("jeff", office.document())
    owner = office.owner()
    owner.do(access_keys.create_access_key, user_name="jeff")

    with pytest.raises(DeleteConflict, match="access key"):
        owner.do(users.delete_user, user_name="jeff")
    assert len(owner.do(access_keys.list_access_keys, user_name="jeff").items) == 1
    owner.do(users.delete_user, user_name="jeff", cascade=True)

    with office.store.read() as reader:
        assert people.find(reader, HOME, "jeff") is None


def test_a_group_membership_over_the_quota_is_refused_by_name(office: Office) -> None:
    """CAP-A9."""
    office.person("jeff")
    owner = office.owner()
    for number in range(11):
        owner.do(groups.create_group, group_name=f"g{number}")
    for number in range(10):
        owner.do(groups.add_user_to_group, group_name=f"g{number}", user_name="jeff")

    with pytest.raises(LimitExceeded, match="`groups_per_user` is 10"):
        owner.do(groups.add_user_to_group, group_name="g10", user_name="jeff")
    assert len(owner.do(groups.list_groups_for_user, user_name="jeff").items) == 10
