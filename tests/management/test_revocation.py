"""Taking sessions back: one, all of a role, all of a user, all of an account; the next request is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from iamkit.credentials import sessions
from iamkit.errors import AuthenticationError, InvalidClientTokenId, NoSuchEntity
from iamkit.identity import inline
from iamkit.management.access_keys import delete_access_key
from iamkit.management.role_sessions import (
    end_account_sessions,
    end_role_session,
    end_role_sessions,
    end_temporary_credential,
    list_role_sessions,
    list_temporary_credentials,
)
from iamkit.management.roles import delete_role, get_role
from iamkit.management.session_tokens import get_federation_token, get_session_token
from iamkit.management.sessions import end_sessions
from iamkit.management.users import delete_user, disable_user, enable_user

if TYPE_CHECKING:
    from iamkit.management.desk import Desk
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
OTHER: Final = "444455556666"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


EVERYTHING: Final = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


def trust(*who: str) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": {"AWS": list(who)}, "Action": "sts:AssumeRole"}


def admin(realm: Realm) -> Desk:
    return realm.desk(realm.user("admin", "*"))


def test_one_session_ends_alone(realm: Realm) -> None:
    """With what was got by it; the others go on, and the list says which there are (CAP-G7)."""
    desk = admin(realm)
    ana = realm.user("ana")
    first = realm.role("first", trust(ana.arn), "sts:AssumeRole", "doc:*")
    second = realm.role("second", trust(HOME), "doc:*")
    one, two = realm.assume(ana, first, "one"), realm.assume(ana, first, "two")
    child = realm.assume(realm.come(one), second)

    listed = desk.do(list_role_sessions, role_name="first").items
    assert {(item.name, item.chain) for item in listed} == {("one", (ana.arn,)), ("two", (ana.arn,))}
    desk.do(end_role_session, role_name="first", session_id=one.credentials.access_key_id)

    for gone in (one, child):
        with pytest.raises(InvalidClientTokenId):
            realm.come(gone)
    assert realm.come(two).can("doc:Get", NOTE)
    assert [item.name for item in desk.do(list_role_sessions, role_name="first").items] == ["two"]
    assert desk.do(list_role_sessions, role_name="second").items == ()
    with pytest.raises(NoSuchEntity):
        desk.do(end_role_session, role_name="first", session_id=one.credentials.access_key_id)
    with pytest.raises(NoSuchEntity):
        desk.do(end_role_session, role_name="second", session_id=two.credentials.access_key_id)


def test_all_before_now_and_none_after(realm: Realm) -> None:
    """Of the role, in whichever account its bearers are; new sessions work (CAP-G7)."""
    desk = admin(realm)
    ana, ben = realm.user("ana"), realm.user("ben", "sts:AssumeRole", account=OTHER)
    role = realm.role("r", trust(ana.arn, OTHER), "doc:*")
    before = [realm.assume(ana, role), realm.assume(ben, role)]

    assert desk.do(end_role_sessions, role_name="r").count == 2

    for gone in before:
        with pytest.raises(InvalidClientTokenId):
            realm.come(gone)
    assert realm.become(ana, role).can("doc:Get", NOTE)
    assert desk.do(end_role_sessions, role_name="r").count == 1


def test_awss_own_way_works_too(realm: Realm) -> None:
    """`AWSRevokeOlderSessions` denies everything to older sessions, and nothing to newer ones."""
    ana = realm.user("ana")
    role = realm.role("r", trust(ana.arn), "doc:*")
    old = realm.assume(ana, role)
    realm.clock.advance(timedelta(seconds=1))
    moment = realm.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}},
            },
        }
    )
    realm.write(
        lambda unit: inline.put(unit, realm.iam.house, role.holder, name="AWSRevokeOlderSessions", text=text)
    )

    assert not realm.come(old).can("doc:Get", NOTE)
    # Narrowing needs no permission, and makes it no younger.
    assert not realm.come(old).session(policy=EVERYTHING).can("doc:Get", NOTE)
    assert realm.become(ana, role).can("doc:Get", NOTE)


def test_a_role_that_is_made_again_is_another(realm: Realm) -> None:
    """Sessions of the one that was deleted are nobody's."""
    desk = admin(realm)
    ana = realm.user("ana")
    role = realm.role("r", trust(ana.arn))
    made = realm.assume(ana, role)

    desk.do(delete_role, role_name="r")
    realm.role("r", trust(ana.arn), "doc:*")

    with pytest.raises(InvalidClientTokenId):
        realm.come(made)
    assert realm.become(ana, role).can("doc:Get", NOTE)


