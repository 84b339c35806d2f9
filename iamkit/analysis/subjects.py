"""Subjects: principals as policies see them, read from a store without anybody having signed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iamkit.arn import Arn
from iamkit.errors import NoSuchEntity
from iamkit.identity import accounts, groups, roles, users
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.groups import Group
from iamkit.identity.house import House
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import ANONYMOUS, Caller, CallerKind, ContextValue
from iamkit.storage import Reader

_SESSION: Final = "simulation"


@dataclass(frozen=True, slots=True)
class Subject:
    """A principal with its layers and the condition keys that every request of it has.

    `arn` is what people call it by: for a role the role's, though its caller is a session; empty for
    everybody who did not sign in.
    """

    arn: str
    kind: str
    caller: Caller
    layers: CallerLayers = field(repr=False)
    keys: Mapping[str, ContextValue] = field(repr=False)


EVERYBODY: Final = Subject(
    "",
    "anonymous",
    ANONYMOUS,
    CallerLayers(),
    {"aws:PrincipalType": "Anonymous", "aws:PrincipalAccount": "anonymous", "aws:userid": "anonymous"},
)


class Subjects:
    """Reads subjects in one reading unit."""

    def __init__(self, reader: Reader, house: House, layers: CallerLayersReader) -> None:
        self._reader = reader
        self._house = house
        self._layers = layers

    def named(self, account: str, text: str) -> Subject:
        """The user, group, role or root user of `account` with that ARN. Raises InvalidArn, NoSuchEntity.

        A group is somebody who has nothing but what the group gives; a role is a session of it.
        """
        arn = Arn.parse(text)
        if arn.resource == "root" and arn.service == "iam":
            root = self._root(account)
            if root.arn == text:
                return root
        elif arn.resource_type == "user":
            user = users.find(self._reader, account, arn.name)
            if user is not None and user.arn == text:
                return self._user(user)
        elif arn.resource_type == "role":
            role = roles.find(self._reader, account, arn.name)
            if role is not None and role.arn == text:
                return self._role(role)
        elif arn.resource_type == "group":
            group = groups.find(self._reader, account, arn.name)
            if group is not None and group.arn == text:
                return self._member(group)
        raise NoSuchEntity(f"there is no user, group or role `{text[:200]}`")

    def of_account(self, account: str) -> Iterator[Subject]:
        """Everybody of an account who can act: its root, its users that are not disabled, its roles."""
        yield self._root(account)
        for user in users.listing(self._reader, account):
            if user.enabled:
                yield self._user(user)
        for role in roles.listing(self._reader, account):
            yield self._role(role)

    def _root(self, account: str) -> Subject:
        arn = accounts.get(self._reader, account).root_arn(self._house)
        caller = Caller(CallerKind.ROOT, arn, account, unique_id=account)
        keys = _keys(caller, arn, {"aws:userid": account}, {})
        return Subject(arn, "root", caller, self._layers.of_root(self._reader, account), keys)

    def _user(self, user: User) -> Subject:
        caller = Caller(
            CallerKind.USER,
            user.arn,
            user.account,
            unique_id=user.user_id,
            bounded=user.boundary is not None,
        )
        own = {"aws:username": user.name, "aws:userid": user.user_id}
        keys = _keys(caller, user.arn, own, user.tags)
        return Subject(user.arn, "user", caller, self._layers.of_user(self._reader, user), keys)

    def _role(self, role: Role) -> Subject:
        partition, account = self._house.partition, role.account
        caller = Caller(
            CallerKind.ROLE_SESSION,
            f"arn:{partition}:sts::{account}:assumed-role/{role.name}/{_SESSION}",
            account,
            issuer_arn=role.arn,
            unique_id=role.role_id,
            bounded=role.boundary is not None,
        )
        keys = _keys(caller, role.arn, {"aws:userid": f"{role.role_id}:{_SESSION}"}, role.tags)
        return Subject(role.arn, "role", caller, self._layers.of_role(self._reader, role), keys)

    def _member(self, group: Group) -> Subject:
        arn = f"arn:{self._house.partition}:iam::{group.account}:user/{group.name}-member"
        caller = Caller(CallerKind.USER, arn, group.account)
        layers = CallerLayers(
            identity=self._layers.held(self._reader, group.holder),
            guardrails=self._layers.of_others(self._reader, group.account),
        )
        return Subject(group.arn, "group", caller, layers, _keys(caller, arn, {}, {}))


def _keys(
    caller: Caller, arn: str, own: Mapping[str, str], tags: Mapping[str, str]
) -> dict[str, ContextValue]:
    keys: dict[str, ContextValue] = {"aws:PrincipalAccount": caller.account, **own}
    keys |= {"aws:PrincipalArn": arn, "aws:PrincipalType": str(caller.kind)}
    keys |= {f"aws:PrincipalTag/{key}": value for key, value in tags.items() if value}
    return keys
