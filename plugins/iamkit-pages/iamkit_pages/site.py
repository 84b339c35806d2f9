"""The site: a request that was let in becomes an answer. The same for both colours; nothing here does I/O."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from iamkit.errors import (
    AccessDenied,
    IamkitError,
    InputError,
    MalformedRequest,
    NoSuchEntity,
    RequestTooLarge,
    StepUpRequired,
)
from iamkit.gate import cross_site, csrf
from iamkit.gate.origin import Proxies
from iamkit.http import HttpRequest, HttpResponse
from iamkit.web.guard import Admission, Endpoint
from iamkit.web.marker import Public
from iamkit.web.routes import Route
from iamkit_pages import answers, doors, drawing, entering, factor_pages, link_pages, own_pages, root_pages
from iamkit_pages.answers import Answer
from iamkit_pages.json_calls import CALLS, Call
from iamkit_pages.openapi import document
from iamkit_pages.place import Place
from iamkit_pages.visit import Visit

_log = logging.getLogger("iamkit.pages")

BODY_LIMIT: Final = 65_536
_FIELDS: Final = 50
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_API: Final = "/api/"
_READING: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One address. `own` pages are for who is signed in; others are sent to sign in first."""

    path: str
    name: str
    get: Callable[[Visit], Answer] | None = None
    post: Callable[[Visit], Answer] | None = None
    own: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """What may be sent there."""
        return (*(("GET",) if self.get else ()), *(("POST",) if self.post else ()))

    def handler(self, method: str) -> Callable[[Visit], Answer] | None:
        """What answers to a method."""
        if method in _READING:
            return self.get
        return self.post if method == "POST" else None


def _of_call(call: Call) -> PageRoute:
    if call.method == "GET":
        return PageRoute(f"/api/{call.path}", f"api.{call.name}", get=call.answer)
    return PageRoute(f"/api/{call.path}", f"api.{call.name}", post=call.answer)


def _openapi(visit: Visit) -> Answer:
    return answers.data(document(visit.place.prefix))


def _merged(routes: list[PageRoute]) -> tuple[PageRoute, ...]:
    """Routes of one path as one, whatever the methods."""
    found: dict[str, PageRoute] = {}
    for route in routes:
        before = found.get(route.path)
        if before is not None:
            route = PageRoute(
                route.path, before.name, before.get or route.get, before.post or route.post, route.own
            )
        found[route.path] = route
    return tuple(found.values())


ROUTES: Final = _merged(
    [
        PageRoute("/sign-in", "sign_in", entering.sign_in_page, entering.sign_in),
        PageRoute("/passkey", "passkey", entering.passkey_page, entering.passkey),
        PageRoute("/new-password", "new_password", entering.new_password_page, entering.new_password),
        PageRoute("/sign-out", "sign_out", entering.sign_out_page, entering.sign_out),
        PageRoute("/factor", "factor", factor_pages.factor_page, factor_pages.factor),
        PageRoute("/factor/begin", "factor_begin", post=factor_pages.begin),
        PageRoute("/verify", "verify", factor_pages.verify_page),
        PageRoute("/forgot", "forgot", link_pages.forgot_page, link_pages.forgot),
        PageRoute("/reset-password", "reset_password", link_pages.reset_page, link_pages.reset),
        PageRoute("/invite", "invite", link_pages.invite_page, link_pages.invite),
        PageRoute("/verify-address", "verify_address", link_pages.confirm_page, link_pages.confirm),
        PageRoute("/change-address", "change_address", link_pages.confirm_page, link_pages.confirm),
        PageRoute("/root", "root", root_pages.sign_in_page, root_pages.sign_in),
        PageRoute("/root-lost", "root_forgot", root_pages.forgot_page, root_pages.forgot),
        PageRoute("/setup", "root_setup", root_pages.setup_page, root_pages.setup),
        PageRoute("/recover-root", "root_prove", root_pages.prove_page, root_pages.prove),
        PageRoute("/finish-recovery", "root_finish", root_pages.finish_page, root_pages.finish),
        PageRoute("/style.css", "style", entering.style),
        PageRoute("/passkeys.js", "script", entering.script),
        PageRoute("/", "overview", own_pages.overview, own=True),
        PageRoute("/password", "password", own_pages.password_page, own_pages.password, own=True),
        PageRoute("/address", "address", own_pages.address_page, own_pages.change_address, own=True),
        PageRoute("/address/verify", "address_verify", post=own_pages.verify_address, own=True),
        PageRoute("/sessions", "sessions", own_pages.sessions_page, own=True),
        PageRoute("/sessions/end", "sessions_end", post=own_pages.end_session, own=True),
        PageRoute("/sessions/rename", "sessions_rename", post=own_pages.rename_session, own=True),
        PageRoute("/sessions/end-others", "sessions_end_others", post=own_pages.end_other_sessions, own=True),
        PageRoute("/sessions/end-all", "sessions_end_all", post=own_pages.end_sessions, own=True),
        PageRoute("/keys", "keys", own_pages.keys_page, own_pages.create_key, own=True),
        PageRoute("/keys/update", "keys_update", post=own_pages.update_key, own=True),
        PageRoute("/keys/delete", "keys_delete", post=own_pages.delete_key, own=True),
        PageRoute("/tokens", "tokens", own_pages.tokens_page, own_pages.create_token, own=True),
        PageRoute("/tokens/reset", "tokens_reset", post=own_pages.reset_token, own=True),
        PageRoute("/tokens/delete", "tokens_delete", post=own_pages.delete_token, own=True),
        PageRoute("/factors", "factors", factor_pages.devices_page, own=True),
        PageRoute("/factors/app", "factors_app", factor_pages.app_page, factor_pages.app, own=True),
        PageRoute("/factors/token", "factors_token", factor_pages.token_page, own=True),
        PageRoute("/factors/enable", "factors_enable", post=factor_pages.enable, own=True),
        PageRoute("/factors/new", "factors_new", factor_pages.new_page, factor_pages.new, own=True),
        PageRoute("/factors/prove", "factors_prove", post=factor_pages.prove, own=True),
        PageRoute("/factors/remove", "factors_remove", post=factor_pages.remove, own=True),
        PageRoute(
            "/recovery-codes",
            "recovery_codes",
            factor_pages.recovery_codes_page,
            factor_pages.recovery_codes,
            own=True,
        ),
        PageRoute("/api/openapi.json", "api.openapi", get=_openapi),
        *map(_of_call, CALLS),
    ]
)
_BY_PATH: Final = {route.path: route for route in ROUTES}
# `/sign-in/ALIAS`, the address of an account.
_OF_ACCOUNT: Final = "/sign-in/"


