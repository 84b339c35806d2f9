"""Just-in-time access: asked for, granted by somebody else, over in time, and on record (CAP-G9)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConflictError,
    ExpiredToken,
    InputError,
    NoSuchEntity,
    ValidationError,
)
from iamkit.identity import access_requests
from iamkit.management.access_requests import (
    AccessRequestFace,
    approve_access,
    list_access_requests,
    reject_access,
    request_access,
    start_approved_session,
)
from iamkit.management.role_sessions import end_role_sessions

if TYPE_CHECKING:
    from iamkit.identity.principal import Principal
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
OTHER: Final = "444455556666"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
ASKING: Final = ("iamkit:RequestAccess", "iamkit:StartApprovedSession", "iamkit:ListAccessRequests")
# It trusts nobody but a part of the app: the grant is what lets people in.
TRUST: Final = {"Effect": "Allow", "Principal": {"Service": "jobs.myapp"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def cast(realm: Realm) -> tuple[Principal, Principal]:
    """Somebody who asks and somebody who answers, and the role `admin`."""
    realm.role("admin", TRUST, "doc:*")
    return realm.user("ana", *ASKING), realm.user("boss", "iamkit:*")


def asked(realm: Realm, who: Principal, **more: Any) -> AccessRequestFace:
    given = {"role_name": "admin", "reason": "the release", "duration_seconds": 900, **more}
    return realm.desk(who).do(request_access, **given)


def test_ask_be_granted_be_it_and_be_it_no_longer(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """The whole way, with the events that tell of it."""
    ana, boss = cast
    made = asked(realm, ana)
    assert (made.state, made.requester) == ("PENDING_APPROVAL", ana.arn)
    with pytest.raises(ConflictError, match="PENDING"):
        realm.desk(ana).do(start_approved_session, request_id=made.request_id)

    granted = realm.desk(boss).do(approve_access, request_id=made.request_id, note="until noon")
    assert (granted.state, granted.decided_by) == ("ACCEPTED", boss.arn)
    realm.clock.advance(timedelta(minutes=5))
    session = realm.desk(ana).do(start_approved_session, request_id=made.request_id)

    assert session.credentials.expiration == granted.ends_at
    assert realm.come(session).can("doc:Put", NOTE)
    realm.clock.advance(timedelta(minutes=10))
    with pytest.raises(ExpiredToken):
        realm.come(session)
    with pytest.raises(ConflictError, match="EXPIRED"):
        realm.desk(ana).do(start_approved_session, request_id=made.request_id)
    (event,) = realm.events("ApproveAccess")
    assert event["userIdentity"]["userName"] == "boss"
    assert event["responseElements"]["requestId"] == made.request_id
    (listed,) = realm.desk(ana).do(list_access_requests).items
    assert (listed.state, listed.note, listed.reason) == ("EXPIRED", "until noon", "the release")


def test_nobody_grants_a_request_of_ones_own(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """Neither as oneself, nor narrowed, nor as a role that one got."""
    _, boss = cast
    trust = {"Effect": "Allow", "Principal": {"AWS": boss.arn}, "Action": "sts:AssumeRole"}
    approver = realm.become(boss, realm.role("approver", trust, "iamkit:*"))
    made = asked(realm, boss)

    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    for who in (boss, boss.session(policy=everything), approver):
        with pytest.raises(AccessDenied, match="own"):
            realm.desk(who).do(approve_access, request_id=made.request_id)
    assert realm.desk(boss).do(list_access_requests).items[0].state == "PENDING_APPROVAL"


def test_a_grant_is_for_whoever_asked(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """And not for a narrowed credential of theirs."""
    ana, boss = cast
    made = asked(realm, ana)
    realm.desk(boss).do(approve_access, request_id=made.request_id)

    narrow = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "iamkit:*", "Resource": "*"},
    }
    for who in (boss, ana.session(policy=narrow)):
        with pytest.raises(AccessDenied):
            realm.desk(who).do(start_approved_session, request_id=made.request_id)


def test_a_grant_is_taken_back_with_its_sessions(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """At once; a refused request stays refused."""
    ana, boss = cast
    made = asked(realm, ana)
    realm.desk(boss).do(approve_access, request_id=made.request_id)
    session = realm.desk(ana).do(start_approved_session, request_id=made.request_id)
    assert realm.come(session).can("doc:Get", NOTE)

    assert realm.desk(boss).do(reject_access, request_id=made.request_id).state == "REJECTED"

    with pytest.raises(AuthenticationError):
        realm.come(session)
    for operation in (approve_access, reject_access):
        with pytest.raises(ConflictError):
            realm.desk(boss).do(operation, request_id=made.request_id)
    with pytest.raises(ConflictError):
        realm.desk(ana).do(start_approved_session, request_id=made.request_id)


def test_what_ends_sessions_of_the_role_ends_these(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """While the grant lasts, another may begin."""
    ana, boss = cast
    made = asked(realm, ana)
    realm.desk(boss).do(approve_access, request_id=made.request_id)
    session = realm.desk(ana).do(start_approved_session, request_id=made.request_id)

    realm.desk(boss).do(end_role_sessions, role_name="admin")

    with pytest.raises(AuthenticationError):
        realm.come(session)
    again = realm.desk(ana).do(start_approved_session, request_id=made.request_id)
    assert realm.come(again).can("doc:Get", NOTE)


def test_an_unanswered_request_is_over_in_a_day(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """Then another may be asked; while one waits, none; after 90 days it is forgotten."""
    ana, boss = cast
    made = asked(realm, ana)
    with pytest.raises(ConflictError, match="waits"):
        asked(realm, ana)
    realm.clock.advance(access_requests.PENDING_FOR)
    with pytest.raises(ConflictError, match="EXPIRED"):
        realm.desk(boss).do(approve_access, request_id=made.request_id)
    asked(realm, ana)
    realm.clock.advance(timedelta(days=100))
    asked(realm, ana)
    assert len(realm.desk(ana).do(list_access_requests).items) == 1


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"role_name": "gone"}, NoSuchEntity),
        ({"reason": ""}, ValidationError),
        ({"reason": " "}, ValidationError),
        ({"reason": "x" * 501}, ValidationError),
        ({"reason": "a\nb"}, ValidationError),
        ({"duration_seconds": 299}, ValidationError),
        ({"duration_seconds": 3601}, ValidationError),
    ],
)
def test_what_is_asked_wrongly(
    realm: Realm, cast: tuple[Principal, Principal], more: dict[str, Any], fault: type[Exception]
) -> None:
    """Nothing is kept of it."""
    ana, _ = cast
    with pytest.raises(fault):
        asked(realm, ana, **more)
    assert realm.desk(ana).do(list_access_requests).items == ()


def test_who_may_ask_and_answer_is_said_by_policies(realm: Realm, cast: tuple[Principal, Principal]) -> None:
    """On the role; another account's request is not there, and roles ask for none."""
    ana, boss = cast
    made = asked(realm, ana)
    stranger = realm.user("stranger", "iamkit:*", account=OTHER)
    other = realm.user("other", ("iamkit:ApproveAccess", f"arn:aws:iam::{HOME}:role/other"))

    with pytest.raises(AccessDenied):
        realm.desk(other).do(approve_access, request_id=made.request_id)
    with pytest.raises(AccessDenied):
        asked(realm, other)
    with pytest.raises(NoSuchEntity):
        realm.desk(stranger).do(approve_access, request_id=made.request_id)
    with pytest.raises(NoSuchEntity):
        realm.desk(boss).do(approve_access, request_id="r_none")
    trust = {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "sts:AssumeRole"}
    role = realm.become(ana, realm.role("r", trust, "iamkit:*"))
    with pytest.raises(InputError, match="users"):
        asked(realm, role)
