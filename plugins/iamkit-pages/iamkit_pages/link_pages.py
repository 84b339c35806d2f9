"""Pages that links in mails lead to. What a link is for is done by POST: programs that read mail follow them.

The token leaves the address at once: it goes into a cookie of minutes, and the browser on to the page without
it, so that neither the history nor a `Referer` nor somebody who looks over a shoulder has it.
"""

from __future__ import annotations

from collections.abc import Callable

from iamkit.errors import ExpiredToken, IamkitError
from iamkit_pages import cookies, doors
from iamkit_pages.answers import Answer, redirect
from iamkit_pages.drawing import address, page
from iamkit_pages.entering import check_repeated
from iamkit_pages.visit import Visit


def forgot_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    account = visit.said("account") or visit.query.get("account", "")
    ask = visit.place.accounts or bool(account)
    return page(visit, "forgot.html", fault=fault, account=account, ask_account=ask)


def forgot(visit: Visit) -> Answer:
    """The same for everybody: what was typed is not even shown again."""
    try:
        doors.forgot(visit)
    except IamkitError as fault:
        return forgot_page(visit, fault)
    return page(visit, "message.html", about="mail_sent", way="")


def reset_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return without_token(visit) or page(visit, "link_password.html", fault=fault, about="reset")


def reset(visit: Visit) -> Answer:
    return _done(visit, doors.reset_password, reset_page, "password_set", password=True)


def invite_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return without_token(visit) or page(visit, "link_password.html", fault=fault, about="invite")


def invite(visit: Visit) -> Answer:
    return _done(visit, doors.accept_invitation, invite_page, "password_set", password=True)


def confirm_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return without_token(visit) or page(visit, "link_confirm.html", fault=fault)


def confirm(visit: Visit) -> Answer:
    return _done(visit, doors.confirm_address, confirm_page, "address_confirmed", password=False)


def _done(
    visit: Visit,
    do: Callable[[Visit], None],
    again: Callable[[Visit, IamkitError], Answer],
    done: str,
    *,
    password: bool,
) -> Answer:
    try:
        if password:
            check_repeated(visit)
        do(visit)
    except ExpiredToken:
        return worthless(visit)
    except IamkitError as fault:
        return again(visit, fault)
    # Who is signed in already has confirmed something of their own, most likely.
    there = "/" if visit.signed_in and not password else "/sign-in"
    return redirect(address(visit, there, done=done), cookies.kept(visit.iam, cookies.LINK, ""))


def worthless(visit: Visit) -> Answer:
    """The link is of no use, whatever the cause; its token is forgotten."""
    forget = cookies.kept(visit.iam, cookies.LINK, "")
    return page(visit, "message.html", status=400, about="link_worthless", way="", cookies=(forget,))


def without_token(visit: Visit) -> Answer | None:
    """The way on for an address that still has the token; what is none is not kept."""
    token = visit.query.get("token")
    if token is not None:
        kept = token if token.isascii() and token.replace("_", "").replace("-", "").isalnum() else ""
        cookie = cookies.kept(visit.iam, cookies.LINK, kept[:100])
        path = visit.request.path.removeprefix(visit.place.prefix)
        there = redirect(address(visit, path), cookie)
        return Answer(there.status, location=there.location, cookies=there.cookies, referrer="no-referrer")
    if not doors.link_token(visit):
        return worthless(visit)
    return None
