"""The root user: set up by one link, signing in by mail address, nothing before a second factor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.audit.event import CRITICAL
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials import passwords
from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Kind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionState
from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConflictError,
    ExpiredToken,
    IamkitError,
    InvalidCredentials,
    NoSuchEntity,
    PasswordPolicyViolation,
    ServiceUnavailable,
    StepUpRequired,
    Throttling,
    ValidationError,
)
from iamkit.http import Headers, HttpRequest
from iamkit.identity import accounts
from iamkit.identity import users as user_records
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    login_profiles,
    mfa,
    mfa_enrolment,
    password_policy,
    root,
    sessions,
    tree,
    users,
)
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from tests.gate.conftest import Estate

PASSWORD: Final = "correct horse battery"
NEXT: Final = "another long passphrase"
OWNER: Final = "owner@app.example"


def _signed(key: NewAccessKey, clock: FrozenClock) -> HttpRequest:
    """A request that was signed with a key."""
    signer = Signer(key.key.key_id, key.secret)
    fields = signer.sign("GET", "https://app.example/", {}, b"", now=clock.now())
    headers = Headers(tuple(fields.items()))
    return HttpRequest("GET", "https", "app.example", "/", "/", "", headers, "203.0.113.9", body=b"")


# --- set-up --------------------------------------------------------------------------------------


def test_the_set_up_link_gives_an_address_a_password_and_a_session_to_enrol_in(estate: Estate) -> None:
    """Whoever claims it is the root user, and the address is to be verified by the mail that follows."""
    session = estate.iam.claim_setup(estate.setup, OWNER.upper(), PASSWORD)

    assert session.state is SessionState.ACTIVE
    principal = estate.principal(session)
    assert (principal.arn, principal.name) == (f"arn:aws:iam::{estate.home}:root", "root")
    estate.iam.links.confirm(estate.link(Kind.VERIFY_ADDRESS))
    with estate.iam.store.read() as reader:
        kept = accounts.get(reader, estate.home)
    assert (kept.email, kept.email_verified_at) == (OWNER, estate.clock.now())


def test_the_set_up_link_is_good_once_and_soon(estate: Estate) -> None:
    """Claimed, it is worthless; so is one that is too old, and one that was replaced."""
    estate.claimed()
    for token in (estate.setup, Secret("ikl_" + "A" * 43), Secret("nonsense"), Secret("")):
        with pytest.raises(ExpiredToken):
            estate.iam.claim_setup(token, "thief@app.example", NEXT)
    assert estate.iam.sign_in_root(OWNER, PASSWORD).public_id


def test_a_late_link_sets_nothing_up_and_the_host_operator_makes_another(estate: Estate) -> None:
    """After fifteen minutes it is worthless; a new one voids the old."""
    estate.clock.advance(timedelta(minutes=15))
    with pytest.raises(ExpiredToken):
        estate.iam.claim_setup(estate.setup, OWNER, PASSWORD)

    operator = estate.iam.desk(estate.iam.operator())
    first = operator.do(root.create_setup_link)
    second = operator.do(root.create_setup_link)

    with pytest.raises(ExpiredToken):
        estate.iam.claim_setup(first.token, OWNER, PASSWORD)
    assert estate.iam.claim_setup(second.token, OWNER, PASSWORD).public_id
    with pytest.raises(ConflictError):
        operator.do(root.create_setup_link)


def test_of_many_who_claim_at_once_one_becomes_root(estate: Estate) -> None:
    """Sixty-four at once: one session, and the password of that one (THR-X4)."""

    def claim(number: int) -> int | None:
        try:
            estate.iam.claim_setup(estate.setup, f"owner{number}@app.example", f"{PASSWORD} {number}")
        except IamkitError:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [found for found in pool.map(claim, range(64)) if found is not None]

    assert len(winners) == 1
    (number,) = winners
    assert estate.iam.sign_in_root(f"owner{number}@app.example", f"{PASSWORD} {number}").public_id


@pytest.mark.parametrize(
    ("email", "password", "error"),
    [
        ("nobody", PASSWORD, ValidationError),
        (OWNER, "short", PasswordPolicyViolation),
        (OWNER, "1qaz2wsx3edc4rfv", PasswordPolicyViolation),
        (OWNER, "owner@app.example", PasswordPolicyViolation),
    ],
)
def test_what_is_refused_leaves_the_link_good(
    estate: Estate, email: str, password: str, error: type[Exception]
) -> None:
    """A bad address or password changes nothing; the account's rules hold for the root user too."""
    with pytest.raises(error):
        estate.iam.claim_setup(estate.setup, email, password)

    assert estate.claimed().public_id


