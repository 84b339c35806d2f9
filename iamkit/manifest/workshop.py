"""The workshop: folder, account and desk together, for those who export, compare and apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from iamkit.errors import AccessDenied, InputError
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import groups
from iamkit.management.desk import Counter
from iamkit.management.operation import Asks, Work, operation
from iamkit.manifest.account import LiveAccount
from iamkit.manifest.difference import Rules, difference
from iamkit.manifest.entries import OF_HOME, SECTIONS, AccountEntry
from iamkit.manifest.folder import Folder
from iamkit.manifest.rehearsal import Rehearsal, rehearse
from iamkit.manifest.rehoming import Rehoming
from iamkit.manifest.steps import Plan, Step


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with its rehearsal. `withheld` is why the caller is not told of changes of access."""

    plan: Plan
    rehearsal: Rehearsal
    withheld: str = ""

    @property
    def widens(self) -> bool:
        """Whether somebody may be able to do more than before, as far as is known."""
        rehearsal = self.rehearsal
        unknown = self.withheld or rehearsal.unasked or rehearsal.unasked_places
        return bool(unknown) or any(change.widens for change in rehearsal.changes)


class Workshop:
    """What can be done with an account as files, by one principal at its desk."""

    def __init__(self, iam: IAM, principal: Principal, desk: Counter) -> None:
        self._iam = iam
        self._principal = principal
        self._desk = desk
        partition = iam.deployment().partition
        self.live = LiveAccount(desk, partition=partition, account=principal.account)

    def export(self, folder: Folder, only: tuple[str, ...] = ()) -> dict[str, int]:
        """Write the account into a folder, section by section; how many entries each has.

        Without `only`, what the folder describes is written anew, and a new folder describes everything.
        Raises InputError for a folder that is something else, AccessDenied.
        """
        at_home = self.live.account == self._iam.house.home
        described = tuple(name for name in SECTIONS if at_home or name not in OF_HOME)
        is_new = folder.is_new()
        if not is_new:
            there = folder.account(finished=False)
            if (there.partition, there.account) != (self.live.partition, self.live.account):
                raise InputError(
                    f"`{folder}` is of account {there.account}, and you act in {self.live.account};"
                    " name another folder"
                )
            described = there.sections or described
        wanted = only or described
        if only and is_new:
            described = only
        sections = tuple(name for name in SECTIONS if name in (*described, *wanted))
        # Read before anything is written: whoever may not read leaves the folder as it is.
        settings = self.live.settings(sections)
        if is_new:
            # Until it is whole it describes nothing, so nothing could be pruned by it.
            folder.write_account(replace(settings, sections=(), describes_settings=False))
        counts = {
            section: folder.write_section(section, self.live.entries(section))
            for section in SECTIONS
            if section in wanted
        }
        folder.write_account(settings)
        return counts

    def prepare(self, folder: Folder, *, prune: bool = False, rehome: bool = False) -> Prepared:
        """Compare a folder with the account and rehearse what would be done. Nothing is changed.

        Raises InputError, AccessDenied.
        """
        says = folder.account()
        folder = self._at_home(folder, says, rehome=rehome)
        home = self.live.settings()
        rules = Rules(
            prune=prune,
            caller=self._principal.caller.arn,
            most_versions=self._iam.house.quotas.policy_versions,
            members=self._members,
            target_id=self.live.tree.target_id,
        )
        plan = difference(self.live, home, folder, replace(says, partition=home.partition), rules)
        if not plan.steps:
            return Prepared(plan, Rehearsal())
        rehearsal = rehearse(self._iam, self._principal, plan)
        arns = tuple(dict.fromkeys(change.principal or "*" for change in rehearsal.changes))
        try:
            if arns:
                self._desk.do(see_changes, policy_source_arns=arns)
        except AccessDenied as fault:
            return Prepared(plan, replace(rehearsal, changes=()), fault.message)
        return Prepared(plan, rehearsal)

    def apply(self, plan: Plan, done: Callable[[Step], None]) -> None:
        """Take the steps, each authorised and recorded; `done` is told of each. The first refusal ends it."""
        for step in plan.steps:
            self._desk.do(step.operation, **step.params)
            done(step)

    def _at_home(self, folder: Folder, says: AccountEntry, *, rehome: bool) -> Folder:
        live = self.live
        if (says.partition, says.account) == (live.partition, live.account):
            return folder
        if not rehome:
            raise InputError(
                f"`{folder}` is of account {says.account} in partition {says.partition}, and you act in"
                f" {live.account}, {live.partition}; with `--rehome` its ARNs are read as this account's"
            )
        return folder.rehomed(Rehoming(says.partition, says.account, live.partition, live.account))

    def _members(self, group_name: str) -> tuple[str, ...]:
        found = self._desk.do(groups.get_group, group_name=group_name)
        return tuple(user.name for user in found.users)


def _asks(work: Work, *, policy_source_arns: tuple[str, ...]) -> Asks:
    return Asks(policy_source_arns, account=work.account)


@operation("iamkit:WhatCan", access="Read", on=("user", "role"), asks=_asks)
def see_changes(work: Work, *, policy_source_arns: tuple[str, ...]) -> None:
    """Be told what somebody can do, before and after a plan. Says nothing: the rehearsal has the answer."""
