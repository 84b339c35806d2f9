"""Targets: the ARN and the condition keys of what an operation acts on, as they truly are.

An existing entity is authorised on its own ARN, path included, a missing one on the ARN it would have on
path `/`. A denial names both in that second form, so that nobody learns from it what exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn, Protocol

from iamkit.arn import Arn
from iamkit.credentials import mfa
from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import AccessDenied, InputError, ValidationError
from iamkit.federation import oidc_provider as oidc
from iamkit.federation import saml_provider as saml
from iamkit.identity import accounts, groups, instance_profiles, managed, people, roles, users
from iamkit.identity.groups import Group
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.identity.roles import Role
from iamkit.identity.tags import checked_keys, checked_tags
from iamkit.identity.users import User
from iamkit.ids import PATH_LENGTH, checked_name, checked_path
from iamkit.management.operation import Asks, Preparation, Work
from iamkit.policy.request import CallerKind, ContextValue

Keys = dict[str, ContextValue]


class Tagged(Protocol):
    """Whatever has tags."""

    @property
    def tags(self) -> Mapping[str, str]: ...


def own_name(work: Work | Preparation, user_name: str | None) -> str:
    """The user that is meant: the named one, or the caller. Raises InputError if the caller is no user."""
    if user_name is not None:
        return checked_name("user", user_name)
    if work.principal.caller.kind is not CallerKind.USER:
        raise InputError("the caller is no user, so `user_name` has to be given")
    return work.principal.name


def person(work: Work | Preparation, user_name: str | None) -> User:
    """The user that is meant, or the caller, who may be the root user: for what both have of their own.

    Raises NoSuchEntity, InputError if the caller is neither.
    """
    reader = work.unit if isinstance(work, Work) else work.reader
    if user_name is None and work.principal.is_root_user:
        return people.root_of(reader, accounts.get(reader, work.account))
    return users.get(reader, work.account, own_name(work, user_name))


def root(work: Work) -> Asks:
    """What to ask for an operation on the account's root user, which is the account's owner."""
    return Asks((accounts.get(work.unit, work.account).root_arn(work.house),))


def user(work: Work, user_name: str | None, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on a user (default: the caller's own, the root user's too)."""
    if user_name is None and work.principal.is_root_user:
        return root(work)
    name = own_name(work, user_name)
    found = users.find(work.unit, work.account, name)
    return _entity(work, "user", found, name, {**tag_keys(found), **(keys or {})})


def refuse_narrowed(work: Work, found: User) -> None:
    """Whoever comes with less than a user's permissions makes nothing that has them all (THR-S7).

    For another user's it is the policies that say so. Raises AccessDenied.
    """
    proof = work.principal.authentication
    if proof is not None and proof.narrowed and proof.subject == found.user_id:
        raise AccessDenied("a credential that was narrowed makes no other of its owner's; sign in")


def own_end(work: Work) -> datetime | None:
    """Until when the caller's credential lasts, if that binds what it makes: a child outlives no parent.

    A session does not bind: making what lasts is what people sign in for.
    """
    proof = work.principal.authentication
    return None if proof is None or proof.kind is CredentialKind.SESSION else proof.expires_at


def refuse_ending(work: Work, found: User) -> None:
    """A token that ends makes nothing of its owner's that has no end (THR-S7). Raises AccessDenied."""
    proof = work.principal.authentication
    if (
        proof is not None
        and proof.kind is CredentialKind.TOKEN
        and proof.expires_at is not None
        and proof.subject == found.user_id
    ):
        raise AccessDenied("a token that ends makes nothing of its owner's that does not; sign in")


def refuse_longer() -> NoReturn:
    """What the caller would learn lasts longer than what it came with (THR-S7)."""
    raise AccessDenied("a credential that ends does not open what lasts longer; sign in")


