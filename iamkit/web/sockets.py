"""A WebSocket that stays open is asked about again: with each message that comes or goes, by the epochs.

While nothing changed that costs a look at them. When something did, and every half minute, it is established
anew who it is and whether they may; if not, the socket is closed with 4401 or 4403 and the app is told so.
"""

from __future__ import annotations

import logging
from typing import Final

from iamkit.gate.current import replace_current
from iamkit.gate.verdict import Refusal
from iamkit.identity.principal import Principal
from iamkit.web.guard import ADMISSION, Admission, Guard
from iamkit.web.scopes import Message, Receive, Scope, Send, judged

_log = logging.getLogger("iamkit.web")

# Close codes of applications begin here; what follows is the status that HTTP would have.
_CLOSE: Final = 4000
# What an app says that lets nothing out: it may always hang up or refuse.
_HARMLESS: Final = ("websocket.close", "websocket.http.response.start", "websocket.http.response.body")


class OpenSocket:
    """Stands between a server and an app for one WebSocket."""

    def __init__(
        self, guard: Guard, admission: Admission, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._guard = guard
        # As admitted: `passed` is filled when the endpoint is checked, and names what to ask again.
        self._admission = admission
        self._principal = admission.principal
        self._scope = scope
        self._receive = receive
        self._send = send
        self._mark: object = None
        self._closed: int | None = None

    async def begin(self) -> Refusal | None:
        """Remember what the coming decision rests on; a refusal if that cannot be told."""

        def ask() -> object:
            return self._guard.gate.standing().mark(self._principal, self._admission.request)

        try:
            self._mark = await judged(self._guard, ask)
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            return self._guard.refusal(self._admission.request, fault)
        return None

    async def receive(self) -> Message:
        """The next message for the app; that the socket is gone, once the caller may not any more."""
        if self._closed is None:
            message = await self._receive()
            if message["type"] != "websocket.receive" or await self._holds():
                return message
        return {"type": "websocket.disconnect", "code": self._closed, "reason": ""}

    async def send(self, message: Message) -> None:
        """Send what the app says. Raises OSError, as servers do, if the socket is closed."""
        if self._closed is not None and message["type"] in _HARMLESS:
            return
        if self._closed is None and (message["type"] in _HARMLESS or await self._holds()):
            await self._send(message)
            return
        raise OSError("the socket was closed: its caller may not use it any more")

    async def _holds(self) -> bool:
        if self._closed is not None:
            return False
        refusal = await judged(self._guard, self._asked_again)
        if isinstance(refusal, Principal):
            self._tell(refusal)
        if not isinstance(refusal, Refusal):
            return True
        # Another task of the app may have been quicker.
        if self._closed is None:
            self._closed = _CLOSE + refusal.error.status
            _log.info("a socket of %s was closed with %d", self._principal.name, self._closed)
            await self._send({"type": "websocket.close", "code": self._closed, "reason": ""})
        return False

    def _asked_again(self) -> Refusal | Principal | None:
        """None if nothing changed, the principal as it is now if it still may, else the refusal."""
        guard, request = self._guard, self._admission.request
        try:
            mark = guard.gate.standing().mark(self._principal, request)
            if mark == self._mark:
                return None
            principal = guard.gate.standing().renewed(self._principal, request)
            admission = Admission(request, principal, guard)
            for endpoint in tuple(self._admission.passed):
                refusal = guard.check(admission, endpoint)
                if refusal is not None:
                    return refusal
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            return guard.refusal(request, fault)
        self._mark = mark
        return principal

    def _tell(self, principal: Principal) -> None:
        """From now on the app asks for the caller as it is, and not as it was."""
        known, self._principal = self._principal, principal
        replace_current(principal)
        self._scope["state"]["principal"] = principal
        self._scope[ADMISSION] = Admission(
            self._admission.request, principal, self._guard, passed=self._admission.passed
        )
        if self._scope.get("user") is known:
            self._scope["user"] = principal
