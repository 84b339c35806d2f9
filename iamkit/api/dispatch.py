"""Has one request of the API answered: read, done at the management desk as its caller, written.

No rule lives here. What the caller may do is decided, and what was done is recorded, at the desk.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from iamkit.api import operations, typed_json, xml
from iamkit.api.bound import NEEDS, Bindings, Bound
from iamkit.api.constraints import Value
from iamkit.api.envelope import Call, json_call, json_operation, query_asked, service_of, wants_json
from iamkit.api.faults import Fault, fault_of
from iamkit.api.model import Models, OperationModel, ServiceModel
from iamkit.api.openapi import document
from iamkit.api.outputs import output_of
from iamkit.api.paging import Cut
from iamkit.api.published import published
from iamkit.api.views import Around
from iamkit.audit.event import Origin
from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import InvalidAction, MalformedRequest, MissingAuthenticationToken
from iamkit.gate.origin import Proxies
from iamkit.gate.verdict import DECISION_HEADER
from iamkit.http import HttpRequest, HttpResponse
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.policy.request import CallerKind

_UNSIGNED: Final = "Request is missing Authentication Token"
_OPENAPI: Final = "/openapi.json"
_NO_STORE: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


class Dispatch:
    """Answers requests. One for an API; safe between threads."""

    def __init__(self, iam: IAM) -> None:
        self._iam = iam
        self._models = Models.load()
        self._bindings = Bindings.of(self._models)
        self._proxies = Proxies(iam.settings.proxy_networks)
        self._openapi: bytes | None = None

    def answer(self, request: HttpRequest, principal: Principal, local: str) -> HttpResponse:
        """The answer to a request with its body; `local` is the path below where the API stands.

        In the JSON form an error of iamkit's tree is raised, and told as the guard tells every refusal.
        """
        if operations.is_meant(request):
            return operations.answer(self._iam, request, principal, self._origin(request, self._request_id()))
        if wants_json(request):
            return self._json(request, principal)
        if local == _OPENAPI and request.method in ("GET", "HEAD"):
            return self._described()
        told = published(self._iam, request, local)
        if told is not None:
            return told
        request_id = self._request_id()
        service = service_of(self._models, request)
        operation: OperationModel | None = None
        try:
            if local not in ("", "/"):
                raise InvalidAction("the API is at the path `/`")
            if request.method not in ("GET", "POST") or request.kind != "http":
                raise MalformedRequest("the API takes POST, and GET with a presigned query")
            if principal.caller.kind is CallerKind.ANONYMOUS and not _may_be_unsigned(request):
                raise MissingAuthenticationToken(_UNSIGNED)
            asked = query_asked(self._models, request)
            service, operation = asked.service, asked.operation
            if not operation.unsigned:
                _check_caller(principal)
            bound = self._bound(operation)
            output = self._done(bound, asked.call(), principal, request, request_id)
            body = xml.answer(service, operation, output, request_id)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told as a fault
            return self.fault(fault_of(error, service, operation), service, request_id)
        return _response(200, "text/xml", body, request_id)

    def refused(self, error: Exception, request: HttpRequest) -> HttpResponse:
        """The answer to a request that was not let in."""
        if operations.is_meant(request):
            return operations.refused(error, self._origin(request, self._request_id()))
        service = service_of(self._models, request)
        return self.fault(fault_of(error, service), service, self._request_id())

    def fault(self, fault: Fault, service: ServiceModel, request_id: str) -> HttpResponse:
        """An error as XML."""
        body = xml.error(service, fault.status, fault.code, fault.message, request_id)
        return _response(fault.status, "text/xml", body, request_id, decision=fault.decision_id)

    def _json(self, request: HttpRequest, principal: Principal) -> HttpResponse:
        if request.method != "POST" or request.kind != "http":
            raise MalformedRequest("operations are done by POST, with a JSON object")
        service, operation = json_operation(self._models, request)
        if principal.caller.kind is CallerKind.ANONYMOUS and not operation.unsigned:
            raise MissingAuthenticationToken("operations need a caller; sign in or sign the request")
        request_id = self._request_id()
        bound = self._bound(operation)
        call = json_call(service, operation, request)
        output = self._done(bound, call, principal, request, request_id)
        return _response(200, "application/json", typed_json.output(output), request_id)

    def _bound(self, model: OperationModel) -> Bound:
        bound = self._bindings.find(model)
        if bound is None:
            needs = NEEDS.get(model.action)
            why = f"; it needs {needs}" if needs else ""
            raise InvalidAction(f"`{model.action}` is not available here{why}")
        return bound

    def _done(
        self, bound: Bound, call: Call, principal: Principal, request: HttpRequest, request_id: str
    ) -> Mapping[str, Value]:
        arguments = bound.arguments.made(call.given)
        cut = Cut.of(call.given)
        if bound.arguments.pages:
            arguments |= {"marker": cut.marker, "max_items": cut.max_items}
        origin = self._origin(request, request_id)
        result = self._iam.desk(principal, origin=origin).do(bound.arguments.operation, **arguments)
        with self._iam.store.read() as reader:
            around = Around(reader, principal, call.given)
            return output_of(bound.model, result, around, cut, pages_itself=bound.arguments.pages)

    def _origin(self, request: HttpRequest, request_id: str) -> Origin:
        return Origin(
            source_ip=self._proxies.source_ip(request) or "unknown",
            user_agent=request.headers.get("user-agent", "")[:512],
            request_id=request_id,
        )

    def _described(self) -> HttpResponse:
        if self._openapi is None:
            self._openapi = document(self._bindings)
        return HttpResponse(200, (("Content-Type", "application/json"),), self._openapi)

    def _request_id(self) -> str:
        return str(uuid.UUID(bytes=self._iam.ids.bytes(16), version=4))


def _may_be_unsigned(request: HttpRequest) -> bool:
    """Whether a request without a credential is looked at: no cookie of a browser makes it somebody's."""
    return request.method == "POST" and "cookie" not in request.headers


def _check_caller(principal: Principal) -> None:
    """The Query form takes no cookie: a link or form of another site could carry one."""
    proof = principal.authentication
    anonymous = principal.caller.kind is CallerKind.ANONYMOUS
    if anonymous or proof is None or proof.by_cookie or proof.kind is CredentialKind.ANONYMOUS:
        raise MissingAuthenticationToken(_UNSIGNED)


def _response(
    status: int, kind: str, body: bytes, request_id: str, *, decision: str | None = None
) -> HttpResponse:
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request_id), *_NO_STORE]
    if decision:
        headers.append((DECISION_HEADER, decision))
    return HttpResponse(status, tuple(headers), body)
