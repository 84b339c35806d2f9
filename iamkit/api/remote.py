"""A desk that stands elsewhere: the same operations with the same results and errors, done by a server.

    desk = RemoteDesk.at("https://iam.example.org")
    desk.do(users.create_user, user_name="ana")

What it needs of a server is `api.operations`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, ParamSpec, TypeVar, cast

from iamkit.client.client import Client, NoAnswer, Response
from iamkit.credentials.secret import Secret
from iamkit.errors import IamkitError, ServiceUnavailable, ValidationError
from iamkit.management import wire, wire_faults
from iamkit.management.introduction import Introduction
from iamkit.management.operation import Operation
from iamkit.management.paging import Page

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

SERVICE: Final = "iam"
_PLACE: Final = "/operations"
_PAGE: Final = 100


class RemoteDesk:
    """Has operations done by a management API, as whoever the client proves to be."""

    def __init__(self, client: Client, *, user_agent: str = "iamkit-client") -> None:
        self._client = client
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}

    @classmethod
    def at(
        cls,
        url: str,
        key_id: str | None = None,
        secret: str | Secret | None = None,
        *,
        token: str | Secret | None = None,
        bearer: str | Secret | None = None,
    ) -> RemoteDesk:
        """The desk of the management API at `url`, for the key or token given, else the environment's.

        Raises ConfigurationError where there is none, ValidationError for what is no address.
        """
        client = Client(url, key_id, secret, token=token, bearer=bearer, service=SERVICE)
        return cls(client)

    def do(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Have an operation done. Raises what it raises there, and ServiceUnavailable if no answer came.

        What was changed is not known if the answer to a writing operation did not come.
        """
        if args:
            raise TypeError("operations take keyword arguments")
        try:
            response = self._client.request(
                "POST",
                f"{_PLACE}/{operation.action}",
                json=wire.arguments_out(operation, kwargs),
                headers=self._headers,
                changes=not operation.read_only,
            )
        except NoAnswer as fault:
            if fault.sent and not operation.read_only:
                raise ServiceUnavailable(
                    f"{fault.message}; whether `{operation.action}` was done is not known, so look before you"
                    " repeat it"
                ) from fault
            raise
        data = _answered(response, "result")
        # What the return hint of the operation says is what was decoded.
        return cast(R, _read(lambda: wire.result_in(operation, data)))

    def each(self, operation: Operation[..., Page[T]], **given: object) -> Iterator[T]:
        """Every item of a listing, so that one page is in memory at a time. Raises as `do` does."""
        if "marker" not in wire.hints_of(operation):
            yield from self.do(operation, **given)
            return
        marker: str | None = None
        while True:
            page = self.do(operation, **{"max_items": _PAGE, **given, "marker": marker})
            yield from page
            marker = page.marker
            if marker is None:
                return

    def introduction(self) -> Introduction:
        """Who the client proves to be there."""
        response = self._client.request("GET", _PLACE, headers=self._headers)
        data = _answered(response, "introduction")
        return cast(Introduction, _read(lambda: wire.into(Introduction, data, "introduction")))


class AsyncRemoteDesk:
    """The same for programs that run an event loop: each request waits in a thread of its own."""

    def __init__(self, desk: RemoteDesk) -> None:
        self._desk = desk

    async def do(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """See `RemoteDesk.do`. What is cancelled may have been sent, and is done all the same."""
        return await asyncio.to_thread(lambda: self._desk.do(operation, *args, **kwargs))

    async def each(self, operation: Operation[..., Page[T]], **given: object) -> AsyncIterator[T]:
        """See `RemoteDesk.each`."""
        found = self._desk.each(operation, **given)
        end = object()
        while True:
            item = await asyncio.to_thread(next, found, end)
            if item is end:
                return
            yield cast(T, item)


def _answered(response: Response, name: str) -> object:
    """What stands under `name` in an answer. Raises the error that it tells of."""
    try:
        data = response.json()
    except ValidationError:
        data = None
    if response.ok and isinstance(data, dict) and name in data:
        return data[name]
    if not response.ok and isinstance(data, dict) and "error" in data:
        raise _read(lambda: wire_faults.fault_in(data["error"]))
    raise ServiceUnavailable(
        f"the answer, of status {response.status}, is none of iamkit's management API; check the address,"
        " which is what `iamkit serve` printed or where the API is mounted"
    )


def _read(made: Callable[[], T]) -> T:
    try:
        return made()
    except IamkitError as fault:
        raise ServiceUnavailable(
            f"the answer cannot be read: {fault}; the server has perhaps another version of iamkit"
        ) from fault
