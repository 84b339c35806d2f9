from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import argon2
import pytest

from iamkit.audit.event import Event
from iamkit.audit.trail import Trail
from iamkit.builtin.sessions import SessionAuthenticator
from iamkit.builtin.sigv4 import SigV4Authenticator
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials import access_keys, passwords, sessions
from iamkit.credentials.hashing import CHEAPEST, Hasher, HashingGate, HashParameters
from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.password_lists import CommonPasswords
from iamkit.credentials.password_rules import MODERN
from iamkit.credentials.peppers import Peppers
from iamkit.credentials.sealing import Keyring
from iamkit.credentials.secret import Secret
from iamkit.credentials.session_check import SessionCheck
from iamkit.credentials.sessions import SessionKind, SessionState
from iamkit.credentials.sources import SprayWatch
from iamkit.credentials.throttle import Throttle
from iamkit.errors import (
    ExpiredToken,
    IamkitError,
    InvalidClientTokenId,
    InvalidCredentials,
    PasswordPolicyViolation,
    Throttling,
    ValidationError,
)
from iamkit.gate.authenticate import Authenticator
from iamkit.gate.claim import Claims
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.pace import Pace
from iamkit.gate.password_change import PasswordChange
from iamkit.gate.sign_in import SignIn
from iamkit.gate.sign_in_events import HIDDEN
from iamkit.http import Headers, HttpRequest
from iamkit.identity import accounts, users
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.plugins import plugin_manager
from iamkit.sql.records import declared

HOME = "123456789012"
PASSWORD = "correct horse battery"
OTHER = "another long passphrase"


@dataclass
class Place:
    """One account with one user, `jeff`, who has a password, and everything around it."""

    store: MemoryStore
    clock: FrozenClock
    ids: Ids
    keyring: Keyring
    hasher: Hasher
    jeff: User
    sign_in: SignIn = field(init=False)
    change: PasswordChange = field(init=False)
    announced: list[Event] = field(default_factory=list)

    def enter(self, name: str = "jeff", password: str = PASSWORD, *, account: str = HOME) -> str:
        made = self.sign_in.sign_in(
            account, name, password, source="203.0.113.9", user_agent="Mozilla", kind=SessionKind.COOKIE
        )
        return made.token.reveal()

    def verify(self, token: str) -> str:
        return SessionCheck(self.store, self.clock).verify(token, SessionKind.COOKIE).user_id

    def give_password(self, password: str, **about: bool) -> None:
        hashed = self.hasher.hash(password)
        with self.store.write() as unit:
            passwords.put(
                unit,
                account=HOME,
                user_id=self.jeff.user_id,
                hashed=hashed,
                must_change=about.get("must_change", False),
                now=self.clock.now(),
            )

    def events(self) -> list[dict[str, object]]:
        with self.store.read() as reader:
            found = reader.find(Event, order="event_time")
        return [event.as_data() for event in found]


def equip(place: Place, hasher: Hasher) -> None:
    """Give the place its sign-in and its change of passwords, with this hasher."""
    throttle = Throttle(place.store, place.clock)
    trail = Trail(place.store, seen=place.announced.append)
    claims = Claims(
        store=place.store,
        hasher=hasher,
        throttle=throttle,
        trail=trail,
        clock=place.clock,
        ids=place.ids,
        home_account=lambda: HOME,
        spray=SprayWatch(place.ids, place.clock),
        pace=Pace(0),
    )
    new_passwords = NewPasswords(
        profile=MODERN,
        hasher=hasher,
        house=lambda: House(partition="aws", home=HOME, clock=place.clock, ids=place.ids),
        lists=[CommonPasswords()],
    )
    place.sign_in = SignIn(
        store=place.store,
        claims=claims,
        hasher=hasher,
        throttle=throttle,
        trail=trail,
        clock=place.clock,
        ids=place.ids,
        new_passwords=new_passwords,
    )
    place.change = PasswordChange(
        store=place.store,
        claims=claims,
        throttle=throttle,
        trail=trail,
        clock=place.clock,
        ids=place.ids,
        new_passwords=new_passwords,
    )


@pytest.fixture
def place(clock: FrozenClock, tmp_path: Path) -> Place:
    store, ids = MemoryStore(), Ids()
    keyring = Keyring(store, FileKeyProvider.create(tmp_path / "master.key", ids), ids, clock)
    hasher = Hasher(Peppers(store, keyring, ids, clock), ids, HashingGate(at_once=2, waiting=100), CHEAPEST)
    house = House(partition="aws", home=HOME, clock=clock, ids=ids)
    with store.write() as unit:
        accounts.open_home(unit, house, name="Example")
        accounts.set_alias(unit, HOME, "example")
        jeff = users.create(unit, house, account=HOME, name="jeff", email="jeff.the.first@example.org")
        users.create(unit, house, account=HOME, name="keysonly")
    made = Place(store, clock, ids, keyring, hasher, jeff)
    equip(made, hasher)
    made.give_password(PASSWORD)
    return made


