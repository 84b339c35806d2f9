"""Pages of second factors: showing one, and getting, proving and giving up one's own."""

from __future__ import annotations

import json
from typing import Final

from iamkit.credentials import otp
from iamkit.credentials.mfa_otp import HOTP, TOTP
from iamkit.credentials.qr_code import png
from iamkit.credentials.recovery_codes import RECOVERY
from iamkit.errors import ExpiredToken, IamkitError, InputError, StepUpRequired
from iamkit.gate.factors import Offer
from iamkit.management.freshness import RECENT
from iamkit_pages import doors, own, told
from iamkit_pages.answers import Answer, redirect
from iamkit_pages.drawing import address, page
from iamkit_pages.entering import ended, has_script, onward
from iamkit_pages.visit import Visit

WEBAUTHN: Final = "webauthn"
# Methods whose code is at hand: nothing has to be sent first.
_AT_HAND: Final = (TOTP, HOTP, RECOVERY)


# --- showing one ----------------------------------------------------------------------------------------


def factor_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """The form of one method, with the other ways beside it."""
    try:
        offers = doors.offers(visit)
    except ExpiredToken:
        return ended(visit)
    except InputError:
        # The factor was shown; a new password comes next.
        return redirect(address(visit, "/new-password", next=visit.next))
    if not offers:
        if visit.session is not None and not _stale(visit):
            # Another sign-in would lead here again: what lacks is a factor.
            return redirect(address(visit, "/factors", done="factor_first"))
        return redirect(address(visit, "/sign-in", next=visit.next, done="again"))
    wanted = visit.said("method") or visit.query.get("method", "")
    method = next((offer.method for offer in offers if offer.method == wanted), _best(offers))
    if method == WEBAUTHN:
        return _key_page(visit, offers, fault)
    return _code_page(visit, offers, method, fault, begun=method in _AT_HAND)


def verify_page(visit: Visit) -> Answer:
    """For a fresher factor in a session that lives; without a device it takes another sign-in."""
    if visit.session is None:
        return redirect(address(visit, "/sign-in", next=visit.next))
    return factor_page(visit)


def begin(visit: Visit) -> Answer:
    """Have a code sent. By POST: what costs is not done for whoever follows a link."""
    method = visit.needed("method")
    try:
        shown = doors.begin_factor(visit, method)
        offers = doors.offers(visit)
    except ExpiredToken:
        return ended(visit)
    except IamkitError as fault:
        return factor_page(visit, fault)
    sent_to, lines = str(shown.get("sent_to", "")), told.lines_of(shown)
    return _code_page(visit, offers, method, None, begun=True, sent_to=sent_to, lines=lines)


def factor(visit: Visit) -> Answer:
    try:
        session = doors.factor(visit)
    except ExpiredToken:
        return ended(visit)
    except IamkitError as fault:
        return _again(visit, fault)
    return onward(visit, session)


def _again(visit: Visit, fault: IamkitError) -> Answer:
    """The form once more. A code that was sent is still good for another try."""
    try:
        offers = doors.offers(visit)
    except IamkitError:
        return factor_page(visit, fault)
    method = visit.said("method")
    known = any(offer.method == method for offer in offers)
    if not known or method == WEBAUTHN:
        return factor_page(visit, fault)
    lines = told.unpacked(visit.said("told"))
    return _code_page(visit, offers, method, fault, begun=True, sent_to=visit.said("sent_to"), lines=lines)


def _best(offers: tuple[Offer, ...]) -> str:
    """The method to show first: what cannot be phished, then what is at hand."""
    order = {WEBAUTHN: 0 if has_script() else 8, TOTP: 1, HOTP: 2, RECOVERY: 9}
    return min(offers, key=lambda offer: order.get(offer.method, 5)).method


def _code_page(
    visit: Visit,
    offers: tuple[Offer, ...],
    method: str,
    fault: IamkitError | None,
    *,
    begun: bool,
    sent_to: str = "",
    lines: told.Told = (),
) -> Answer:
    devices = next((offer.devices for offer in offers if offer.method == method), ())
    return page(
        visit,
        "factor.html",
        fault=fault,
        method=method,
        label=label(visit, method),
        devices=devices,
        ways=_ways(visit, offers, method),
        begun=begun,
        sent_to=sent_to,
        told=lines,
        told_again=told.packed(lines),
        pending=not visit.signed_in,
    )


def _key_page(visit: Visit, offers: tuple[Offer, ...], fault: IamkitError | None) -> Answer:
    options: str | None = None
    try:
        options = json.dumps(dict(doors.begin_factor(visit, WEBAUTHN)))
    except ExpiredToken:
        return ended(visit)
    except IamkitError as other:
        fault = fault or other
    return page(
        visit,
        "factor_key.html",
        fault=fault,
        script=True,
        options=options,
        ways=_ways(visit, offers, WEBAUTHN),
        pending=not visit.signed_in,
    )


def _ways(visit: Visit, offers: tuple[Offer, ...], method: str) -> list[tuple[str, str]]:
    return [(offer.method, label(visit, offer.method)) for offer in offers if offer.method != method]


def label(visit: Visit, method: str) -> str:
    """What a method is called; one of a plugin that no catalogue knows, by its own name."""
    key = f"method.{method}"
    return visit.words(key) if key in visit.words.texts else method


# --- one's own ------------------------------------------------------------------------------------------


