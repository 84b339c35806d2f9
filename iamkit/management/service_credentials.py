"""Operations on service-specific credentials, with AWS's names and rules (CAP-C10)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import service_credentials as store
from iamkit.credentials.secret import Secret
from iamkit.credentials.service_credentials import NewServiceCredential, ServiceCredential
from iamkit.errors import InputError
from iamkit.identity import documents, users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class ServiceCredentialFace:
    """A credential as people see it: everything but its password."""

    service_specific_credential_id: str
    user_name: str
    service_name: str
    service_user_name: str
    status: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class CreatedServiceCredential:
    """A credential that was just made or reset, with its password."""

    face: ServiceCredentialFace
    service_password: Secret


def _asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:CreateServiceSpecificCredential", access="Write", on=("user",), asks=_asks)
def create_service_specific_credential(
    work: Work, *, user_name: str, service_name: str, credential_age_days: int | None = None
) -> CreatedServiceCredential:
    """Make a credential that may do for its user what begins with one prefix, and nothing else.

    `service_name` is the prefix of an app's actions, `doc` or `doc.amazonaws.com`. Raises
    NotSupportedService (for `iam`, too), LimitExceeded at two, ValidationError.
    """
    user = users.get(work.unit, work.account, user_name)
    targets.refuse_narrowed(work, user)
    service = store.service_of(service_name)
    house = work.house
    held = len(store.held_by(work.unit, user.user_id, service))
    house.quotas.hold("service_credentials_per_user", held + 1)
    made = store.create(
        work.unit,
        house.ids,
        account=user.account,
        user_id=user.user_id,
        user_name=user.name,
        service=service,
        policy=documents.keep(work.unit, _narrowing(service)),
        now=house.now(),
        days=credential_age_days,
        until=targets.own_end(work),
    )
    return _created(work, made, user)


def _list_asks(
    work: Work, *, user_name: str | None = None, all_users: bool = False, **_others: object
) -> Asks:
    return targets.whole_account(work) if all_users else targets.user(work, user_name)


@operation("iam:ListServiceSpecificCredentials", access="List", on=("user",), asks=_list_asks)
def list_service_specific_credentials(
    work: Work, *, user_name: str | None = None, service_name: str | None = None, all_users: bool = False
) -> Page[ServiceCredentialFace]:
    """The credentials of a user (default: the caller) or of all users, oldest first; of one service only."""
    service = None if service_name is None else store.service_of(service_name)
    if all_users:
        if user_name is not None:
            raise InputError("`all_users` goes without a user")
        found = store.of_account(work.unit, work.account, service)
    else:
        found = store.held_by(work.unit, _user(work, user_name).user_id, service)
    owners = {kept.user_id: users.by_id(work.unit, kept.user_id) for kept in found}
    shown = [(kept, owners[kept.user_id]) for kept in found]
    return Page(tuple(_face(work, kept, owner) for kept, owner in shown if owner is not None))


@operation("iam:ResetServiceSpecificCredential", access="Write", on=("user",), asks=_asks)
def reset_service_specific_credential(
    work: Work, *, service_specific_credential_id: str, user_name: str | None = None
) -> CreatedServiceCredential:
    """A new password; the old one is void at once. Its end, if it has one, stays. Raises NoSuchEntity."""
    user = _user(work, user_name)
    targets.refuse_narrowed(work, user)
    kept = store.get(work.unit, service_specific_credential_id, user_id=user.user_id)
    until = targets.own_end(work)
    if until is not None and (kept.expires_at is None or kept.expires_at > until):
        # Whoever resets it learns its password, and would have it for longer than what they came with.
        targets.refuse_longer()
    return _created(work, store.reset(work.unit, work.house.ids, kept), user)


@operation("iam:UpdateServiceSpecificCredential", access="Write", on=("user",), asks=_asks)
def update_service_specific_credential(
    work: Work, *, service_specific_credential_id: str, status: str, user_name: str | None = None
) -> None:
    """Make a credential `Active` or `Inactive`; an inactive one is refused from the next request on."""
    user = _user(work, user_name)
    store.set_status(
        work.unit, store.get(work.unit, service_specific_credential_id, user_id=user.user_id), status
    )


@operation("iam:DeleteServiceSpecificCredential", access="Write", on=("user",), asks=_asks)
def delete_service_specific_credential(
    work: Work, *, service_specific_credential_id: str, user_name: str | None = None
) -> None:
    """Remove a credential for good. Raises NoSuchEntity."""
    user = _user(work, user_name)
    store.remove(work.unit, store.get(work.unit, service_specific_credential_id, user_id=user.user_id))


def _narrowing(service: str) -> str:
    statement = {"Effect": "Allow", "Action": f"{service}:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _user(work: Work, user_name: str | None) -> User:
    return users.get(work.unit, work.account, targets.own_name(work, user_name))


def _created(work: Work, made: NewServiceCredential, user: User) -> CreatedServiceCredential:
    return CreatedServiceCredential(_face(work, made.kept, user), made.password)


def _face(work: Work, kept: ServiceCredential, user: User) -> ServiceCredentialFace:
    return ServiceCredentialFace(
        kept.credential_id,
        user.name,
        kept.service,
        kept.service_user_name,
        kept.state(work.house.now()),
        kept.created_at,
        kept.expires_at,
    )