# --- getting in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("account", "name"), [(HOME, "jeff"), ("example", "jeff"), (HOME, "JEFF")])
def test_name_and_password_give_a_session(place: Place, account: str, name: str) -> None:
    """By account id or alias, the name in any case; the session is the user's."""
    token = place.enter(name, account=account)

    assert place.verify(token) == place.jeff.user_id


def test_each_sign_in_has_a_token_of_its_own(place: Place) -> None:
    """A new token every time, and what it says of itself is true (THR-S1)."""
    one = place.sign_in.sign_in(HOME, "jeff", PASSWORD, source=None, user_agent="", kind=SessionKind.BEARER)
    two = place.enter()

    assert one.token.reveal() != two
    assert one.state is SessionState.ACTIVE
    assert one.expires_at == place.clock.now() + timedelta(hours=24)


def test_signing_out_ends_this_session_and_may_be_repeated(place: Place) -> None:
    """The next request with the token is refused; another session and another text are not concerned."""
    token, other = place.enter(), place.enter()

    assert place.sign_in.sign_out(token)

    assert not place.sign_in.sign_out(token)
    assert not place.sign_in.sign_out("junk")
    with pytest.raises(ExpiredToken):
        place.verify(token)
    place.verify(other)


def test_a_password_that_must_be_changed_gives_a_session_that_opens_nothing(place: Place) -> None:
    """It is pending, and every guard refuses it (CAP-C2, THR-M5)."""
    place.give_password(PASSWORD, must_change=True)

    made = place.sign_in.sign_in(HOME, "jeff", PASSWORD, source=None, user_agent="", kind=SessionKind.COOKIE)

    assert made.state is SessionState.PENDING
    with pytest.raises(InvalidClientTokenId, match="not complete"):
        place.verify(made.token.reveal())


def test_an_old_hash_is_renewed_by_signing_in(place: Place) -> None:
    """After the cost changed, the next sign-in rewrites the hash, and the password stays (CAP-C2)."""
    dearer = Hasher(
        Peppers(place.store, place.keyring, place.ids, place.clock),
        place.ids,
        HashingGate(at_once=1, waiting=10),
        HashParameters("dearer", passes=2, memory_kib=8, lanes=1),
    )
    equip(place, dearer)

    place.enter()

    with place.store.read() as reader:
        kept = passwords.find(reader, place.jeff.user_id)
    assert kept is not None
    assert kept.profile == "dearer"
    assert argon2.extract_parameters(kept.hash).time_cost == 2
    place.enter()


# --- not getting in -----------------------------------------------------------------------------

