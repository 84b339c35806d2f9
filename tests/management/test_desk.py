"""The desk: authorised, done and recorded in one unit of work, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.audit.decision_log import DecisionLog, DecisionRecord
from iamkit.credentials.secret import Secret
from iamkit.errors import (
    AccessDenied,
    EntityAlreadyExists,
    InvalidClientTokenId,
    MissingAuthenticationToken,
    NoSuchEntity,
    ValidationError,
)
from iamkit.identity import documents, inline, users
from iamkit.management import access_keys, accounts, groups, login_profiles
from iamkit.management import users as user_operations
from iamkit.management.operation import Asks, Work, operation

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"


def test_a_change_and_its_event_are_kept_together(office: Office) -> None:
    """CAP App. B: one event, with who, what, on which resources, and the decisions that allowed it."""
    ana = office.person("ana", office.document())

    made = office.desk("ana").do(user_operations.create_user, user_name="jeff", path="/family/")

    event = office.events()[0]
    assert len(office.events()) == 1
    assert event["eventName"] == "CreateUser"
    assert event["eventSource"] == "iam.amazonaws.com"
    assert event["readOnly"] is False
    assert event["userIdentity"] == {
        "type": "IAMUser",
        "principalId": ana.user_id,
        "arn": ana.arn,
        "accountId": HOME,
        "accessKeyId": "AKIATEST",
        "userName": "ana",
    }
    assert event["requestParameters"] == {"userName": "jeff", "path": "/family/"}
    assert event["responseElements"] == {"arn": made.arn, "userId": made.user_id}
    assert event["resources"] == [{"ARN": made.arn, "accountId": HOME}]
    assert "errorCode" not in event
    office.log.flush()
    told = event["iamkit"]
    assert isinstance(told, dict)
    with office.store.read() as reader:
        kept = [reader.get(DecisionRecord, (name,)) for name in told["decisionIds"]]
    assert [(item.action, item.resource, item.outcome) for item in kept if item] == [
        ("iam:CreateUser", made.arn, "allowed")
    ]


def test_a_denial_carries_its_decision_and_leaves_an_event_and_no_change(office: Office) -> None:
    """The sentence is AWS's; the id is what `iamkit why` takes."""
    office.person("ana", office.document(action="iam:CreateUser", resource=f"arn:aws:iam::{HOME}:user/app/*"))

    with pytest.raises(AccessDenied) as caught:
        office.desk("ana").do(user_operations.create_user, user_name="jeff")

    assert caught.value.message == (
        f"User: arn:aws:iam::{HOME}:user/ana is not authorized to perform: iam:CreateUser on resource: "
        f"arn:aws:iam::{HOME}:user/jeff because no identity-based policy allows the iam:CreateUser action"
    )
    (event,) = office.events()
    assert event["errorCode"] == "AccessDenied"
    assert event["errorMessage"] == caught.value.message
    assert event["responseElements"] is None
    office.log.flush()
    with office.store.read() as reader:
        assert users.find(reader, HOME, "jeff") is None
        decision = reader.get(DecisionRecord, (caught.value.decision_id or "",))
    assert decision is not None
    assert decision.outcome == "implicitDeny"


def test_an_explicit_deny_is_said_with_its_layer(office: Office) -> None:
    """AWS's words for it."""
    ana = office.person("ana", office.document())
    with office.store.write() as unit:
        inline.put(unit, office.house, ana.holder, name="no", text=office.document("Deny", "iam:CreateUser"))

    with pytest.raises(AccessDenied, match=r"with an explicit deny in an identity-based policy$"):
        office.desk("ana").do(user_operations.create_user, user_name="jeff")


@pytest.mark.parametrize(
    ("name", "path", "fault"),
    [("ana", "/", EntityAlreadyExists), ("x y", "/", ValidationError), ("jeff", "/app", ValidationError)],
)
def test_a_failed_attempt_is_kept_with_its_code(
    office: Office, name: str, path: str, fault: type[Exception]
) -> None:
    """Exactly one event, nothing changed."""
    office.person("ana", office.document())

    with pytest.raises(fault):
        office.desk("ana").do(user_operations.create_user, user_name=name, path=path)

    (event,) = office.events()
    assert event["errorCode"] == getattr(fault, "code", None)
    with office.store.read() as reader:
        assert [user.name for user in users.listing(reader, HOME)] == ["ana"]


