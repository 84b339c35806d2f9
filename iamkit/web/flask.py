"""Flask: `protect(app, iam)`.

A `Door` around `app.wsgi_app` admits. The marker of the matched view is checked in two places: before any
other `before_request` function, so that none of them acts for a caller who may not, and where the view is
called, where the answer of the first check is accepted only for the same view, method and arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import flask
from flask.views import MethodView, View
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from iamkit.errors import ConfigurationError, IamkitError
from iamkit.gate.verdict import Refusal
from iamkit.values import quickly
from iamkit.web import foresight
from iamkit.web import routes as listing
from iamkit.web.answers import is_preflight
from iamkit.web.guard import (
    ADMISSION,
    Admission,
    Gatekeeper,
    Guard,
    HasGate,
    endpoint_of,
    gate_of,
    not_admitted,
    unreadable_request,
)
from iamkit.web.marker import Marker, Requirement, handler_of_view, marker_of
from iamkit.web.sniff import checked_guardian, misplaced
from iamkit.web.wsgi import Door, WSGIMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask.templating import Environment
    from flask.typing import ResponseReturnValue

AppT = TypeVar("AppT", bound=flask.Flask)

EXTENSION: Final = "iamkit"
_ALLOWED: Final = "iamkit.allowed"


def protect(app: AppT, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> AppT:
    """Guard every view of `app`, those that are added later included; returns `app`.

    `public={"static"}` opens Flask's own static files, the app's and its blueprints'. Apps that are
    put beside this one by a DispatcherMiddleware have to be protected themselves, or carry a marker.
    """
    if not isinstance(app, flask.Flask):
        raise misplaced(app, iam, "Flask")
    if EXTENSION in app.extensions:
        raise ConfigurationError("the app is protected already; call `protect` once")
    extension = FlaskGuard(app, Guard(gate_of(checked_guardian(iam)), public=public))
    app.extensions[EXTENSION] = extension
    app.before_request_funcs.setdefault(None, []).insert(0, extension.check)
    # What a view raises of iamkit's own, such as `iam.authorize(...)`. An app's own handler goes before.
    app.error_handler_spec[None][None].setdefault(IamkitError, extension.raised)
    app.dispatch_request = extension.around(app.dispatch_request)  # type: ignore[method-assign]
    app.wsgi_app = Door(app.wsgi_app, extension.guard)  # type: ignore[method-assign]
    _watch_neighbours(app, extension)
    _give_templates(app, extension)
    return app


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What was allowed: exactly this call."""

    admission: Admission
    view: object
    method: str
    arguments: Mapping[str, object]


_allowed: Final = quickly(_Allowed)


