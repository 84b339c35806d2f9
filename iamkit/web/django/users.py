"""The caller as Django sees people: `request.user` for projects and apps that ask for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

from iamkit.identity.principal import Principal
from iamkit.policy.request import CallerKind
from iamkit.web.django import permissions
from iamkit.web.django.received import principal_of


class PrincipalUser:
    """A principal with the attributes and methods of a Django user. It is in no table of the project's.

    Nobody is a superuser, who would be asked nothing, and nobody is staff.
    """

    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody was proved to be calling."""
        return self.principal.caller.kind is not CallerKind.ANONYMOUS

    @property
    def is_anonymous(self) -> bool:
        """The opposite of `is_authenticated`."""
        return not self.is_authenticated

    @property
    def username(self) -> str:
        """The principal's name, empty for nobody."""
        return self.principal.name if self.is_authenticated else ""

    @property
    def pk(self) -> str | None:
        """The principal's ARN: what throttles and logs may tell people apart by."""
        return self.principal.arn or None

    id = pk

    def get_username(self) -> str:
        """The same as `username`."""
        return self.username

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the engine allows `perm` (`docs:Read`) on `obj`, see `iamkit.web.django.resources`."""
        return permissions.allowed(self.principal, perm, obj)

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Whether all of them are allowed."""
        return permissions.all_allowed(self.principal, perm_list, obj)

    def has_module_perms(self, module: str) -> bool:
        """Whether any action of the service `module` that the project's views ask for is allowed on `*`."""
        return permissions.any_allowed(self.principal, module)

    async def ahas_perm(self, perm: str, obj: object = None) -> bool:
        """`has_perm` for async code."""
        return await permissions.in_its_place(lambda: self.has_perm(perm, obj))

    async def ahas_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """`has_perms` for async code."""
        return await permissions.in_its_place(lambda: self.has_perms(perm_list, obj))

    async def ahas_module_perms(self, module: str) -> bool:
        """`has_module_perms` for async code."""
        return await permissions.in_its_place(lambda: self.has_module_perms(module))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrincipalUser) and self.principal.caller == other.principal.caller

    def __hash__(self) -> int:
        return hash((self.principal.arn, self.principal.name))

    def __str__(self) -> str:
        return self.username or "anonymous"


@sync_and_async_middleware
def UserMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802  # named as the other middleware
    """Set `request.user` to the caller; stands after Django's AuthenticationMiddleware, if that is used.

    Somebody who signed in with Django only stays who they are.
    """
    if iscoroutinefunction(get_response):

        async def bridge_async(request: HttpRequest) -> Any:
            _bridge(request)
            return await get_response(request)

        return bridge_async

    def bridge(request: HttpRequest) -> Any:
        _bridge(request)
        return get_response(request)

    return bridge


def _bridge(request: HttpRequest) -> None:
    user = PrincipalUser(principal_of(request))
    if user.is_anonymous and hasattr(request, "user"):
        return
    request.user = user  # type: ignore[assignment]  # like a user in all that is asked of one
    request.auser = _later(user)  # type: ignore[assignment,method-assign,unused-ignore]


def _later(user: PrincipalUser) -> Callable[[], Awaitable[PrincipalUser]]:
    async def auser() -> PrincipalUser:
        return user

    return auser
