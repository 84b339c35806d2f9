"""Access reports: which of the services that somebody may use were used, by whom and when (CAP-J7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.arn import Arn
from iamkit.audit import last_access
from iamkit.audit.last_access import TRACKED, LastAccess
from iamkit.audit.reports import AccessReport
from iamkit.errors import InputError, NoSuchEntity
from iamkit.identity import groups, managed, policy_use, roles, users
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import text_of
from iamkit.identity.groups import Group
from iamkit.identity.holder import HolderKind
from iamkit.identity.house import House
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.policy import parse
from iamkit.policy.catalog import Catalog
from iamkit.policy.model import Policy, PolicyKind
from iamkit.reports import grants
from iamkit.storage import Less, Reader, Unit

LEVELS: Final = ("SERVICE_LEVEL", "ACTION_LEVEL")
# How long a job can be asked for.
_KEPT: Final = timedelta(days=7)

Entity = User | Role


@dataclass(frozen=True, slots=True)
class ActionAccess:
    """The last use of one action. `entity` is the ARN of the user or role; None if there was none."""

    action: str
    last_at: datetime | None
    entity: str | None


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """The last use of one service. `entities` counts who used it; `actions` only at ACTION_LEVEL."""

    service: str
    title: str
    last_at: datetime | None
    entity: str | None
    entities: int
    actions: tuple[ActionAccess, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityAccess:
    """A user or role that may use a service, and when it did last."""

    entity: Entity
    last_at: datetime | None


def ask(unit: Unit, house: House, account: str, *, arn: str, level: str, job_id: str) -> AccessReport:
    """Begin a report. Raises NoSuchEntity, InputError; what is older than a week is forgotten."""
    if level not in LEVELS:
        raise InputError(f"granularity must be {' or '.join(LEVELS)}, not `{level[:40]}`")
    subject_id = _subject_id(_subject(unit, house, account, arn), arn)
    now = house.now()
    unit.remove_all(AccessReport, {"account": account, "created_at": Less(now - _KEPT)})
    made = AccessReport(job_id, account, arn, subject_id, level, now)
    unit.add(made)
    return made


def get(reader: Reader, account: str, job_id: str, now: datetime) -> AccessReport:
    """A report that was asked for. Raises NoSuchEntity."""
    found = reader.get(AccessReport, (job_id,))
    if found is None or found.account != account or now - found.created_at >= _KEPT:
        raise NoSuchEntity(f"there is no report `{job_id[:40]}`; have one generated")
    return found


class AccessReader:
    """Reads reports in one reading unit. What is told is as it is now."""

    def __init__(self, reader: Reader, house: House, layers: CallerLayersReader, catalog: Catalog) -> None:
        self._reader = reader
        self._house = house
        self._layers = layers
        self._catalog = catalog

    def services(self, report: AccessReport) -> list[ServiceAccess]:
        """The services that the subject's policies give something of, by name. Raises NoSuchEntity."""
        subject = self._still(report)
        seen: dict[str, list[tuple[LastAccess, Entity]]] = {}
        for entity in self._entities(report.account, subject):
            for access in self._accesses(entity):
                seen.setdefault(access.action, []).append((access, entity))
        given = grants.services(self._policies(report.account, subject), self._catalog, seen)
        by_service: dict[str, list[str]] = {}
        for action in seen:
            by_service.setdefault(action.partition(":")[0].lower(), []).append(action)
        return [
            self._service(service, actions, seen, by_service.get(service, ()), report.level)
            for service, actions in given.items()
        ]

    def entities(self, report: AccessReport, service: str) -> list[EntityAccess]:
        """The users and roles that the subject is about, with their last use of a service, by ARN."""
        prefix = f"{service.lower()}:"
        found = []
        for entity in self._entities(report.account, self._still(report)):
            accesses = self._accesses(entity)
            last = [item.last_at for item in accesses if item.action.lower().startswith(prefix)]
            found.append(EntityAccess(entity, max((at for at in last if at), default=None)))
        return sorted(found, key=lambda item: item.entity.arn)

    def _service(
        self,
        service: str,
        actions: Iterable[str],
        seen: Mapping[str, list[tuple[LastAccess, Entity]]],
        used: Iterable[str],
        level: str,
    ) -> ServiceAccess:
        hits = [hit for action in used for hit in seen[action]]
        last_at, entity = _last(hits)
        declared = self._catalog.service(service)
        detailed: tuple[ActionAccess, ...] = ()
        if level == "ACTION_LEVEL":
            spelt = {action.lower(): action for action in used}
            detailed = tuple(
                ActionAccess(action, *_last(seen.get(spelt.get(f"{service}:{action}".lower(), ""), [])))
                for action in actions
            )
        return ServiceAccess(
            service,
            declared.title if declared is not None and declared.title else service,
            last_at,
            entity,
            len({_id(found) for _, found in hits}),
            detailed,
        )

    def _accesses(self, entity: Entity) -> list[LastAccess]:
        oldest = self._house.now() - TRACKED
        return [
            item
            for item in last_access.of_principal(self._reader, _id(entity))
            if item.last_at is not None and item.last_at > oldest
        ]

    def _still(self, report: AccessReport) -> Entity | Group | str:
        subject = _subject(self._reader, self._house, report.account, report.subject)
        if _subject_id(subject, report.subject) != report.subject_id:
            raise NoSuchEntity(f"what the report was about, `{report.subject}`, is not there any more")
        return subject

    def _entities(self, account: str, subject: Entity | Group | str) -> Iterator[Entity]:
        if isinstance(subject, Group):
            yield from groups.members(self._reader, subject)
        elif isinstance(subject, str):
            yield from self._holding(account, subject)
        else:
            yield subject

    def _holding(self, account: str, policy_arn: str) -> Iterator[Entity]:
        reader, seen = self._reader, set[str]()
        for item in policy_use.attachments(reader, account, policy_arn):
            found: Iterable[Entity | None] = ()
            if item.holder_kind == HolderKind.USER:
                found = (users.by_id(reader, item.holder_id),)
            elif item.holder_kind == HolderKind.ROLE:
                found = (roles.by_id(reader, item.holder_id),)
            elif (group := reader.get(Group, (item.holder_id,))) is not None:
                found = groups.members(reader, group)
            for entity in found:
                if entity is not None and _id(entity) not in seen:
                    seen.add(_id(entity))
                    yield entity

    def _policies(self, account: str, subject: Entity | Group | str) -> list[Policy]:
        if isinstance(subject, User):
            return [held.policy for held in self._layers.of_user(self._reader, subject).identity]
        if isinstance(subject, Role | Group):
            return [held.policy for held in self._layers.held(self._reader, subject.holder)]
        shipped = self._house.shipped.get(subject)
        if shipped is not None:
            text = shipped.text
        else:
            policy = managed.get(self._reader, self._house, account, subject)
            version = managed.version(self._reader, policy, policy.default_version)
            text = text_of(self._reader, version.digest)
        return [parse(text, PolicyKind.IDENTITY, stored=True, operators=self._house.operators)]