def listed(place: Place) -> list[Route]:
    """Each page and endpoint, as `iamkit routes` lists them."""
    return [
        Route(route.methods, place.prefix + route.path, f"iamkit_pages.{route.name}", public=True)
        for route in ROUTES
    ]


def endpoint(place: Place, request: HttpRequest) -> Endpoint:
    """What stands at the address, for the guard. All of it is public: who is asked is asked by the page."""
    route, _ = _found(place, request)
    return Endpoint(f"iamkit_pages.{route.name if route else 'nothing'}", Public())


def respond(place: Place, admission: Admission, body: bytes) -> HttpResponse:
    """The answer to a request that the guard let in. Whatever goes wrong is an answer too."""
    request = admission.request
    secure = not place.iam.settings.development and Proxies(place.iam.settings.proxy_networks).secure(request)
    words = place.words.wanted(request.headers.get("accept-language", ""))
    visit = Visit(place, request, admission.principal, words)
    api = request.path.startswith(place.prefix + _API)
    try:
        try:
            answer = _answer(visit, body, api=api)
        except IamkitError as fault:
            if api:
                answer = answers.problem(fault, admission.guard.gate.challenges())
            else:
                answer = _refused(visit, fault)
    except Exception as fault:  # noqa: BLE001  # the guard logs it, and tells nobody what it was
        return admission.guard.response(admission.guard.refusal(request, fault))
    return answers.response(answer, request.method, secure=secure)


def _answer(visit: Visit, body: bytes, *, api: bool) -> Answer:
    place, request = visit.place, visit.request
    if request.path == place.prefix:
        return answers.redirect(f"{place.prefix}/")
    route, account = _found(place, request)
    handler = None if route is None else route.handler(request.method)
    if route is None or handler is None:
        return _nothing(visit, route, api=api)
    query = _pairs(request.query)
    if account:
        try:
            # An alias that the account had once stops (CAP-A5).
            visit.iam.account_named(account)
        except NoSuchEntity:
            return _nothing(visit, None, api=api)
        query = {**query, "account": account}
    fields: Mapping[str, str] = {}
    if request.method == "POST":
        _check_origin(visit)
        fields = _json(request, body) if api else _form(request, body)
        _check_token(visit, fields)
    visit = Visit(place, request, visit.principal, visit.words, query, fields)
    if route.own and not visit.signed_in:
        return entering.sent_to_sign_in(visit)
    return handler(visit)


