"""Users: names, paths, listing, enabling (CAP-B1, B2, B16)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit import epochs
from iamkit.clock import FrozenClock
from iamkit.errors import (
    EntityAlreadyExists,
    IamkitError,
    InvalidClientTokenId,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from iamkit.identity import accounts, moves, shipped, users
from iamkit.identity.house import House
from iamkit.identity.quotas import Quotas
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"


def test_a_new_user_has_an_id_an_arn_and_nothing_else(world: World) -> None:
    """CAP-B1: a user begins without any permission, enabled, under its path."""
    user = world.user("jeff", "/family/")

    assert user.arn == f"arn:aws:iam::{HOME}:user/family/jeff"
    assert user.user_id.startswith("AIDA")
    assert user.enabled
    assert user.boundary is None
    assert not world.decide(world.principal(user))


def test_names_are_unique_whatever_their_case(world: World) -> None:
    """CAP-B1: `JEFF` is taken once `jeff` is, and finds the same user; `jeff2` is free."""
    user = world.user("jeff")

    with pytest.raises(EntityAlreadyExists, match="unique whatever their case"):
        world.user("JEFF", "/other/")
    with world.store.read() as reader:
        assert users.get(reader, HOME, "JeFf").user_id == user.user_id
    assert world.user("jeff2").user_id != user.user_id


def test_a_name_of_another_account_is_free_and_invisible(world: World) -> None:
    """Names are per account."""
    world.user("jeff")

    other = world.user("jeff", account="999900001111")

    assert other.arn == "arn:aws:iam::999900001111:user/jeff"
    with world.store.read() as reader, pytest.raises(NoSuchEntity):
        users.get(reader, "999900002222", "jeff")


@pytest.mark.parametrize("path", ["/app", "app/", "app", "", "//", "/a//b/", "/a b/", "/ä/"])
def test_a_path_is_refused_and_never_joined(world: World, path: str) -> None:
    """CAP-B2: `/app` joined to `x` would be `user/appx`, which `user/app*` matches."""
    with pytest.raises(ValidationError):
        world.user("x", path)
    with world.store.read() as reader:
        assert users.find(reader, HOME, "x") is None


def test_a_refused_path_says_what_was_meant(world: World) -> None:
    """The suggestion is given and not taken."""
    with pytest.raises(ValidationError, match="did you mean `/app/`"):
        world.user("x", "/app")


@settings(max_examples=60, deadline=None)
@given(
    path=st.text(alphabet="/ab*?:", max_size=8),
    name=st.text(alphabet="ab/*=,.@-_+ ", max_size=6),
    other=st.text(alphabet="/ab", max_size=6),
)
def test_exactly_one_slash_joins_path_and_name(path: str, name: str, other: str) -> None:
    """CAP-B2: whatever is accepted at creation or at a move, the ARN is the path and the name and no more."""
    shelf = shipped.shelf("aws", shipped.core_policies())
    house = House(partition="aws", home=HOME, clock=FrozenClock(), ids=Ids(), shipped=shelf)
    store = MemoryStore()
    with store.write() as unit:
        accounts.open_home(unit, house, name="main")
        found: list[User] = []
        try:
            found.append(users.create(unit, house, account=HOME, name=name, path=path))
            found.append(moves.rename_user(unit, house, found[0], path=other))
        except ValidationError:
            pass
    for user in found:
        prefix = f"arn:aws:iam::{HOME}:user"
        assert user.arn == prefix + user.path + user.name
        assert user.path.endswith("/")
        assert "//" not in user.arn
        assert "/" not in user.name


def test_listing_goes_by_path_prefix_and_name(world: World) -> None:
    """CAP-B2: `/app/` lists what is below it, in the order of names, and goes on behind a name."""
    for name, path in (
        ("syndic8", "/app/"),
        ("Backup", "/app/x/"),
        ("jeff", "/family/"),
        ("appx", "/apple/"),
    ):
        world.user(name, path)

    with world.store.read() as reader:
        below = users.listing(reader, HOME, path_prefix="/app/")
        everybody = users.listing(reader, HOME)
        rest = users.listing(reader, HOME, after="backup", limit=1)

    assert [user.name for user in below] == ["Backup", "syndic8"]
    assert [user.name for user in everybody] == ["appx", "Backup", "jeff", "syndic8"]
    assert [user.name for user in rest] == ["jeff"]


def test_the_quota_of_users_holds_at_its_value(world: World) -> None:
    """CAP-A9: the n-th user is made, the one beyond is refused naming quota and value."""
    house = replace(world.house, quotas=Quotas(users=2))
    with world.store.write() as unit:
        users.create(unit, house, account=HOME, name="a")
        users.create(unit, house, account=HOME, name="b")
        with pytest.raises(LimitExceeded, match="`users` is 2"):
            users.create(unit, house, account=HOME, name="c")


def test_a_disabled_user_is_nobody_and_an_enabled_one_has_its_rights_again(world: World) -> None:
    """CAP-B16: disabling holds from the next resolve on; enabling restores."""
    user = world.user()
    world.grant(user, world.document())
    assert world.decide(world.principal(user))

    with world.store.write() as unit:
        users.set_enabled(unit, user, enabled=False)
    with pytest.raises(InvalidClientTokenId):
        world.principal(user)

    with world.store.write() as unit:
        users.set_enabled(unit, user, enabled=True)
    assert world.decide(world.principal(user))


def test_every_change_of_a_user_bumps_its_epoch(world: World) -> None:
    """A cached principal is read again after each change."""
    user = world.user()
    scope = epochs.principal(user.user_id)
    seen = world.scopes(scope)[0]
    with world.store.write() as unit:
        users.set_enabled(unit, user, enabled=False)
        users.set_email(unit, user, email="a@b.example", verified_at=None)
        users.tag(unit, world.house, user, {"a": "b"})
        users.untag(unit, user, ("a",))
        moves.rename_user(unit, world.house, user, name="geoff")
    assert world.scopes(scope)[0] == seen + 5


def test_a_failed_creation_leaves_nothing(world: World) -> None:
    """A unit that raises changes nothing, the epoch neither."""
    made: list[User] = []

    def half() -> None:
        with world.store.write() as unit:
            made.append(users.create(unit, world.house, account=HOME, name="half"))
            raise IamkitError("stop")

    with pytest.raises(IamkitError, match="stop"):
        half()

    with world.store.read() as reader:
        assert users.find(reader, HOME, "half") is None
    assert world.scopes(epochs.principal(made[0].user_id)) == (0,)
