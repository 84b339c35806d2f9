"""The example does what its README says."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from werkzeug.test import Client


def test_hello_is_said_to_whom_policies_allow(started: Any, load: Callable[[str], ModuleType]) -> None:
    """A stranger gets 401, and ana a greeting once a policy lets her."""
    client = Client(load("wsgi_hello/app.py").app)

    assert client.get("/").status_code == 401
    started.allow("hello:Say", "arn:aws:hello::*:greeting/hello")
    answer = client.get("/", headers=started.signed("GET", "http://localhost/"))

    assert answer.get_data(as_text=True) == "hello, ana\n"
