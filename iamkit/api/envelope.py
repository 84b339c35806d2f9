"""What an API request asks for, before anything of it is believed: operation, service, parameters, form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from iamkit.api import typed_json
from iamkit.api.constraints import Value
from iamkit.api.model import Models, OperationModel, ServiceModel
from iamkit.api.query import form_of, input_of
from iamkit.credentials.sigv4_query import has_query_signature
from iamkit.errors import InvalidAction, MalformedQueryString, SignatureDoesNotMatch
from iamkit.http import HttpRequest

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_JSON_PATH: Final = re.compile(r"(?:.*)/(iam|sts)/([A-Za-z0-9]{1,128})", re.ASCII)
_SCOPE: Final = re.compile(r"Credential=[^/,]+/[0-9]+/[^/,]+/([a-z0-9-]+)/", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with its input. `as_json` says in which form it is answered."""

    service: ServiceModel
    operation: OperationModel
    given: Mapping[str, Value] = field(repr=False)
    as_json: bool


def wants_json(request: HttpRequest) -> bool:
    """Whether the request is one of the JSON form, which has a path for each operation."""
    return _JSON_PATH.fullmatch(request.path) is not None


def service_of(models: Models, request: HttpRequest) -> ServiceModel:
    """The service whose words an answer is written in: the one that was signed for, else IAM."""
    named = signed_service(request)
    return models.services.get(named or "iam", models.services["iam"])


def signed_service(request: HttpRequest) -> str | None:
    """The service that the request's signature is made for, if it carries one."""
    text = request.headers.get("authorization", "")
    if not text and request.query:
        text = next(
            (
                f"Credential={unquote(pair[17:])}"
                for pair in request.query.split("&")
                if pair.startswith("X-Amz-Credential=")
            ),
            "",
        )
    found = _SCOPE.search(text)
    return None if found is None else found[1]


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation with its parameters as they came."""

    service: ServiceModel
    operation: OperationModel
    form: Mapping[str, str] = field(repr=False)

    def call(self) -> Call:
        """With its input read. Raises MalformedQueryString, ValidationError."""
        return Call(self.service, self.operation, input_of(self.operation, self.form), as_json=False)


def query_asked(models: Models, request: HttpRequest) -> Asked:
    """What a request of the Query protocol asks for, in its body or in a presigned query.

    Raises MalformedQueryString, InvalidAction, and SignatureDoesNotMatch if it was signed for the other
    service.
    """
    presigned = bool(request.query) and has_query_signature(request.query)
    if presigned and not request.body:
        form = form_of(request.query.encode("latin-1"))
    else:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "GET" or kind != _FORM:
            raise MalformedQueryString(f"send the parameters in the body of a POST, as `{_FORM}`")
        if request.query:
            raise MalformedQueryString("send the parameters in the body, and nothing in the query")
        form = form_of((request.body or b"").strip())
    version = form.get("Version", "")
    service = models.by_version(version) if version else service_of(models, request)
    if service is None:
        raise InvalidAction(f"there is no API of the version `{version[:40]}`")
    _check_service(request, service)
    action = form.get("Action", "")
    operation = service.operations.get(action)
    if operation is None:
        raise InvalidAction(
            f"Could not find operation {action[:128]} for version {service.version}"
            if action
            else "the parameter `Action` is missing"
        )
    return Asked(service, operation, form)


def json_operation(models: Models, request: HttpRequest) -> tuple[ServiceModel, OperationModel]:
    """The operation of `POST …/iam/CreateUser`. Raises InvalidAction, SignatureDoesNotMatch."""
    found = _JSON_PATH.fullmatch(request.path)
    if found is None:
        raise InvalidAction("operations are at `/iam/NAME` and `/sts/NAME`")
    service = models.services[found[1]]
    operation = service.operations.get(found[2])
    if operation is None:
        raise InvalidAction(f"`{service.service}` has no operation `{found[2]}`")
    _check_service(request, service)
    return service, operation


def json_call(service: ServiceModel, operation: OperationModel, request: HttpRequest) -> Call:
    """The call with the JSON object in its body. Raises MalformedQueryString, ValidationError."""
    # No form of another site can send this type unasked.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise MalformedQueryString(f"send the parameters as `{_JSON}`")
    try:
        data: Any = json.loads(request.body or b"{}", object_pairs_hook=_members)
    except (ValueError, RecursionError):
        raise MalformedQueryString("the body is not JSON") from None
    return Call(service, operation, typed_json.input_of(operation, data), as_json=True)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Each name once: with a name that came twice, two programs could mean two values (RFC 8259 §4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedQueryString("a member came twice in one object")
    return found


def _check_service(request: HttpRequest, service: ServiceModel) -> None:
    signed = signed_service(request)
    if signed is not None and signed != service.service:
        raise SignatureDoesNotMatch(
            f"the credential is scoped to the service `{signed}`; sign for `{service.service}`"
        )
