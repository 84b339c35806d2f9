"""Credentials of a role for a process of the app, got anew whenever they are asked for (CAP-B8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from iamkit.credentials.temporary import TemporaryCredential
from iamkit.errors import ExpiredToken, InputError
from iamkit.identity import instance_profiles, roles
from iamkit.identity.principal import Principal
from iamkit.identity.principals import Principals
from iamkit.management.assume_role import AssumedRole, assume_role
from iamkit.management.desk import Counter
from iamkit.management.session_credentials import Credentials
from iamkit.storage import Reader, Store


def role_of_profile(reader: Reader, account: str, name: str) -> str:
    """The ARN of the role that is in an instance profile now. Raises NoSuchEntity, InputError for none."""
    profile = instance_profiles.get(reader, account, name)
    role = None if profile.role_id is None else roles.by_id(reader, profile.role_id)
    if role is None:
        raise InputError(f"no role is in the instance profile `{profile.name}`; put one in it")
    return role.arn


def as_container(given: Credentials, role_arn: str) -> Mapping[str, str]:
    """Credentials with the names that AWS's SDKs read from a container's endpoint."""
    return {
        "AccessKeyId": given.access_key_id,
        "SecretAccessKey": given.secret_access_key.reveal(),
        "Token": given.session_token.reveal(),
        "Expiration": given.expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "RoleArn": role_arn,
    }


def assumed(desk: Counter, role_arn: str, name: str, seconds: int | None = None) -> AssumedRole:
    """A session of a role for whoever the desk is of. Raises AccessDenied and what assuming raises."""
    return desk.do(assume_role, role_arn=role_arn, role_session_name=name, duration_seconds=seconds)


def bearer_of(given: Credentials, store: Store, principals: Principals) -> Principal:
    """Who comes with credentials that were just got. Raises ExpiredToken."""
    with store.read() as reader:
        kept = reader.get(TemporaryCredential, (given.access_key_id,))
    if kept is None:
        raise ExpiredToken("the session has ended already")
    return principals.resolve(kept.authentication)
