"""A blueprint: what an account grants to whom, as values without ids, dates and credentials.

It is what is kept under version control. Entities are known by their names; documents are texts, as saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from iamkit.ids import name_key


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What holds for the whole account: `password_policy` by AWS's names in snake case, None for none."""

    account: str
    alias: str | None = None
    password_policy: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class UserPlan:
    """A user. What follows the name is the same in every kind: where it stands, and what hangs on it."""

    name: str
    path: str = "/"
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None
    groups: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    inline: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group."""

    name: str
    path: str = "/"
    attached: tuple[str, ...] = ()
    inline: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RolePlan:
    """A role with its trust policy. `max_session_duration` is in seconds."""

    name: str
    trust: str
    path: str = "/"
    description: str = ""
    max_session_duration: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None
    attached: tuple[str, ...] = ()
    inline: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """A managed policy with the texts of its versions by number (`v1`)."""

    name: str
    versions: Mapping[str, str]
    default: str
    path: str = "/"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The text in force."""
        return self.versions[self.default]


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """An instance profile with the name of its role."""

    name: str
    path: str = "/"
    role: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OidcPlan:
    """An OpenID Connect provider. `name` is its URL."""

    name: str
    clients: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SamlPlan:
    """A SAML provider with its metadata; its private keys are credentials and not here."""

    name: str
    metadata: str = field(repr=False)
    encryption: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


Plan = AccountPlan | UserPlan | GroupPlan | RolePlan | PolicyPlan | ProfilePlan | OidcPlan | SamlPlan
Named = TypeVar("Named", UserPlan, GroupPlan, RolePlan, PolicyPlan, ProfilePlan, OidcPlan, SamlPlan)
ByKey = Mapping[str, Named]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """All of an account. Entities are found by the form of their name that is unique, see `name_key`."""

    account: AccountPlan
    users: ByKey[UserPlan]
    groups: ByKey[GroupPlan]
    roles: ByKey[RolePlan]
    policies: ByKey[PolicyPlan]
    profiles: ByKey[ProfilePlan]
    oidc: ByKey[OidcPlan]
    saml: ByKey[SamlPlan]

    def plans(self) -> Iterator[Plan]:
        """Every part of it."""
        yield self.account
        for held in (
            self.users,
            self.groups,
            self.roles,
            self.policies,
            self.profiles,
            self.oidc,
            self.saml,
        ):
            yield from held.values()

    @classmethod
    def of(cls, plans: Iterable[Plan]) -> Blueprint:
        """From plans in any order. Raises ValueError for two of one name, or without an account."""
        accounts = []
        found: dict[type[object], dict[str, object]] = {}
        for plan in plans:
            if isinstance(plan, AccountPlan):
                accounts.append(plan)
                continue
            same = found.setdefault(type(plan), {})
            if same.setdefault(name_key(plan.name), plan) is not plan:
                raise ValueError(f"there are two `{plan.name}` of one kind")
        if len(accounts) != 1:
            raise ValueError("the account itself is missing, or described twice")

        def of(kind: type[Named]) -> ByKey[Named]:
            # What was put there under that kind.
            return {key: plan for key, plan in found.get(kind, {}).items() if isinstance(plan, kind)}

        return cls(
            accounts[0],
            of(UserPlan),
            of(GroupPlan),
            of(RolePlan),
            of(PolicyPlan),
            of(ProfilePlan),
            of(OidcPlan),
            of(SamlPlan),
        )
