"""A desk that stands elsewhere: the same operations with the same results and errors, done by a server.

desk = RemoteDesk(Client("https://iam.example.org", service="iam"))
desk.do(users.create_user, user_name="ana")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar, cast

from iamkit.client.client import Client, NoAnswer, Response
from iamkit.errors import IamkitError, ServiceUnavailable, ValidationError
from iamkit.management import wire, wire_faults
from iamkit.management.introduction import Introduction
from iamkit.management.operation import Operation

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

SERVICE: Final = "iam"
_PLACE: Final = "/operations"


class RemoteDesk:
    """Has operations done by a management API, as whoever the client proves to be."""

    def __init__(self, client: Client, *, user_agent: str = "iamkit-client") -> None:
        self._client = client
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}

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

    def introduction(self) -> Introduction:
        """Who the client proves to be there."""
        response = self._client.request("GET", _PLACE, headers=self._headers)
        data = _answered(response, "introduction")
        return cast(Introduction, _read(lambda: wire.into(Introduction, data, "introduction")))


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
