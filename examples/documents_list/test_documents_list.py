"""The list holds the caller's documents, and no others."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

URL = "http://localhost/docs"


def test_everybody_sees_their_own_rows(started: Any, load: Callable[[str], ModuleType]) -> None:
    """Strangers get 401, who may list but read nothing an empty list, and then what a policy names."""
    client = load("documents_list/app.py").app.test_client()

    assert client.get("/docs").status_code == 401
    started.allow("docs:List", "*")
    assert client.get("/docs", headers=started.signed("GET", URL)).get_json() == []
    started.allow("docs:*", "*")
    assert client.get("/docs", headers=started.signed("GET", URL)).get_json() == [1, 2, 3]
