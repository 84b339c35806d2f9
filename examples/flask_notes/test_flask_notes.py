"""The example does what its README says."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

URL = "http://localhost/notes/7"


def test_a_note_is_read_by_whom_policies_allow(started: Any, load: Callable[[str], ModuleType]) -> None:
    """A stranger gets 401, ana 403 until a policy lets her, and then the note, on the very next request."""
    client = load("flask_notes/app.py").app.test_client()

    assert client.get("/notes/7").status_code == 401
    assert client.get("/notes/7", headers=started.signed("GET", URL)).status_code == 403
    started.allow("notes:Read", "arn:aws:notes::*:note/*")
    answer = client.get("/notes/7", headers=started.signed("GET", URL))

    assert answer.status_code == 200
    assert answer.get_json() == {"note": "7", "reader": "ana"}


def test_a_route_that_somebody_forgot_is_closed(started: Any, load: Callable[[str], ModuleType]) -> None:
    """An endpoint without a declaration is refused even to those who may do everything."""
    app = load("flask_notes/app.py").app
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    started.allow("*", "*")

    answer = app.test_client().get("/forgotten", headers=started.signed("GET", "http://localhost/forgotten"))

    assert answer.status_code == 403
