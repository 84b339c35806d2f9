"""Operations that tell what of their permissions somebody used, and where they come from (CAP-J7)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from iamkit.arn import Arn
from iamkit.audit.reports import AccessReport
from iamkit.errors import InputError, NoSuchEntity, ValidationError
from iamkit.identity import groups, roles, users
from iamkit.identity.groups import Group
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.paging import Page, page
from iamkit.reports import access_report, grants
from iamkit.reports.access_report import AccessReader, EntityAccess, ServiceAccess
from iamkit.reports.grants import GrantingPolicy

T = TypeVar("T")

_HOLDERS: Final = ("user", "group", "role")
_SERVICES: Final = 200


@dataclass(frozen=True, slots=True)
class AccessDetails:
    """A report with a page of its services. It is made while it is read, so it is always complete."""

    report: AccessReport
    services: Page[ServiceAccess]

    @property
    def marker(self) -> str | None:
        """Asks for the rest."""
        return self.services.marker


@dataclass(frozen=True, slots=True)
class EntityDetails:
    """A report with a page of the users and roles that may use one service."""

    report: AccessReport
    entities: Page[EntityAccess]

    @property
    def marker(self) -> str | None:
        """Asks for the rest."""
        return self.entities.marker


@dataclass(frozen=True, slots=True)
class ServiceGrant:
    """The policies that give something of one service."""

    service: str
    policies: tuple[GrantingPolicy, ...]


def _counted(preparation: Preparation, **_others: object) -> None:
    """What was counted and is not yet kept is kept first."""
    preparation.services.write_decisions()


def _arn_asks(work: Work, *, arn: str, **_others: object) -> Asks:
    Arn.parse(arn)
    return Asks((arn,), account=work.account)


@operation(
    "iam:GenerateServiceLastAccessedDetails",
    access="Read",
    writes=True,
    on=(*_HOLDERS, "policy"),
    asks=_arn_asks,
    prepare=_counted,
)
def generate_service_last_accessed_details(
    work: Work, *, arn: str, granularity: str = "SERVICE_LEVEL"
) -> AccessReport:
    """Have a report made about a user, group, role or policy. Raises NoSuchEntity, InputError."""
    job_id = str(uuid.UUID(bytes=work.house.ids.bytes(16), version=4))
    return access_report.ask(work.unit, work.house, work.account, arn=arn, level=granularity, job_id=job_id)


def _job_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:GetServiceLastAccessedDetails", access="Read", asks=_job_asks)
def get_service_last_accessed_details(
    work: Work, *, job_id: str, marker: str | None = None, max_items: int | None = None
) -> AccessDetails:
    """The services that a report is about, with their last use. Raises NoSuchEntity."""
    report = _report(work, job_id)
    found = _reader(work).services(report)
    return AccessDetails(report, _slice(found, lambda item: item.service, marker, max_items))


@operation("iam:GetServiceLastAccessedDetailsWithEntities", access="Read", asks=_job_asks)
def get_service_last_accessed_details_with_entities(
    work: Work,
    *,
    job_id: str,
    service_namespace: str,
    marker: str | None = None,
    max_items: int | None = None,
) -> EntityDetails:
    """The users and roles that may use a service by what a report is about. Raises NoSuchEntity."""
    report = _report(work, job_id)
    found = _reader(work).entities(report, service_namespace)
    return EntityDetails(report, _slice(found, lambda item: item.entity.arn, marker, max_items))


@operation("iam:ListPoliciesGrantingServiceAccess", access="List", on=_HOLDERS, asks=_arn_asks)
def list_policies_granting_service_access(
    work: Work,
    *,
    arn: str,
    service_namespaces: Sequence[str],
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[ServiceGrant]:
    """For each service the policies of a user, group or role that give something of it.

    A user's groups count. Raises NoSuchEntity, InputError.
    """
    if not 1 <= len(service_namespaces) <= _SERVICES:
        raise ValidationError(f"ask for 1 to {_SERVICES} services")
    holder = _holder(work, arn)
    reader = work.services.caller_layers
    held = (
        reader.of_user(work.unit, holder).identity
        if isinstance(holder, User)
        else reader.held(work.unit, holder.holder)
    )
    wanted = sorted({name.lower() for name in service_namespaces})
    found = [
        ServiceGrant(service, tuple(grants.granting(held, service, work.services.catalog)))
        for service in wanted
    ]
    return _slice(found, lambda item: item.service, marker, max_items)


def _holder(work: Work, text: str) -> User | Group | Role:
    arn = Arn.parse(text)
    if arn.service != "iam" or arn.resource_type not in _HOLDERS:
        raise InputError(f"`{text[:200]}` is no user, group or role")
    finds: dict[str, Callable[..., User | Group | Role | None]] = {
        "user": users.find,
        "group": groups.find,
        "role": roles.find,
    }
    found = finds[arn.resource_type](work.unit, work.account, arn.name)
    if found is None or found.arn != text:
        raise NoSuchEntity(f"there is no user, group or role `{text[:200]}`")
    return found


def _report(work: Work, job_id: str) -> AccessReport:
    return access_report.get(work.unit, work.account, job_id, work.house.now())


def _reader(work: Work) -> AccessReader:
    return AccessReader(work.unit, work.house, work.services.caller_layers, work.services.catalog)


def _slice(
    items: Sequence[T], mark: Callable[[T], str], marker: str | None, max_items: int | None
) -> Page[T]:
    def fetch(after: str | None, limit: int | None) -> Sequence[T]:
        left = [item for item in items if after is None or mark(item) > after]
        return left if limit is None else left[:limit]

    return page(fetch, mark, marker=marker, max_items=max_items)
