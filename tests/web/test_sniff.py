"""What `protect` says to what it cannot guard: which framework's to import, and in which order."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flask
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from iamkit.errors import ConfigurationError
from iamkit.web import sniff

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate


def _protect(home: str) -> Callable[..., Any]:
    found: Callable[..., Any] = importlib.import_module(home).protect
    return found


EVERYWHERE = [_protect(f"iamkit.web.{name}") for name in ("flask", "starlette", "fastapi", "sniff")]


@pytest.mark.parametrize(
    ("used", "app", "right"),
    [
        ("flask", FastAPI(), "iamkit.web.fastapi"),
        ("flask", Starlette(), "iamkit.web.starlette"),
        ("starlette", flask.Flask("other"), "iamkit.web.flask"),
        ("fastapi", flask.Flask("other"), "iamkit.web.flask"),
    ],
)
def test_an_app_of_another_framework_is_told_whose_protect_it_needs(
    gate: MemoryGate, used: str, app: object, right: str
) -> None:
    """The module to import from is named."""
    with pytest.raises(ConfigurationError, match=re.escape(f"import `protect` from `{right}`")):
        _protect(f"iamkit.web.{used}")(app, gate)


@pytest.mark.parametrize("protect", EVERYWHERE)
@pytest.mark.parametrize("app", [flask.Flask("other"), FastAPI(), Starlette()])
def test_swapped_arguments_are_told(gate: MemoryGate, protect: Callable[..., Any], app: object) -> None:
    """The app comes first."""
    with pytest.raises(ConfigurationError, match="swapped"):
        protect(gate, app)


@pytest.mark.parametrize("protect", EVERYWHERE)
@pytest.mark.parametrize("thing", [None, "app:app", lambda environ, start_response: [], flask.Flask, FastAPI])
def test_what_is_no_app_is_refused(gate: MemoryGate, protect: Callable[..., Any], thing: object) -> None:
    """A text, a plain callable and a class are refused, and nothing is half protected."""
    with pytest.raises(ConfigurationError, match=r"is no .* app|is a class"):
        protect(thing, gate)


@pytest.mark.parametrize("iam", [None, "iamkit-data", object()])
@pytest.mark.parametrize("app", [flask.Flask("other"), FastAPI(), Starlette()])
def test_what_cannot_guard_is_refused_before_the_app_is_touched(
    gate: MemoryGate, app: object, iam: object
) -> None:
    """The directory's name in place of the IAM is told; the same app can then be protected."""
    with pytest.raises(ConfigurationError, match="cannot guard an app"):
        sniff.protect(app, iam)  # type: ignore[arg-type]


@pytest.mark.parametrize("app", [flask.Flask("whole"), FastAPI(), Starlette()])
def test_the_right_arguments_protect(gate: MemoryGate, app: object) -> None:
    """The app itself is returned."""
    assert sniff.protect(app, gate) is app
