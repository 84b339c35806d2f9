"""The root user's tasks: nobody else's, whatever policies say; and accounts that are closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials import links, sessions
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.message import Kind
from iamkit.errors import (
    AccessDenied,
    ConflictError,
    InputError,
    InvalidClientTokenId,
    NoSuchEntity,
    StepUpRequired,
)
from iamkit.identity import accounts, attachments, boundaries, groups, inline, managed, root_rules, users
from iamkit.identity.accounts import AccountStatus
from iamkit.identity.users import User
from iamkit.management import access, guardrails, resource_policies, root, tree
from iamkit.management import users as user_operations
from iamkit.management.catalog import OPERATIONS
from iamkit.management.desk import Desk
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
SPARE: Final = "999900001111"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


def _spare(office: Office) -> None:
    with office.store.write() as unit:
        accounts.create(unit, office.house, name="spare", account_id=SPARE)


def _tasks(desk: Desk) -> dict[str, Callable[[], object]]:
    return {
        "iamkit:RenameAccount": lambda: desk.do(root.rename_account, account_name="mine"),
        "iamkit:ChangeRootEmail": lambda: desk.do(root.change_root_email, email="a@example.org"),
        "iamkit:VerifyRootEmail": lambda: desk.do(root.verify_root_email),
        "iamkit:CloseAccount": lambda: desk.do(root.close_account),
        "iamkit:RestoreAdministrator": lambda: desk.do(root.restore_administrator, user_name="ana"),
        "iamkit:UnlockResource": lambda: desk.do(resource_policies.unlock_resource, resource_arn=NOTE),
        "iamkit:CreateSetupLink": lambda: desk.do(root.create_setup_link),
        "iamkit:RecoverRoot": lambda: desk.do(root.recover_root),
        "iamkit:ReopenAccount": lambda: desk.do(root.reopen_account, account_id=SPARE),
    }


def test_the_rule_names_operations_that_there_are() -> None:
    """A task that is misspelt would be everybody's."""
    known = {operation.action for operation in OPERATIONS}
    assert set(root_rules.ROOT_ONLY) | set(root_rules.HOST_ONLY) <= known


def test_an_administrator_is_refused_each_task_and_told_whose_it_is(office: Office) -> None:
    """With `*` on `*`, by an explicit denial that names the owner or the host operator (CAP-A7)."""
    office.person("ana", office.document())
    _spare(office)
    tasks = _tasks(office.desk("ana"))
    assert set(tasks) == {*root_rules.ROOT_ONLY, *root_rules.HOST_ONLY}

    for action, attempt in tasks.items():
        owner = "root user" if action in root_rules.ROOT_ONLY else "host operator"
        with pytest.raises(AccessDenied, match=f"explicit deny: only the .*{owner}"):
            attempt()


def test_root_is_refused_what_is_the_host_operators(office: Office) -> None:
    """It gives itself no way back in: that would outlive whoever took its session."""
    _spare(office)
    tasks = _tasks(office.owner())

    for action in root_rules.HOST_ONLY:
        with pytest.raises(AccessDenied, match="host operator"):
            tasks[action]()


def test_who_can_knows_the_tasks(office: Office) -> None:
    """A list of who can close the account has the root user alone: the rule is a policy like others."""
    office.person("ana", office.document())

    found = office.owner().do(access.who_can, action_name="iamkit:CloseAccount")

    assert [one.subject.arn for one in found] == [f"arn:aws:iam::{HOME}:root"]


def test_root_renames_the_account(office: Office) -> None:
    """The new name is there; a bad one changes nothing."""
    assert office.owner().do(root.rename_account, account_name="mine").name == "mine"
    with pytest.raises(InputError):
        office.owner().do(root.rename_account, account_name="a\nb")


def test_a_new_address_of_root_is_confirmed_before_it_counts(office: Office) -> None:
    """A link to the new one, a notice to the old; the link of a session's end is void."""
    with office.store.write() as unit:
        accounts.set_email(unit, HOME, email="old@example.org", verified_at=office.clock.now())

    office.owner().do(root.change_root_email, email="NEW@example.org")

    office.correspondence.outbox.flush()
    told = {message.address: message for message in office.sent}
    assert {address: message.kind for address, message in told.items()} == {
        "new@example.org": Kind.CHANGE_ADDRESS,
        "old@example.org": Kind.ADDRESS_CHANGE_ASKED,
    }
    secret = told["new@example.org"].secret
    assert secret is not None
    office.correspondence.links.confirm(secret.reveal().partition("token=")[2])
    with office.store.read() as reader:
        assert accounts.get(reader, HOME).email == "new@example.org"
    with pytest.raises(InputError):
        office.owner().do(root.change_root_email, email="new@example.org")


