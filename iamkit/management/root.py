"""The root user's tasks, and what the host operator does for root users (CAP-A6, A7).

Who may do these is said in one place, `iamkit.identity.root_rules`, by policies that nobody can detach.
"""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.credentials import access_keys, links, mail_address, passwords, sessions
from iamkit.credentials.authentication import CredentialKind
from iamkit.credentials.links import Purpose
from iamkit.credentials.message import Kind
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import InputError, NoSuchEntity
from iamkit.gate.root_recovery import give_up
from iamkit.gate.root_setup import make_link
from iamkit.identity import accounts, people, restoration, users
from iamkit.identity.accounts import Account, AccountStatus
from iamkit.identity.users import User
from iamkit.management import closing, targets
from iamkit.management.freshness import require_recent
from iamkit.management.operation import Asks, Work, operation


def _own_asks(work: Work, **_others: object) -> Asks:
    return targets.root(work)


@operation("iamkit:RenameAccount", access="Write", on=("root",), asks=_own_asks)
def rename_account(work: Work, *, account_name: str) -> Account:
    """Call the account something else. Raises ValidationError."""
    return accounts.rename(work.unit, work.account, account_name)


@operation("iamkit:VerifyRootEmail", access="Write", on=("root",), asks=_own_asks)
def verify_root_email(work: Work) -> None:
    """Send a link by which the root user's address is confirmed. Raises NoSuchEntity, Throttling."""
    root = _root(work)
    if root.email is None:
        raise NoSuchEntity("the root user has no mail address; it is given one with the set-up link")
    if root.email_verified_at is not None:
        raise InputError("the root user's mail address is verified already")
    work.services.letters.link(work.unit, root, Purpose.VERIFY_ADDRESS, root.email)


@operation("iamkit:ChangeRootEmail", access="Write", on=("root",), asks=_own_asks)
def change_root_email(work: Work, *, email: str) -> None:
    """Send a link to the root user's new address, which takes the place of the old when it is confirmed.

    The old one is told. It takes a recent sign-in, and ends with the session that it was asked for in.
    Raises ValidationError, StepUpRequired, Throttling.
    """
    root, address = _root(work), mail_address.checked(email)
    require_recent(work, root)
    if address == root.email:
        raise InputError("this is the root user's mail address already; verify it")
    letters = work.services.letters
    proof = work.principal.authentication
    session = proof.credential_id if proof is not None and proof.kind is CredentialKind.SESSION else ""
    letters.link(
        work.unit, root, Purpose.CHANGE_ADDRESS, address, generation=root.email or "", begun_in=session
    )
    if root.email is not None:
        letters.notice(work.unit, root, Kind.ADDRESS_CHANGE_ASKED, root.email, new=address)


@operation("iamkit:CloseAccount", access="Write", on=("root",), asks=_own_asks)
def close_account(work: Work) -> Account:
    """Close the account: from the next request on, no credential of it is accepted. Nothing is deleted.

    Only the host operator opens it again. Raises ConflictError for the home account.
    """
    return closing.close(work, work.account, AccountStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class RestoredAdministrator:
    """Who is an administrator again, and what was in the way: ARNs, and names of inline policies."""

    arn: str
    taken_away: tuple[str, ...]


@operation("iamkit:RestoreAdministrator", access="Permissions management", on=("root",), asks=_own_asks)
def restore_administrator(work: Work, *, user_name: str) -> RestoredAdministrator:
    """Make a user an administrator again who cannot act any more. Raises NoSuchEntity, LimitExceeded."""
    user = users.get(work.unit, work.account, user_name)
    taken = restoration.restore(work.unit, work.house, user, work.services.caller_layers.held)
    return RestoredAdministrator(user.arn, taken)


@operation("iamkit:StopRootRecovery", access="Write", on=("root",), asks=_own_asks)
def stop_root_recovery(work: Work) -> None:
    """Stop a recovery of the root user that is under way. Raises NoSuchEntity if none is.

    Not for the root user alone: any administrator who gets the notice can.
    """
    if not links.stop_recovery(work.unit, work.account):
        raise NoSuchEntity("no recovery of the root user is under way")


# --- what only the host operator does ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewSetupLink:
    """A set-up link that was just made: the only time that its token is at hand."""

    token: Secret
    account_id: str


def _account_asks(work: Work, *, account_id: str | None = None) -> Asks:
    return closing.asks(work, work.account if account_id is None else account_id)


@operation("iamkit:CreateSetupLink", access="Write", on=("account",), asks=_account_asks)
def create_setup_link(work: Work, *, account_id: str | None = None) -> NewSetupLink:
    """A link by which somebody becomes the root user of an account (default: the caller's).

    Earlier ones are void. Raises NoSuchEntity, ConflictError once the root user has a password.
    """
    account = work.account if account_id is None else account_id
    return NewSetupLink(make_link(work.unit, work.house, account), account)


@operation("iamkit:RecoverRoot", access="Write", on=("account",), asks=_account_asks)
def recover_root(work: Work, *, account_id: str | None = None) -> NewSetupLink:
    """Take from a root user all that it signs in with, and end its sessions; the answer is a set-up link.

    For whoever has neither of the proofs left. Its address is told. Raises NoSuchEntity.
    """
    account = accounts.get(work.unit, work.account if account_id is None else account_id)
    root = people.root_of(work.unit, account)
    if root.email is not None and work.services.letters.lead_somewhere:
        work.services.letters.notice(work.unit, root, Kind.ROOT_RECOVERED, root.email)
    give_up(work.unit, root.user_id)
    passwords.forget(work.unit, root.user_id)
    sessions.end_all(work.unit, account=root.account, user_id=root.user_id)
    subject = known_subject(root.user_id)
    work.services.throttle.reset(work.unit, subject)
    for method in work.services.mfa_methods:
        work.services.factor_throttle(method).reset(work.unit, subject)
    for key in access_keys.held_by(work.unit, root.user_id):
        access_keys.remove(work.unit, key.key_id, user_id=root.user_id)
    return NewSetupLink(make_link(work.unit, work.house, account.account_id), account.account_id)


def _reopen_asks(work: Work, *, account_id: str) -> Asks:
    return closing.asks(work, account_id)


@operation("iamkit:ReopenAccount", access="Write", on=("account",), asks=_reopen_asks)
def reopen_account(work: Work, *, account_id: str) -> Account:
    """Open an account that was closed or suspended. Raises NoSuchEntity, ConflictError."""
    return accounts.set_status(work.unit, work.house, account_id, AccountStatus.ACTIVE)


def _root(work: Work) -> User:
    return people.root_of(work.unit, accounts.get(work.unit, work.account))
