"""Roles: identities without credentials that whoever their trust policy names may assume (CAP-B6, B7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from iamkit import epochs
from iamkit.errors import NoSuchEntity, ValidationError
from iamkit.identity import documents, references
from iamkit.identity.holder import Holder, HolderKind
from iamkit.identity.house import House
from iamkit.identity.references import ResolvedPolicy
from iamkit.identity.tags import with_tags, without_tags
from iamkit.ids import checked_name, checked_path, name_key, name_taken
from iamkit.storage import Less, Reader, Unit, record

SESSION_SECONDS: Final = (3600, 43200)
DESCRIPTION_LENGTH: Final = 1000
LAST_USED_STEP: Final = timedelta(minutes=15)


@record(
    "role",
    key=("role_id",),
    unique=(("account", "name_key"),),
    index=(("account",), ("arn",), ("boundary",)),
)
@dataclass(frozen=True, slots=True)
class Role:
    """A role. `trust_digest` names its trust policy; its longest session is `max_session_seconds`."""

    role_id: str
    account: str
    name: str
    name_key: str
    path: str
    arn: str
    trust_digest: str
    max_session_seconds: int
    description: str
    created_at: datetime
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    # When a session of it last did something, to a quarter of an hour.
    last_used_at: datetime | None = None

    @property
    def holder(self) -> Holder:
        """The role as something that policies hang on."""
        return Holder(HolderKind.ROLE, self.role_id, self.account, self.name, self.arn)


def create(
    unit: Unit,
    house: House,
    *,
    account: str,
    name: str,
    trust: ResolvedPolicy,
    path: str = "/",
    description: str = "",
    max_session_seconds: int = SESSION_SECONDS[0],
    tags: Mapping[str, str] | None = None,
) -> Role:
    """Make a role. `trust` is what `naming.resolved` made of its trust policy.

    Raises ValidationError, EntityAlreadyExists, LimitExceeded.
    """
    checked_name("role", name)
    checked_path(path)
    if find(unit, account, name) is not None:
        raise name_taken("role", name)
    house.quotas.hold("roles", unit.count(Role, {"account": account}) + 1)
    role = Role(
        role_id=house.ids.unique("AROA"),
        account=account,
        name=name,
        name_key=name_key(name),
        path=path,
        arn=house.arn(account, "role", path, name),
        trust_digest="",
        max_session_seconds=_checked_session(max_session_seconds),
        description=_checked_description(description),
        created_at=house.now(),
        tags=with_tags({}, tags or {}, house.quotas),
    )
    unit.add(role)
    return set_trust(unit, house, role, trust)


def find(reader: Reader, account: str, name: str) -> Role | None:
    """The role of that name, whatever its case."""
    found = reader.find(Role, {"account": account, "name_key": name_key(name)}, limit=1)
    return found[0] if found else None


def get(reader: Reader, account: str, name: str) -> Role:
    """The role of that name, whatever its case. Raises NoSuchEntity."""
    found = find(reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no role named `{name[:128]}`")
    return found


def by_id(reader: Reader, role_id: str) -> Role | None:
    """The role with that unique id."""
    return reader.get(Role, (role_id,))


def listing(
    reader: Reader,
    account: str,
    *,
    path_prefix: str = "/",
    after: str | None = None,
    limit: int | None = None,
) -> list[Role]:
    """Roles whose path begins with `path_prefix`, by name."""
    return reader.find(
        Role, {"account": account}, prefix=("path", path_prefix), order="name_key", after=after, limit=limit
    )


def set_trust(unit: Unit, house: House, role: Role, trust: ResolvedPolicy) -> Role:
    """Replace the trust policy. Raises LimitExceeded for one that is too long."""
    house.quotas.hold("trust_policy_size", documents.size_of(trust.text))
    changed = replace(role, trust_digest=documents.keep(unit, trust.text))
    references.write(unit, role.account, role.arn, trust.principal_ids)
    unit.change(Role, (role.role_id,), {"trust_digest": changed.trust_digest})
    unit.bump(epochs.resources_of(role.account), epochs.principal(role.role_id))
    return changed


def update(
    unit: Unit, role: Role, *, description: str | None = None, max_session_seconds: int | None = None
) -> Role:
    """Change the description or the longest session. Raises ValidationError."""
    changed = replace(
        role,
        description=role.description if description is None else _checked_description(description),
        max_session_seconds=(
            role.max_session_seconds if max_session_seconds is None else _checked_session(max_session_seconds)
        ),
    )
    unit.change(
        Role,
        (role.role_id,),
        {"description": changed.description, "max_session_seconds": changed.max_session_seconds},
    )
    unit.bump(epochs.principal(role.role_id))
    return changed


def tag(unit: Unit, house: House, role: Role, tags: Mapping[str, str]) -> Role:
    """Set tags; a key that differs only by case is replaced."""
    return _tagged(unit, replace(role, tags=with_tags(role.tags, tags, house.quotas)))


def untag(unit: Unit, role: Role, keys: tuple[str, ...]) -> Role:
    """Remove tags."""
    return _tagged(unit, replace(role, tags=without_tags(role.tags, keys)))


def note_use(unit: Unit, role_id: str, *, now: datetime) -> bool:
    """Write down that a session of the role did something, at most once in 15 minutes. Moves no epoch."""
    stale = Less(now - LAST_USED_STEP + timedelta(microseconds=1), or_none=True)
    return unit.change(Role, (role_id,), {"last_used_at": now}, where={"last_used_at": stale})


def _tagged(unit: Unit, role: Role) -> Role:
    unit.change(Role, (role.role_id,), {"tags": role.tags})
    unit.bump(epochs.principal(role.role_id))
    return role


def _checked_session(seconds: int) -> int:
    shortest, longest = SESSION_SECONDS
    if not shortest <= seconds <= longest:
        raise ValidationError(
            f"a role's longest session must be {shortest} to {longest} seconds, not {seconds}"
        )
    return seconds


def _checked_description(text: str) -> str:
    if len(text) > DESCRIPTION_LENGTH:
        raise ValidationError(f"a description must have at most {DESCRIPTION_LENGTH} characters")
    return text
