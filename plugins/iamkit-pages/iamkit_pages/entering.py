"""Pages of coming in and going out: password, passkey, a new password, sign-out."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Final

from iamkit.credentials.sessions import FACTOR, NEW_PASSWORD, NewSession
from iamkit.errors import ExpiredToken, IamkitError, ValidationError
from iamkit_pages import doors
from iamkit_pages.answers import Answer, redirect
from iamkit_pages.cookies import PASSKEY, kept
from iamkit_pages.drawing import address, page
from iamkit_pages.visit import Visit

_STEPS: Final = {FACTOR: "/factor", NEW_PASSWORD: "/new-password"}


def sign_in_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """The form. Somebody who is signed in may go on, or come in as somebody else."""
    account = visit.said("account") or visit.query.get("account", "")
    return page(
        visit,
        "sign_in.html",
        fault=fault,
        account=account,
        ask_account=visit.place.accounts or bool(account),
        passkeys=has_script() and bool(visit.iam.factors.passkeys),
        mail=bool(visit.iam.settings.link_base),
    )


def sign_in(visit: Visit) -> Answer:
    try:
        session = doors.sign_in(visit)
    except IamkitError as fault:
        return sign_in_page(visit, fault)
    return onward(visit, session)


def onward(visit: Visit, session: NewSession) -> Answer:
    """To what the session awaits, or to where somebody wanted to be in the first place."""
    cookies = visit.cookies_for(session)
    if session.awaits:
        return redirect(address(visit, _STEPS[session.awaits[0]], next=visit.next), *cookies)
    return redirect(visit.next or visit.place.home, *cookies)


def sent_to_sign_in(visit: Visit) -> Answer:
    """For a page of one's own without a session; who is half-way goes on from there."""
    here = visit.request.raw_path + (f"?{visit.request.query}" if visit.request.query else "")
    back = here if visit.request.method in ("GET", "HEAD") else ""
    session = visit.session
    step = "/sign-in" if session is None or not session.awaits else _STEPS[session.awaits[0]]
    return redirect(address(visit, step, next=back))


def ended(visit: Visit) -> Answer:
    """The session, or the sign-in that had begun, is over: it starts again, and says so."""
    if not visit.token:
        # Nothing was sent along: cookies are refused, or the address is plain http without `development`.
        return redirect(address(visit, "/sign-in", next=visit.next, done="no_cookie"))
    return redirect(address(visit, "/sign-in", next=visit.next, done="ended"), *visit.cookies_for(None))


# --- passkeys -------------------------------------------------------------------------------------------


def passkey_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """Asks for a device. Nothing is kept for whoever looks at it but a cookie of theirs."""
    begun, cookie = doors.begin_passkey(visit)
    options = json.dumps(dict(begun.shown))
    return page(visit, "passkey.html", fault=fault, cookies=(cookie,), script=True, options=options)


def passkey(visit: Visit) -> Answer:
    try:
        session = doors.passkey(visit)
    except IamkitError as fault:
        return passkey_page(visit, fault)
    answer = onward(visit, session)
    return redirect(answer.location, *answer.cookies, kept(visit.iam, PASSKEY, ""))


# --- a new password, before anything else ---------------------------------------------------------------


def new_password_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    session = visit.session
    if session is None or session.awaits[:1] != (NEW_PASSWORD,):
        return ended(visit) if session is None else redirect(address(visit, "/sign-in", next=visit.next))
    return page(visit, "new_password.html", fault=fault)


def new_password(visit: Visit) -> Answer:
    try:
        check_repeated(visit)
        session = doors.new_password(visit)
    except ExpiredToken:
        return ended(visit)
    except IamkitError as fault:
        return new_password_page(visit, fault)
    return onward(visit, session)


def check_repeated(visit: Visit) -> None:
    """Raise ValidationError if the new password was typed in two ways."""
    if visit.said("new_password") != visit.said("repeated"):
        raise NotRepeated("the two passwords differ")


class NotRepeated(ValidationError):  # noqa: N818  # as the codes are named
    """A password that was typed twice, differently."""

    code = "PasswordsDiffer"


# --- going ----------------------------------------------------------------------------------------------


def sign_out_page(visit: Visit) -> Answer:
    """Asks: what a link of another site can open must end nothing."""
    return page(visit, "sign_out.html")


def sign_out(visit: Visit) -> Answer:
    doors.sign_out(visit)
    return redirect(address(visit, "/sign-in", done="signed_out"), *visit.cookies_for(None))


# --- what pages are made with ---------------------------------------------------------------------------


def style(visit: Visit) -> Answer:
    return Answer(body=visit.place.theme.style, kind="text/css; charset=utf-8", lasting=True)


def script(visit: Visit) -> Answer:  # noqa: ARG001  # the shape of every handler
    """The script for passkeys, from the plugin that has the method."""
    if not has_script():
        return Answer(404)
    from iamkit_webauthn.script import script as read

    return Answer(body=read(), kind="text/javascript; charset=utf-8", lasting=True)


def has_script() -> bool:
    """Whether the plugin for passkeys is installed."""
    return find_spec("iamkit_webauthn") is not None
