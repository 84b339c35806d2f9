"""Outsiders: whom a plan lets in although no rehearsal can ask what they could do, for they are not here.

Another account, a service, a provider, one session of a role: what these can do hangs on more than the
account has. So a statement that lets them in and was not there before may be access that was not there
before, and is told as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from iamkit.analysis.changes import Change, Reached
from iamkit.analysis.witnesses import EVERYTHING
from iamkit.identity import roles
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.policy import ResourceLayers, Statement
from iamkit.policy.model import Effect, PrincipalEntry
from iamkit.storage import Reader

OUTSIDERS: Final = "outsiders"
PROFILE: Final = "instance profile"


def let_in(arn: str, was: ResourceLayers, now: ResourceLayers, account: str) -> Iterator[Change]:
    """What others than users and roles of `account` may be able to do with a resource, newly."""
    had, has = _statements(was), _statements(now)
    theirs = [one for one in has if one.effect is Effect.ALLOW and _others(one, account)]
    unbarred = any(one.effect is Effect.DENY and one not in has for one in had)
    # A Deny that goes may have been what kept out those who are let in.
    opened = [one for one in theirs if unbarred or one not in had]
    for action in dict.fromkeys(text for one in opened for text in _actions(one)):
        unknown = Reached.CONDITIONAL
        yield Change("", OUTSIDERS, action, arn, unknown, unknown, open=True)


def put_in(old: Reader, new: Reader, account: str) -> Iterator[Change]:
    """The roles that what runs with an instance profile can be, and could not before."""
    had = {item.arn: item.role_id for item in old.find(InstanceProfile, {"account": account})}
    for item in new.find(InstanceProfile, {"account": account}):
        role = None if item.role_id is None else roles.by_id(new, item.role_id)
        if role is not None and had.get(item.arn) != item.role_id:
            yield Change(item.arn, PROFILE, "sts:AssumeRole", role.arn, Reached.NO, Reached.CONDITIONAL)


def _statements(layers: ResourceLayers) -> list[Statement]:
    """As they decide: without their names and places."""
    return [
        replace(statement, index=0, sid=None)
        for attached in layers.policies
        for statement in attached.policy.statements
    ]


def _actions(statement: Statement) -> Iterable[str]:
    return (EVERYTHING,) if statement.not_action else (element.text for element in statement.actions)


def _others(statement: Statement, account: str) -> bool:
    return statement.not_principal or any(not _own(entry, account) for entry in statement.principals or ())


def _own(entry: PrincipalEntry, account: str) -> bool:
    """Whether an entry names the account, or somebody of it whom a rehearsal asks about."""
    if entry.type != "AWS":
        return False
    parts = entry.text.split(":", 5)
    if len(parts) != 6:
        return entry.text == account
    return parts[2] == "iam" and parts[4] == account
