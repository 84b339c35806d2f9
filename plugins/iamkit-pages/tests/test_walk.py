"""A few steps through the pages in a real browser; `tests/proofs/pages_walk.py` goes all the way."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

WALK = Path(__file__).resolve().parents[3] / "tests" / "proofs" / "pages_walk.py"


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script."""
    monkeypatch.syspath_prepend(WALK.parents[2])
    spec = importlib.util.spec_from_file_location("pages_walk", WALK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_signs_in_by_keyboard_without_script(walk: Any, tmp_path: Path) -> None:
    """The form, a wrong password, the right one: reached by Tab, with nothing that axe objects to."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    missing = walk.absent(chromium)
    if missing is not None:
        pytest.skip(missing)
    kept: dict[str, str] = {}

    with walk.Place(tmp_path) as place, walk.chromium(chromium) as browser:
        context = browser.new_context(java_script_enabled=False)
        walker = walk.Walker(context.new_page(), place, kept, None)
        walker.go("/account/sign-in")
        walker.type("User name", "ana")
        walker.type("Password", "not it")
        walker.press("Sign in")
        walker.see("wrong", "The user name or the password is not right.")
        walker.type("Password", "staple paper lantern")
        walker.press("Sign in")
        walker.see("in", "Choose a new password")
        found = walk.audit(browser, place, kept, None)
        context.close()

    assert found == []