class FlaskGuard:
    """The guard of one Flask app; `app.extensions["iamkit"]`."""

    def __init__(self, app: flask.Flask, guard: Guard) -> None:
        self._app = app
        self.guard = guard

    def check(self) -> ResponseReturnValue | None:
        """Before the view: None if it may run, else the refusal. Raises NotFound for a hidden one."""
        # The request itself: each look through the proxy costs as much as a call.
        request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
        environ = request.environ
        admission = environ.get(ADMISSION)
        if not isinstance(admission, Admission) or admission.guard is not self.guard:
            return self._response_to(self.guard.refusal(unreadable_request(request.method), not_admitted()))
        earlier = environ.get(_ALLOWED)
        if not isinstance(earlier, _Allowed) or earlier.admission is not admission:
            flask.g.principal = admission.principal
        rule = request.url_rule
        automatic = (
            rule is None
            or request.routing_exception is not None
            or getattr(rule, "provide_automatic_options", False)
        )
        if automatic and is_preflight(admission.request):
            return self._response_to(self.guard.preflight(admission.request))
        if rule is None or request.routing_exception is not None:
            # 404, 405 and redirects are the app's own; no view runs.
            if isinstance(request.routing_exception, MethodNotAllowed):
                return self._of_the_visible(admission)
            return None
        if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return self._of_the_visible(admission)
        arguments = dict(request.view_args or {})
        view = self._app.view_functions.get(rule.endpoint)
        if (
            isinstance(earlier, _Allowed)
            and earlier.view is view
            and earlier.admission is admission
            and earlier.method == request.method
            and earlier.arguments == arguments
        ):
            return None
        marker = marker_for(view, request.method)
        group = group_of(rule.endpoint, view) if marker is None else None
        refusal = self.guard.check(admission, endpoint_of(rule.endpoint, marker, arguments, group))
        if refusal is None:
            environ[_ALLOWED] = _allowed(admission, view, request.method, arguments)
            return None
        return self._refused(refusal)

    def _refused(self, refusal: Refusal) -> flask.Response:
        if refusal.hidden:
            # What a path without a route gets, from the app's own handler.
            raise NotFound
        return self._response_to(refusal)

    def _of_the_visible(self, admission: Admission) -> ResponseReturnValue | None:
        """A 405 or automatic OPTIONS that names only methods that are not hidden from the caller.

        None if nothing is hidden at this address: the framework's own answer stands. Raises NotFound if
        everything is, as at an address without a route.
        """
        adapter = self._app.create_url_adapter(flask.request)
        methods = list(adapter.allowed_methods()) if adapter is not None else []
        verdicts: dict[tuple[str, int], Refusal | None] = {}
        visible: list[str] = []
        for method in methods:
            rule, arguments = adapter.match(method=method, return_rule=True)  # type: ignore[union-attr]  # not None here
            if method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
                continue
            view = self._app.view_functions.get(rule.endpoint)
            marker = marker_for(view, method)
            if not (isinstance(marker, Requirement) and marker.hidden):
                visible.append(method)
                continue
            key = (rule.endpoint, id(marker))
            if key not in verdicts:
                endpoint = endpoint_of(rule.endpoint, marker, dict(arguments), group_of(rule.endpoint, view))
                verdicts[key] = self.guard.check(admission, endpoint)
            if verdicts[key] is None:
                visible.append(method)
        if not any(verdicts.values()):
            return None
        if not visible:
            return self._refused(next(refusal for refusal in verdicts.values() if refusal is not None))
        if flask.request.method != "OPTIONS":
            raise MethodNotAllowed(valid_methods=sorted(visible))
        answer = self._app.response_class()
        answer.allow.update([*visible, "OPTIONS"])
        return answer

    def raised(self, fault: IamkitError) -> flask.Response:
        """The answer when a view raised one of iamkit's errors."""
        admission = flask.request.environ.get(ADMISSION)
        if isinstance(admission, Admission):
            request = admission.request
        else:
            request = unreadable_request(flask.request.method)
        return self._response_to(self.guard.refusal(request, fault))

    def around(self, dispatch: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        """`dispatch`, which calls the view, behind the check: who gets there was allowed this very call."""

        def dispatch_request(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            refused = self.check()
            return dispatch(*args, **kwargs) if refused is None else refused

        return dispatch_request

    def can(self, target: str, resource: str = "*", /, *, _method: str | None = None, **values: Any) -> bool:
        """Whether the caller may use an endpoint, `can("notes.delete", id=7)`, or do an action.

        The template global `can`; see `iamkit.web.foresight`. Raises BuildError for an unknown endpoint, as
        `url_for` does.
        """
        admission = flask.request.environ.get(ADMISSION)
        if not isinstance(admission, Admission) or admission.guard is not self.guard:
            raise not_admitted()
        if foresight.is_action(target):
            return foresight.may(admission.principal, target, resource, values)
        if target.startswith("."):
            target = f"{flask.request.blueprint or ''}{target}".lstrip(".")
        rules = self._app.url_map.iter_rules(target) if target in self._app.view_functions else ()
        methods = {method for rule in rules for method in rule.methods or ()}
        method = foresight.chosen_method(target, methods, _method)
        adapter = self._app.create_url_adapter(flask.request)
        if adapter is None:
            return False
        built = urlsplit(adapter.build(target, values, method=method))
        if built.netloc:
            raise ConfigurationError(f"`{target}` is served under another host, where this page cannot look")
        path = "/" + unquote(built.path).removeprefix(adapter.script_name)
        try:
            rule, arguments = adapter.match(path, method, return_rule=True)
        except HTTPException:
            return False
        view = self._app.view_functions.get(rule.endpoint)
        marker = marker_for(view, method)
        endpoint = endpoint_of(rule.endpoint, marker, dict(arguments), group_of(rule.endpoint, view))
        request = foresight.foreseen(admission.request, method, unquote(built.path))
        return self.guard.foresee(admission.principal, endpoint, request)

    def close_neighbours(self, stack: object) -> None:
        """Guard what a DispatcherMiddleware around or inside the app would serve beside it."""
        for _ in range(100):
            if isinstance(stack, DispatcherMiddleware):
                for prefix, neighbour in list(stack.mounts.items()):
                    if not _guards_itself(neighbour):
                        stack.mounts[prefix] = WSGIMiddleware(neighbour, self.guard.gate)
            stack = getattr(stack, "app", None)
            if stack is None:
                return

    def _response_to(self, refusal: Refusal) -> flask.Response:
        response = self.guard.response(refusal)
        return self._app.response_class(response.body, response.status, list(response.headers))


def routes(app: object) -> list[listing.Route]:
    """Every rule of the app with what its view declares.

    What reaches no view is left out: automatic OPTIONS, and names that exist for `url_for` alone.
    """
    if not isinstance(app, flask.Flask):
        raise ConfigurationError(f"`{type(app).__qualname__}` is no Flask app")
    extension = app.extensions.get(EXTENSION)
    guard = extension.guard if isinstance(extension, FlaskGuard) else None
    rows = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None or rule.build_only:
            continue
        methods = set(rule.methods or ("*",))
        if getattr(rule, "provide_automatic_options", False):
            methods.discard("OPTIONS")
        group = group_of(rule.endpoint, view)
        opened = guard is not None and guard.opens(group)
        together = tuple(sorted(methods))
        for some in [(method,) for method in together] if _is_method_view(view) else [together]:
            marker = marker_for(view, some[0])
            row = listing.route_of(
                marker,
                methods=some,
                path=rule.rule,
                endpoint=rule.endpoint,
                group=group,
                opened=opened,
                given=tuple(rule.defaults or ()),
            )
            rows.append(row)
    return rows


def marker_for(view: object, method: str) -> Marker | None:
    """The mark of a view for one method: of a class-based view's method, the view function, or the class."""
    kind = getattr(view, "view_class", None)
    if not isinstance(kind, type) or not issubclass(kind, View):
        return marker_of(view)
    own = None
    if issubclass(kind, MethodView) and kind.dispatch_request is MethodView.dispatch_request:
        own = marker_of(handler_of_view(kind, method))
    elif kind.dispatch_request is not View.dispatch_request:
        own = marker_of(kind.dispatch_request)
    return own or marker_of(view) or marker_of(kind)


def group_of(endpoint: str, view: object) -> str | None:
    """`static` for the files that Flask serves by itself, the app's and a blueprint's."""
    own = getattr(view, "__module__", "") in ("flask.app", "flask.sansio.app", "flask.blueprints")
    return "static" if own and endpoint.rpartition(".")[2] == "static" else None


def _is_method_view(view: object) -> bool:
    kind = getattr(view, "view_class", None)
    return isinstance(kind, type) and issubclass(kind, MethodView)


def _guards_itself(app: object) -> bool:
    for _ in range(100):
        if isinstance(app, Door | WSGIMiddleware):
            return True
        if isinstance(app, flask.Flask):
            return EXTENSION in app.extensions
        owner = getattr(app, "__self__", None)
        if isinstance(owner, flask.Flask):
            return EXTENSION in owner.extensions
        app = getattr(app, "app", None)
        if app is None:
            return False
    return False


def _give_templates(app: flask.Flask, extension: FlaskGuard) -> None:
    # The environment is made when it is first used, with the options that the app has by then.
    make = app.create_jinja_environment

    def made() -> Environment:
        environment = make()
        environment.globals.setdefault("can", extension.can)
        return environment

    app.create_jinja_environment = made  # type: ignore[method-assign]
    if "jinja_env" in vars(app):
        app.jinja_env.globals.setdefault("can", extension.can)


def _watch_neighbours(app: flask.Flask, extension: FlaskGuard) -> None:
    # `app.wsgi_app` may be wrapped again after `protect`. What is served through the app object is looked at
    # each time, and a method of an object can only be replaced in its class.
    kind = type(app)

    def call(self: flask.Flask, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        extension.close_neighbours(self.wsgi_app)
        return kind.__call__(self, environ, start_response)

    app.__class__ = type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})