def _subject(reader: Reader, house: House, account: str, text: str) -> Entity | Group | str:
    """The user, group, role, or the ARN of a policy, that an ARN names. Raises NoSuchEntity, InputError."""
    arn = Arn.parse(text)
    found: Entity | Group | None = None
    if arn.service == "iam" and arn.resource_type == "user":
        found = users.find(reader, account, arn.name)
    elif arn.service == "iam" and arn.resource_type == "group":
        found = groups.find(reader, account, arn.name)
    elif arn.service == "iam" and arn.resource_type == "role":
        found = roles.find(reader, account, arn.name)
    elif arn.service == "iam" and arn.resource_type == "policy":
        managed.attachable(reader, house, account, text)
        return text
    else:
        raise InputError(f"`{text[:200]}` is no user, group, role or policy")
    if found is None or found.arn != text:
        raise NoSuchEntity(f"there is no user, group, role or policy `{text[:200]}`")
    return found


def _subject_id(subject: Entity | Group | str, arn: str) -> str:
    if isinstance(subject, str):
        return arn
    return subject.holder.unique_id


def _id(entity: Entity) -> str:
    return entity.holder.unique_id


def _last(hits: Iterable[tuple[LastAccess, Entity]]) -> tuple[datetime | None, str | None]:
    latest: tuple[datetime | None, str | None] = (None, None)
    for access, entity in hits:
        if access.last_at is not None and (latest[0] is None or access.last_at > latest[0]):
            latest = (access.last_at, entity.arn)
    return latest