def test_no_link_is_made_unless_asked_for(tmp_path: Path) -> None:
    """Without the option the root user has no way in at all, and no password to guess (THR-X3)."""
    with IAM(tmp_path / "plain", password_cost=CHEAPEST, entry_points=False) as iam:
        assert iam.initialize().setup is None
        for password in ("root", "admin", PASSWORD):
            with pytest.raises(InvalidCredentials):
                iam.sign_in_root("root", password)


# --- signing in ----------------------------------------------------------------------------------


def test_root_signs_in_by_its_address_alone(estate: Estate) -> None:
    """By id or alias of the account; by no user name, and no user signs in at that door."""
    estate.whole()
    operator = estate.iam.desk(estate.iam.operator())
    operator.do(users.create_user, user_name="root")
    operator.do(login_profiles.create_login_profile, user_name="root", password=Secret(NEXT))
    with estate.iam.store.write() as unit:
        accounts.set_alias(unit, estate.home, "acme")

    for account in (None, estate.home, "acme"):
        assert estate.iam.sign_in_root(OWNER, PASSWORD, account=account).awaits == ("factor",)
    attempts: list[Callable[[], object]] = [
        lambda: estate.iam.sign_in("root", PASSWORD),
        lambda: estate.iam.sign_in(OWNER, PASSWORD),
        lambda: estate.iam.sign_in(estate.home, PASSWORD),
        lambda: estate.iam.sign_in_root("root", NEXT),
        lambda: estate.iam.sign_in_root("root", PASSWORD),
        lambda: estate.iam.sign_in_root(estate.home, PASSWORD),
        lambda: estate.iam.sign_in_root(OWNER, PASSWORD, account="other"),
        lambda: estate.iam.sign_in_root(OWNER, NEXT),
    ]
    told = set()
    for attempt in attempts:
        with pytest.raises(InvalidCredentials) as caught:
            attempt()
        told.add(caught.value.message)
    assert len(told) == 1


def test_an_unknown_address_is_refused_as_the_known_one_is(estate: Estate) -> None:
    """The same error for the same number of attempts, then the same wait (THR-P2)."""
    estate.whole()
    estate.clock.advance(timedelta(hours=1))

    def told(email: str) -> list[str]:
        found = []
        for _ in range(8):
            try:
                estate.iam.sign_in_root(email, "a wrong guess")
            except IamkitError as fault:
                found.append(f"{fault.code} {fault.message}")
        return found

    assert told(OWNER) == told("nobody@app.example")


def test_guesses_at_root_do_not_count_for_a_user_of_that_address(estate: Estate) -> None:
    """The two doors count by themselves; a user called like the address goes on signing in."""
    operator = estate.iam.desk(estate.iam.operator())
    operator.do(users.create_user, user_name="guess@app.example")
    operator.do(login_profiles.create_login_profile, user_name="guess@app.example", password=Secret(NEXT))
    for _ in range(12):
        with pytest.raises((InvalidCredentials, Throttling)):
            estate.iam.sign_in_root("guess@app.example", "a wrong guess")

    assert estate.iam.sign_in("guess@app.example", NEXT).public_id


# --- nothing before a factor ---------------------------------------------------------------------


def test_without_a_factor_root_reaches_only_its_own_enrolment(estate: Estate) -> None:
    """Everything else wants a step up: an app's action, management, another user's factors, a password."""
    desk = estate.desk(estate.claimed())
    operator = estate.iam.desk(estate.iam.operator())
    operator.do(users.create_user, user_name="ana")
    refused: list[Callable[[], object]] = [
        lambda: desk.do(users.create_user, user_name="bob"),
        lambda: desk.do(users.list_users),
        lambda: desk.do(mfa.list_mfa_devices, user_name="ana"),
        lambda: desk.do(mfa_enrolment.begin_mfa_enrollment, method="totp", user_name="ana"),
        lambda: desk.do(mfa_enrolment.create_recovery_codes),
        lambda: desk.do(root.rename_account, account_name="mine"),
        lambda: desk.do(root.close_account),
        lambda: desk.do(
            login_profiles.change_password, old_password=Secret(PASSWORD), new_password=Secret(NEXT)
        ),
    ]
    for attempt in refused:
        with pytest.raises(AccessDenied):
            attempt()
    principal = estate.principal(estate.iam.sign_in_root(OWNER, PASSWORD))
    assert not principal.can("docs:Read", "doc/1")
    with pytest.raises(StepUpRequired):
        estate.iam.authorize("docs:Read", "doc/1", principal=principal)
    assert desk.do(mfa.list_mfa_devices).items == ()


