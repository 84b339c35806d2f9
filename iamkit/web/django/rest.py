"""Django REST framework: marks by action, and classes for permissions, filters and authentication."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import BasePermission

from iamkit.errors import ConfigurationError
from iamkit.web.django import endpoints, options, received
from iamkit.web.django.resources import resource_of
from iamkit.web.django.users import PrincipalUser
from iamkit.web.marker import Marker, Public, Requirement, marker_of

K = TypeVar("K", bound=type)


def actions(**marks: str) -> Callable[[K], K]:
    """Mark the actions of a view set that it has from its base classes.

        @actions(list="notes:List", retrieve="notes:Read note/{pk}", create="notes:Write")
        class Notes(ModelViewSet): ...

    A value is `public`, an action, or an action and a resource. What is not named stays as its method or its
    class declares it, else closed. Raises ConfigurationError for what the class has no method for.
    """

    def mark(kind: K) -> K:
        for name in marks:
            if not callable(getattr(kind, name, None)):
                raise ConfigurationError(f"`{kind.__qualname__}` has no action `{name}`")
            if marker_of(getattr(kind, name)) is not None:
                raise ConfigurationError(f"`{kind.__qualname__}.{name}` carries a mark already")
        setattr(kind, endpoints.ACTIONS, {name: options.mark_of(name, text) for name, text in marks.items()})
        return kind

    return mark


class Permission(BasePermission):
    """Allows what the guard has allowed; of an object, what the action of its mark allows on that object.

    `get_object()` of a view asks for the object, whose name `iamkit.web.django.resources` knows.
    """

    def has_permission(self, request: Any, view: Any) -> bool:  # noqa: ARG002
        """Whether this very request passed the guard."""
        return received.allowed_call(request._request) is not None

    def has_object_permission(self, request: Any, view: Any, obj: object) -> bool:  # noqa: ARG002
        """Whether the caller may do the view's action on `obj`; recorded. Raises Http404 for a hidden one."""
        admission = received.admission_of(request._request)
        marker = _running(request)
        if isinstance(marker, Public):
            return True
        if admission is None or not isinstance(marker, Requirement):
            return False
        call = received.allowed_call(request._request)
        resource = resource_of(obj)
        if resource is not None and call is not None:
            verdict = admission.guard.gate.authorize(
                admission.principal,
                marker.action,
                resource,
                request=admission.request,
                context=marker.filled_context(call.kwargs) or None,
            )
            if verdict.allowed:
                admission.decisions.append(verdict.id)
                return True
        if marker.hidden:
            raise Http404
        return False


class FilterBackend(BaseFilterBackend):
    """Leaves of a queryset what the caller may do the view's action on, by `iam.filter(queryset, action)`."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:  # noqa: ARG002
        """Raises ConfigurationError, answered 503, where the project's IAM cannot filter."""
        marker = _running(request)
        if isinstance(marker, Public):
            return queryset
        filtered = getattr(options.guardian(), "filter", None)
        if not isinstance(marker, Requirement) or not callable(filtered):
            raise ConfigurationError(
                "the list cannot be filtered: the view has no action, or the IAM no `filter`"
            )
        return filtered(queryset, marker.action)


class Authentication(BaseAuthentication):
    """`request.user` is the caller, `request.auth` how that was proved."""

    def authenticate(self, request: Any) -> tuple[PrincipalUser, object] | None:
        """None for nobody: another class may know somebody."""
        principal = received.principal_of(request._request)
        user = PrincipalUser(principal)
        return (user, principal.authentication) if user.is_authenticated else None

    def authenticate_header(self, request: Any) -> str:
        """The challenge of a 401 that the framework itself answers."""
        admission = received.admission_of(request._request)
        return ", ".join(admission.guard.gate.challenges()) if admission is not None else "Bearer"


def _running(request: Any) -> Marker | None:
    call = received.allowed_call(request._request)
    return None if call is None else call.marker
