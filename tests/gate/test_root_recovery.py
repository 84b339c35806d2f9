"""A root user that lost something: a mailed link, a second proof, a wait; else the host operator."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.audit.event import CRITICAL
from iamkit.credentials import mfa as records
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Kind
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, MfaMethod, MfaServices, Proof
from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    ConflictError,
    ExpiredToken,
    IamkitError,
    InputError,
    InvalidAuthenticationCode,
    InvalidCredentials,
    PasswordPolicyViolation,
    Throttling,
    ValidationError,
)
from iamkit.hookspecs import hookimpl
from iamkit.identity import accounts
from iamkit.identity import users as user_records
from iamkit.kit import IAM
from iamkit.management import attachments, mfa, mfa_enrolment, root, users
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from tests.gate.conftest import Device, Estate

PASSWORD: Final = "correct horse battery"
NEXT: Final = "another long passphrase"
OWNER: Final = "owner@app.example"
WAIT: Final = timedelta(hours=24)


def _codes(estate: Estate) -> tuple[Device, list[str]]:
    """The root user's device, and its recovery codes."""
    session, device = estate.whole()
    made = estate.desk(session).do(mfa_enrolment.create_recovery_codes)
    estate.mail()
    return device, [code.reveal() for code in made.codes]


def _lost(estate: Estate, lost: str = "factor") -> str:
    """The token of the link that comes when something is said to be lost."""
    estate.iam.begin_root_recovery(OWNER, lost=lost, source="203.0.113.9")
    return estate.link(Kind.RECOVER_ROOT if lost == "factor" else Kind.RESET_PASSWORD)


def _administrator(estate: Estate, name: str, address: str, *, verified: bool = True) -> None:
    operator = estate.iam.desk(estate.iam.operator())
    operator.do(users.create_user, user_name=name)
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    operator.do(attachments.attach_user_policy, user_name=name, policy_arn=arn)
    with estate.iam.store.write() as unit:
        user = user_records.get(unit, estate.home, name)
        user_records.set_email(
            unit, user, email=address, verified_at=estate.clock.now() if verified else None
        )


def test_a_lost_password_is_replaced_by_mail_and_the_factor_is_still_asked_for(estate: Estate) -> None:
    """The link opens no session and takes no factor away."""
    _, device = estate.whole()
    estate.mail()

    estate.iam.recovery.finish(_lost(estate, "password"), NEXT)

    with pytest.raises(InvalidCredentials):
        estate.iam.sign_in_root(OWNER, PASSWORD)
    assert estate.iam.sign_in_root(OWNER, NEXT).awaits == ("factor",)
    assert estate.proved(device, NEXT).public_id


def test_mail_and_a_code_on_paper_wait_as_well_when_they_come_by_the_other_door(estate: Estate) -> None:
    """After a reset by mail a device is taken at once, a recovery code a day later (CAP-A7)."""
    device, codes = _codes(estate)
    estate.iam.recovery.finish(_lost(estate, "password"), NEXT)
    pending = estate.iam.sign_in_root(OWNER, NEXT)

    assert [offer.method for offer in estate.iam.factors.offers(pending.token.reveal())] == ["totp"]
    with pytest.raises(InvalidAuthenticationCode, match="wait"):
        estate.iam.factors.finish(pending.token.reveal(), "recovery", {"code": codes[0]})

    assert estate.proved(device, NEXT).public_id
    estate.clock.advance(WAIT)
    pending = estate.iam.sign_in_root(OWNER, NEXT)
    assert estate.iam.factors.finish(pending.token.reveal(), "recovery", {"code": codes[0]}).public_id