def test_the_address_is_changed_soon_after_signing_in_and_ends_with_the_session(office: Office) -> None:
    """As users' is: a session that was left open, or taken, does not take over the root user."""
    with office.store.write() as unit:
        accounts.set_email(unit, HOME, email="old@example.org", verified_at=office.clock.now())
        made = sessions.start(
            unit,
            office.house.ids,
            account=HOME,
            user_id=HOME,
            kind=sessions.SessionKind.COOKIE,
            factors=("password", "totp"),
            limits=sessions.MODERN,
            now=office.clock.now(),
            device="",
            source=None,
        )
    proof = Authentication(
        HOME,
        HOME,
        CredentialKind.SESSION,
        made.public_id,
        issued_at=office.clock.now(),
        mfa_at=office.clock.now(),
    )
    root_user = office.principals.root(HOME, proof)
    desk = Desk(office.store, office.gate, office.trail, office.house, office.services, root_user)

    desk.do(root.change_root_email, email="new@example.org")
    with office.store.read() as reader:
        (kept,) = reader.find(links.Link, {"user_id": HOME, "purpose": "change-address"})
    assert kept.begun_in == made.public_id

    office.clock.advance(timedelta(minutes=16))
    with pytest.raises(StepUpRequired):
        desk.do(root.change_root_email, email="other@example.org")


def test_an_address_is_verified_once(office: Office) -> None:
    """Not without one, not when it is done."""
    with pytest.raises(NoSuchEntity):
        office.owner().do(root.verify_root_email)
    with office.store.write() as unit:
        accounts.set_email(unit, HOME, email="old@example.org", verified_at=None)
    office.owner().do(root.verify_root_email)
    with office.store.write() as unit:
        accounts.set_email(unit, HOME, email="old@example.org", verified_at=office.clock.now())
    with pytest.raises(InputError):
        office.owner().do(root.verify_root_email)


def _locked(office: Office) -> User:
    """An administrator who locked itself out in every way at once."""
    ana = office.person("ana", office.document("Deny"))
    house = office.house
    with office.store.write() as unit:
        attachments.attach(unit, house, ana.holder, ADMINISTRATOR)
        none = managed.create(
            unit, house, account=HOME, name="none", text=office.document("Allow", "doc:Get")
        )
        deny = managed.create(unit, house, account=HOME, name="deny", text=office.document("Deny"))
        attachments.attach(unit, house, ana.holder, deny.arn)
        boundaries.put(unit, house, ana, none.arn)
        for name, effect in (("shut", "Deny"), ("fine", "Allow")):
            group = groups.create(unit, house, account=HOME, name=name)
            inline.put(unit, house, group.holder, name="own", text=office.document(effect, "doc:Get"))
            groups.join(unit, house, group, ana)
    return ana


def test_root_makes_a_locked_out_administrator_one_again(office: Office) -> None:
    """Denials of its own, of a group and of a boundary go; what only allows stays; guardrails stay."""
    ana = _locked(office)
    with pytest.raises(AccessDenied):
        office.desk("ana").do(user_operations.list_users)

    done = office.owner().do(root.restore_administrator, user_name="ana")

    assert office.desk("ana").do(user_operations.list_users).items
    assert f"arn:aws:iam::{HOME}:group/shut" in done.taken_away
    assert f"arn:aws:iam::{HOME}:group/fine" not in done.taken_away
    with office.store.read() as reader:
        assert [group.name for group in groups.of_user(reader, ana.user_id)] == ["fine"]
        assert attachments.of_holder(reader, ana.holder) == [ADMINISTRATOR]
    text = office.document("Deny", "iam:ListUsers")
    office.owner().do(guardrails.create_guardrail, name="shut", policy_document=text)
    office.owner().do(guardrails.attach_guardrail, guardrail="shut", target_id=HOME)
    with pytest.raises(AccessDenied):
        office.desk("ana").do(user_operations.list_users)


