"""Inviting a user: made without a credential, who then chooses the first password by a single-use link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from iamkit.credentials import mail_address, passwords
from iamkit.credentials.links import Purpose
from iamkit.errors import InputError, NoSuchEntity
from iamkit.identity import boundaries, users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.users import create_asks


def _invite_asks(
    work: Work,
    *,
    user_name: str,
    email: str,  # noqa: ARG001
    path: str = "/",
    permissions_boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Asks:
    """Whoever may not make users or give passwords may not have it done by a link either."""
    asks = create_asks(
        work, user_name=user_name, path=path, permissions_boundary=permissions_boundary, tags=tags
    )
    return replace(asks, also=("iam:CreateUser", "iam:CreateLoginProfile", *asks.also))


@operation("iamkit:InviteUser", access="Write", on=("user",), asks=_invite_asks)
def invite_user(
    work: Work,
    *,
    user_name: str,
    email: str,
    path: str = "/",
    permissions_boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> User:
    """Make a user and send a link by which the first password is chosen, which verifies the address too.

    Raises EntityAlreadyExists, ValidationError, LimitExceeded, NoSuchEntity (boundary), Throttling.
    """
    user = users.create(
        work.unit,
        work.house,
        account=work.account,
        name=user_name,
        path=path,
        tags=tags,
        email=mail_address.checked(email),
    )
    if permissions_boundary is not None:
        user = boundaries.put(work.unit, work.house, user, permissions_boundary)
    _send(work, user)
    return user


def _again_asks(work: Work, *, user_name: str) -> Asks:
    return replace(targets.user(work, user_name), also=("iam:CreateLoginProfile",))


@operation("iamkit:ResendInvitation", access="Write", on=("user",), asks=_again_asks)
def resend_invitation(work: Work, *, user_name: str) -> None:
    """Send a new link to a user who has chosen no password yet; the earlier one is void."""
    user = users.get(work.unit, work.account, user_name)
    if passwords.find(work.unit, user.user_id) is not None:
        raise InputError(f"user `{user.name}` has a password; a forgotten one is recovered by its user")
    _send(work, user)


def _send(work: Work, user: User) -> None:
    if user.email is None:
        raise NoSuchEntity(f"user `{user.name}` has no mail address to send an invitation to")
    work.services.letters.link(work.unit, user, Purpose.INVITE, user.email)
