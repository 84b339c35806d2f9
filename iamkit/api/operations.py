"""Every operation of the desk by its action, for iamkit's own clients: what the Query form leaves out too.

    GET  …/operations                 who the caller is
    POST …/operations/iam:CreateUser  with the parameters as a JSON object, in snake case

Values come and go as `management.wire` writes them, errors as `management.wire_faults` does. What the caller
may do is decided at the desk, as for every other form.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from iamkit.audit.event import Origin
from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    IamkitError,
    InvalidAction,
    MalformedQueryString,
    MalformedRequest,
    MissingAuthenticationToken,
    ServiceUnavailable,
    Throttling,
    kind_and_place,
)
from iamkit.gate.verdict import DECISION_HEADER
from iamkit.http import HttpRequest, HttpResponse
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import wire, wire_faults
from iamkit.management.catalog import OPERATIONS
from iamkit.management.introduction import Introduction
from iamkit.management.operation import Operation
from iamkit.policy.request import CallerKind

_log = logging.getLogger("iamkit.api")

_PLACE: Final = re.compile(r".*/operations(?:/([a-z]{1,20}:[A-Za-z0-9]{1,128}))?", re.ASCII)
_JSON: Final = "application/json"
_HEADERS: Final = (
    ("Content-Type", _JSON),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)
# Any: operations differ in parameters and results.
_KNOWN: Final[Mapping[str, Operation[..., Any]]] = {each.action: each for each in OPERATIONS}


def is_meant(request: HttpRequest) -> bool:
    """Whether the request is one for this form."""
    return _PLACE.fullmatch(request.path) is not None


def answer(iam: IAM, request: HttpRequest, principal: Principal, origin: Origin) -> HttpResponse:
    """The answer to a request with its body. Whatever goes wrong is told as a fault."""
    try:
        _check_caller(principal)
        place = _PLACE.fullmatch(request.path)
        action = None if place is None else place[1]
        if action is None:
            if request.method != "GET":
                raise MalformedRequest("who calls is asked by GET; an operation has its action in the path")
            made = Introduction.of(principal, iam.deployment().partition)
            return _told(200, {"introduction": wire.out(Introduction, made)}, origin)
        operation = _KNOWN.get(action)
        if operation is None:
            raise InvalidAction(f"there is no operation `{action}` here")
        if request.method != "POST" or request.kind != "http":
            raise MalformedRequest("operations are done by POST, with a JSON object")
        given = wire.arguments_in(operation, _body(request))
        result = iam.desk(principal, origin=origin).do(operation, **given)
        return _told(200, {"result": wire.result_out(operation, result)}, origin)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told as a fault
        return refused(error, origin)


def refused(error: Exception, origin: Origin) -> HttpResponse:
    """An error as an answer. What is not of iamkit's tree is logged, and its text is told to nobody."""
    if not isinstance(error, IamkitError):
        _log.error("an operation of the API failed: %s", kind_and_place(error))
        error = IamkitError("the operation failed; the log of the server says where")
    elif isinstance(error, ConfigurationError | ServiceUnavailable):
        _log.error("a request of the API was not answered: %s", error)
        error = ServiceUnavailable("the request cannot be answered at the moment; try again later")
    more = []
    if isinstance(error, Throttling):
        more.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, AccessDenied) and error.decision_id:
        more.append((DECISION_HEADER, error.decision_id))
    return _told(error.status, {"error": wire_faults.fault_out(error)}, origin, more)


def _told(
    status: int, data: object, origin: Origin, more: list[tuple[str, str]] | None = None
) -> HttpResponse:
    body = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return HttpResponse(status, (*_HEADERS, ("x-amzn-RequestId", origin.request_id), *(more or ())), body)


def _check_caller(principal: Principal) -> None:
    """Programs only: no cookie of a browser makes a request somebody's."""
    proof = principal.authentication
    anonymous = principal.caller.kind is CallerKind.ANONYMOUS
    if anonymous or proof is None or proof.by_cookie or proof.kind is CredentialKind.ANONYMOUS:
        raise MissingAuthenticationToken("sign the request with an access key, or send a token")


def _body(request: HttpRequest) -> object:
    # No form of another site can send this type unasked.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise MalformedQueryString(f"send the parameters as `{_JSON}`")
    if request.query:
        raise MalformedQueryString("send the parameters in the body, and nothing in the query")
    try:
        return json.loads(request.body or b"{}", parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise MalformedQueryString("the body is not JSON that can be read in one way") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made