def test_names_cannot_be_probed(office: Office) -> None:
    """Without permission, a name that exists on whatever path and one that does not get the same answer."""
    office.person("ana", office.document(action="doc:Get"))
    office.person("jeff", path="/family/")
    office.owner().do(groups.create_group, group_name="jeff", path="/family/")
    key = office.owner().do(access_keys.create_access_key, user_name="jeff").key.key_id
    desk = office.desk("ana")

    def answer(attempt: Callable[[str], object], name: str) -> str:
        with pytest.raises(AccessDenied) as caught:
            attempt(name)
        return caught.value.message.replace(name, "NAME")

    attempts: list[Callable[[str], object]] = [
        lambda name: desk.do(user_operations.get_user, user_name=name),
        lambda name: desk.do(user_operations.update_user, user_name=name, new_path="/x/"),
        lambda name: desk.do(user_operations.update_user, user_name=name, new_user_name="new"),
        lambda name: desk.do(user_operations.delete_user, user_name=name),
        lambda name: desk.do(groups.get_group, group_name=name),
        lambda name: desk.do(groups.update_group, group_name=name, new_group_name="new"),
        lambda name: desk.do(access_keys.list_access_keys, user_name=name),
    ]
    for attempt in attempts:
        assert answer(attempt, "JEFF") == answer(attempt, "nobody")
    asked: Callable[[str], object] = lambda name: desk.do(  # noqa: E731  # like those above
        access_keys.get_access_key_last_used, access_key_id=name
    )
    assert answer(asked, key) == answer(asked, "AKIAAAAAAAAAAAAAAAAA")
    with pytest.raises(NoSuchEntity):
        office.owner().do(user_operations.get_user, user_name="nobody")


def test_a_move_is_denied_without_telling_the_path_it_is_from(office: Office) -> None:
    """Renaming is asked on the old and the new ARN; what is said of the new one is what the caller said."""
    family = f"arn:aws:iam::{HOME}:user/family/jeff"
    office.person("ana", office.document(action="iam:UpdateUser", resource=family))
    office.person("jeff", path="/family/")

    with pytest.raises(AccessDenied, match=f"on resource: arn:aws:iam::{HOME}:user/geoff because"):
        office.desk("ana").do(user_operations.update_user, user_name="jeff", new_user_name="geoff")
    assert office.desk("ana").do(user_operations.update_user, user_name="jeff").name == "jeff"


def test_the_true_path_of_the_target_decides(office: Office) -> None:
    """A right on `user/app/*` is about users that are there, however they are named in the call."""
    office.person("ana", office.document(action="iam:*", resource=f"arn:aws:iam::{HOME}:user/app/*"))
    office.person("backup", path="/app/")
    office.person("root-ish", path="/")
    desk = office.desk("ana")

    assert desk.do(user_operations.get_user, user_name="BACKUP").path == "/app/"
    with pytest.raises(AccessDenied):
        desk.do(user_operations.get_user, user_name="root-ish")


def test_a_desk_that_is_used_again_knows_what_was_taken_away(office: Office) -> None:
    """Effect on the very next operation, on a desk that was made before."""
    ana = office.person("ana", office.document())
    desk = office.desk("ana")
    desk.do(user_operations.create_user, user_name="one")

    with office.store.write() as unit:
        inline.delete(unit, ana.holder, "own")
    with pytest.raises(AccessDenied):
        desk.do(user_operations.create_user, user_name="two")

    with office.store.write() as unit:
        users.set_enabled(unit, ana, enabled=False)
    with pytest.raises(InvalidClientTokenId):
        desk.do(accounts.get_caller_identity)


def test_nobody_is_refused_before_anything_is_read(office: Office) -> None:
    """An anonymous caller manages nothing; 401 rather than 403."""
    with pytest.raises(MissingAuthenticationToken):
        office.anonymous().do(user_operations.list_users)


def test_who_am_i_needs_no_permission(office: Office) -> None:
    """SEM-E26: also for a user who has none, or is denied everything."""
    ana = office.person("ana", office.document("Deny"))

    identity = office.desk("ana").do(accounts.get_caller_identity)

    assert (identity.user_id, identity.account, identity.arn) == (ana.user_id, HOME, ana.arn)


