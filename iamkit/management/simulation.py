"""Simulation: what a user, group or role could do, or whoever had given policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from iamkit.analysis.subjects import Subjects
from iamkit.arn import Arn
from iamkit.errors import InputError, ValidationError
from iamkit.gate.owner import owner_of
from iamkit.ids import checked_account_id
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page
from iamkit.policy import PolicyKind, parse
from iamkit.policy.custom import caller_named, custom_layers, custom_resource_layers
from iamkit.policy.layers import CallerLayers, Policies, ResourceLayers
from iamkit.policy.request import Context, ContextValue
from iamkit.policy.simulate import SimulationResult, context_keys, simulate_all

_LARGEST: Final = 1000
_MARKER: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_SOURCES: Final = ("user", "group", "role")

Keys = Mapping[str, ContextValue]


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which of the pairs of action and resource are asked for; a marker is how many came before."""

    total: int
    start: int
    size: int | None

    @classmethod
    def of(cls, total: int, marker: str | None, max_items: int | None) -> _Cut:
        if marker is not None and not _MARKER.fullmatch(marker):
            raise ValidationError("the marker is none that was given out; begin again without one")
        if max_items is not None and not 1 <= max_items <= _LARGEST:
            raise ValidationError(f"`max_items` must be 1 to {_LARGEST}, not {max_items}")
        return cls(total, int(marker or 0), max_items)

    def page(self, found: tuple[SimulationResult, ...]) -> Page[SimulationResult]:
        end = self.start + len(found)
        return Page(found, str(end) if found and end < self.total else None)


def _source_asks(work: Work, *, policy_source_arn: str, **_others: object) -> Asks:
    return Asks((str(_source(work, policy_source_arn)),))


def _asks(work: Work, **_others: object) -> Asks:  # noqa: ARG001  # the shape of every such function
    return Asks(("*",))