FAILURES: dict[str, tuple[str, str, str]] = {
    "wrong password": (HOME, "jeff", OTHER),
    "unknown user": (HOME, "nobody", PASSWORD),
    "no password": (HOME, "keysonly", PASSWORD),
    "unknown account": ("999999999999", "jeff", PASSWORD),
    "unknown alias": ("nowhere", "jeff", PASSWORD),
    "no account": ("", "jeff", PASSWORD),
    "empty name": (HOME, "", PASSWORD),
    "impossible name": (HOME, "jeff\x00\r\n\ud800", PASSWORD),
    "full-width name": (HOME, "ｊｅｆｆ", PASSWORD),
    "padded name": (HOME, "jeff ", PASSWORD),
    "endless name": (HOME, "x" * 1_000_000, PASSWORD),
    "case of password": (HOME, "jeff", PASSWORD.upper()),
    "padded password": (HOME, "jeff", PASSWORD + " "),
}


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """The costs of the hashes that were computed for checking."""
    costs: list[tuple[int, int, int]] = []
    verify = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, text: str, password: bytes) -> bool:
        found = argon2.extract_parameters(text)
        costs.append((found.time_cost, found.memory_cost, found.parallelism))
        return verify(self, text, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    return costs


@pytest.mark.parametrize("case", [*FAILURES, "disabled"])
def test_every_failure_is_the_same(place: Place, hashed: list[tuple[int, int, int]], case: str) -> None:
    """Same class, words and status, one hash of one cost, one event, whatever the cause (THR-P1, P3)."""
    if case == "disabled":
        with place.store.write() as unit:
            users.set_enabled(unit, place.jeff, enabled=False)
    account, name, password = FAILURES.get(case, (HOME, "jeff", PASSWORD))

    with pytest.raises(InvalidCredentials) as refusal:
        place.enter(name, password, account=account)

    assert str(refusal.value) == "the account, the user name or the password is not right"
    assert refusal.value.status == 401
    assert refusal.value.__cause__ is None
    assert hashed == [(1, 8, 1)]
    assert len(place.events()) == 1


def test_an_access_key_is_no_password_and_a_password_no_access_key(place: Place) -> None:
    """Key id and secret in the form fail like any wrong password; the password signs nothing (CAP-C1)."""
    with place.store.write() as unit:
        key = access_keys.create(
            unit, place.keyring, place.ids, account=HOME, user_id=place.jeff.user_id, now=place.clock.now()
        )
    plugin = SigV4Authenticator(place.store, place.keyring, place.clock, place.ids)

    for name in (key.key.key_id, "jeff"):
        with pytest.raises(InvalidCredentials):
            place.enter(name, key.secret.reveal())
    for key_id, secret in ((key.key.key_id, PASSWORD), ("jeff", PASSWORD), ("jeff_the_first_user", PASSWORD)):
        added = Signer(key_id, Secret(secret)).sign(
            "GET", "http://localhost/", {}, b"", now=place.clock.now()
        )
        fields = Headers(tuple(added.items()))
        with pytest.raises(IamkitError) as refusal:
            plugin.iamkit_authenticate(
                HttpRequest("GET", "http", "localhost", "/", "/", "", fields, body=b"")
            )
        assert refusal.value.status in (400, 401)


def test_basic_authentication_with_the_password_is_401(place: Place) -> None:
    """There is no such door, through the whole of the gate's authenticators."""
    manager = plugin_manager(
        [
            SigV4Authenticator(place.store, place.keyring, place.clock, place.ids),
            SessionAuthenticator(place.store, place.clock),
        ],
        entry_points=False,
    )
    gate = Authenticator(manager.hook.iamkit_authenticate, session_cookie="__Host-iamkit")
    fields = Headers((("Authorization", "Basic amVmZjpjb3JyZWN0IGhvcnNlIGJhdHRlcnk="),))

    with pytest.raises(InvalidClientTokenId, match="`Basic`"):
        gate.authenticate(HttpRequest("GET", "http", "localhost", "/", "/", "", fields))


@pytest.mark.parametrize("password", ["", "x" * 1025, "\ud800" * 20])
def test_what_cannot_be_a_password_is_told_so_and_not_counted(place: Place, password: str) -> None:
    """It is refused alike for everybody, before anything is looked up or hashed."""
    for name in ("jeff", "nobody"):
        for _ in range(7):
            with pytest.raises(ValidationError):
                place.enter(name, password)
    place.enter()


# --- throttling ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jeff", "nobody"])
def test_guessing_is_slowed_down_for_known_and_unknown_alike(place: Place, name: str) -> None:
    """Five guesses, then a wait, whatever the spelling; even the right password has to wait (THR-P6)."""
    for spelling in (name, name.upper(), name.title(), name, name):
        with pytest.raises(InvalidCredentials):
            place.enter(spelling, OTHER)

    with pytest.raises(Throttling) as refusal:
        place.enter(name.upper(), PASSWORD)
    assert refusal.value.retry_after == 1


def test_alias_and_id_share_one_counter(place: Place) -> None:
    """Changing the door does not give more guesses (THR-P8)."""
    for account in (HOME, "example", HOME, "example", HOME):
        with pytest.raises(InvalidCredentials):
            place.enter("jeff", OTHER, account=account)
    with pytest.raises(Throttling):
        place.enter("jeff", OTHER, account="example")


def test_success_resets_the_counter(place: Place) -> None:
    """Four wrong, one right, and there are five free again."""
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(InvalidCredentials):
                place.enter(password=OTHER)
        place.enter()


def test_parallel_guesses_do_not_beat_the_counter(place: Place, hashed: list[tuple[int, int, int]]) -> None:
    """Of sixty-four at once five passwords are looked at (THR-P4)."""

    def guess(number: int) -> None:
        with suppress(InvalidCredentials, Throttling):
            place.enter(password=f"{OTHER} {number}")

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(guess, range(64)))
    assert len(hashed) == 5


def test_parallel_sign_ins_with_the_right_password_all_succeed(place: Place) -> None:
    """Sixteen tabs at once, with a hash to renew among them, do not spoil each other."""
    throttled: list[str] = []

    def enter(_: int) -> None:
        try:
            place.verify(place.enter())
        except Throttling as fault:
            throttled.append(fault.code)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(16)))
    assert throttled == []


