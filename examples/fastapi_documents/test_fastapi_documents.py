"""The example does what its README says."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from starlette.testclient import TestClient

URL = "http://testserver/documents/7"


def test_a_document_is_read_by_whom_policies_allow(started: Any, load: Callable[[str], ModuleType]) -> None:
    """A stranger gets 401, ana 403 until a policy lets her, and the document on the very next request."""
    client = TestClient(load("fastapi_documents/app.py").app)

    assert client.get("/documents/7").status_code == 401
    assert client.get("/documents/7", headers=started.signed("GET", URL)).status_code == 403
    started.allow("docs:Get", "arn:aws:docs::*:doc/*")
    answer = client.get("/documents/7", headers=started.signed("GET", URL))

    assert answer.status_code == 200
    assert answer.json() == {"document": "7", "reader": "ana"}
