"""Rotation: a clock is walked for ninety days and more (CAP-C3, C4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionState
from iamkit.errors import AccessDenied, InvalidCredentials, PasswordExpired, PasswordPolicyViolation
from iamkit.kit import IAM
from iamkit.management import access_keys, login_profiles, password_policy, users
from iamkit.management.desk import Desk

PASSWORD = "three quiet otters"
NEXT = "four loud herons draw"


@dataclass
class Place:
    iam: IAM
    clock: FrozenClock

    @property
    def desk(self) -> Desk:
        return self.iam.desk(self.iam.operator())

    def policy(self, **fields: object) -> None:
        self.desk.do(password_policy.update_account_password_policy, **fields)  # type: ignore[arg-type]  # by name

    def days(self, count: int) -> None:
        self.clock.advance(timedelta(days=count))

    def reset(self, password: str) -> None:
        self.desk.do(login_profiles.update_login_profile, user_name="ana", password=Secret(password))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FrozenClock()
    with IAM(tmp_path / "iam", clock=clock, password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        made = Place(iam, clock)
        made.desk.do(users.create_user, user_name="ana")
        made.desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        yield made


def test_a_password_has_to_be_changed_when_it_is_old(place: Place) -> None:
    """After 89 days not yet, after 90 at the next sign-in; the new one is good for as long."""
    place.policy(max_password_age=90)
    place.days(89)
    assert place.iam.sign_in("ana", PASSWORD).state is SessionState.ACTIVE
    place.days(1)
    begun = place.iam.sign_in("ana", PASSWORD)
    assert (begun.state, begun.awaits) == (SessionState.PENDING, ("password",))
    assert place.iam.choose_password(begun.token, NEXT).state is SessionState.ACTIVE
    place.days(89)
    assert place.iam.sign_in("ana", NEXT).state is SessionState.ACTIVE


def test_an_age_holds_at_once_for_passwords_that_are_there(place: Place) -> None:
    """Length and kinds of signs do not (CAP-C3)."""
    place.days(91)
    assert place.iam.sign_in("ana", PASSWORD).state is SessionState.ACTIVE
    place.policy(minimum_password_length=100)
    assert place.iam.sign_in("ana", PASSWORD).state is SessionState.ACTIVE
    place.policy(max_password_age=90)
    assert place.iam.sign_in("ana", PASSWORD).state is SessionState.PENDING


def test_hard_expiry_leaves_it_to_an_administrator(place: Place) -> None:
    """The access key keeps working; a wrong password is told nothing."""
    key = place.desk.do(access_keys.create_access_key, user_name="ana")
    place.policy(max_password_age=90, hard_expiry=True)
    place.days(90)
    with pytest.raises(PasswordExpired):
        place.iam.sign_in("ana", PASSWORD)
    with pytest.raises(PasswordExpired):
        place.iam.change_password("ana", PASSWORD, NEXT)
    with pytest.raises(InvalidCredentials):
        place.iam.sign_in("ana", "not this one at all")
    (kept,) = place.desk.do(access_keys.list_access_keys, user_name="ana").items
    assert (kept.key_id, kept.status) == (key.key.key_id, "Active")
    place.reset(NEXT)
    assert place.iam.sign_in("ana", NEXT).state is SessionState.ACTIVE


def test_the_last_passwords_do_not_come_again(place: Place) -> None:
    """Each of the last 24 is refused, the one before them is accepted (CAP-C4)."""
    place.policy(password_reuse_prevention=24, minimum_password_length=6)
    chosen = [PASSWORD, *(f"otters number {number}" for number in range(24))]
    for password in chosen[1:]:
        place.days(1)
        place.reset(password)
    for password in chosen[1:]:
        with pytest.raises(PasswordPolicyViolation):
            place.reset(password)
    place.reset(chosen[0])


def test_taking_the_password_away_does_not_forget_it(place: Place) -> None:
    """What was used stays used."""
    place.policy(password_reuse_prevention=3)
    place.desk.do(login_profiles.delete_login_profile, user_name="ana")
    with pytest.raises(PasswordPolicyViolation):
        place.desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))


def test_the_policy_can_let_users_change_their_passwords(place: Place) -> None:
    """Without any policy of their own, from the next call on, and no longer than it says so."""
    ana = place.iam.desk(place.iam.find_principal("ana"))

    def change(old: str, new: str) -> None:
        ana.do(login_profiles.change_password, old_password=Secret(old), new_password=Secret(new))

    with pytest.raises(AccessDenied):
        change(PASSWORD, NEXT)
    place.policy(allow_users_to_change_password=True)
    assert ana.do(password_policy.get_account_password_policy).allow_users_to_change_password
    change(PASSWORD, NEXT)
    with pytest.raises(AccessDenied):
        ana.do(login_profiles.delete_login_profile, user_name="ana")
    place.policy()
    with pytest.raises(AccessDenied):
        change(NEXT, PASSWORD)


@pytest.mark.parametrize(
    ("profile", "first", "second", "last_day"),
    [
        ("modern", "three quiet otters", "four loud herons draw", None),
        ("pci", "otters in 12 rivers", "herons on 13 roofs", 90),
        ("aws", "Otters12", "Herons13", None),
    ],
)
def test_ninety_days_of_each_profile(
    tmp_path: Path, profile: str, first: str, second: str, last_day: int | None
) -> None:
    """Day by day: one profile asks for another password on the ninetieth, the others never do."""
    clock = FrozenClock()
    with IAM(
        tmp_path / "iam",
        clock=clock,
        password_cost=CHEAPEST,
        entry_points=False,
        password_profile=profile,
    ) as iam:
        iam.initialize()
        place = Place(iam, clock)
        place.desk.do(users.create_user, user_name="ana")
        place.desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(first))
        for day in range(1, 90):
            place.days(1)
            assert iam.sign_in("ana", first).awaits == (), day
        place.days(1)
        begun = iam.sign_in("ana", first)
        assert begun.awaits == (("password",) if last_day == 90 else ())
        if last_day is None:
            return
        # None of the last four, and what is chosen is good for as long again.
        with pytest.raises(PasswordPolicyViolation):
            iam.choose_password(begun.token, first)
        assert iam.choose_password(begun.token, second).state is SessionState.ACTIVE
        for _ in range(89):
            place.days(1)
        assert iam.sign_in("ana", second).awaits == ()
        place.days(1)
        assert iam.sign_in("ana", second).awaits == ("password",)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("age", [1, 90, 1095])
def test_an_age_ends_at_its_instant(place: Place, age: int, hard: bool) -> None:
    """A microsecond before, nothing is asked; from then on a change, or with hard expiry an administrator."""
    place.policy(max_password_age=age, hard_expiry=hard)
    place.clock.advance(timedelta(days=age, microseconds=-1))
    assert place.iam.sign_in("ana", PASSWORD).awaits == ()
    place.clock.advance(timedelta(microseconds=1))
    if hard:
        with pytest.raises(PasswordExpired):
            place.iam.sign_in("ana", PASSWORD)
    else:
        assert place.iam.sign_in("ana", PASSWORD).awaits == ("password",)


def test_hard_expiry_without_an_age_is_nothing(place: Place) -> None:
    """And the read-only field tells whether passwords expire at all."""
    place.policy(hard_expiry=True)
    assert not place.desk.do(password_policy.get_account_password_policy).expire_passwords
    place.days(4000)
    assert place.iam.sign_in("ana", PASSWORD).awaits == ()
    place.policy(max_password_age=1095)
    assert place.desk.do(password_policy.get_account_password_policy).expire_passwords


@pytest.mark.parametrize("count", [None, 1, 2])
def test_as_many_as_are_remembered_are_refused(place: Place, count: int | None) -> None:
    """The present one is the first of them; without the field even that one can be set again."""
    place.policy(password_reuse_prevention=count, minimum_password_length=6)
    chosen = [PASSWORD, "otters number one", "otters number two"]
    for password in chosen[1:]:
        place.days(1)
        place.reset(password)
    refused = chosen[len(chosen) - (count or 0) :]
    for password in refused:
        with pytest.raises(PasswordPolicyViolation):
            place.reset(password)
    place.reset(next(password for password in reversed(chosen) if password not in refused))


@pytest.mark.parametrize(
    ("password", "modern", "pci", "aws"),
    [
        ("fourteen signs", False, False, False),
        ("fifteen letters", True, False, False),
        ("twelve sign1", False, True, False),
        ("eleven sgn1", False, False, False),
        ("Otters12", False, False, True),
        ("Otter12", False, False, False),
        ("Otters12 in Rivers", True, True, True),
        ("otters in rivers 12", True, True, False),
        ("ÄÖÜ äöü ßéè ÄÖÜ", True, False, False),
        ("1qaz2wsx3edc4rfv", False, False, False),
        ("1qaz2wsx3edc4rfx", True, True, False),
    ],
)
def test_profiles_compared(tmp_path: Path, password: str, modern: bool, pci: bool, aws: bool) -> None:
    """The same passwords by each profile: length, kinds of signs, and what everybody tries."""
    taken = {}
    for profile in ("modern", "pci", "aws"):
        with IAM(
            tmp_path / profile, password_cost=CHEAPEST, entry_points=False, password_profile=profile
        ) as iam:
            iam.initialize()
            desk = iam.desk(iam.operator())
            desk.do(users.create_user, user_name="ana")
            try:
                desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(password))
            except PasswordPolicyViolation:
                taken[profile] = False
            else:
                taken[profile] = True
    assert taken == {"modern": modern, "pci": pci, "aws": aws}