# --- a change in between ------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["password", "disabled", "removed", "expired"])
def test_a_change_while_the_password_is_hashed_stops_the_sign_in(
    place: Place, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """What ends sessions also ends a sign-in that is half done: no session is born behind it."""
    verify = argon2.PasswordHasher.verify

    def meanwhile(self: argon2.PasswordHasher, text: str, password: bytes) -> bool:
        right = verify(self, text, password)
        monkeypatch.undo()
        if change == "password":
            place.give_password(OTHER)
        elif change == "expired":
            hashed = place.hasher.hash(PASSWORD)
            with place.store.write() as unit:
                passwords.put(
                    unit,
                    account=HOME,
                    user_id=place.jeff.user_id,
                    hashed=hashed,
                    must_change=True,
                    now=place.clock.now(),
                    expires_at=place.clock.now(),
                )
        else:
            with place.store.write() as unit:
                if change == "disabled":
                    users.set_enabled(unit, place.jeff, enabled=False)
                else:
                    passwords.remove(unit, place.jeff.user_id, now=place.clock.now())
        return right

    monkeypatch.setattr(argon2.PasswordHasher, "verify", meanwhile)

    with pytest.raises(InvalidCredentials):
        place.enter()

    with place.store.read() as reader:
        assert sessions.live_sessions(reader, place.jeff.user_id, now=place.clock.now()) == []
    assert place.events()[-1]["responseElements"] == {"ConsoleLogin": "Failure"}


# --- changing the password ----------------------------------------------------------------------


def change(place: Place, old: str, new: str, *, only_if_required: bool = False, name: str = "jeff") -> None:
    place.change.change_password(
        HOME, name, old, new, source="203.0.113.9", user_agent="", only_if_required=only_if_required
    )


def test_changing_the_password_takes_the_old_one_and_ends_sessions(place: Place) -> None:
    """Afterwards the old password and the old sessions are good for nothing (THR-P12)."""
    token = place.enter()

    with pytest.raises(InvalidCredentials):
        change(place, OTHER, "yet another passphrase")
    place.verify(token)
    change(place, PASSWORD, OTHER)

    with pytest.raises(ExpiredToken):
        place.verify(token)
    with pytest.raises(InvalidCredentials):
        place.enter()
    place.verify(place.enter(password=OTHER))
    assert [event["eventName"] for event in place.events()].count("PasswordUpdated") == 2


def test_a_required_change_opens_the_door(place: Place) -> None:
    """Whoever must change can do that and nothing else; then signs in as usual."""
    place.give_password(PASSWORD, must_change=True)

    change(place, PASSWORD, OTHER, only_if_required=True)

    place.verify(place.enter(password=OTHER))


def test_the_sign_in_page_changes_nothing_that_need_not_be(place: Place) -> None:
    """Without a required change, that way is closed: `iam:ChangePassword` was not asked for."""
    with pytest.raises(InvalidCredentials):
        change(place, PASSWORD, OTHER, only_if_required=True)
    place.enter()


@pytest.mark.parametrize(
    "new", ["short", "jeff.the.first@example.org", "JEFF.THE.FIRST@example.org", "x" * 1025]
)
def test_a_new_password_has_to_satisfy_the_rules(place: Place, new: str) -> None:
    """Too short, too long, or one's own mail address; the old one stays."""
    with pytest.raises(PasswordPolicyViolation):
        change(place, PASSWORD, new)
    place.enter()


def test_the_rules_tell_a_stranger_nothing(place: Place) -> None:
    """Whether a text is somebody's mail address shows only to who knows the old password."""
    with pytest.raises(InvalidCredentials):
        change(place, OTHER, "jeff.the.first@example.org")
    with pytest.raises(InvalidCredentials):
        change(place, OTHER, "jeff.the.first@example.org", name="nobody")


def test_guesses_by_way_of_the_change_are_counted_too(place: Place) -> None:
    """One limiter for every channel (THR-P8)."""
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            change(place, OTHER, "yet another passphrase")
    with pytest.raises(Throttling):
        place.enter()


# --- events -------------------------------------------------------------------------------------


def test_a_success_is_one_event_with_the_session(place: Place) -> None:
    """Field names and values as CloudTrail's (CAP-J4), announced after it is kept."""
    place.enter()

    (event,) = place.events()
    assert event["eventName"] == "ConsoleLogin"
    assert event["eventSource"] == "signin.amazonaws.com"
    assert event["eventType"] == "AwsConsoleSignIn"
    assert event["responseElements"] == {"ConsoleLogin": "Success"}
    assert event["additionalEventData"] == {"LoginTo": "", "MobileVersion": "No", "MFAUsed": "No"}
    assert event["sourceIPAddress"] == "203.0.113.9"
    assert event["userIdentity"] == {
        "type": "IAMUser",
        "principalId": place.jeff.user_id,
        "arn": place.jeff.arn,
        "accountId": HOME,
        "userName": "jeff",
    }
    assert [announced.event_id for announced in place.announced] == [event["eventID"]]


@pytest.mark.parametrize("act", ["wrong", "throttled"])
def test_a_failure_of_a_known_user_is_one_event_in_his_name(place: Place, act: str) -> None:
    """One row for each attempt, those that were turned away included."""
    for _ in range(6 if act == "throttled" else 1):
        with suppress(InvalidCredentials, Throttling):
            place.enter(password=OTHER)

    events = place.events()
    assert len(events) == (6 if act == "throttled" else 1)
    assert {json.dumps(event["responseElements"]) for event in events} == {'{"ConsoleLogin": "Failure"}'}
    assert {event["errorMessage"] for event in events} == {"Failed authentication"}
    assert "jeff" in json.dumps(events[-1]["userIdentity"])


def test_a_password_typed_as_a_name_leaves_no_trace(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A name that nobody has is hidden in every event, error, log and record (CAP-J4)."""
    caplog.set_level(logging.DEBUG)

    with pytest.raises(InvalidCredentials) as refusal:
        place.enter(name="canary-in-the-name-box")

    (event,) = place.events()
    assert event["recipientAccountId"] == HOME
    assert HIDDEN in json.dumps(event)
    shown = json.dumps(event) + str(refusal.value) + caplog.text + everything_kept(place.store)
    assert "canary" not in shown


def everything_kept(store: MemoryStore) -> str:
    """Every record of every type, in all detail."""
    with store.read() as reader:
        return "".join(
            repr({name: getattr(item, name) for name in item.__dataclass_fields__})
            for kind in declared()
            for item in reader.find(kind)
        )


def test_no_secret_is_found_anywhere_afterwards(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Passwords, tokens and key secrets: in no record, log, event, repr, pickle, error or traceback (F12)."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    with place.store.write() as unit:
        key = access_keys.create(
            unit, place.keyring, place.ids, account=HOME, user_id=place.jeff.user_id, now=place.clock.now()
        )
    made = place.sign_in.sign_in(HOME, "jeff", PASSWORD, source=None, user_agent="x", kind=SessionKind.BEARER)
    token = made.token.reveal()
    bearer = SessionAuthenticator(place.store, place.clock)
    signer = SigV4Authenticator(place.store, place.keyring, place.clock, place.ids)
    added = Signer(key.key.key_id, key.secret).sign("GET", "http://h/", {}, b"", now=place.clock.now())
    requests = [
        HttpRequest("GET", "http", "h", "/", "/", "", Headers((("Authorization", f"Bearer {token}"),))),
        HttpRequest("GET", "http", "h", "/", "/", "", Headers((("Authorization", f"Bearer {token}x"),))),
        HttpRequest("GET", "http", "h", "/", "/", "", Headers(tuple(added.items())), body=b""),
        HttpRequest("PUT", "http", "h", "/", "/", "", Headers(tuple(added.items())), body=b""),
    ]
    acts: list[Callable[[], object]] = [
        *(lambda request=request: bearer.iamkit_authenticate(request) for request in requests[:2]),
        *(lambda request=request: signer.iamkit_authenticate(request) for request in requests[2:]),
        lambda: place.enter(password=PASSWORD + "x"),
        lambda: place.enter(name="nobody"),
        lambda: place.enter(password=PASSWORD * 200),
        lambda: change(place, PASSWORD + "x", OTHER),
        lambda: change(place, PASSWORD, PASSWORD[:8]),
        lambda: change(place, PASSWORD, OTHER),
        lambda: pickle.dumps(made),
    ]
    for act in acts:
        try:
            shown.append(repr(act()))
        except (IamkitError, TypeError) as fault:
            shown.append("".join(traceback.format_exception(fault)) + repr(fault) + repr(fault.args))

    shown += [repr(value) for value in (key, made, place.keyring, place.hasher, *requests, *place.announced)]
    everything = "".join(shown) + caplog.text + everything_kept(place.store)
    for secret in (PASSWORD, OTHER, token, token[4:], key.secret.reveal()):
        assert secret not in everything