def group(work: Work, group_name: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on a group."""
    name = checked_name("group", group_name)
    return _entity(work, "group", groups.find(work.unit, work.account, name), name, dict(keys or {}))


def role(work: Work, role_name: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on a role."""
    name = checked_name("role", role_name)
    found = roles.find(work.unit, work.account, name)
    return _entity(work, "role", found, name, {**tag_keys(found), **(keys or {})})


def instance_profile(work: Work, name: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on an instance profile."""
    checked_name("instance-profile", name)
    found = instance_profiles.find(work.unit, work.account, name)
    return _entity(work, "instance-profile", found, name, {**tag_keys(found), **(keys or {})})


def device(work: Work, serial: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on a device, by its ARN or by the number of a hardware token."""
    arn = whole_serial(work, serial)
    found = mfa.find(work.unit, arn)
    own = found if found is not None and found.account == work.account else None
    return Asks((arn,), {**tag_keys(own), **(keys or {})})


def whole_serial(work: Work | Preparation, serial: str) -> str:
    """The ARN of a device. A hardware token may be named by the number on its back alone, as in AWS."""
    return serial if serial.startswith("arn:") else work.house.arn(work.account, "mfa", "/", serial)


def oidc_provider(work: Work, arn: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on an OpenID Connect provider. Raises InputError."""
    _check_kind(arn, "oidc-provider")
    return Asks((arn,), {**tag_keys(oidc.find(work.unit, work.account, arn)), **(keys or {})}, work.account)


def saml_provider(work: Work, arn: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on a SAML provider. Raises InputError."""
    _check_kind(arn, "saml-provider")
    return Asks((arn,), {**tag_keys(saml.find(work.unit, work.account, arn)), **(keys or {})}, work.account)


def _check_kind(text: str, kind: str) -> None:
    arn = Arn.parse(text)
    if arn.service != "iam" or not arn.resource.startswith(f"{kind}/"):
        raise InputError(f"`{text[:200]}` is no ARN of a provider, such as `…:{kind}/NAME`")


def policy(work: Work, policy_arn: str, keys: Mapping[str, ContextValue] | None = None) -> Asks:
    """What to ask for an operation on a managed policy, the account's own or shipped. Raises InvalidArn."""
    found = managed.find(work.unit, work.account, policy_named(policy_arn))
    return Asks((policy_arn,), {**tag_keys(found), **(keys or {})}, work.account)


def policy_named(policy_arn: str) -> str:
    """`policy_arn`, if it is an ARN. Raises InvalidArn."""
    Arn.parse(policy_arn)
    return policy_arn


def below(work: Work, kind: str, path_prefix: str) -> Asks:
    """What to ask for a listing: the prefix itself, as `user/app/` for the users on `/app/` (CAP-B2)."""
    return Asks((work.house.arn(work.account, kind, checked_prefix(path_prefix), ""),))


def whole_account(work: Work) -> Asks:  # noqa: ARG001  # the shape of every such function
    """What to ask for an operation that acts on no single resource (SEM-R7)."""
    return Asks(("*",))


def checked_prefix(path_prefix: str) -> str:
    """`path_prefix`, if it can begin a path. Raises ValidationError."""
    plain = path_prefix.isascii() and path_prefix.isprintable() and " " not in path_prefix
    if not path_prefix.startswith("/") or not plain or len(path_prefix) > PATH_LENGTH:
        raise ValidationError(f"path prefix `{path_prefix[:80]}` must begin with a slash")
    return path_prefix


def tag_keys(entity: Tagged | None) -> Keys:
    """`iam:ResourceTag/KEY` and `aws:ResourceTag/KEY` of an entity."""
    keys: Keys = {}
    for key, value in (entity.tags if entity is not None else {}).items():
        keys[f"iam:ResourceTag/{key}"] = value
        keys[f"aws:ResourceTag/{key}"] = value
    return keys


def request_tag_keys(tags: Mapping[str, str] | None) -> Keys:
    """`aws:RequestTag/KEY` and `aws:TagKeys` of tags that are to be set."""
    if not tags:
        return {}
    keys: Keys = {f"aws:RequestTag/{key}": value for key, value in checked_tags(tags).items()}
    keys["aws:TagKeys"] = tuple(tags)
    return keys


def removed_tag_keys(keys: tuple[str, ...]) -> Keys:
    """`aws:TagKeys` of tags that are to be removed."""
    return {"aws:TagKeys": checked_keys(keys)} if keys else {}


def boundary_key(policy_arn: str | None) -> Keys:
    """`iam:PermissionsBoundary`, absent where there is none."""
    return {} if policy_arn is None else {"iam:PermissionsBoundary": policy_arn}


def moved(
    work: Work, asks: Asks, kind: str, found: User | Group | None, name: str | None, path: str | None
) -> Asks:
    """`asks` for an entity, and what it would be under a new name or path: a move needs both ends."""
    new_path = None if path is None else checked_path(path)
    plain = asks.shown[0].rsplit("/", 1)[-1]
    new_name = name if name is not None else (plain if found is None else found.name)
    old_path = "/" if found is None else found.path
    target = work.house.arn(work.account, kind, old_path if new_path is None else new_path, new_name)
    if target in asks.resources:
        return asks
    shown = work.house.arn(work.account, kind, new_path or "/", plain if name is None else name)
    return Asks((*asks.resources, target), asks.context, shown=(*asks.shown, shown))


def _entity(
    work: Work, kind: str, found: User | Group | Role | InstanceProfile | None, name: str, keys: Keys
) -> Asks:
    plain = work.house.arn(work.account, kind, "/", name)
    return Asks((plain if found is None else found.arn,), keys, shown=(plain,))
