"""Pages of an account's root user: the set-up link, signing in by mail address, recovery by two proofs."""

from __future__ import annotations

from typing import Final

from iamkit.errors import ConflictError, ExpiredToken, IamkitError
from iamkit_pages import cookies, doors
from iamkit_pages.answers import Answer, redirect
from iamkit_pages.drawing import address, page
from iamkit_pages.entering import check_repeated, onward
from iamkit_pages.factor_pages import WEBAUTHN, label
from iamkit_pages.link_pages import without_token, worthless
from iamkit_pages.visit import Visit

_LOST: Final = ("password", "factor")


# --- signing in -----------------------------------------------------------------------------------------


def sign_in_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    account = visit.said("account") or visit.query.get("account", "")
    ask = visit.place.accounts or bool(account)
    mail = bool(visit.iam.settings.link_base)
    return page(visit, "root_sign_in.html", fault=fault, account=account, ask_account=ask, mail=mail)


def sign_in(visit: Visit) -> Answer:
    try:
        session = doors.sign_in_root(visit)
    except IamkitError as fault:
        return sign_in_page(visit, fault)
    return onward(visit, session)


# --- the set-up link ------------------------------------------------------------------------------------


def setup_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return without_token(visit) or page(visit, "root_setup.html", fault=fault)


def setup(visit: Visit) -> Answer:
    """Then comes a second factor, before anything else."""
    try:
        check_repeated(visit)
        session = doors.claim_setup(visit)
    except ExpiredToken:
        return worthless(visit)
    except IamkitError as fault:
        return setup_page(visit, fault)
    forget = cookies.kept(visit.iam, cookies.LINK, "")
    return redirect(address(visit, "/factors"), *visit.cookies_for(session), forget)


# --- recovery -------------------------------------------------------------------------------------------


def forgot_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    account = visit.said("account") or visit.query.get("account", "")
    ask = visit.place.accounts or bool(account)
    return page(visit, "root_forgot.html", fault=fault, account=account, ask_account=ask, lost=_LOST)


def forgot(visit: Visit) -> Answer:
    try:
        doors.begin_root_recovery(visit)
    except IamkitError as fault:
        return forgot_page(visit, fault)
    return page(visit, "message.html", about="mail_sent", way="")


def prove_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """The second proof beside the mailed link: another device, or a recovery code."""
    answer = without_token(visit)
    if answer is not None:
        return answer
    try:
        proofs = visit.iam.root_recovery.proofs(doors.link_token(visit))
    except ExpiredToken:
        return worthless(visit)
    # A key would need the script once more; whoever has one signs in with it.
    ways = [(method, label(visit, method)) for method in proofs if method != WEBAUTHN]
    return page(visit, "root_prove.html", fault=fault, ways=ways)


def prove(visit: Visit) -> Answer:
    """Both were right: the wait begins, and the address to come back to is shown once."""
    try:
        under_way = doors.prove_root(visit)
    except ExpiredToken:
        return worthless(visit)
    except IamkitError as fault:
        return prove_page(visit, fault)
    base = visit.iam.settings.link_base.rstrip("/")
    return page(
        visit,
        "root_waiting.html",
        cookies=(cookies.kept(visit.iam, cookies.LINK, ""),),
        link=f"{base}/finish-recovery?token={under_way.token.reveal()}",
        ready=under_way.ready_at,
        ends=under_way.ends_at,
    )


def finish_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return without_token(visit) or page(visit, "link_password.html", fault=fault, about="recovered")


def finish(visit: Visit) -> Answer:
    try:
        check_repeated(visit)
        doors.finish_root_recovery(visit)
    except ExpiredToken:
        return worthless(visit)
    except ConflictError as fault:
        return page(visit, "message.html", fault=fault, about="too_early", way="")
    except IamkitError as fault:
        return finish_page(visit, fault)
    forget = cookies.kept(visit.iam, cookies.LINK, "")
    return redirect(address(visit, "/root", done="password_set"), forget)
