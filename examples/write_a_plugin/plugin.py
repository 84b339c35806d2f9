"""An authenticator for desk badges, and a condition key that says which floor the desk is on."""

from collections.abc import Mapping

from iamkit import HttpRequest, Principal, hookimpl
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import InvalidClientTokenId
from iamkit.policy.request import ContextValue


class Badges:
    """Admits a caller by the number on the badge. `holders` maps a badge to (account, unique id, floor)."""

    def __init__(self, holders: Mapping[str, tuple[str, str, int]]) -> None:
        self._holders = holders

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> Authentication | None:
        badge = request.headers.get("x-badge")
        if badge is None:
            return None  # not ours: the next authenticator is asked
        holder = self._holders.get(badge)
        if holder is None:
            raise InvalidClientTokenId("this badge is not known; ask at the front desk")
        account, unique_id, _ = holder
        return Authentication(account, unique_id, CredentialKind.TOKEN, f"badge-{badge[-4:]}")

    @hookimpl
    def iamkit_context(self, request: HttpRequest | None, principal: Principal) -> Mapping[str, ContextValue]:
        if request is None or principal.authentication is None:
            return {}
        holder = self._holders.get(request.headers.get("x-badge", ""))
        return {"desk:Floor": holder[2]} if holder else {}