def devices_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    installed = visit.iam.factors.methods
    others = [
        (name, label(visit, name))
        for name in installed
        if name not in (*_AT_HAND, WEBAUTHN) and visit.may("iamkit:BeginMFAEnrollment")
    ]
    return page(
        visit,
        "devices.html",
        fault=fault,
        devices=[(device, label(visit, device.method)) for device in own.list_devices(visit)],
        others=others,
        keys=WEBAUTHN in installed and has_script() and visit.may("iamkit:BeginMFAEnrollment"),
        codes=visit.may("iam:EnableMFADevice"),
        removable=visit.may("iam:DeactivateMFADevice"),
        recoverable=visit.may("iamkit:CreateRecoveryCodes"),
    )


def app_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """Asks for the device's name. Nothing is made by looking at it (THR-M6)."""
    if _stale(visit):
        return step_up(visit, "/factors/app")
    return page(visit, "enrol_app.html", fault=fault)


def app(visit: Visit) -> Answer:
    """Make the device, and show its seed."""
    try:
        made = own.create_app_device(visit)
    except StepUpRequired:
        return step_up(visit, "/factors/app")
    except IamkitError as fault:
        return app_page(visit, fault)
    return page(
        visit,
        "enrol_app_codes.html",
        serial_number=made.serial_number,
        seed=made.base32_seed.reveal(),
        uri=made.uri.reveal(),
        picture=made.qr_code_png.reveal(),
    )


def token_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """A hardware token that somebody gave out, by its serial number."""
    if _stale(visit):
        return step_up(visit, "/factors/token")
    return page(visit, "enrol_token.html", fault=fault)


def enable(visit: Visit) -> Answer:
    try:
        own.enable_device(visit)
    except StepUpRequired:
        return step_up(visit, "/factors")
    except IamkitError as fault:
        return _codes_again(visit, fault)
    return redirect(address(visit, "/factors", done="factor_added"))


def _codes_again(visit: Visit, fault: IamkitError) -> Answer:
    """The form once more. The seed comes back from the page that showed it, and is for drawing only."""
    seed = visit.said("seed")
    if not seed:
        return token_page(visit, fault)
    serial = visit.said("serial_number")
    try:
        plain = otp.seed_of(seed)
    except IamkitError:
        return app_page(visit, fault)
    name, issuer = serial.rpartition("/")[2], visit.principal.account
    uri = otp.provisioning_uri(plain, device=name, issuer=issuer)
    return page(
        visit,
        "enrol_app_codes.html",
        fault=fault,
        serial_number=serial,
        seed=seed,
        uri=uri.reveal(),
        picture=png(uri).reveal(),
    )


def new_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """What a method of a plugin wants to know first."""
    method = visit.said("method") or visit.query.get("method", "")
    if method not in visit.iam.factors.methods or method in _AT_HAND:
        return redirect(address(visit, "/factors"))
    if _stale(visit):
        return step_up(visit, f"/factors/new?method={method}")
    return page(visit, "enrol.html", fault=fault, method=method, label=label(visit, method))


def new(visit: Visit) -> Answer:
    """Begin: a code is sent, or the browser is told what to ask a key for."""
    try:
        shown = own.begin_enrolment(visit)
    except StepUpRequired:
        return step_up(visit, "/factors")
    except IamkitError as fault:
        return new_page(visit, fault)
    method = visit.needed("method")
    if method == WEBAUTHN:
        options = json.dumps(shown)
        return page(visit, "enrol_key.html", script=True, options=options, name=visit.said("name"))
    return _prove_page(visit, None, str(shown.get("sent_to", "")), told.lines_of(shown))


def prove(visit: Visit) -> Answer:
    """The answer to what was begun."""
    try:
        own.finish_enrolment(visit)
    except StepUpRequired:
        return step_up(visit, "/factors")
    except IamkitError as fault:
        if visit.said("method") == WEBAUTHN:
            return new_page(visit, fault)
        return _prove_page(visit, fault, visit.said("sent_to"), told.unpacked(visit.said("told")))
    return redirect(address(visit, "/factors", done="factor_added"))


def _prove_page(visit: Visit, fault: IamkitError | None, sent_to: str, lines: told.Told) -> Answer:
    method = visit.needed("method")
    return page(
        visit,
        "enrol_code.html",
        fault=fault,
        method=method,
        label=label(visit, method),
        sent_to=sent_to,
        told=lines,
        told_again=told.packed(lines),
    )


def remove(visit: Visit) -> Answer:
    try:
        own.remove_device(visit)
    except StepUpRequired:
        return step_up(visit, "/factors")
    except IamkitError as fault:
        return devices_page(visit, fault)
    return redirect(address(visit, "/factors", done="factor_removed"))


def recovery_codes_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """Asks, as older ones will be void."""
    if _stale(visit):
        return step_up(visit, "/recovery-codes")
    return page(visit, "recovery_codes.html", fault=fault, codes=())


def recovery_codes(visit: Visit) -> Answer:
    try:
        codes = own.create_recovery_codes(visit)
    except StepUpRequired:
        return step_up(visit, "/recovery-codes")
    except IamkitError as fault:
        return recovery_codes_page(visit, fault)
    return page(visit, "recovery_codes.html", codes=codes)


def _stale(visit: Visit) -> bool:
    """Whether the last proof is too old to change factors, which is better said before the form is filled."""
    proof = visit.principal.authentication
    if proof is None:
        return False
    shown = max(filter(None, (proof.mfa_at, proof.issued_at)), default=None)
    return shown is not None and visit.iam.clock.now() - shown > RECENT


def step_up(visit: Visit, back: str) -> Answer:
    """Show a factor or sign in again, then come back."""
    return redirect(address(visit, "/verify", next=address(visit, back)))