@pytest.mark.parametrize("how", ["deleted", "disabled", "sessions", "key", "one"])
def test_what_a_user_got_ends_with_it(realm: Realm, how: str) -> None:
    """Session tokens, federated users and sessions of roles, also in another account."""
    desk = admin(realm)
    ana = realm.user("ana", "sts:*", "doc:*")
    role = realm.role("r", trust(OTHER, ana.arn), "doc:*", account=OTHER)
    made = [
        realm.desk(ana).do(get_session_token).credentials,
        realm.desk(ana).do(get_federation_token, name="guest").credentials,
        realm.assume(ana, role).credentials,
    ]
    for credentials in made:
        realm.come(credentials)
    listed = desk.do(list_temporary_credentials, user_name="ana").items
    assert {item.session_id for item in listed} == {item.access_key_id for item in made}
    assert ana.authentication is not None
    key_id = ana.authentication.credential_id

    if how == "deleted":
        desk.do(delete_user, user_name="ana", cascade=True)
    elif how == "disabled":
        desk.do(disable_user, user_name="ana")
        desk.do(enable_user, user_name="ana")
    elif how == "sessions":
        desk.do(end_sessions, user_name="ana")
    elif how == "key":
        desk.do(delete_access_key, user_name="ana", access_key_id=key_id)
    else:
        for credentials in made:
            desk.do(end_temporary_credential, user_name="ana", session_id=credentials.access_key_id)

    for credentials in made:
        with pytest.raises(AuthenticationError):
            realm.come(credentials)


def test_an_account_is_emptied_of_sessions(realm: Realm) -> None:
    """Of roles and of people, and of no other account; keys stay."""
    desk = admin(realm)
    ana, ben = realm.user("ana"), realm.user("ben", account=OTHER)
    role = realm.role("r", trust(ana.arn), "doc:*")
    theirs = realm.role("theirs", trust(ben.arn), account=OTHER)
    mine, other = realm.assume(ana, role), realm.assume(ben, theirs)
    session = realm.write(
        lambda unit: sessions.start(
            unit,
            realm.iam.ids,
            account=HOME,
            user_id=ana.caller.unique_id,
            kind=sessions.SessionKind.BEARER,
            factors=("password",),
            limits=sessions.MODERN,
            now=realm.clock.now(),
        )
    )

    assert desk.do(end_account_sessions).count == 1

    with pytest.raises(InvalidClientTokenId):
        realm.come(mine)
    assert realm.come(other).account == OTHER
    found = realm.write(lambda unit: sessions.of_token(unit, session.token.reveal(), now=realm.clock.now()))
    assert found is None
    assert realm.become(ana, role).name == "r/work"


def test_a_policy_that_is_taken_from_a_role_is_gone_from_its_sessions(realm: Realm) -> None:
    """From the next request on."""
    ana = realm.user("ana")
    role = realm.role("r", trust(ana.arn), "doc:*")
    made = realm.assume(ana, role)
    assert realm.come(made).can("doc:Get", NOTE)

    realm.write(lambda unit: inline.delete(unit, role.holder, "own"))

    assert not realm.come(made).can("doc:Get", NOTE)


def test_a_desk_is_not_used_on_after_its_credential(realm: Realm) -> None:
    """Neither one whose session was ended, nor one whose time is over."""
    desk = admin(realm)
    ana = realm.user("ana")
    role = realm.role("r", trust(ana.arn), "iam:*")
    for ending in ("ended", "expired"):
        session = realm.become(ana, role)
        own = realm.desk(session)
        own.do(get_role, role_name="r")
        if ending == "ended":
            desk.do(end_role_sessions, role_name="r")
        else:
            realm.clock.advance(timedelta(hours=1))

        with pytest.raises(AuthenticationError):
            own.do(get_role, role_name="r")


def test_a_role_knows_when_it_was_last_used(realm: Realm) -> None:
    """By its sessions, to a quarter of an hour; being assumed is no use of it."""
    desk = admin(realm)
    ana = realm.user("ana")
    role = realm.role("r", trust(ana.arn), "doc:*")
    made = realm.assume(ana, role)
    assert desk.do(get_role, role_name="r").last_used_at is None
    realm.clock.advance(timedelta(minutes=1))
    used = realm.clock.now()

    realm.come(made)
    realm.iam.background.close()

    assert desk.do(get_role, role_name="r").last_used_at == used


def test_an_open_connection_of_a_session_is_closed(realm: Realm) -> None:
    """Whoever stays connected is looked up again once anything moves that the session depends on."""
    desk = admin(realm)
    ana = realm.user("ana")
    role = realm.role("r", trust(ana.arn), "doc:*")
    session = realm.become(ana, role)
    standing = realm.iam.gate.standing()
    request: Any = None
    before = standing.mark(session, request)
    assert standing.renewed(session, request).arn == session.arn

    desk.do(disable_user, user_name="ana")

    assert standing.mark(session, request) != before
    with pytest.raises(AuthenticationError):
        standing.renewed(session, request)