def test_a_lost_factor_takes_two_proofs_and_a_day(estate: Estate) -> None:
    """Link and recovery code; then a wait; then a new password, and enrolment before anything else."""
    _, codes = _codes(estate)
    token = _lost(estate)
    recovery = estate.iam.root_recovery
    assert recovery.proofs(token) == ("recovery", "totp")
    assert recovery.begin_proof(token, "recovery") == {}

    under_way = recovery.prove(token, "recovery", {"code": codes[0]})

    assert under_way.ready_at == estate.clock.now() + WAIT
    with pytest.raises(ConflictError, match="wait"):
        recovery.finish(under_way.token.reveal(), NEXT)
    estate.clock.advance(WAIT)
    recovery.finish(under_way.token.reveal(), NEXT)
    session = estate.iam.sign_in_root(OWNER, NEXT)
    assert session.awaits == ()
    principal = estate.principal(session)
    assert not principal.can("docs:Read", "doc/1")
    assert estate.desk(session).do(mfa.list_mfa_devices).items == ()


def test_the_mail_alone_recovers_nothing(estate: Estate) -> None:
    """Not without a proof, not with wrong ones, not with a factor that no method of the root user gives."""
    _codes(estate)
    token = _lost(estate)
    recovery = estate.iam.root_recovery
    wrong: list[tuple[str, dict[str, str], type[Exception]]] = [
        ("recovery", {"code": "0" + "a" * 15}, InvalidAuthenticationCode),
        ("recovery", {}, InvalidAuthenticationCode),
        ("totp", {"code": "000000"}, InvalidAuthenticationCode),
        ("hotp", {"code": "000000"}, InvalidAuthenticationCode),
        ("email", {"code": "000000"}, InputError),
        ("nothing", {}, InputError),
    ]

    for method, answer, error in wrong:
        with pytest.raises(error):
            recovery.prove(token, method, answer)
    with pytest.raises(ExpiredToken):
        recovery.finish(token, NEXT)
    with pytest.raises(ExpiredToken):
        estate.iam.recovery.finish(token, NEXT)
    assert estate.iam.sign_in_root(OWNER, PASSWORD).awaits == ("factor",)


class MailedCodes:
    """Codes by mail, as a plugin sends them; whoever reads the mail has them."""

    name = "email"

    def begin(self, asking: Asking) -> Begun | None:
        return Begun({}, b"123456", timedelta(minutes=5), 3)

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        right = kept is not None and answer.get("code", "").encode() == kept
        return Proof(asking.devices[0].serial, lambda unit: True) if right else None

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        return self.begin(asking)

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        return Enrolled("email/x", "o…@app.example") if answer.get("code", "").encode() == kept else None

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        return (self,)


def test_codes_by_mail_are_no_factor_beside_a_password_by_mail(estate: Estate) -> None:
    """The root user enrols none; one that it has all the same waits as recovery codes do."""
    estate.iam._hooks.register(MailedCodes())
    session, device = estate.whole()
    with pytest.raises(InputError, match="by mail"):
        estate.desk(session).do(mfa_enrolment.begin_mfa_enrollment, method="email")
    with estate.iam.store.write() as unit:
        records.add(
            unit,
            estate.iam.keyring,
            serial=f"arn:aws:iam::{estate.home}:email/x",
            account=estate.home,
            method="email",
            name="o…@app.example",
            now=estate.clock.now(),
            user_id=estate.home,
        )
    factors = estate.iam.factors
    estate.mail()
    token = estate.iam.sign_in_root(OWNER, PASSWORD).token.reveal()
    assert {offer.method for offer in factors.offers(token)} == {"email", "totp"}

    estate.iam.recovery.finish(_lost(estate, "password"), NEXT)

    token = estate.iam.sign_in_root(OWNER, NEXT).token.reveal()
    assert [offer.method for offer in factors.offers(token)] == ["totp"]
    with pytest.raises(InvalidAuthenticationCode, match="wait"):
        factors.begin(token, "email")
    with pytest.raises(InvalidAuthenticationCode, match="wait"):
        factors.finish(token, "email", {"code": "123456"})
    assert estate.proved(device, NEXT).public_id
    estate.clock.advance(WAIT)
    token = estate.iam.sign_in_root(OWNER, NEXT).token.reveal()
    factors.begin(token, "email")
    assert factors.finish(token, "email", {"code": "123456"}).public_id


