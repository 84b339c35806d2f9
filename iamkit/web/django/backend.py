"""An authentication backend that signs nobody in: the engine answers `user.has_perm("docs:Read", obj)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit.errors import ConfigurationError, MissingAuthenticationToken
from iamkit.gate.current import current_principal
from iamkit.identity.principal import Principal
from iamkit.web.django import options, permissions
from iamkit.web.django.users import PrincipalUser

if TYPE_CHECKING:
    from django.http import HttpRequest


class Backend:
    """`"iamkit.web.django.backend.Backend"` in AUTHENTICATION_BACKENDS.

    A user of the project's own table has permissions only where IAMKIT_PRINCIPAL names a function that says
    which principal that is; a name in that table that happens to be one of iamkit's proves nothing. Mind that
    Django asks no backend about its superusers.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        """None: iamkit's authenticators read credentials, in the middleware."""

    async def aauthenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        """None, like `authenticate`."""

    def get_user(self, user_id: object) -> None:
        """None: this backend signs nobody in, so no session names it."""

    async def aget_user(self, user_id: object) -> None:
        """None, like `get_user`."""

    def has_perm(self, user: object, perm: str, obj: object = None) -> bool:
        """Whether the engine allows `perm` on `obj` to the principal that `user` is."""
        principal = principal_for(user)
        return principal is not None and permissions.allowed(principal, perm, obj)

    def has_module_perms(self, user: object, app_label: str) -> bool:
        """Whether any action of the service `app_label` is allowed on `*`, see `permissions.any_allowed`."""
        principal = principal_for(user)
        return principal is not None and permissions.any_allowed(principal, app_label)

    async def ahas_perm(self, user: object, perm: str, obj: object = None) -> bool:
        """`has_perm` for async code."""
        return await permissions.in_its_place(lambda: self.has_perm(user, perm, obj))

    async def ahas_module_perms(self, user: object, app_label: str) -> bool:
        """`has_module_perms` for async code."""
        return await permissions.in_its_place(lambda: self.has_module_perms(user, app_label))


def principal_for(user: object) -> Principal | None:
    """The principal that a Django user is, or None. Raises ConfigurationError for a hook's other answers."""
    if getattr(user, "is_active", False) is not True:
        return None
    found: object = getattr(user, "principal", None) if isinstance(user, PrincipalUser) else None
    if found is None:
        hook = options.hook(options.PRINCIPAL)
        found = None if hook is None else hook(user)
    if found is None:
        return None
    if not isinstance(found, Principal):
        raise ConfigurationError(f"{options.PRINCIPAL} must return a principal or None")
    try:
        running = current_principal()
    except MissingAuthenticationToken:
        return found
    # The running request's own principal knows how it was proved, from where, and what its session may.
    return running if running.caller == found.caller else found