def test_an_unexpected_error_changes_nothing_and_quotes_nothing(office: Office) -> None:
    """What another exception says may hold anything, so its event does not say it."""

    def asks(work: Work) -> Asks:
        return Asks(("*",))

    @operation("iam:Break", access="Write", asks=asks)
    def broken(work: Work) -> None:
        users.create(work.unit, work.house, account=HOME, name="half")
        raise RuntimeError("hunter2")

    with pytest.raises(RuntimeError):
        office.owner().do(broken)

    (event,) = office.events()
    assert event["errorCode"] == "InternalFailure"
    assert "hunter2" not in json.dumps(event)
    with office.store.read() as reader:
        assert users.find(reader, HOME, "half") is None


def test_an_operation_that_asks_for_nothing_is_not_done(office: Office) -> None:
    """Closed by default: forgetting to name a resource is no permission."""
    done: list[str] = []

    @operation("iam:Forget", access="Write", asks=lambda work: Asks(()))
    def forgetful(work: Work) -> None:
        done.append("done")

    with pytest.raises(RuntimeError, match="names no resource"):
        office.owner().do(forgetful)

    assert done == []


def test_every_resource_and_action_has_to_be_allowed(office: Office) -> None:
    """SEM-R11: a group cannot be moved to where the caller may not have one."""
    office.person("ana", office.document(action="iam:*", resource=f"arn:aws:iam::{HOME}:group/app/*"))
    desk = office.desk("ana")
    desk.do(groups.create_group, group_name="g", path="/app/")

    with pytest.raises(AccessDenied, match="group/g "):
        desk.do(groups.update_group, group_name="g", new_path="/")
    assert desk.do(groups.update_group, group_name="g", new_path="/app/x/").path == "/app/x/"


def test_a_reading_operation_waits_for_no_writer(office: Office) -> None:
    """Somebody who writes does not hold up those who read, and a reader cannot write."""
    office.person("ana", office.document())
    desk = office.desk("ana")
    seen: list[bool] = []

    @operation("iam:GetUser", access="Read", asks=lambda work, **_: Asks((f"arn:aws:iam::{HOME}:user/x",)))
    def read(work: Work) -> None:
        seen.append(hasattr(work.unit, "add"))

    desk.do(read)

    assert seen == [False]
    assert office.events()[0]["eventName"] == "GetUser"


def test_nothing_is_prepared_for_those_who_may_not(office: Office) -> None:
    """What is wrong with a password is not said to whoever may not set one."""
    office.person("sam", office.document(action="doc:*"))
    office.owner().do(user_operations.create_user, user_name="jeff")

    with pytest.raises(AccessDenied):
        office.desk("sam").do(login_profiles.create_login_profile, user_name="jeff", password=Secret("short"))


def test_taking_everything_off_a_user_can_be_denied_piece_by_piece(office: Office) -> None:
    """A Deny on deleting access keys holds for deleting the user with all that hangs on it, too."""
    deny = '{"Effect": "Deny", "Action": "iam:DeleteAccessKey", "Resource": "*"}'
    allow = '{"Effect": "Allow", "Action": "*", "Resource": "*"}'
    office.person("ana", f'{{"Version": "2012-10-17", "Statement": [{allow}, {deny}]}}')
    office.owner().do(user_operations.create_user, user_name="jeff")
    desk = office.desk("ana")

    with pytest.raises(AccessDenied, match="iam:DeleteAccessKey"):
        desk.do(user_operations.delete_user, user_name="jeff", cascade=True)
    desk.do(user_operations.delete_user, user_name="jeff")


def test_a_denial_stays_a_denial_while_the_decision_log_is_full(office: Office) -> None:
    """Within the unit of the change nothing else can be written: the answer is 403 all the same, and kept."""
    office.person("jeff")
    office.log = log = DecisionLog(office.store, documents.keep_all, capacity=1)
    office.gate._decisions = log
    office.services = replace(office.services, beside_a_unit=log.beside_a_unit)
    desk = office.desk("jeff")

    with pytest.raises(AccessDenied) as first:
        desk.do(user_operations.create_user, user_name="one")
    with pytest.raises(AccessDenied) as second:
        desk.do(user_operations.create_user, user_name="two")

    log.flush()
    with office.store.read() as reader:
        for refused in (first, second):
            assert reader.get(DecisionRecord, (str(refused.value.decision_id),)) is not None
    log.close()
