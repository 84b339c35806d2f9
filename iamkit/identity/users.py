"""Users: who signs in or signs requests with long-term credentials (CAP-B1, B2, B16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from iamkit import epochs
from iamkit.errors import NoSuchEntity
from iamkit.identity.holder import Holder, HolderKind
from iamkit.identity.house import House
from iamkit.identity.tags import with_tags, without_tags
from iamkit.ids import checked_name, checked_path, name_key, name_taken
from iamkit.storage import Reader, Unit, record


@record(
    "user",
    key=("user_id",),
    unique=(("account", "name_key"),),
    index=(("account",), ("arn",), ("boundary",), ("account", "email")),
)
@dataclass(frozen=True, slots=True)
class User:
    """A person or an application. `name_key` is the name in lower case: names are unique whatever their case.

    `boundary` is the ARN of the managed policy that is the user's permissions boundary.
    """

    user_id: str
    account: str
    name: str
    name_key: str
    path: str
    arn: str
    created_at: datetime
    enabled: bool = True
    email: str | None = None
    email_verified_at: datetime | None = None
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def holder(self) -> Holder:
        """The user as something that policies hang on."""
        return Holder(HolderKind.USER, self.user_id, self.account, self.name, self.arn)


def create(
    unit: Unit,
    house: House,
    *,
    account: str,
    name: str,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
    email: str | None = None,
) -> User:
    """Make a user with no credential and no permission.

    Raises ValidationError, EntityAlreadyExists for a name that differs only by case, LimitExceeded.
    """
    checked_name("user", name)
    checked_path(path)
    if find(unit, account, name) is not None:
        raise name_taken("user", name)
    house.quotas.hold("users", unit.count(User, {"account": account}) + 1)
    user = User(
        user_id=house.ids.unique("AIDA"),
        account=account,
        name=name,
        name_key=name_key(name),
        path=path,
        arn=house.arn(account, "user", path, name),
        created_at=house.now(),
        email=email,
        tags=with_tags({}, tags or {}, house.quotas),
    )
    unit.add(user)
    unit.bump(epochs.principal(user.user_id))
    return user


def find(reader: Reader, account: str, name: str) -> User | None:
    """The user of that name, whatever its case."""
    found = reader.find(User, {"account": account, "name_key": name_key(name)}, limit=1)
    return found[0] if found else None


def get(reader: Reader, account: str, name: str) -> User:
    """The user of that name, whatever its case. Raises NoSuchEntity."""
    found = find(reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no user named `{name[:128]}`")
    return found


def by_id(reader: Reader, user_id: str) -> User | None:
    """The user with that unique id."""
    return reader.get(User, (user_id,))


def of_address(reader: Reader, account: str, address: str, *, limit: int) -> list[User]:
    """The users of an account whose verified mail address that is."""
    found = reader.find(User, {"account": account, "email": address}, order="name_key")
    return [user for user in found if user.email_verified_at is not None][:limit]


def listing(
    reader: Reader,
    account: str,
    *,
    path_prefix: str = "/",
    after: str | None = None,
    limit: int | None = None,
) -> list[User]:
    """Users whose path begins with `path_prefix`, by name; `after` is the `name_key` to continue behind."""
    return reader.find(
        User, {"account": account}, prefix=("path", path_prefix), order="name_key", after=after, limit=limit
    )


def set_enabled(unit: Unit, user: User, *, enabled: bool) -> User:
    """Disable or enable. A disabled user is refused from the next request on, by any credential (CAP-B16)."""
    return _changed(unit, replace(user, enabled=enabled))


def set_email(unit: Unit, user: User, *, email: str | None, verified_at: datetime | None) -> User:
    """Replace the mail address (as `mail_address.checked` gives it) and the instant it was verified."""
    return _changed(unit, replace(user, email=email, email_verified_at=verified_at))


def tag(unit: Unit, house: House, user: User, tags: Mapping[str, str]) -> User:
    """Set tags; a key that differs only by case is replaced."""
    return _changed(unit, replace(user, tags=with_tags(user.tags, tags, house.quotas)))


def untag(unit: Unit, user: User, keys: tuple[str, ...]) -> User:
    """Remove tags."""
    return _changed(unit, replace(user, tags=without_tags(user.tags, keys)))


def _changed(unit: Unit, user: User) -> User:
    unit.change(
        User,
        (user.user_id,),
        {
            "enabled": user.enabled,
            "email": user.email,
            "email_verified_at": user.email_verified_at,
            "tags": user.tags,
        },
    )
    unit.bump(epochs.principal(user.user_id))
    return user