def test_without_any_proof_left_the_link_leads_nowhere(estate: Estate) -> None:
    """A root user with no factor has none to lose; nobody makes a proof of nothing."""
    estate.claimed()
    estate.mail()

    token = _lost(estate)

    assert estate.iam.root_recovery.proofs(token) == ()
    with pytest.raises(InvalidAuthenticationCode):
        estate.iam.root_recovery.prove(token, "recovery", {"code": "0" + "a" * 15})


def test_guesses_at_the_second_proof_are_counted_with_those_at_sign_in(estate: Estate) -> None:
    """Ten wrong codes stop it for half an hour, whichever door they come by (THR-M4, P8)."""
    _codes(estate)
    token = _lost(estate)

    told = []
    for _ in range(12):
        with pytest.raises((InvalidAuthenticationCode, Throttling)) as caught:
            estate.iam.root_recovery.prove(token, "totp", {"code": "000000"})
        told.append(caught.value.code)

    assert told == [InvalidAuthenticationCode.code] * 10 + [Throttling.code] * 2


def test_of_many_who_prove_or_finish_at_once_one_does(estate: Estate) -> None:
    """One link and one code make one recovery; one token finishes it once."""
    _, codes = _codes(estate)
    token = _lost(estate)
    recovery = estate.iam.root_recovery
    tokens: list[str] = []

    def prove(code: str) -> bool:
        try:
            tokens.append(recovery.prove(token, "recovery", {"code": code}).token.reveal())
        except IamkitError:
            return False
        return True

    def finish(number: int) -> bool:
        try:
            recovery.finish(tokens[0], f"{NEXT} {number}")
        except IamkitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(prove, codes[:4] * 2)) == 1
    estate.clock.advance(WAIT)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(finish, range(8))) == 1


def test_whoever_ought_to_know_is_told_and_can_stop_it(estate: Estate) -> None:
    """The owner and each administrator with a verified address; one of them stops it; then it is void."""
    _, codes = _codes(estate)
    _administrator(estate, "ana", "ana@app.example")
    _administrator(estate, "bob", "bob@app.example", verified=False)
    estate.mail()
    under_way = estate.iam.root_recovery.prove(_lost(estate), "recovery", {"code": codes[0]})

    told = [message for message in estate.mail() if message.kind is Kind.ROOT_RECOVERY]
    assert sorted(message.address for message in told) == ["ana@app.example", OWNER]
    estate.user("ana").do(root.stop_root_recovery)

    estate.clock.advance(WAIT)
    with pytest.raises(ExpiredToken):
        estate.iam.root_recovery.finish(under_way.token.reveal(), NEXT)


def test_signing_in_with_the_factor_stops_a_recovery(estate: Estate) -> None:
    """What was said to be lost is not; so it was somebody else."""
    device, codes = _codes(estate)
    under_way = estate.iam.root_recovery.prove(_lost(estate), "recovery", {"code": codes[0]})

    estate.proved(device)

    estate.clock.advance(WAIT)
    with pytest.raises(ExpiredToken):
        estate.iam.root_recovery.finish(under_way.token.reveal(), NEXT)


@pytest.mark.parametrize("meanwhile", ["password", "address", "late", "closed"])
def test_what_changes_meanwhile_voids_the_link(estate: Estate, meanwhile: str) -> None:
    """Another password or address since; fifteen minutes; an account that is none any more."""
    _, codes = _codes(estate)
    token = _lost(estate)
    if meanwhile == "password":
        estate.iam.recovery.finish(_lost(estate, "password"), NEXT)
    elif meanwhile == "late":
        estate.clock.advance(timedelta(minutes=15))
    else:
        with estate.iam.store.write() as unit:
            if meanwhile == "address":
                now = estate.clock.now()
                accounts.set_email(unit, estate.home, email="new@app.example", verified_at=now)
            else:
                unit.change(accounts.Account, (estate.home,), {"status": "CLOSED"})

    with pytest.raises(ExpiredToken):
        estate.iam.root_recovery.prove(token, "recovery", {"code": codes[0]})