def test_with_its_factor_root_does_everything(estate: Estate) -> None:
    """It enrols, signs in with both, and no identity policy or boundary is asked."""
    session, device = estate.whole()
    desk = estate.desk(session)

    assert estate.principal(session).can("docs:Read", "doc/1")
    desk.do(users.create_user, user_name="ana")
    (listed,) = desk.do(mfa.list_mfa_devices).items
    assert (listed.serial_number, listed.user_name) == (device.serial, "<root_account>")
    assert len(desk.do(mfa_enrolment.create_recovery_codes).codes) == 10
    assert len(desk.do(sessions.list_sessions).items) == 2


def test_the_session_that_enrolled_gets_its_power_by_showing_the_factor(estate: Estate) -> None:
    """A step up in the same sitting: the old token ends, the new one may do everything."""
    first = estate.claimed()
    device = estate.device(first)
    assert not estate.principal(first).can("docs:Read", "doc/1")

    estate.clock.advance(timedelta(seconds=60))
    session = estate.iam.factors.finish(first.token.reveal(), "totp", {"code": device.code()})

    assert estate.principal(session).can("docs:Read", "doc/1")


def test_a_pending_session_of_root_has_no_power(estate: Estate) -> None:
    """Password alone, where a factor is enrolled, is nobody's session."""
    estate.whole()
    estate.clock.advance(timedelta(seconds=60))
    pending = estate.iam.sign_in_root(OWNER, PASSWORD)

    assert estate.principal(pending).caller.kind is CallerKind.ANONYMOUS


def test_root_chooses_another_password_by_its_old_one(estate: Estate) -> None:
    """The operation of users, on itself; a user of the name `root` keeps its own; sessions end."""
    session, device = estate.whole()
    operator = estate.iam.desk(estate.iam.operator())
    operator.do(users.create_user, user_name="root")
    operator.do(login_profiles.create_login_profile, user_name="root", password=Secret("third long words"))

    estate.desk(session).do(
        login_profiles.change_password, old_password=Secret(PASSWORD), new_password=Secret(NEXT)
    )

    with pytest.raises(InvalidCredentials):
        estate.iam.sign_in_root(OWNER, PASSWORD)
    assert estate.proved(device, NEXT).public_id
    assert estate.iam.sign_in("root", "third long words").public_id


def test_a_password_that_is_too_old_is_roots_to_change(estate: Estate) -> None:
    """Hard expiry needs an administrator, and none stands above root: it shows its factor and chooses."""
    _, device = estate.whole()
    estate.iam.desk(estate.iam.operator()).do(
        password_policy.update_account_password_policy, max_password_age=1, hard_expiry=True
    )
    estate.clock.advance(timedelta(days=2))

    pending = estate.iam.sign_in_root(OWNER, PASSWORD)
    assert pending.awaits == ("factor", "password")
    pending = estate.iam.factors.finish(pending.token.reveal(), "totp", {"code": device.code()})

    assert estate.iam.choose_password(pending.token, NEXT).awaits == ()


# --- keys, guardrails, events --------------------------------------------------------------------


def test_root_has_no_access_key_unless_a_setting_says_so(estate: Estate, tmp_path: Path) -> None:
    """Refused by default; where it is allowed there are two, and they die with the setting."""
    session, _ = estate.whole()
    with pytest.raises(AccessDenied, match="root users have no access keys"):
        estate.desk(session).do(access_keys.create_access_key)

    same = {"clock": estate.clock, "password_cost": CHEAPEST, "entry_points": False}
    with IAM(tmp_path / "accounts", root_access_keys=True, **same) as open_one:  # type: ignore[arg-type]
        desk = open_one.desk(estate.principal(session))
        made = desk.do(access_keys.create_access_key)
        desk.do(access_keys.create_access_key)
        with pytest.raises(ConflictError):
            desk.do(access_keys.create_access_key)
        signed = _signed(made, estate.clock)
        found = open_one.gate.admit(signed)
        assert isinstance(found, Principal)
        assert found.can("docs:Read", "doc/1")

    with pytest.raises(AuthenticationError):
        estate.iam.gate.admit(signed)


def test_each_act_of_root_is_critical_and_told_by_mail(estate: Estate) -> None:
    """Sign-in and change are marked in the event, and the owner is told; a user's act is neither."""
    session, _ = estate.whole()
    estate.post.events.clear()
    estate.mail()

    estate.desk(session).do(users.create_user, user_name="ana")

    (event,) = [found for found in estate.post.events if found.event_name == "CreateUser"]
    assert event.severity == CRITICAL
    assert event.as_data()["iamkit"]["severity"] == CRITICAL  # type: ignore[index]
    (told,) = [message for message in estate.mail() if message.kind is Kind.ROOT_ACT]
    assert (told.address, told.values["act"]) == (OWNER, "CreateUser")
    operator = estate.iam.desk(estate.iam.operator())
    operator.do(users.create_user, user_name="bob")
    assert estate.post.events[-1].severity != CRITICAL
    assert estate.mail() == []


