"""Rotating keys with an overlap, reports of old ones, and names of sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from iamkit.credentials import access_keys as kept
from iamkit.credentials import sessions
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.sessions import NewSession, SessionKind
from iamkit.errors import AccessDenied, InputError, NoSuchEntity, ValidationError
from iamkit.identity.users import User
from iamkit.management import access_keys, key_rotation
from iamkit.management import sessions as session_operations
from iamkit.management.desk import Desk

if TYPE_CHECKING:
    from tests.management.conftest import Office


def _use(office: Office, key_id: str) -> None:
    with office.store.write() as unit:
        kept.note_use(unit, key_id, service="doc", region="", now=office.clock.now())


def test_a_key_is_replaced_in_three_steps_and_one_is_always_there(office: Office) -> None:
    """Each step waits for what has to come before it, unless it is forced."""
    office.person("ana")
    desk = office.owner()

    def rotate(step: str, *, force: bool = False) -> key_rotation.Rotation:
        return desk.do(key_rotation.rotate_access_key, user_name="ana", step=step, force=force)

    with pytest.raises(InputError, match="no active key"):
        rotate("begin")
    first = desk.do(access_keys.create_access_key, user_name="ana").key.key_id
    for step in ("finish", "delete"):
        with pytest.raises(InputError, match="nothing was changed"):
            rotate(step, force=True)
    _use(office, first)
    office.clock.advance(timedelta(hours=1))

    begun = rotate("begin")
    assert begun.secret is not None
    assert (begun.old_key_id, begun.old.last_used_service) == (first, "doc")
    with pytest.raises(InputError, match="two keys"):
        rotate("begin")
    with pytest.raises(InputError, match="never used"):
        rotate("finish")
    _use(office, begun.key_id)
    with pytest.raises(InputError, match="something needs it"):
        rotate("finish")
    with pytest.raises(InputError, match="inactive"):
        rotate("delete", force=True)
    office.clock.advance(timedelta(days=1))
    finished = rotate("finish")
    with pytest.raises(InputError):
        rotate("finish", force=True)
    deleted = rotate("delete")

    assert (finished.key_id, deleted.key_id) == (begun.key_id, begun.key_id)
    left = desk.do(access_keys.list_access_keys, user_name="ana").items
    assert [(key.key_id, key.status) for key in left] == [(begun.key_id, "Active")]
    assert begun.secret.reveal() not in str(office.events())


def test_force_ends_an_overlap_and_never_the_last_key(office: Office) -> None:
    """A leaked key goes at once; but not while the new one is inactive."""
    office.person("ana")
    desk = office.owner()
    desk.do(access_keys.create_access_key, user_name="ana")
    office.clock.advance(timedelta(hours=1))
    new = desk.do(key_rotation.rotate_access_key, user_name="ana").key_id
    status = {"user_name": "ana", "access_key_id": new}
    desk.do(access_keys.update_access_key, status="Inactive", **status)
    with pytest.raises(InputError):
        desk.do(key_rotation.rotate_access_key, user_name="ana", step="finish", force=True)
    desk.do(access_keys.update_access_key, status="Active", **status)
    desk.do(key_rotation.rotate_access_key, user_name="ana", step="finish", force=True)
    with pytest.raises(ValidationError):
        desk.do(key_rotation.rotate_access_key, user_name="ana", step="undo")


def test_a_step_takes_the_permission_for_what_it_does(office: Office) -> None:
    """Rotating is no way round a denied creation."""
    office.person("ana", office.all_but("iam:CreateAccessKey"))
    office.owner().do(access_keys.create_access_key, user_name="ana")
    with pytest.raises(AccessDenied):
        office.desk("ana").do(key_rotation.rotate_access_key)


def test_old_keys_are_told_the_oldest_first(office: Office) -> None:
    """By age, by how long nobody used them, active or not."""
    desk = office.owner()
    for name in ("ana", "bob", "eve"):
        office.person(name)
        desk.do(access_keys.create_access_key, user_name=name)
        office.clock.advance(timedelta(days=50))
    (anas,) = desk.do(access_keys.list_access_keys, user_name="ana").items
    (bobs,) = desk.do(access_keys.list_access_keys, user_name="bob").items
    _use(office, anas.key_id)
    desk.do(access_keys.update_access_key, user_name="bob", access_key_id=bobs.key_id, status="Inactive")

    def told(**wanted: object) -> list[tuple[str, int, int]]:
        found = desk.do(key_rotation.report_access_keys, **wanted)  # type: ignore[arg-type]  # days, flags
        return [(item.key.user_name, item.age_days, item.unused_days) for item in found.items]

    assert told() == [("ana", 150, 0), ("bob", 100, 100), ("eve", 50, 50)]
    assert [name for name, _, _ in told(older_than_days=100)] == ["ana", "bob"]
    assert [name for name, _, _ in told(unused_for_days=100)] == ["bob"]
    assert told(older_than_days=100, unused_for_days=90, active_only=True) == []
    with pytest.raises(ValidationError):
        told(older_than_days=-1)


def _session(office: Office, user: User, device: str) -> NewSession:
    with office.store.write() as unit:
        return sessions.start(
            unit,
            office.house.ids,
            account=user.account,
            user_id=user.user_id,
            kind=SessionKind.COOKIE,
            factors=(),
            limits=sessions.MODERN,
            now=office.clock.now(),
            device=device,
        )


def _in(office: Office, user: User, session: NewSession) -> Desk:
    """Where things are done in a session."""
    found = office.principals.find(user.account, user.name)
    proof = Authentication(
        user.account, user.user_id, CredentialKind.SESSION, session.public_id, issued_at=office.clock.now()
    )
    given = replace(found, authentication=proof)
    return Desk(office.store, office.gate, office.trail, office.house, office.services, given)


def test_a_session_has_a_name_and_can_be_given_another(office: Office) -> None:
    """What its client seems to be, then what its owner calls it; one's own is marked."""
    ana, bob = office.person("ana", office.document()), office.person("bob")
    phone = _session(office, ana, "Mozilla/5.0 (iPhone) Version/18 Safari/604.1")
    laptop = _session(office, ana, "curl/8")
    desk = _in(office, ana, laptop)

    desk.do(session_operations.rename_session, session_id=laptop.public_id, name="Küche")

    told = {item.public_id: item for item in desk.do(session_operations.list_sessions).items}
    assert (told[phone.public_id].name, told[phone.public_id].current) == ("Safari on iPhone", False)
    assert (told[laptop.public_id].name, told[laptop.public_id].current) == ("Küche", True)
    for name in ("x" * 65, "a\nb", " a", "a\u202eb", "\x1b[31m"):
        with pytest.raises(ValidationError):
            desk.do(session_operations.rename_session, session_id=laptop.public_id, name=name)
    strangers = _session(office, bob, "x")
    with pytest.raises(NoSuchEntity):
        desk.do(session_operations.rename_session, session_id=strangers.public_id, name="mine")
    desk.do(session_operations.end_session, session_id=phone.public_id)
    with pytest.raises(NoSuchEntity):
        desk.do(session_operations.rename_session, session_id=phone.public_id, name="mine")
    desk.do(session_operations.rename_session, session_id=laptop.public_id, name="")
    assert desk.do(session_operations.list_sessions).items[0].name == "curl"


def test_all_other_sessions_end_and_ones_own_goes_on(office: Office) -> None:
    """Asked for by somebody who has none, all end."""
    ana = office.person("ana", office.document())
    own, *_ = [_session(office, ana, "curl/8") for _ in range(3)]

    _in(office, ana, own).do(session_operations.end_sessions, keep_current=True)

    with office.store.read() as reader:
        live = sessions.live_sessions(reader, ana.user_id, now=office.clock.now())
    assert [kept.public_id for kept in live] == [own.public_id]
    office.owner().do(session_operations.end_sessions, user_name="ana", keep_current=True)
    with office.store.read() as reader:
        assert sessions.live_sessions(reader, ana.user_id, now=office.clock.now()) == []