def test_a_disabled_administrator_is_enabled_again(office: Office) -> None:
    """Somebody who is nobody can be named by nobody else."""
    ana = office.person("ana")
    with office.store.write() as unit:
        users.set_enabled(unit, ana, enabled=False)

    office.owner().do(root.restore_administrator, user_name="ana")

    assert office.desk("ana").do(user_operations.list_users).items
    with pytest.raises(NoSuchEntity):
        office.owner().do(root.restore_administrator, user_name="nobody")


def test_a_guardrail_stops_root(office: Office) -> None:
    """Outside identity policies, inside guardrails (CAP-A6, SEM-E5)."""
    office.operator().do(
        guardrails.create_guardrail, name="no", policy_document=office.document("Deny", "iam:ListUsers")
    )
    office.operator().do(guardrails.attach_guardrail, guardrail="no", target_id=HOME)

    with pytest.raises(AccessDenied, match="guardrail"):
        office.owner().do(user_operations.list_users)


# --- accounts that are not open ------------------------------------------------------------------


def _session(office: Office, unique_id: str) -> str:
    """The token of a session in the spare account."""
    with office.store.write() as unit:
        return sessions.start(
            unit,
            office.house.ids,
            account=SPARE,
            user_id=unique_id,
            kind=sessions.SessionKind.COOKIE,
            factors=(),
            limits=sessions.MODERN,
            now=office.clock.now(),
        ).token.reveal()


@pytest.mark.parametrize("how", ["closed", "suspended"])
def test_nobody_of_an_account_that_is_not_open_gets_in(office: Office, how: str) -> None:
    """From the next request on: its users, its root user; sessions and links do not come back with it."""
    _spare(office)
    ana = office.person("ana", office.document(), account=SPARE)
    tokens = [_session(office, ana.user_id), _session(office, SPARE)]
    with office.store.write() as unit:
        links.make(
            unit, office.house.ids, account=SPARE, user_id=SPARE, purpose=links.Purpose.SETUP,
            address="", now=office.clock.now(),
        )  # fmt: skip
    assert office.desk("ana", SPARE).do(user_operations.list_users).items

    if how == "closed":
        office.owner(SPARE).do(root.close_account)
    else:
        office.operator().do(tree.suspend_account, account_id=SPARE)

    for unique_id in (ana.user_id, SPARE):
        proof = _proof(unique_id)
        with pytest.raises(InvalidClientTokenId):
            office.principals.resolve(proof)
    with office.store.read() as reader:
        assert reader.count(links.Link, {"account": SPARE}) == 0
    office.operator().do(root.reopen_account, account_id=SPARE)
    assert office.principals.resolve(_proof(ana.user_id)).caller.kind is CallerKind.USER
    with office.store.read() as reader:
        now = office.clock.now()
        assert [sessions.of_token(reader, token, now=now) for token in tokens] == [None, None]


def _proof(unique_id: str) -> Authentication:
    return Authentication(SPARE, unique_id, CredentialKind.SESSION, "s")


def test_what_its_owner_closed_no_administration_opens(office: Office) -> None:
    """Only the host operator; a suspension is lifted by those who may suspend."""
    _spare(office)
    office.person("ana", office.document())
    desk = office.desk("ana")
    desk.do(tree.suspend_account, account_id=SPARE)
    assert desk.do(tree.resume_account, account_id=SPARE).status == AccountStatus.ACTIVE
    office.owner(SPARE).do(root.close_account)

    with pytest.raises(ConflictError):
        desk.do(tree.resume_account, account_id=SPARE)
    with pytest.raises(AccessDenied):
        desk.do(root.reopen_account, account_id=SPARE)
    with pytest.raises(ConflictError):
        desk.do(tree.suspend_account, account_id=HOME)
    with pytest.raises(ConflictError):
        office.owner().do(root.close_account)


def test_the_address_of_a_closed_account_is_nobodys(office: Office) -> None:
    """And an alias that was replaced stops at once; the id goes on working (CAP-A5)."""
    _spare(office)
    with office.store.write() as unit:
        accounts.set_alias(unit, SPARE, "acme")
        accounts.set_alias(unit, SPARE, "acme2")
    with office.store.read() as reader:
        assert accounts.signing_in(reader, "acme2") == accounts.signing_in(reader, SPARE)
        with pytest.raises(NoSuchEntity):
            accounts.signing_in(reader, "acme")

    office.owner(SPARE).do(root.close_account)

    with office.store.read() as reader:
        for name in ("acme2", SPARE):
            with pytest.raises(NoSuchEntity):
                accounts.signing_in(reader, name)
