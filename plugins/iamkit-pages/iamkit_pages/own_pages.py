"""Pages of what is one's own: password, address, sessions, access keys, personal tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable

from iamkit.errors import AccessDenied, IamkitError, StepUpRequired
from iamkit.identity import people
from iamkit.management.tokens import CreatedToken
from iamkit_pages import own
from iamkit_pages.answers import Answer, redirect
from iamkit_pages.drawing import address, page
from iamkit_pages.entering import check_repeated
from iamkit_pages.factor_pages import label, step_up
from iamkit_pages.visit import Visit

# What a new token may live, in days.
_LIVES = ("7", "30", "90", "365")


def overview(visit: Visit, fault: IamkitError | None = None) -> Answer:
    """Who one is, where, and how one came in."""
    principal = visit.principal
    with visit.iam.store.read() as reader:
        user = people.by_id(reader, principal.caller.unique_id)
    proof, root = principal.authentication, visit.is_root
    return page(
        visit,
        "overview.html",
        fault=fault,
        account=principal.account,
        arn=principal.arn,
        email=None if user is None else user.email,
        verified=user is not None and user.email_verified_at is not None,
        since=None if proof is None else proof.issued_at,
        until=None if proof is None else proof.expires_at,
        factors=[label(visit, name) for name in (() if proof is None else proof.factors)],
        mail=bool(visit.iam.settings.link_base),
        may_verify=visit.may("iamkit:VerifyRootEmail" if root else "iamkit:VerifyUserEmail"),
        may_change=visit.may("iamkit:ChangeRootEmail" if root else "iamkit:ChangeUserEmail"),
    )


# --- password and address -------------------------------------------------------------------------------


def password_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return page(visit, "password.html", fault=fault)


def password(visit: Visit) -> Answer:
    try:
        check_repeated(visit)
        own.change_password(visit)
    except IamkitError as fault:
        return password_page(visit, fault)
    # All sessions ended, this one too.
    return redirect(address(visit, "/sign-in", done="password_set"), *visit.cookies_for(None))


def address_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return page(visit, "address.html", fault=fault)


def change_address(visit: Visit) -> Answer:
    try:
        own.change_address(visit)
    except StepUpRequired:
        return step_up(visit, "/address")
    except IamkitError as fault:
        return address_page(visit, fault)
    return redirect(address(visit, "/", done="link_sent"))


def verify_address(visit: Visit) -> Answer:
    return _did(visit, own.verify_address, overview, "/", "link_sent")


# --- sessions -------------------------------------------------------------------------------------------


def sessions_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return page(
        visit,
        "sessions.html",
        fault=fault,
        # This one before all.
        sessions=sorted(own.list_sessions(visit), key=lambda session: not session.current),
        may_end=visit.may("iamkit:EndSession"),
        may_end_all=visit.may("iamkit:EndSessions"),
        may_rename=visit.may("iamkit:RenameSession"),
    )


def end_session(visit: Visit) -> Answer:
    return _did(visit, own.end_session, sessions_page, "/sessions", "session_ended")


def rename_session(visit: Visit) -> Answer:
    return _did(visit, own.rename_session, sessions_page, "/sessions", "session_renamed")


def end_other_sessions(visit: Visit) -> Answer:
    return _did(visit, own.end_other_sessions, sessions_page, "/sessions", "others_ended")


def end_sessions(visit: Visit) -> Answer:
    try:
        own.end_sessions(visit)
    except IamkitError as fault:
        return sessions_page(visit, fault)
    return redirect(address(visit, "/sign-in", done="sessions_ended"), *visit.cookies_for(None))


# --- access keys ----------------------------------------------------------------------------------------


def keys_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return page(
        visit,
        "keys.html",
        fault=fault,
        keys=own.list_keys(visit),
        may_create=visit.may("iam:CreateAccessKey"),
        may_update=visit.may("iam:UpdateAccessKey"),
        may_delete=visit.may("iam:DeleteAccessKey"),
    )


def create_key(visit: Visit) -> Answer:
    try:
        made = own.create_key(visit)
    except StepUpRequired:
        return step_up(visit, "/keys")
    except IamkitError as fault:
        return keys_page(visit, fault)
    key_id, secret = made.key.key_id, made.secret.reveal()
    table = f"Access key ID,Secret access key\r\n{key_id},{secret}\r\n"
    # A file of the browser's own making: the server keeps nothing to be fetched later.
    return page(visit, "key_made.html", key_id=key_id, secret=secret, file=_file("text/csv", table))


def update_key(visit: Visit) -> Answer:
    return _did(visit, own.update_key, keys_page, "/keys", "key_changed")


def delete_key(visit: Visit) -> Answer:
    return _did(visit, own.delete_key, keys_page, "/keys", "key_deleted")


# --- personal tokens ------------------------------------------------------------------------------------


def tokens_page(visit: Visit, fault: IamkitError | None = None) -> Answer:
    return page(
        visit,
        "tokens.html",
        fault=fault,
        tokens=own.list_tokens(visit),
        lives=_LIVES,
        may_create=visit.may("iamkit:CreatePersonalToken"),
        may_reset=visit.may("iamkit:ResetPersonalToken"),
        may_delete=visit.may("iamkit:DeletePersonalToken"),
    )


def create_token(visit: Visit) -> Answer:
    return _token_made(visit, own.create_token)


def reset_token(visit: Visit) -> Answer:
    return _token_made(visit, own.reset_token)


def _token_made(visit: Visit, make: Callable[[Visit], CreatedToken]) -> Answer:
    try:
        made = make(visit)
    except StepUpRequired:
        return step_up(visit, "/tokens")
    except IamkitError as fault:
        return tokens_page(visit, fault)
    return page(visit, "token_made.html", made=made.face, token=made.token.reveal())


def delete_token(visit: Visit) -> Answer:
    return _did(visit, own.delete_token, tokens_page, "/tokens", "token_deleted")


def _did(
    visit: Visit,
    do: Callable[[Visit], None],
    again: Callable[[Visit, IamkitError], Answer],
    back: str,
    done: str,
) -> Answer:
    try:
        do(visit)
    except StepUpRequired:
        return step_up(visit, back)
    except AccessDenied:
        raise
    except IamkitError as fault:
        return again(visit, fault)
    return redirect(address(visit, back, done=done))


def _file(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode('ascii')}"
