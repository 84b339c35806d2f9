"""Streamed answers: each piece is made as the caller, after the middleware has returned (THR-B22)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

Acting = Callable[[], AbstractContextManager[object]]


def as_caller(response: HttpResponseBase, acting: Acting) -> None:
    """Have the pieces of a streamed response made as the caller. Files have no code of the app's to run."""
    if not isinstance(response, StreamingHttpResponse) or isinstance(response, FileResponse):
        return
    pieces: Any = response.streaming_content
    response.streaming_content = _Async(pieces, acting) if response.is_async else _Sync(pieces, acting)


class _Sync:
    def __init__(self, pieces: Iterator[bytes], acting: Acting) -> None:
        self._pieces = iter(pieces)
        self._acting = acting

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._acting():
            return next(self._pieces)


class _Async:
    def __init__(self, pieces: AsyncIterator[bytes], acting: Acting) -> None:
        self._pieces = aiter(pieces)
        self._acting = acting

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with self._acting():
            return await anext(self._pieces)
