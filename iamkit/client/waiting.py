"""The client for programs that run an event loop: the same, with each request in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from iamkit.client.client import Client, Response


class AsyncClient:
    """`await AsyncClient(Client(...)).request("GET", "/notes/7")`; what the client does holds here too."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"Async{self._client!r}"

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        changes: bool | None = None,
    ) -> Response:
        """See `Client.request`. A request that is cancelled may have been sent, and goes on in its thread."""
        return await asyncio.to_thread(
            self._client.request, method, path, json=json, body=body, headers=headers, changes=changes
        )