def test_asking_tells_nothing(estate: Estate) -> None:
    """Whoever is named, wherever: no answer, and mail for the verified address of the root user alone."""
    estate.whole()
    estate.mail()
    _administrator(estate, "ana", "ana@app.example")

    for email, account in [
        ("nobody@app.example", None),
        ("ana@app.example", None),
        ("root", None),
        ("ana", None),
        (estate.home, None),
        (OWNER, "other"),
        (OWNER, "000000000000"),
        ("", None),
        ("\ud800", None),
    ]:
        for lost in ("password", "factor"):
            estate.iam.begin_root_recovery(email, lost=lost, account=account)
    assert estate.mail() == []
    with pytest.raises(ValidationError):
        estate.iam.begin_root_recovery(OWNER, lost="")


def test_an_address_that_was_not_verified_gets_no_link(estate: Estate) -> None:
    """Nobody has shown to read its mail."""
    estate.claimed(verified=False)
    estate.mail()

    estate.iam.begin_root_recovery(OWNER, lost="password")

    assert estate.mail() == []


def test_a_bad_password_leaves_the_token_good(estate: Estate) -> None:
    """The last step is refused with what is wrong, and can be taken again."""
    _, codes = _codes(estate)
    under_way = estate.iam.root_recovery.prove(_lost(estate), "recovery", {"code": codes[0]})
    estate.clock.advance(WAIT)

    with pytest.raises(PasswordPolicyViolation):
        estate.iam.root_recovery.finish(under_way.token.reveal(), "short")
    estate.iam.root_recovery.finish(under_way.token.reveal(), NEXT)


def test_each_step_is_a_critical_event(estate: Estate) -> None:
    """Asked for, proved, completed; a wrong proof too."""
    _, codes = _codes(estate)
    estate.post.events.clear()
    token = _lost(estate)
    with pytest.raises(InvalidAuthenticationCode):
        estate.iam.root_recovery.prove(token, "totp", {"code": "000000"})
    under_way = estate.iam.root_recovery.prove(token, "recovery", {"code": codes[0]})
    estate.mail()
    estate.clock.advance(WAIT)
    estate.iam.root_recovery.finish(under_way.token.reveal(), NEXT)

    told = [(event.event_name, event.error_code, event.severity) for event in estate.post.events]
    assert told == [
        ("PasswordRecoveryRequested", None, CRITICAL),
        ("RootRecoveryProved", "InvalidAuthenticationCode", CRITICAL),
        ("RootRecoveryProved", None, CRITICAL),
        ("RootRecoveryCompleted", None, CRITICAL),
    ]


def test_the_host_operator_gives_root_back(estate: Estate) -> None:
    """Sessions, password, factors and codes go; the new set-up link begins anew; root itself cannot."""
    session, _ = estate.whole()
    estate.mail()
    with pytest.raises(AccessDenied, match="host operator"):
        estate.desk(session).do(root.recover_root)
    with pytest.raises(AccessDenied, match="host operator"):
        estate.desk(session).do(root.create_setup_link)

    made = estate.iam.desk(estate.iam.operator()).do(root.recover_root)

    assert estate.principal(session).caller.kind is CallerKind.ANONYMOUS
    with pytest.raises(InvalidCredentials):
        estate.iam.sign_in_root(OWNER, PASSWORD)
    assert [message.kind for message in estate.mail()] == [Kind.ROOT_RECOVERED]
    (event,) = [one for one in estate.post.events if one.event_name == "RecoverRoot" and not one.error_code]
    assert event.severity == CRITICAL
    assert "ikl_" not in event.body
    again = estate.iam.claim_setup(made.token, "second@app.example", NEXT)
    assert not estate.principal(again).can("docs:Read", "doc/1")


def test_where_links_lead_nowhere_asking_is_an_error_of_the_settings(tmp_path: Path) -> None:
    """Whoever is named: it tells of the deployment and of nobody in it."""
    with IAM(tmp_path / "plain", password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        for email in (OWNER, "nobody@app.example"):
            with pytest.raises(ConfigurationError):
                iam.begin_root_recovery(email)