# --- where to sign in ----------------------------------------------------------------------------


def test_the_address_to_sign_in_at_has_the_alias_or_the_id(estate: Estate) -> None:
    """Below the pages' base; an alias that was replaced is nobody's at once (CAP-A5)."""
    iam = estate.iam
    assert iam.sign_in_url() == f"https://app.example/account/sign-in/{estate.home}"
    for alias in ("acme", "acme2"):
        with iam.store.write() as unit:
            accounts.set_alias(unit, estate.home, alias)
    assert iam.sign_in_url() == iam.sign_in_url("acme2") == "https://app.example/account/sign-in/acme2"
    estate.claimed()

    assert iam.account_named("acme2") == iam.account_named(estate.home)
    assert iam.sign_in_root(OWNER, PASSWORD, account="acme2").awaits == ()
    for gone in ("acme", "nobody", "", "../x"):
        with pytest.raises(NoSuchEntity):
            iam.account_named(gone)
    with pytest.raises(InvalidCredentials):
        iam.sign_in_root(OWNER, PASSWORD, account="acme")


def test_without_a_base_the_address_is_a_path(tmp_path: Path) -> None:
    """Of the app's own page, or the usual one."""
    with IAM(tmp_path / "plain", entry_points=False, sign_in_path="/enter/") as iam:
        home = iam.initialize().account.account_id
        assert iam.sign_in_url() == f"/enter/{home}"


def test_the_link_is_a_page_of_the_app_or_the_token_alone(estate: Estate, tmp_path: Path) -> None:
    """What `iamkit init --setup-link` prints; it is a secret either way."""
    url = estate.iam.setup_url(estate.setup)

    assert url.reveal() == f"https://app.example/account/setup?token={estate.setup.reveal()}"
    assert estate.setup.reveal() not in repr(url)
    with IAM(tmp_path / "plain", entry_points=False) as plain:
        plain.initialize()
        assert plain.setup_url(estate.setup) == estate.setup


# --- accounts that are not open, and none at all -------------------------------------------------


def test_at_the_doors_a_suspended_account_is_as_if_it_were_not(estate: Estate) -> None:
    """Right passwords are wrong, in the same words; set-up links too; lifted, people get in again."""
    iam, operator = estate.iam, estate.iam.desk(estate.iam.operator())
    spare = operator.do(tree.create_account, account_name="spare").account_id
    link = operator.do(root.create_setup_link, account_id=spare)
    iam.claim_setup(link.token, OWNER, PASSWORD)
    with iam.store.write() as unit:
        user = user_records.create(unit, iam.house, account=spare, name="ana")
        hashed = iam.passwords.hashed(iam.passwords.wanted(unit, spare, "ana", user), NEXT)
    with iam.store.write() as unit:
        now, ana = estate.clock.now(), user.user_id
        passwords.put(unit, account=spare, user_id=ana, hashed=hashed, must_change=False, now=now)

    def enter() -> list[str]:
        told = []
        attempts: list[Callable[[], object]] = [
            lambda: iam.sign_in("ana", NEXT, account=spare),
            lambda: iam.sign_in_root(OWNER, PASSWORD, account=spare),
            lambda: iam.sign_in("nobody", NEXT, account=spare),
        ]
        for attempt in attempts:
            try:
                attempt()
                told.append("in")
            except InvalidCredentials as fault:
                told.append(fault.message)
        return told

    assert enter()[:2] == ["in", "in"]
    operator.do(tree.suspend_account, account_id=spare)
    assert len(set(enter())) == 1
    operator.do(tree.resume_account, account_id=spare)
    assert enter()[:2] == ["in", "in"]


def test_before_the_first_start_every_door_is_503(tmp_path: Path) -> None:
    """An empty store is not an open one."""
    with IAM(tmp_path / "none", entry_points=False, link_base="https://a.example") as iam:
        for attempt in (
            lambda: iam.sign_in_root(OWNER, PASSWORD),
            lambda: iam.sign_in_root(OWNER, PASSWORD, account="acme"),
            lambda: iam.claim_setup("ikl_" + "A" * 43, OWNER, PASSWORD),
            lambda: iam.begin_root_recovery(OWNER),
            lambda: iam.root_recovery.finish("ikl_" + "A" * 43, PASSWORD),
            lambda: iam.sign_in_url(),
        ):
            with pytest.raises(ServiceUnavailable):
                attempt()
