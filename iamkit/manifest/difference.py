"""The difference between the account and entries that say what it should be, as a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from iamkit.manifest import people, things
from iamkit.manifest.entries import (
    SECTIONS,
    AccountEntry,
    Entry,
    GroupEntry,
    GuardrailEntry,
    InstanceProfileEntry,
    PolicyEntry,
    ResourcePolicyEntry,
    RoleEntry,
    UserEntry,
    key_of,
    label_of,
)
from iamkit.manifest.steps import Draft, Plan, Step


class Source(Protocol):
    """Where entries are: a folder, or the account itself."""

    def entries(self, section: str) -> Iterator[Entry]:
        """The entries of a section, by key."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How differences are mended. `caller` is the ARN of whoever applies, and is never deleted.

    `members` tells who is in a group, for groups that go although nothing is said of users; `target_id` the
    id of what a guardrail is on.
    """

    prune: bool = False
    caller: str = ""
    most_versions: int = 5
    members: Callable[[str], tuple[str, ...]] = field(default=lambda _: ())
    target_id: Callable[[str], str] = field(default=lambda target: target)


def difference(account: Source, home: AccountEntry, wanted: Source, says: AccountEntry, rules: Rules) -> Plan:
    """What makes the account `home` what `says` and its entries say. Only entries that differ are kept.

    Both sides are read once, side by side. Raises InputError for entries that cannot be read.
    """
    draft = Draft()
    draft.add(things.settings_steps(home, says))
    maker = _Maker(home, rules, draft)
    for section in SECTIONS:
        if section not in says.sections:
            continue
        for before, after in _pairs(account.entries(section), wanted.entries(section)):
            if before != after:
                maker.mend(before, after)
    maker.finish()
    return draft.done()


def _pairs(account: Iterator[Entry], wanted: Iterator[Entry]) -> Iterator[tuple[Entry | None, Entry | None]]:
    """What stands on the two sides under one key, by key."""
    before, after = next(account, None), next(wanted, None)
    while before is not None or after is not None:
        if after is None or (before is not None and key_of(before) < key_of(after)):
            yield before, None
            before = next(account, None)
        elif before is None or key_of(after) < key_of(before):
            yield None, after
            after = next(wanted, None)
        else:
            yield before, after
            before, after = next(account, None), next(wanted, None)


class _Maker:
    """Makes steps of entries that differ."""

    def __init__(self, home: AccountEntry, rules: Rules, draft: Draft) -> None:
        self._home = home
        self._rules = rules
        self._draft = draft
        # Roles that are to be made: whoever trusts one has to wait for it.
        self._roles: list[RoleEntry] = []

    def mend(self, before: Entry | None, after: Entry | None) -> None:
        """Put down what makes `before` into `after`."""
        if after is None:
            if before is not None:
                self._surplus(before)
            return
        stuck = _unmendable(before, after)
        if stuck:
            self._draft.obstacles.append(stuck)
        elif isinstance(after, RoleEntry) and before is None:
            self._roles.append(after)
        else:
            self._draft.add(self._steps(before, after))

    def finish(self) -> None:
        """Put down the roles that are to be made, now that all of them are known."""
        first = people.nobody(self._home.account)
        waiting = {role.name: self._names(role) for role in self._roles}
        for role in self._roles:
            text = role.trust_policy.text
            later = any(name in text for names in waiting.values() for name in names)
            del waiting[role.name]
            self._draft.add(people.role_steps(None, role, first if later else None))

    def _steps(self, before: Entry | None, after: Entry) -> Iterator[Step]:
        match before, after:
            case ((None | PolicyEntry()), PolicyEntry()):
                return things.policy_steps(self._home, before, after, most_versions=self._rules.most_versions)
            case ((None | GroupEntry()), GroupEntry()):
                return people.group_steps(before, after)
            case ((None | UserEntry()), UserEntry()):
                return people.user_steps(before, after)
            case ((None | RoleEntry()), RoleEntry()):
                return people.role_steps(before, after)
            case ((None | InstanceProfileEntry()), InstanceProfileEntry()):
                return things.profile_steps(before, after)
            case ((None | ResourcePolicyEntry()), ResourcePolicyEntry()):
                return things.resource_steps(before, after)
            case ((None | GuardrailEntry()), GuardrailEntry()):
                return things.guardrail_steps(before, after, self._rules.target_id)
            case _:
                raise TypeError("entries of two sections were compared")

    def _surplus(self, entry: Entry) -> None:
        if not self._rules.prune:
            self._draft.surplus.append(label_of(entry))
        elif self._is_caller(entry):
            self._draft.obstacles.append(
                f"{label_of(entry)} is who applies this, and would be deleted; let somebody else apply it,"
                " or write yourself into the folder"
            )
        else:
            self._draft.add(self._removal(entry))

    def _removal(self, entry: Entry) -> Iterator[Step]:
        match entry:
            case PolicyEntry():
                return things.policy_removal(self._home, entry)
            case GroupEntry():
                return people.group_removal(entry, self._rules.members(entry.name))
            case UserEntry():
                return people.user_removal(entry)
            case RoleEntry():
                return people.role_removal(entry)
            case InstanceProfileEntry():
                return things.profile_removal(entry)
            case ResourcePolicyEntry():
                return things.resource_removal(entry)
            case GuardrailEntry():
                return things.guardrail_removal(entry, self._rules.target_id)

    def _is_caller(self, entry: Entry) -> bool:
        return isinstance(entry, UserEntry) and self._rules.caller == self._arn("user", entry)

    def _names(self, role: RoleEntry) -> tuple[str, str]:
        """How a policy may name a role: by its ARN, or by how those of its sessions begin."""
        home = self._home
        sessions = f"arn:{home.partition}:sts::{home.account}:assumed-role/{role.name}/"
        return self._arn("role", role), sessions

    def _arn(self, kind: str, entry: UserEntry | RoleEntry) -> str:
        return f"arn:{self._home.partition}:iam::{self._home.account}:{kind}{entry.path}{entry.name}"


def _unmendable(before: Entry | None, after: Entry) -> str:
    """Why a difference cannot be mended by any operation; empty where it can."""
    fixed: tuple[str, ...] = ()
    if isinstance(after, RoleEntry | InstanceProfileEntry):
        fixed = ("name", "path")
    elif isinstance(after, PolicyEntry):
        fixed = ("name", "path", "description")
    elif isinstance(after, GuardrailEntry):
        fixed = ("name", "kind")
    for name in fixed if before is not None else ():
        had, wanted = getattr(before, name), getattr(after, name)
        if had != wanted:
            return (
                f"{label_of(after)} should have the {name} `{wanted[:200]}` and has `{had[:200]}`, which"
                " cannot be changed; delete it, and apply again to make it anew"
            )
    return ""
