"""Entries: what files say of an account, one value for each user, group, role, policy and so on.

No entry holds a credential, a secret, a unique id or a date: those belong to a deployment, not to what it
should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from iamkit.manifest.document import Document


@dataclass(frozen=True, slots=True)
class UserEntry:
    """A user: the groups it is in, its policies by ARN and by text, its ceiling and its tags."""

    name: str
    path: str = "/"
    enabled: bool = True
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group. Who is in it, its users say."""

    name: str
    path: str = "/"
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A role; `max_session_duration` is in seconds."""

    name: str
    trust_policy: Document
    path: str = "/"
    description: str = ""
    max_session_duration: int = 3600
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A managed policy of the account with the document in force.

    `other_versions` are those that the account keeps beside it, oldest first; files do not tell them.
    """

    name: str
    document: Document
    path: str = "/"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    other_versions: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class InstanceProfileEntry:
    """An instance profile with the role in it."""

    name: str
    path: str = "/"
    role: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourcePolicyEntry:
    """The policy that stands on a resource."""

    resource: str
    document: Document


@dataclass(frozen=True, slots=True)
class GuardrailEntry:
    """A guardrail, and what it is on: `/` the root of the account tree, `/a/b` a node, or an account."""

    name: str
    document: Document
    kind: str = "guardrail"
    description: str = ""
    targets: tuple[str, ...] = ()


Entry: TypeAlias = (
    UserEntry
    | GroupEntry
    | RoleEntry
    | PolicyEntry
    | InstanceProfileEntry
    | ResourcePolicyEntry
    | GuardrailEntry
)

# The folders, in the order in which they are told. A policy is there before what it hangs on.
SECTIONS: Final[Mapping[str, type[Entry]]] = {
    "policies": PolicyEntry,
    "groups": GroupEntry,
    "users": UserEntry,
    "roles": RoleEntry,
    "instance-profiles": InstanceProfileEntry,
    "resource-policies": ResourcePolicyEntry,
    "guardrails": GuardrailEntry,
}
# What only the home account has.
OF_HOME: Final = ("guardrails",)


@dataclass(frozen=True, slots=True)
class PasswordPolicyEntry:
    """The account's own password policy; a number that is None is off."""

    minimum_password_length: int
    require_symbols: bool
    require_numbers: bool
    require_uppercase_characters: bool
    require_lowercase_characters: bool
    allow_users_to_change_password: bool
    max_password_age: int | None = None
    password_reuse_prevention: int | None = None
    hard_expiry: bool = False


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """What is said of the account as a whole, and which sections speak of it.

    What a folder does not describe is neither compared nor changed: a section that is not among
    `sections`, the alias and the password policy unless `describes_settings`.
    """

    partition: str
    account: str
    sections: tuple[str, ...]
    describes_settings: bool = True
    alias: str | None = None
    password_policy: PasswordPolicyEntry | None = None


def key_of(entry: Entry) -> str:
    """What an entry is found by among its kind: its name, whatever the case, or its resource."""
    return entry.resource if isinstance(entry, ResourcePolicyEntry) else entry.name.lower()


def label_of(entry: Entry) -> str:
    """An entry in words: `user ana`."""
    if isinstance(entry, ResourcePolicyEntry):
        return f"the policy of {entry.resource}"
    return f"{_WORDS[type(entry)]} {entry.name}"


_WORDS: Final[Mapping[type[Entry], str]] = {
    UserEntry: "user",
    GroupEntry: "group",
    RoleEntry: "role",
    PolicyEntry: "policy",
    InstanceProfileEntry: "instance profile",
    GuardrailEntry: "guardrail",
}