def _found(place: Place, request: HttpRequest) -> tuple[PageRoute | None, str]:
    path = request.path.removeprefix(place.prefix)
    if path.startswith(_OF_ACCOUNT) and "/" not in path[len(_OF_ACCOUNT) :]:
        return _BY_PATH["/sign-in"], path[len(_OF_ACCOUNT) :]
    return _BY_PATH.get(path), ""


def _nothing(visit: Visit, route: PageRoute | None, *, api: bool) -> Answer:
    status = 404 if route is None else 405
    headers = () if route is None else (("Allow", ", ".join(("HEAD", *route.methods))),)
    if api:
        return Answer(
            status, json.dumps({"status": status}).encode(), "application/problem+json", headers=headers
        )
    page = drawing.page(visit, "message.html", status=status, about="not_found", way="")
    return Answer(page.status, page.body, headers=(*page.headers, *headers))


def _refused(visit: Visit, fault: IamkitError) -> Answer:
    """What no page could say itself: a form of another site, a body that is none, a policy's no."""
    if isinstance(fault, StepUpRequired):
        return factor_pages.step_up(visit, visit.request.path.removeprefix(visit.place.prefix))
    here = visit.request.path if visit.request.method in _READING else ""
    way = drawing.address(visit, "/verify", next=here) if _could_verify(visit, fault) else ""
    return drawing.page(visit, "message.html", fault=fault, about="refused", way=way)


def _could_verify(visit: Visit, fault: IamkitError) -> bool:
    """Whether a factor that was not shown yet may be what the policies miss."""
    proof = visit.principal.authentication
    if (
        not isinstance(fault, AccessDenied)
        or not visit.signed_in
        or proof is None
        or proof.mfa_at is not None
    ):
        return False
    return bool(visit.token) and bool(doors.offers(visit))


# --- what was sent --------------------------------------------------------------------------------------


def _check_origin(visit: Visit) -> None:
    """Raise AccessDenied for a form of another site (THR-S5).

    The gate did so where a session's cookie proved the caller. At a sign-in, and while a session is pending,
    there was nobody to prove.
    """
    proof = visit.principal.authentication
    if proof is None or proof.by_cookie:
        cross_site.check_sign_in(visit.request, visit.iam.gate.manners)


def _check_token(visit: Visit, fields: Mapping[str, str]) -> None:
    """Raise AccessDenied if a browser that does not say where a form comes from has a cookie but no token."""
    proof, headers = visit.principal.authentication, visit.request.headers
    if proof is not None or "origin" in headers or "sec-fetch-site" in headers or not visit.token:
        return
    sent = headers.get(csrf.HEADER) or fields.get(csrf.FIELD, "")
    if visit.session is not None and not csrf.verified(sent, visit.token):
        raise AccessDenied("this form was not sent by a page of ours; open the page again and send it there")


def _form(request: HttpRequest, body: bytes) -> Mapping[str, str]:
    if body and _kind(request) != _FORM:
        raise MalformedRequest(f"a form is sent as `{_FORM}`")
    try:
        return _pairs(body.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise MalformedRequest("the form is not UTF-8") from fault


def _json(request: HttpRequest, body: bytes) -> Mapping[str, str]:
    """The members of the object that was sent; those of an object inside it as `outer.inner`."""
    if _kind(request) != _JSON:
        # What a form of another site can send is never JSON by its name (THR-S5).
        raise MalformedRequest(f"send `{_JSON}`")
    try:
        read = json.loads(body or b"{}", object_pairs_hook=_members)
    except (ValueError, RecursionError) as fault:
        raise MalformedRequest("the body is no JSON") from fault
    if not isinstance(read, dict):
        raise InputError("the body has to be an object")
    found: dict[str, str] = {}
    for name, value in read.items():
        inner = value if isinstance(value, dict) else None
        for key, one in ((name, value),) if inner is None else ((f"{name}.{k}", v) for k, v in inner.items()):
            if one is None:
                continue
            if isinstance(one, bool) or not isinstance(one, str | int):
                raise InputError(f"`{key[:40]}` has to be a text")
            found[key] = str(one)
    if len(found) > _FIELDS:
        raise RequestTooLarge("the body has too many members")
    return found


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Each name once, as in a form."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedRequest("a member came more than once")
    return found


def _pairs(text: str) -> dict[str, str]:
    """Each name once: with a name that came twice, two programs could mean two values."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError as fault:
        raise MalformedRequest("the form has too many fields, or is not UTF-8") from fault
    if len(dict(pairs)) != len(pairs):
        raise MalformedRequest("a field came more than once")
    return dict(pairs)


def _kind(request: HttpRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
