"""Operations on the mail address of a user, which links and codes go to (CAP-C2).

An address is used when whoever reads its mail has confirmed it, and is changed no sooner.
"""

from __future__ import annotations

from iamkit.credentials import links, mail_address
from iamkit.credentials.authentication import CredentialKind
from iamkit.credentials.links import Purpose
from iamkit.credentials.message import Kind
from iamkit.errors import InputError, NoSuchEntity
from iamkit.identity import users
from iamkit.management import targets
from iamkit.management.freshness import recent_user
from iamkit.management.operation import Asks, Work, operation


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:VerifyUserEmail", access="Write", on=("user",), asks=_own_asks)
def verify_user_email(work: Work, *, user_name: str | None = None) -> None:
    """Send a link by which the address that is kept is confirmed. Raises NoSuchEntity, Throttling."""
    user = users.get(work.unit, work.account, targets.own_name(work, user_name))
    if user.email is None:
        raise NoSuchEntity(f"user `{user.name}` has no mail address; change it to one")
    if user.email_verified_at is not None:
        raise InputError(f"the mail address of user `{user.name}` is verified already")
    work.services.letters.link(work.unit, user, Purpose.VERIFY_ADDRESS, user.email)


def _change_asks(work: Work, *, email: str, user_name: str | None = None) -> Asks:  # noqa: ARG001
    return targets.user(work, user_name)


@operation("iamkit:ChangeUserEmail", access="Write", on=("user",), asks=_change_asks)
def change_user_email(work: Work, *, email: str, user_name: str | None = None) -> None:
    """Send a link to a new address, which takes the place of the old when it is confirmed.

    The old one is told. One's own takes a recent sign-in. Raises ValidationError, StepUpRequired, Throttling.
    """
    user = recent_user(work, targets.own_name(work, user_name))
    address = mail_address.checked(email)
    if address == user.email:
        raise InputError(f"this is the mail address of user `{user.name}` already; verify it")
    letters = work.services.letters
    proof = work.principal.authentication
    session = proof.credential_id if proof is not None and proof.kind is CredentialKind.SESSION else ""
    letters.link(
        work.unit,
        user,
        Purpose.CHANGE_ADDRESS,
        address,
        generation=user.email or "",
        begun_in=session,
    )
    if user.email is not None:
        letters.notice(work.unit, user, Kind.ADDRESS_CHANGE_ASKED, user.email, new=address)


@operation("iamkit:DeleteUserEmail", access="Write", on=("user",), asks=_own_asks)
def delete_user_email(work: Work, *, user_name: str | None = None) -> None:
    """Take the address away; links that were sent to it are void. One's own takes a recent sign-in."""
    user = recent_user(work, targets.own_name(work, user_name))
    if user.email is None:
        raise NoSuchEntity(f"user `{user.name}` has no mail address")
    links.void(work.unit, user.user_id)
    users.set_email(work.unit, user, email=None, verified_at=None)
    work.services.letters.notice(work.unit, user, Kind.ADDRESS_CHANGED, user.email, new="none")
