"""The middleware: admits each request and has the mark of the matched view checked before the view runs.

First in MIDDLEWARE it admits before anything else of the project acts. The mark is checked in two places: as
the first of all `process_view`, so that no middleware acts for a caller who may not, and where Django calls
the view, where the first answer is accepted only for the same view, method and arguments. It works in either
colour; under ASGI the gate is asked in place, or in a worker thread if it may have to wait.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import Resolver404

from iamkit.errors import IamkitError
from iamkit.gate.verdict import Refusal
from iamkit.http import HttpResponse as Answer
from iamkit.http import NeedsBody
from iamkit.web.answers import is_preflight
from iamkit.web.asgi import judged
from iamkit.web.django import endpoints, options, received
from iamkit.web.django.pieces import as_caller
from iamkit.web.django.received import Call
from iamkit.web.guard import Admission, Endpoint, Guard, gate_of, not_admitted
from iamkit.web.marker import Requirement

# The view that a checked one stands for.
_ORIGINAL: Final = "iamkit_original"


class Middleware:
    """`"iamkit.web.django.Middleware"`. Raises ConfigurationError at the start if settings are amiss."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._next = get_response
        self.guard = Guard(gate_of(options.guardian()), public=options.public_names())
        self._declared = options.declarations()
        self._is_async = iscoroutinefunction(get_response)
        # Each in the colour of the handler, as Django would hop to another thread for the other one.
        self.process_view: Callable[..., Any] = self._viewed
        if self._is_async:
            markcoroutinefunction(self)
            self.process_view = self._viewed_async

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answered_async(request)
        admission = self._admit(request)
        if not isinstance(admission, Admission):
            return self._early(admission)
        received.admitted(request, admission, self._around)
        with self.guard.gate.acting(admission.principal):
            response: HttpResponseBase = self._next(request)
        return self._finished(request, response, admission)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer when a view raised one of iamkit's errors; an app's own middleware goes before."""
        if not isinstance(exception, IamkitError):
            return None
        admission = received.admission_of(request)
        known = received.unreadable(request) if admission is None else admission.request
        return self._response_to(self.guard.refusal(known, exception))

    async def _answered_async(self, request: HttpRequest) -> HttpResponseBase:
        admission = await judged(self.guard, lambda: self._admit(request))
        if not isinstance(admission, Admission):
            return self._early(admission)
        received.admitted(request, admission, self._around)
        with self.guard.gate.acting(admission.principal):
            response: HttpResponseBase = await self._next(request)
        return self._finished(request, response, admission)

    def _early(self, answer: Refusal | Answer) -> HttpResponse:
        return self._rendered(self.guard.completed(answer) if isinstance(answer, Refusal) else answer)

    def _admit(self, request: HttpRequest) -> Admission | Refusal | Answer:
        try:
            known = received.request_of(request)
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            return self.guard.refusal(received.unreadable(request), fault)
        early = self.guard.early(known) if self.guard.answers_early else None
        if early is not None:
            return early
        answer = self.guard.admit(known)
        if not isinstance(answer, NeedsBody):
            return answer
        try:
            body = received.buffered(request, answer.limit)
        except Exception as fault:  # noqa: BLE001  # too large, cut short, or the client left
            return self.guard.refusal(known, fault)
        again = self.guard.admit(replace(known, body=body))
        if isinstance(again, NeedsBody):
            return self.guard.refusal(known, not_admitted())
        return again

    # --- before the view ------------------------------------------------------------------------

    def _viewed(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        return self._refused(request, self._look(request, view, args, kwargs))

    async def _viewed_async(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        refusal = await judged(self.guard, lambda: self._look(request, view, args, kwargs))
        return self._refused(request, refusal)

    def _around(self, view: Any) -> Any:
        """`view`, as Django calls it in the end, behind the check: this very call was allowed."""
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def checked_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                refused = await self._viewed_async(request, view, args, kwargs)
                return refused or _told(await view(request, *args, **kwargs), request)

            setattr(checked_async, _ORIGINAL, view)
            return checked_async

        @functools.wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return self._viewed(request, view, args, kwargs) or _told(view(request, *args, **kwargs), request)

        setattr(checked, _ORIGINAL, view)
        return checked

    def _look(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Refusal | HttpResponse | None:
        admission = received.admission_of(request)
        if admission is None or admission.guard is not self.guard:
            return self.guard.refusal(received.unreadable(request), not_admitted())
        view = vars(view).get(_ORIGINAL, view) if hasattr(view, "__dict__") else view
        method = request.method or ""
        call = Call(view, method, tuple(args), dict(kwargs))
        earlier = received.allowed_call(request)
        if earlier is not None and earlier.is_same(call):
            return None
        if endpoints.is_automatic(view, method):
            if is_preflight(admission.request):
                return self.guard.preflight(admission.request)
            return self._hidden(request, view, kwargs, admission)
        match = request.resolver_match
        marker = endpoints.mark_for(view, method, self._declared, match.view_name if match else "")
        endpoint = Endpoint(endpoints.name_of(view), marker, kwargs, endpoints.group_of(view, kwargs))
        refusal = self.guard.check(admission, endpoint)
        if refusal is None:
            received.allow(request, replace(call, marker=marker))
        return refusal

    def _hidden(
        self, request: HttpRequest, view: Any, kwargs: Mapping[str, Any], admission: Admission
    ) -> Refusal | HttpResponse | None:
        """The answer that names only methods of a class-based view which are not hidden from the caller.

        None if nothing is hidden from them: Django's own answer stands. The refusal if everything is.
        """
        match = request.resolver_match
        name = match.view_name if match else ""
        refusals: list[Refusal] = []
        visible: list[str] = []
        for method in endpoints.handled_methods(view):
            marker = endpoints.mark_for(view, method, self._declared, name)
            refusal = None
            if isinstance(marker, Requirement) and marker.hidden:
                group = endpoints.group_of(view, kwargs)
                endpoint = Endpoint(endpoints.name_of(view), marker, kwargs, group)
                refusal = self.guard.check(admission, endpoint)
            if refusal is None:
                visible.append(method)
            else:
                refusals.append(refusal)
        if not refusals or not visible:
            return refusals[0] if refusals else None
        if "GET" in visible and "HEAD" not in visible:
            visible.append("HEAD")
        told = [*visible, "OPTIONS"]
        if request.method != "OPTIONS":
            return HttpResponseNotAllowed(told)
        return HttpResponse(headers={"Allow": ", ".join(told), "Content-Length": "0"})

    # --- answers --------------------------------------------------------------------------------

    def _refused(self, request: HttpRequest, refusal: Refusal | HttpResponse | None) -> HttpResponse | None:
        if refusal is None or isinstance(refusal, HttpResponse):
            return refusal
        if refusal.hidden:
            # What a path without a route gets, from the project's own handler and in the same words.
            request.resolver_match = None
            raise Resolver404({"path": request.path_info.removeprefix("/"), "tried": [[]]})
        return self._response_to(refusal)

    def _response_to(self, refusal: Refusal) -> HttpResponse:
        return self._rendered(self.guard.response(refusal))

    def _rendered(self, answer: Answer) -> HttpResponse:
        response = HttpResponse(answer.body, status=answer.status)
        del response.headers["Content-Type"]
        challenges = []
        for name, value in answer.headers:
            if name.lower() == "www-authenticate":
                challenges.append(value)
            else:
                response.headers[name] = value
        if challenges:
            # Django keeps one field of a name; a list in one field means the same (RFC 9110 §5.3).
            response.headers["WWW-Authenticate"] = ", ".join(challenges)
        return response

    def _finished(
        self, request: HttpRequest, response: HttpResponseBase, admission: Admission
    ) -> HttpResponseBase:
        missing = request.resolver_match is None and response.status_code == 404
        if missing and is_preflight(admission.request):
            # Said of every address alike, so nothing is learnt of what is there.
            response = self._response_to(self.guard.preflight(admission.request))
        _tell(response, admission)
        as_caller(response, lambda: self.guard.gate.acting(admission.principal))
        return response


def _told(response: Any, request: HttpRequest) -> Any:
    # Said where the view answers, so that a cache of the project's that stands further out keeps none of it.
    admission = received.admission_of(request)
    if admission is not None and isinstance(response, HttpResponseBase):
        _tell(response, admission)
    return response


def _tell(response: HttpResponseBase, admission: Admission) -> None:
    # Django keeps one field of a name.
    for name, value in admission.completed(list(response.headers.items())):
        response.headers[name] = value
