"""Calls of the JSON endpoints: the same steps as the pages', with data for an answer.

The session travels in the cookie, as with the pages, so nothing that a script could lose is in its hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime

from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import FACTOR, NewSession
from iamkit.gate import csrf
from iamkit.management.tokens import CreatedToken
from iamkit_pages import cookies, doors, own
from iamkit_pages.answers import Answer, data
from iamkit_pages.visit import Visit

# --- coming in ------------------------------------------------------------------------------------------


def state(visit: Visit) -> Answer:
    """Where the bearer of the cookie stands, and what can be done next."""
    iam = visit.iam
    said: dict[str, object] = {"methods": iam.factors.methods, "passkeys": iam.factors.passkeys}
    if visit.token:
        said["csrf_token"] = csrf.draw(visit.token, iam.ids)
    principal, proof = visit.principal, visit.principal.authentication
    if visit.signed_in and proof is not None:
        said |= {
            "state": "active",
            "user": {"name": principal.name, "arn": principal.arn, "account": principal.account},
            "session_id": proof.credential_id,
            "factors": proof.factors,
            "mfa_at": proof.mfa_at,
            "expires_at": proof.expires_at,
        }
        return data(_plain(said))
    session = visit.session
    if session is None or not session.awaits:
        return data(_plain({"state": "anonymous", **said}))
    return data(_plain({**_awaited(visit, session.awaits), **said}))


def _awaited(visit: Visit, awaits: tuple[str, ...], token: str | None = None) -> dict[str, object]:
    found: dict[str, object] = {"state": "pending", "awaits": awaits}
    if awaits[:1] == (FACTOR,):
        found["offers"] = visit.iam.factors.offers(visit.token if token is None else token)
    return found


def _entered(visit: Visit, session: NewSession, *more: str) -> Answer:
    """What the new session awaits; its token is in the cookie and nowhere in the answer."""
    token = session.token.reveal()
    said = _awaited(visit, session.awaits, token) if session.awaits else {"state": "active"}
    if not session.awaits:
        said["next"] = visit.next or visit.place.home
    said |= {"expires_at": session.expires_at, "csrf_token": csrf.draw(token, visit.iam.ids)}
    return data(_plain(said), *visit.cookies_for(session), *more)


def sign_in(visit: Visit) -> Answer:
    return _entered(visit, doors.sign_in(visit))


def begin_factor(visit: Visit) -> Answer:
    return data({"shown": dict(doors.begin_factor(visit, visit.needed("method")))})


def factor(visit: Visit) -> Answer:
    return _entered(visit, doors.factor(visit))


def begin_passkey(visit: Visit) -> Answer:
    begun, cookie = doors.begin_passkey(visit)
    return data({"shown": dict(begun.shown)}, cookie)


def passkey(visit: Visit) -> Answer:
    return _entered(visit, doors.passkey(visit), cookies.kept(visit.iam, cookies.PASSKEY, ""))


def new_password(visit: Visit) -> Answer:
    return _entered(visit, doors.new_password(visit))


def sign_in_root(visit: Visit) -> Answer:
    return _entered(visit, doors.sign_in_root(visit))


def claim_setup(visit: Visit) -> Answer:
    return _entered(visit, doors.claim_setup(visit))


def prove_root(visit: Visit) -> Answer:
    under_way = doors.prove_root(visit)
    said = {"token": under_way.token, "ready_at": under_way.ready_at, "ends_at": under_way.ends_at}
    return data(_plain(said), status=201)


def sign_out(visit: Visit) -> Answer:
    doors.sign_out(visit)
    return data({"state": "anonymous"}, *visit.cookies_for(None))


# --- one's own ------------------------------------------------------------------------------------------


def change_password(visit: Visit) -> Answer:
    own.change_password(visit)
    return data({"state": "anonymous"}, *visit.cookies_for(None))


def end_sessions(visit: Visit) -> Answer:
    own.end_sessions(visit)
    return data({"state": "anonymous"}, *visit.cookies_for(None))


def create_key(visit: Visit) -> Answer:
    made = own.create_key(visit)
    return data({"access_key_id": made.key.key_id, "secret_access_key": made.secret.reveal()}, status=201)


def _token_made(visit: Visit, make: Callable[[Visit], CreatedToken]) -> Answer:
    made = make(visit)
    return data(_plain({**_members(made.face), "token": made.token.reveal()}), status=201)


def create_token(visit: Visit) -> Answer:
    return _token_made(visit, own.create_token)


def reset_token(visit: Visit) -> Answer:
    return _token_made(visit, own.reset_token)


def begin_enrolment(visit: Visit) -> Answer:
    return data({"shown": own.begin_enrolment(visit)})


def finish_enrolment(visit: Visit) -> Answer:
    return data(_plain({"factor": own.finish_enrolment(visit)}), status=201)


def create_recovery_codes(visit: Visit) -> Answer:
    return data({"codes": own.create_recovery_codes(visit)}, status=201)


def create_app(visit: Visit) -> Answer:
    return data(_plain(_members(own.create_app_device(visit))), status=201)


def done(do: Callable[[Visit], object]) -> Callable[[Visit], Answer]:
    """A call whose answer says nothing more."""

    def done(visit: Visit) -> Answer:
        do(visit)
        return data({})

    return done


def listed(name: str, read: Callable[[Visit], object]) -> Callable[[Visit], Answer]:
    return lambda visit: data(_plain({name: read(visit)}))


# --- JSON -----------------------------------------------------------------------------------------------


def _plain(said: Mapping[str, object]) -> dict[str, object]:
    return {name: _value(value) for name, value in said.items()}


def _members(value: object) -> dict[str, object]:
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError("only records are shown")
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, tuple | list):
        return [_value(item) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return _plain(_members(value))
