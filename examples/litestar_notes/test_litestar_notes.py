"""The example does what its README says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx2

URL = "http://localhost/notes/7"


def ask(app: Any, url: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    async def once() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
            return await client.get(url, headers=headers or {})

    return asyncio.run(once())


def test_a_note_is_read_by_whom_policies_allow(started: Any, load: Callable[[str], ModuleType]) -> None:
    """A stranger gets 401, ana 403 until a policy lets her, and then the note, on the very next request."""
    app = load("litestar_notes/app.py").app

    assert ask(app, URL).status_code == 401
    assert ask(app, URL, started.signed("GET", URL)).status_code == 403
    started.allow("notes:Read", "arn:aws:notes::*:note/*")
    answer = ask(app, URL, started.signed("GET", URL))

    assert answer.status_code == 200
    assert answer.json() == {"note": "7", "reader": "ana"}


def test_the_docs_show_the_lock(started: Any, load: Callable[[str], ModuleType]) -> None:
    """The description of the operation names its action."""
    described = ask(load("litestar_notes/app.py").app, "http://localhost/schema/openapi.json").json()

    operation = described["paths"]["/notes/{note_id}"]["get"]
    assert operation["description"] == "Needs `notes:Read` on `note/{note_id}`."
    assert {"iamkit_bearer": []} in operation["security"]
