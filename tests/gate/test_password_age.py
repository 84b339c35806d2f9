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
