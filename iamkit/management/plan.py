"""The plan: every step from the account as it is to a blueprint, in an order in which each can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from iamkit.errors import InputError
from iamkit.identity.blueprint import Blueprint, Named
from iamkit.identity.quotas import Quotas
from iamkit.management import holder_steps, resource_steps
from iamkit.management.steps import Book, Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What is to be done. `unlisted` are subjects that are there and in no file; they stay unless `delete`
    was asked for. `after` is the account as it will be.
    """

    steps: tuple[Step, ...]
    unlisted: tuple[str, ...]
    after: Blueprint


def plan(
    now: Blueprint, wanted: Blueprint, *, partition: str, quotas: Quotas, delete: bool = False
) -> ChangePlan:
    """How to get from one blueprint to another.

    Raises InputError for what no operation does: another account, another path of a role or policy.
    """
    if now.account.account != wanted.account.account:
        raise InputError(
            f"the files are of account `{wanted.account.account[:40]}`, this is `{now.account.account}`; "
            "a directory for that one is made by `iamkit init --account-id`"
        )
    book, gone = Book(partition, now.account.account), Book(partition, now.account.account)
    resource_steps.account_steps(book, wanted.account, now.account)
    for key, policy in wanted.policies.items():
        most = quotas.policy_versions
        resource_steps.policy_steps(book, policy, now.policies.get(key), most=most)
    _each(book, wanted.groups, now.groups, holder_steps.group_steps)
    _each(book, wanted.users, now.users, holder_steps.user_steps)
    _each(book, wanted.roles, now.roles, holder_steps.role_steps)
    # When all are there: a trust policy names users and roles.
    _each(book, wanted.roles, now.roles, holder_steps.trust_steps)
    _each(book, wanted.profiles, now.profiles, resource_steps.profile_steps)
    _each(book, wanted.oidc, now.oidc, resource_steps.oidc_steps)
    _each(book, wanted.saml, now.saml, resource_steps.saml_steps)

    _rest(gone, now.profiles, wanted.profiles, resource_steps.profile_gone)
    _rest(gone, now.users, wanted.users, holder_steps.user_gone)
    _rest(gone, now.roles, wanted.roles, holder_steps.role_gone)
    _rest(gone, now.groups, wanted.groups, holder_steps.group_gone)
    _rest(gone, now.policies, wanted.policies, resource_steps.policy_gone)
    _rest(gone, now.oidc, wanted.oidc, resource_steps.oidc_gone)
    _rest(gone, now.saml, wanted.saml, resource_steps.saml_gone)
    unlisted = tuple(dict.fromkeys(step.subject for step in gone.steps))
    after = wanted if delete else _both(now, wanted)
    return ChangePlan((*book.steps, *(gone.steps if delete else ())), unlisted, after)


def _each(
    book: Book,
    wanted: Mapping[str, Named],
    now: Mapping[str, Named],
    write: Callable[[Book, Named, Named | None], None],
) -> None:
    for key, plan_ in wanted.items():
        write(book, plan_, now.get(key))


def _rest(
    book: Book,
    now: Mapping[str, Named],
    wanted: Mapping[str, Named],
    write: Callable[[Book, Named], None],
) -> None:
    for key, plan_ in now.items():
        if key not in wanted:
            write(book, plan_)


def _both(now: Blueprint, wanted: Blueprint) -> Blueprint:
    return replace(
        wanted,
        users={**now.users, **wanted.users},
        groups={**now.groups, **wanted.groups},
        roles={**now.roles, **wanted.roles},
        policies={**now.policies, **wanted.policies},
        profiles={**now.profiles, **wanted.profiles},
        oidc={**now.oidc, **wanted.oidc},
        saml={**now.saml, **wanted.saml},
    )
