"""Personal tokens over the gate: who they are for, how far they reach, and that they end at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.clock import FrozenClock
from iamkit.credentials import tokens as kept_tokens
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.tokens import PersonalToken, token_id_of
from iamkit.errors import (
    AccessDenied,
    EntityAlreadyExists,
    ExpiredToken,
    InvalidClientTokenId,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
    ValidationError,
)
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.ids import Ids
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    inline,
    login_profiles,
    mail_addresses,
    mfa,
    mfa_enrolment,
    tokens,
    users,
)
from iamkit.management.desk import Desk
from iamkit.management.tokens import CreatedToken

GRANT = {"Effect": "Allow", "Action": ["docs:*", "iamkit:*PersonalToken*"], "Resource": "*"}
NARROW = {"Effect": "Allow", "Action": ["docs:Read", "iamkit:CreatePersonalToken"], "Resource": "*"}

ANY = Secret("three quiet otters read maps")


def document(statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@dataclass
class Place:
    iam: IAM
    clock: FrozenClock

    @property
    def desk(self) -> Desk:
        return self.iam.desk(self.iam.operator())

    def made(self, name: str = "laptop", **about: object) -> CreatedToken:
        return self.desk.do(tokens.create_personal_token, name=name, user_name="ana", **about)  # type: ignore[arg-type]  # by name

    def bearer(self, token: Secret | str) -> Principal:
        text = token.reveal() if isinstance(token, Secret) else token
        headers = Headers((("host", "app.example"), ("authorization", f"Bearer {text}")))
        found = self.iam.gate.admit(HttpRequest("GET", "https", "app.example", "/", "/", "", headers))
        assert isinstance(found, Principal)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FrozenClock()
    with IAM(tmp_path / "iam", clock=clock, password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        made = Place(iam, clock)
        made.desk.do(users.create_user, user_name="ana")
        made.desk.do(
            inline.put_user_policy, user_name="ana", policy_name="p", policy_document=document(GRANT)
        )
        yield made


def test_a_token_is_its_owner(place: Place) -> None:
    """With all permissions, until it expires; policies see what kind of credential it is."""
    found = place.bearer(place.made().token)
    assert found.name == "ana"
    assert found.can("docs:Read")
    assert found.can("docs:Write")
    assert not found.can("mail:Send")
    assert found.authentication is not None
    assert (found.authentication.kind, found.authentication.temporary) == ("token", False)


def test_a_narrowed_token_may_what_both_allow(place: Place) -> None:
    """And makes nothing that has more (THR-S7)."""
    made = place.made(policy_document=document(NARROW))
    assert made.face.narrowed
    found = place.bearer(made.token)
    assert found.can("docs:Read")
    assert not found.can("docs:Write")
    with pytest.raises(AccessDenied):
        place.iam.desk(found).do(tokens.create_personal_token, name="more")


@pytest.mark.parametrize(
    "make",
    [
        lambda desk: desk.do(access_keys.create_access_key),
        lambda desk: desk.do(login_profiles.create_login_profile, user_name="ana", password=ANY),
        lambda desk: desk.do(login_profiles.update_login_profile, user_name="ana", password=ANY),
    ],
)
def test_a_narrowed_token_makes_no_other_credential_of_its_owner(
    place: Place, make: Callable[[Desk], object]
) -> None:
    """Its policy names the operation; what came of it would not be narrowed (THR-S7)."""
    statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    place.desk.do(
        inline.put_user_policy, user_name="ana", policy_name="p", policy_document=document(statement)
    )
    found = place.iam.desk(place.bearer(place.made(policy_document=document(statement)).token))

    with pytest.raises(AccessDenied, match="narrowed"):
        make(found)
    assert found.do(access_keys.list_access_keys).items == ()
    place.desk.do(users.create_user, user_name="robot")
    assert found.do(access_keys.create_access_key, user_name="robot").key.active


@pytest.mark.parametrize("narrowed", [True, False])
def test_a_token_changes_no_factor_and_no_address_of_its_owner(place: Place, narrowed: bool) -> None:
    """They open sessions, with a second factor that nobody showed (THR-M6)."""
    statement = {"Effect": "Allow", "Action": ["iam:*", "iamkit:*"], "Resource": "*"}
    place.desk.do(
        inline.put_user_policy, user_name="ana", policy_name="p", policy_document=document(statement)
    )
    serial = place.desk.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="phone").serial_number
    made = place.made(policy_document=document(statement) if narrowed else None)
    found = place.iam.desk(place.bearer(made.token))

    with pytest.raises(AccessDenied, match="personal token"):
        found.do(mfa_enrolment.create_recovery_codes)
    with pytest.raises(AccessDenied, match="personal token"):
        found.do(mfa.deactivate_mfa_device, serial_number=serial)
    with pytest.raises(AccessDenied, match="personal token"):
        found.do(mail_addresses.change_user_email, email="mallory@example.net")


def test_a_token_expires(place: Place) -> None:
    """After ninety days where nobody says how long, or when it was said, or never."""
    short, usual, endless = place.made("a", days=1), place.made("b"), place.made("c", days=None)
    place.clock.advance(timedelta(days=1))
    with pytest.raises(ExpiredToken):
        place.bearer(short.token)
    place.bearer(usual.token)
    place.clock.advance(timedelta(days=89))
    with pytest.raises(ExpiredToken):
        place.bearer(usual.token)
    place.clock.advance(timedelta(days=10_000))
    place.bearer(endless.token)
    listed = place.desk.do(tokens.list_personal_tokens, user_name="ana").items
    assert {face.name: face.status for face in listed} == {"a": "Expired", "b": "Expired", "c": "Active"}


def test_a_token_that_is_taken_away_is_refused_at_once(place: Place) -> None:
    """Deleted, reset, or with its owner disabled."""
    gone, fresh, other = place.made("a"), place.made("b"), place.made("c")
    for made in (gone, fresh, other):
        place.bearer(made.token)
    place.desk.do(tokens.delete_personal_token, token_id=gone.face.token_id, user_name="ana")
    with pytest.raises(InvalidClientTokenId):
        place.bearer(gone.token)
    again = place.desk.do(tokens.reset_personal_token, token_id=fresh.face.token_id, user_name="ana")
    with pytest.raises(InvalidClientTokenId):
        place.bearer(fresh.token)
    assert place.bearer(again.token).name == "ana"
    assert again.face.expires_at == fresh.face.expires_at
    place.desk.do(users.disable_user, user_name="ana")
    with pytest.raises(InvalidClientTokenId):
        place.bearer(other.token)


def test_a_token_of_another_user_is_not_found(place: Place) -> None:
    """Its id says nothing."""
    made = place.made()
    place.desk.do(users.create_user, user_name="ben")
    with pytest.raises(NoSuchEntity):
        place.desk.do(tokens.delete_personal_token, token_id=made.face.token_id, user_name="ben")


def test_the_text_of_a_token_is_kept_nowhere(place: Place) -> None:
    """Only its hash; and its use is noted without it."""
    made = place.made()
    place.bearer(made.token)
    place.iam.background.flush()
    with place.iam.store.read() as reader:
        (kept,) = reader.find(PersonalToken)
    assert made.token.reveal() not in repr(kept)
    assert kept.last_used_at == place.clock.now()
    assert made.token.reveal() not in repr(made)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "é"])
def test_a_name_that_cannot_be_listed_is_refused(place: Place, name: str) -> None:
    """One line of visible characters."""
    with pytest.raises(ValidationError):
        place.made(name)


def test_limits_and_bad_policies(place: Place) -> None:
    """Two of a name, too many, too long a life, a policy that is none."""
    place.made("a")
    with pytest.raises(EntityAlreadyExists):
        place.made("a")
    for days in (0, -1, 36_601):
        with pytest.raises(ValidationError):
            place.made("b", days=days)
    with pytest.raises(MalformedPolicyDocument):
        place.made("b", policy_document="{}")
    for number in range(kept_tokens.TOKENS_PER_USER - 1):
        place.made(f"t{number}")
    with pytest.raises(LimitExceeded):
        place.made("one more")


def test_tokens_go_with_their_user(place: Place) -> None:
    """A user of the same name has none of them."""
    made = place.made()
    place.desk.do(access_keys.list_access_keys, user_name="ana")
    place.desk.do(inline.delete_user_policy, user_name="ana", policy_name="p")
    place.desk.do(users.delete_user, user_name="ana")
    place.desk.do(users.create_user, user_name="ana")
    with pytest.raises(InvalidClientTokenId):
        place.bearer(made.token)


@given(place_of=st.integers(4, 52), letter=st.sampled_from("AZaz09-_"))
def test_one_letter_mistyped_is_told_without_the_store(place_of: int, letter: str) -> None:
    """The checksum knows."""
    spelt = kept_tokens._spelt(Ids().token())
    assert token_id_of(spelt) is not None
    wrong = spelt[:place_of] + letter + spelt[place_of + 1 :]
    assert wrong == spelt or token_id_of(wrong) is None
