"""Operations on keys, passwords and sessions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials import passwords, sessions
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import (
    AccessDenied,
    EntityAlreadyExists,
    InputError,
    InvalidCredentials,
    LimitExceeded,
    NoSuchEntity,
    PasswordPolicyViolation,
    Throttling,
    ValidationError,
)
from iamkit.identity.users import User
from iamkit.management import access_keys, login_profiles
from iamkit.management import sessions as session_operations
from iamkit.sql.records import declared

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
OLD: Final = Secret("three quiet otters read")
NEW: Final = Secret("four loud badgers write")


def _session(office: Office, user: User) -> str:
    with office.store.write() as unit:
        return sessions.start(
            unit,
            office.house.ids,
            account=HOME,
            user_id=user.user_id,
            kind=SessionKind.COOKIE,
            factors=(),
            limits=sessions.MODERN,
            now=office.clock.now(),
        ).public_id


def _live(office: Office, user: User) -> int:
    with office.store.read() as reader:
        return len(sessions.live_sessions(reader, user.user_id, now=office.clock.now()))


def test_two_keys_and_the_third_is_refused_by_name(office: Office) -> None:
    """CAP-A9, C6: inactive ones count."""
    office.person("ana")
    owner = office.owner()
    first = owner.do(access_keys.create_access_key, user_name="ana")
    owner.do(access_keys.create_access_key, user_name="ana")
    owner.do(
        access_keys.update_access_key,
        user_name="ana",
        access_key_id=first.key.key_id,
        status="Inactive",
    )

    with pytest.raises(LimitExceeded, match="`access_keys_per_user` is 2"):
        owner.do(access_keys.create_access_key, user_name="ana")
    listed = owner.do(access_keys.list_access_keys, user_name="ana").items
    assert {face.status for face in listed} == {"Active", "Inactive"}


def test_the_secret_of_a_key_is_in_the_result_and_nowhere_else(office: Office) -> None:
    """Neither in a record nor in the event, which names the key."""
    ana = office.person("ana")
    made = office.owner().do(access_keys.create_access_key, user_name="ana")

    (event,) = office.events()
    assert event["responseElements"] == {
        "keyId": made.key.key_id,
        "status": "Active",
        "userId": ana.user_id,
    }
    with office.store.read() as reader:
        kept = "".join(repr(item) for kind in declared() for item in reader.find(kind))
    assert made.secret.reveal() not in kept + json.dumps(event) + repr(made)


def test_a_key_is_reached_through_its_own_user_only(office: Office) -> None:
    """A right over one user's keys is none over another's, whatever id is given."""
    office.person("ana", office.document(action="iam:*", resource=f"arn:aws:iam::{HOME}:user/ana"))
    office.person("sam")
    theirs = office.owner().do(access_keys.create_access_key, user_name="sam").key.key_id
    ana = office.desk("ana")

    with pytest.raises(NoSuchEntity):
        ana.do(access_keys.delete_access_key, access_key_id=theirs)
    with pytest.raises(NoSuchEntity):
        ana.do(access_keys.update_access_key, access_key_id=theirs, status="Inactive")
    with pytest.raises(AccessDenied):
        ana.do(access_keys.get_access_key_last_used, access_key_id=theirs)
    with pytest.raises(ValidationError):
        office.owner().do(
            access_keys.update_access_key, user_name="sam", access_key_id=theirs, status="active"
        )


def test_the_root_user_gets_no_key(office: Office) -> None:
    """CAP-A6: refused by default."""
    with pytest.raises(InputError):
        office.owner().do(access_keys.create_access_key)


def test_a_password_is_given_once_checked_and_taken(office: Office) -> None:
    """A second one is an update; rules are told without the password."""
    office.person("ana")
    owner = office.owner()
    with pytest.raises(PasswordPolicyViolation) as short:
        owner.do(login_profiles.create_login_profile, user_name="ana", password=Secret("hunter2"))
    assert "hunter2" not in short.value.message

    profile = owner.do(
        login_profiles.create_login_profile,
        user_name="ana",
        password=OLD,
        password_reset_required=True,
    )
    assert profile.password_reset_required
    with pytest.raises(EntityAlreadyExists):
        owner.do(login_profiles.create_login_profile, user_name="ana", password=NEW)
    with pytest.raises(InputError, match="say what to update"):
        owner.do(login_profiles.update_login_profile, user_name="ana")
    owner.do(login_profiles.delete_login_profile, user_name="ana")
    for attempt in (
        lambda: owner.do(login_profiles.delete_login_profile, user_name="ana"),
        lambda: owner.do(login_profiles.get_login_profile, user_name="ana"),
        lambda: owner.do(login_profiles.update_login_profile, user_name="ana", password=NEW),
    ):
        with pytest.raises(NoSuchEntity):
            attempt()
    assert all(OLD.reveal() not in json.dumps(event) for event in office.events())


def test_changing_the_own_password_needs_the_old_one_and_the_right(office: Office) -> None:
    """Wrong old one, no right, no password at all: nothing changes; done, the sessions end."""
    own = office.document(action="iam:ChangePassword", resource=f"arn:aws:iam::{HOME}:user/ana")
    ana, sam = office.person("ana", own), office.person("sam")
    office.person("bare", office.document())
    owner = office.owner()
    for name in ("ana", "sam"):
        owner.do(login_profiles.create_login_profile, user_name=name, password=OLD)
    _session(office, ana)
    desk = office.desk("ana")

    with pytest.raises(InvalidCredentials):
        desk.do(login_profiles.change_password, old_password=NEW, new_password=NEW)
    with pytest.raises(AccessDenied):
        office.desk("sam").do(login_profiles.change_password, old_password=OLD, new_password=NEW)
    with pytest.raises(InvalidCredentials):
        office.desk("bare").do(login_profiles.change_password, old_password=OLD, new_password=NEW)
    with pytest.raises(InputError):
        owner.do(login_profiles.change_password, old_password=OLD, new_password=NEW)
    assert _live(office, ana) == 1

    desk.do(login_profiles.change_password, old_password=OLD, new_password=NEW)

    assert _live(office, ana) == 0
    hasher = office.services.hasher
    with office.store.read() as reader:
        changed, kept = passwords.find(reader, ana.user_id), passwords.find(reader, sam.user_id)
    assert changed is not None
    assert kept is not None
    assert hasher.verify(changed.hashed, NEW.reveal()).ok
    assert hasher.verify(kept.hashed, OLD.reveal()).ok


def test_guesses_at_the_old_password_are_counted_and_slowed(office: Office) -> None:
    """THR-P8: a session that was left open is no place to try passwords; the right one resets the count."""
    office.person("ana", office.document())
    office.owner().do(login_profiles.create_login_profile, user_name="ana", password=OLD)
    desk = office.desk("ana")
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            desk.do(login_profiles.change_password, old_password=NEW, new_password=NEW)

    with pytest.raises(Throttling):
        desk.do(login_profiles.change_password, old_password=OLD, new_password=NEW)
    office.clock.advance(timedelta(minutes=10))
    desk.do(login_profiles.change_password, old_password=OLD, new_password=NEW)


def test_sessions_are_listed_and_ended_one_or_all(office: Office) -> None:
    """By public id, and only the named user's."""
    ana, sam = office.person("ana"), office.person("sam")
    first, _, third = _session(office, ana), _session(office, ana), _session(office, ana)
    theirs = _session(office, sam)
    owner = office.owner()
    assert len(owner.do(session_operations.list_sessions, user_name="ana").items) == 3

    owner.do(session_operations.end_session, user_name="ana", session_id=first)
    assert {item.public_id for item in owner.do(session_operations.list_sessions, user_name="ana").items} >= {
        third
    }
    with pytest.raises(NoSuchEntity):
        owner.do(session_operations.end_session, user_name="ana", session_id=theirs)
    owner.do(session_operations.end_sessions, user_name="ana")

    assert (_live(office, ana), _live(office, sam)) == (0, 1)