@operation("iam:SimulatePrincipalPolicy", access="Read", on=_SOURCES, asks=_source_asks)
def simulate_principal_policy(
    work: Work,
    *,
    policy_source_arn: str,
    action_names: Sequence[str],
    resource_arns: Sequence[str] = ("*",),
    context_entries: Keys | None = None,
    resource_owner: str | None = None,
    policy_input_list: Sequence[str] = (),
    permissions_boundary_policy_input_list: Sequence[str] | None = None,
    resource_policy: str | None = None,
    caller_arn: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[SimulationResult]:
    """Decide every action on every resource as if the user, a role session or a member of the group asked.

    The stored resource policies and guardrails of the account count, those of other accounts only for the
    host operator; `context_entries` are added to the keys that every
    request of that principal has. Given policies are tried beside the stored ones, a boundary or resource
    policy instead of the stored one. `caller_arn` is who a resource policy speaks of, if not the source.
    Nothing is recorded as a decision. Raises NoSuchEntity, InputError.
    """
    _check(action_names, resource_arns, resource_owner)
    arn = _source(work, policy_source_arn)
    subject = Subjects(work.unit, work.house, work.services.caller_layers).named(work.account, str(arn))
    operators = work.services.options.operators
    given = custom_layers(policy_input_list, permissions_boundary_policy_input_list, operators=operators)
    on_resource = custom_resource_layers(resource_policy, operators=operators).policies
    layers = replace(
        subject.layers,
        identity=subject.layers.identity + given.identity,
        boundary=subject.layers.boundary if given.boundary is None else given.boundary,
    )

    def around(resource: str) -> tuple[ResourceLayers, str]:
        owner = resource_owner or owner_of(resource, asker=work.account, home=work.house.home)
        found = work.told_around(resource, owner)
        return (replace(found, policies=on_resource) if on_resource else found), owner

    bounded = subject.caller.bounded or layers.boundary is not None
    caller, keys = subject.caller, subject.keys
    if caller_arn is not None:
        caller, keys = caller_named(caller_arn), {**keys, "aws:PrincipalArn": caller_arn}
    cut = _Cut.of(len(action_names) * len(resource_arns), marker, max_items)
    return cut.page(
        simulate_all(
            replace(caller, bounded=bounded),
            action_names,
            resource_arns,
            _context(keys, context_entries),
            layers,
            around,
            options=work.services.options,
            start=cut.start,
            limit=cut.size,
        )
    )


@operation("iam:SimulateCustomPolicy", access="Read", asks=_asks)
def simulate_custom_policy(
    work: Work,
    *,
    policy_input_list: Sequence[str],
    action_names: Sequence[str],
    resource_arns: Sequence[str] = ("*",),
    context_entries: Keys | None = None,
    permissions_boundary_policy_input_list: Sequence[str] | None = None,
    resource_policy: str | None = None,
    resource_owner: str | None = None,
    caller_arn: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[SimulationResult]:
    """Decide every action on every resource for a caller who has the given policies and no others.

    Nothing stored counts. `caller_arn` is who a resource policy speaks of (default: some user of the
    account). Raises MalformedPolicyDocument, InvalidArn, InputError.
    """
    _check(action_names, resource_arns, resource_owner)
    options = work.services.options
    caller = caller_named(caller_arn or work.house.arn(work.account, "user", "/", "simulated"))
    layers = custom_layers(
        policy_input_list, permissions_boundary_policy_input_list, operators=options.operators
    )
    on_resource = custom_resource_layers(resource_policy, operators=options.operators)
    cut = _Cut.of(len(action_names) * len(resource_arns), marker, max_items)
    return cut.page(
        simulate_all(
            replace(caller, bounded=layers.boundary is not None),
            action_names,
            resource_arns,
            _context({}, context_entries),
            layers,
            lambda resource: (
                on_resource,
                resource_owner or owner_of(resource, asker=caller.account, home=caller.account),
            ),
            options=options,
            start=cut.start,
            limit=cut.size,
        )
    )


@operation("iam:GetContextKeysForCustomPolicy", access="Read", asks=_asks)
def get_context_keys_for_custom_policy(work: Work, *, policy_input_list: Sequence[str]) -> tuple[str, ...]:
    """The condition keys that the given policies read. Raises MalformedPolicyDocument."""
    operators = work.services.options.operators
    found = [parse(text, PolicyKind.IDENTITY, operators=operators) for text in policy_input_list]
    return context_keys(found, operators)


@operation("iam:GetContextKeysForPrincipalPolicy", access="Read", on=_SOURCES, asks=_source_asks)
def get_context_keys_for_principal_policy(
    work: Work, *, policy_source_arn: str, policy_input_list: Sequence[str] = ()
) -> tuple[str, ...]:
    """The condition keys that the policies of a user, group or role read. Raises NoSuchEntity."""
    operators = work.services.options.operators
    arn = _source(work, policy_source_arn)
    layers = Subjects(work.unit, work.house, work.services.caller_layers).named(work.account, str(arn)).layers
    found = [attached.policy for attached in _policies(layers)]
    found += [parse(text, PolicyKind.IDENTITY, operators=operators) for text in policy_input_list]
    return context_keys(found, operators)


def _policies(layers: CallerLayers) -> Policies:
    levels: Iterable[Policies] = layers.guardrails or ()
    return (*layers.identity, *(layers.boundary or ()), *(attached for level in levels for attached in level))


def _check(action_names: Sequence[str], resource_arns: Sequence[str], resource_owner: str | None) -> None:
    if resource_owner is not None:
        checked_account_id(resource_owner)
    if len(action_names) * len(resource_arns) > _LARGEST:
        raise InputError(f"at most {_LARGEST} pairs of action and resource can be simulated at once")


def _context(keys: Keys, entries: Keys | None) -> Context:
    try:
        return Context({**keys, **(entries or {})})
    except ValueError as fault:
        raise InputError(str(fault)) from fault


def _source(work: Work, text: str) -> Arn:
    arn = Arn.parse(text)
    if arn.service != "iam" or arn.account != work.account or arn.resource == "root":
        raise InputError(f"`{text[:200]}` is no user, group or role of this account")
    return arn
