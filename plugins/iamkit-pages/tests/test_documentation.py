"""The page about pages does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from iamkit import IAM
from iamkit.credentials.secret import Secret
from iamkit.management import inline, login_profiles, users
from iamkit_pages.json_calls import CALLS
from iamkit_pages.site import ROUTES

if TYPE_CHECKING:
    from tests.conftest import Browser

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "pages.md"
PASSWORD: Final = "three quiet otters read maps"
NOTES: Final = """{"Version": "2012-10-17", "Statement":
  {"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}}"""


def test_the_first_example_runs(
    browse: type[Browser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger is sent to sign in, and comes back to the notes; the theme is one more line."""
    monkeypatch.chdir(tmp_path)
    with IAM("iamkit-data") as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        desk.do(inline.put_user_policy, user_name="ana", policy_name="notes", policy_document=NOTES)
    text = PAGE.read_text(encoding="utf-8")
    (css,) = re.findall(r"```css\n(.*?)```", text, flags=re.S)
    Path("brand.css").write_text(css, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "notes"}
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)

    browser = browse(names["app"])
    browser.get("/notes")
    browser.submit("/sign-in", user="ana", password=PASSWORD)

    assert browser.page.text == "the notes of ana"
    names["iam"].close()


def test_every_page_and_call_is_told_of() -> None:
    """Whoever adds one writes it down: the first part of a page's path, and each call."""
    text = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"`/([a-z-]*)", text))
    pages = {route.path.split("/")[1] for route in ROUTES if route.get and not route.path.startswith("/api")}

    assert pages - told - {"style.css", "passkeys.js"} == set()
    assert {call.path for call in CALLS if f"`{call.path}`" not in text} == {"session"}
