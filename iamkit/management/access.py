"""Operations that ask about everybody: who can do something, and what somebody can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from iamkit.analysis import access
from iamkit.analysis.access import Access, Place, Reach
from iamkit.analysis.subjects import EVERYBODY, Subject, Subjects
from iamkit.arn import Arn
from iamkit.errors import InputError
from iamkit.gate.owner import owner_of
from iamkit.identity import accounts, resource_policies, roles
from iamkit.management.operation import Asks, Work, operation
from iamkit.policy.request import ContextValue, action_fault, resource_fault

# Actions looked at, times resources looked at one by one.
_LARGEST: Final = 20_000


def _who_asks(work: Work, *, resource_arn: str = "*", **_others: object) -> Asks:
    if resource_arn == "*":
        return Asks(("*",))
    # Asked of the home of the question: somebody else's resource is not this account's to open or hide.
    return Asks((resource_arn,), account=_owner(work, resource_arn))


@operation("iamkit:WhoCan", access="Read", on=("resource",), asks=_who_asks)
def who_can(
    work: Work,
    *,
    action_name: str,
    resource_arn: str = "*",
    context_entries: Mapping[str, ContextValue] | None = None,
) -> tuple[Access, ...]:
    """Who can do an action on a resource: of root, users and roles of the account, and everybody at once.

    The host operator is told of every account. Raises InputError for what is no action or resource.
    """
    fault = action_fault(action_name) or resource_fault(resource_arn)
    if fault is not None:
        raise InputError(fault)
    # Asking was allowed by the resource's own account, so what stands on it may be told.
    owner = _owner(work, resource_arn)
    place = Place(resource_arn, work.services.around(resource_arn, owner), owner)
    try:
        return access.who_can(
            _subjects(work), action_name, place, context_entries or {}, work.services.options
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _what_asks(work: Work, *, policy_source_arn: str, **_others: object) -> Asks:
    return Asks((str(_own(work, policy_source_arn)),))


@operation("iamkit:WhatCan", access="Read", on=("user", "role"), asks=_what_asks)
def what_can(
    work: Work,
    *,
    policy_source_arn: str,
    action_names: Sequence[str] | None = None,
    resource_arns: Sequence[str] = (),
    context_entries: Mapping[str, ContextValue] | None = None,
) -> tuple[Reach, ...]:
    """What a user, group, role or root can do.

    Looked at are `action_names`, by default every declared action and those that the principal's own
    policies write out; resources of the account that have a policy are looked at one by one, and those
    that are given. Raises NoSuchEntity, InputError.
    """
    subjects = Subjects(work.unit, work.house, work.services.caller_layers)
    subject = subjects.named(work.account, str(_own(work, policy_source_arn)))
    actions = tuple(action_names) if action_names is not None else _actions(work, subject)
    for fault in (
        *(action_fault(action) for action in actions),
        *(resource_fault(resource) for resource in resource_arns),
    ):
        if fault is not None:
            raise InputError(fault)
    looked = dict.fromkeys((*resource_arns, *_with_policies(work)))
    if len(actions) * max(1, len(looked)) > _LARGEST:
        raise InputError(
            f"{len(actions)} actions on {len(looked)} resources are too many at once; name the actions"
        )
    bare = Place("", work.services.around("*", work.account), work.account)
    try:
        return access.what_can(
            subject,
            actions,
            bare,
            [_place(work, resource) for resource in looked],
            context_entries or {},
            work.services.options,
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _subjects(work: Work) -> Iterator[Subject]:
    found = Subjects(work.unit, work.house, work.services.caller_layers)
    own = (
        [account.account_id for account in accounts.listing(work.unit)] if work.everywhere else [work.account]
    )
    yield EVERYBODY
    for account in own:
        yield from found.of_account(account)


def _place(work: Work, resource: str) -> Place:
    owner = _owner(work, resource)
    return Place(resource, work.told_around(resource, owner), owner)


def _owner(work: Work, resource: str) -> str:
    return owner_of(resource, asker=work.account, home=work.house.home)


def _with_policies(work: Work) -> list[str]:
    found = [item.resource_arn for item in resource_policies.listing(work.unit, work.account)]
    return found + [role.arn for role in roles.listing(work.unit, work.account)]


def _actions(work: Work, subject: Subject) -> tuple[str, ...]:
    """Every declared action, and what the principal's policies name without wildcards."""
    layers = subject.layers
    written = (
        element.text
        for attached in (*layers.identity, *(layers.boundary or ()))
        for statement in attached.policy.statements
        for element in statement.actions
    )
    known = {name.lower(): name for name in work.services.catalog.actions()}
    for name in written:
        if action_fault(name) is None:
            known.setdefault(name.lower(), name)
    return tuple(known.values())


def _own(work: Work, text: str) -> Arn:
    arn = Arn.parse(text)
    if arn.service != "iam" or arn.account != work.account:
        raise InputError(f"`{text[:200]}` is no user, group, role or root of this account")
    return arn
