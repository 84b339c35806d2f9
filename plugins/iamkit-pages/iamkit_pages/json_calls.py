"""The table of JSON calls: what each takes and gives; requests are checked by it, OpenAPI is drawn of it.

    password → pending → factor → new password → session

What is asked by POST is `application/json`. A browser says by itself where it comes from; one that does not
sends `csrf_token` of `GET session` as `X-CSRF-Token`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from iamkit.errors import MissingAuthenticationToken
from iamkit_pages import doors, json_api, own
from iamkit_pages.answers import Answer
from iamkit_pages.visit import Visit


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the object that a call takes."""

    name: str
    about: str
    required: bool = True
    kind: Literal["string", "integer", "object"] = "string"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `answer` does it; `own` ones need a session. `gives` names the members of its answer."""

    path: str
    about: str
    does: Callable[[Visit], Answer]
    takes: tuple[Member, ...] = ()
    gives: tuple[str, ...] = ()
    method: Literal["GET", "POST"] = "POST"
    own: bool = False
    status: int = 200

    @property
    def name(self) -> str:
        """Its name in listings."""
        return f"{self.method.lower()}_{self.path.replace('/', '_').replace('-', '_')}"

    def answer(self, visit: Visit) -> Answer:
        """Do it. Raises MissingAuthenticationToken without a session, InputError for what is missing."""
        if self.own and not visit.signed_in:
            raise MissingAuthenticationToken("sign in first")
        for member in self.takes:
            if member.required and member.kind != "object":
                visit.needed(member.name)
        return self.does(visit)


_ACCOUNT: Final = Member("account", "account id or alias; the home account without it", required=False)
_NEXT: Final = Member("next", "where to go on to: a path of this site", required=False)
_METHOD: Final = Member("method", "one of `offers`, or of `methods`")
_ANSWER: Final = Member("answer", 'what the method wants: `{"code": "123456"}`', kind="object")
_NEW: Final = Member("new_password", "the password that is chosen")
_TOKEN: Final = Member(
    "token", "the token of the link; without it, that of the page's cookie", required=False
)
_STATE: Final = ("state", "awaits", "offers", "next", "expires_at", "csrf_token")
_GONE: Final = ("state",)

CALLS: Final = (
    Call(
        "session",
        "Where the browser stands: `anonymous`, `pending` or `active`",
        json_api.state,
        gives=("state", "awaits", "offers", "user", "session_id", "factors", "methods", "csrf_token"),
        method="GET",
    ),
    Call(
        "sign-in",
        "The password",
        json_api.sign_in,
        (
            Member("user", "user name"),
            Member("password", "password"),
            _ACCOUNT,
            _NEXT,
        ),
        _STATE,
    ),
    Call(
        "factor/begin",
        "Start a second factor: send a code, or make a challenge",
        json_api.begin_factor,
        (_METHOD, Member("answer", 'such as which device, `{"serial": …}`', required=False, kind="object")),
        ("shown",),
    ),
    Call("factor", "The second factor, or a fresher one", json_api.factor, (_METHOD, _ANSWER, _NEXT), _STATE),
    Call("passkey/begin", "Ask for a passkey", json_api.begin_passkey, gives=("shown",)),
    Call(
        "passkey",
        "Sign in with a passkey",
        json_api.passkey,
        (Member("credential", "what `navigator.credentials.get` gave, as JSON text"), _NEXT),
        _STATE,
    ),
    Call(
        "new-password",
        "The password that a pending session awaits",
        json_api.new_password,
        (_NEW, _NEXT),
        _STATE,
    ),
    Call("sign-out", "End the session", json_api.sign_out, gives=_GONE),
    Call(
        "forgot",
        "Have a link sent, if there is such a user",
        json_api.done(doors.forgot),
        (Member("who", "user name or mail address"), _ACCOUNT),
    ),
    Call(
        "root/sign-in",
        "The root user's password",
        json_api.sign_in_root,
        (Member("email", "its mail address"), Member("password", "password"), _ACCOUNT, _NEXT),
        _STATE,
    ),
    Call(
        "root/setup",
        "Become the root user by a set-up link; then enrol a second factor",
        json_api.claim_setup,
        (_TOKEN, Member("email", "its mail address"), _NEW),
        _STATE,
    ),
    Call(
        "root/forgot",
        "Have a link sent to the root user",
        json_api.done(doors.begin_root_recovery),
        (Member("email", "its mail address"), Member("lost", "`password` or `factor`"), _ACCOUNT),
    ),
    Call(
        "root/prove",
        "The second proof beside the link; the token that finishes is in this answer and nowhere else",
        json_api.prove_root,
        (_TOKEN, _METHOD, _ANSWER),
        ("token", "ready_at", "ends_at"),
        status=201,
    ),
    Call(
        "root/finish",
        "A new password after the wait",
        json_api.done(doors.finish_root_recovery),
        (_TOKEN, _NEW),
    ),
    Call("reset-password", "A new password by a link", json_api.done(doors.reset_password), (_TOKEN, _NEW)),
    Call("invite", "The first password by a link", json_api.done(doors.accept_invitation), (_TOKEN, _NEW)),
    Call("confirm-address", "A mail address by a link", json_api.done(doors.confirm_address), (_TOKEN,)),
    Call(
        "password",
        "Change the password; all sessions end",
        json_api.change_password,
        (Member("old_password", "the password until now"), _NEW),
        _GONE,
        own=True,
    ),
    Call(
        "address",
        "Send a link to another mail address",
        json_api.done(own.change_address),
        (Member("email", "it"),),
        own=True,
    ),
    Call("address/verify", "Send a link to the mail address", json_api.done(own.verify_address), own=True),
    Call(
        "sessions",
        "One's own sessions",
        json_api.listed("sessions", own.list_sessions),
        gives=("sessions",),
        method="GET",
        own=True,
    ),
    Call(
        "sessions/rename",
        "Give one a name; without one it is called what it seems to be",
        json_api.done(own.rename_session),
        (Member("session_id", "its id"), Member("name", "what it is called", required=False)),
        own=True,
    ),
    Call("sessions/end-others", "End all but this one", json_api.done(own.end_other_sessions), own=True),
    Call(
        "sessions/end", "End one", json_api.done(own.end_session), (Member("session_id", "its id"),), own=True
    ),
    Call("sessions/end-all", "End all, this one too", json_api.end_sessions, gives=_GONE, own=True),
    Call(
        "access-keys",
        "One's own access keys",
        json_api.listed("access_keys", own.list_keys),
        gives=("access_keys",),
        method="GET",
        own=True,
    ),
    Call(
        "access-keys",
        "Make one; the secret is in this answer and nowhere else",
        json_api.create_key,
        gives=("access_key_id", "secret_access_key"),
        own=True,
        status=201,
    ),
    Call(
        "access-keys/update",
        "Make one active or inactive",
        json_api.done(own.update_key),
        (Member("access_key_id", "its id"), Member("status", "`Active` or `Inactive`")),
        own=True,
    ),
    Call(
        "access-keys/delete",
        "Delete one for good",
        json_api.done(own.delete_key),
        (Member("access_key_id", "its id"),),
        own=True,
    ),
    Call(
        "tokens",
        "One's own personal tokens",
        json_api.listed("tokens", own.list_tokens),
        gives=("tokens",),
        method="GET",
        own=True,
    ),
    Call(
        "tokens",
        "Make one; its text is in this answer and nowhere else",
        json_api.create_token,
        (
            Member("name", "what it is for"),
            Member("days", "how long it lives; 90 without it", required=False, kind="integer"),
            Member("policy_document", "a session policy that narrows it", required=False),
        ),
        ("token_id", "name", "expires_at", "token"),
        own=True,
        status=201,
    ),
    Call(
        "tokens/reset",
        "Another text for one; the old is void",
        json_api.reset_token,
        (Member("token_id", "its id"),),
        ("token_id", "token"),
        own=True,
        status=201,
    ),
    Call(
        "tokens/delete",
        "Delete one",
        json_api.done(own.delete_token),
        (Member("token_id", "its id"),),
        own=True,
    ),
    Call(
        "factors",
        "One's own second factors",
        json_api.listed("factors", own.list_devices),
        gives=("factors",),
        method="GET",
        own=True,
    ),
    Call(
        "factors/app",
        "A device for an authenticator app; its seed is in this answer and nowhere else",
        json_api.create_app,
        (Member("name", "what it is called"),),
        ("serial_number", "base32_seed", "uri", "qr_code_png"),
        own=True,
        status=201,
    ),
    Call(
        "factors/enable",
        "Take a device that shows codes, by two of them",
        json_api.done(own.enable_device),
        (
            Member("serial_number", "of the device"),
            Member("code1", "a code"),
            Member("code2", "the one after it"),
        ),
        own=True,
    ),
    Call(
        "factors/begin",
        "Start to enrol by a method of a plugin",
        json_api.begin_enrolment,
        (_METHOD, Member("answer", 'what it wants first, `{"phone": …}`', required=False, kind="object")),
        ("shown",),
        own=True,
    ),
    Call(
        "factors/finish",
        "Prove the device",
        json_api.finish_enrolment,
        (
            _METHOD,
            Member("name", "what it is called", required=False),
            Member("credential", "of a passkey", required=False),
            Member("answer", "else, what the method wants", required=False, kind="object"),
        ),
        ("factor",),
        own=True,
        status=201,
    ),
    Call(
        "factors/remove",
        "Give one up",
        json_api.done(own.remove_device),
        (Member("serial_number", "of the device"),),
        own=True,
    ),
    Call(
        "recovery-codes",
        "Ten codes, in this answer and nowhere else; older ones are void",
        json_api.create_recovery_codes,
        gives=("codes",),
        own=True,
        status=201,
    ),
)
