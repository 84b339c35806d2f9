"""A second factor of one's own on the pages: the printed card of the core's documentation."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import pytest

from iamkit import IAM, FrozenClock, MemoryStore
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.management import attachments, login_profiles, users
from iamkit_pages import Pages
from iamkit_pages.told import lines_of, packed, unpacked

if TYPE_CHECKING:
    from tests.conftest import Browser

PASSWORD: Final = "correct horse battery"
PAGE: Final = Path(__file__).parents[3] / "docs" / "second-factors.md"
CELLS: Final = re.compile(r"<dt>cells</dt><dd>(\w\d), (\w\d)</dd>")


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[IAM]:
    """A deployment with the card, and ana."""
    text = PAGE.read_text(encoding="utf-8").partition("## Writing one")[2]
    module = ModuleType("card")
    monkeypatch.setitem(sys.modules, "card", module)
    exec(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0], vars(module))
    with IAM(
        store=MemoryStore(),
        plugins=[module.Plugin()],
        clock=FrozenClock(),
        password_cost=CHEAPEST,
        entry_points=False,
    ) as made:
        made.initialize()
        desk = made.desk(made.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        arn = "arn:aws:iam::aws:policy/IAMSelfManageCredentials"
        desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=arn)
        yield made


def test_what_it_asks_is_seen_and_stays_after_a_wrong_answer(iam: IAM, browse: type[Browser]) -> None:
    """The card when it is enrolled, the two cells at each sign-in; the right answer lets in."""
    browser = browse(Pages(iam).wsgi())
    browser.sign_in()
    browser.get("/account/factors/new?method=card")
    browser.submit("/factors/new")
    card = dict(re.findall(r"([A-E]\d) (\d{4})", browser.page.text))
    assert len(card) == 40
    cells = CELLS.search(browser.page.text)
    assert cells is not None
    browser.submit("/factors/prove", answer__code=" ".join(card[cell] for cell in cells.groups()))
    assert "The device is added" in browser.page.text

    other = browse(Pages(iam).wsgi())
    other.sign_in()
    other.submit("/factor/begin")
    asked = CELLS.search(other.page.text)
    assert asked is not None
    other.submit("/factor", answer__code="0000 0000")
    again = CELLS.search(other.page.text)
    assert again is not None
    assert again.groups() == asked.groups()
    other.submit("/factor", answer__code=" ".join(card[cell] for cell in asked.groups()))
    assert "Signed in as ana" in other.page.text


def test_lines_go_there_and_back_and_what_is_none_is_left_out() -> None:
    """What comes back came from a browser."""
    told = lines_of({"sent_to": "x", "cells": ["A1", "B2"], "a_number": 7, "deep": [{"a": 1}]})
    assert told == (("cells", "A1, B2"), ("a number", "7"))
    assert unpacked(packed(told)) == told
    for text in ("", "{", "[1]", '[["a"]]', '[["a", 1]]', "null", "[" * 1000, "x" * 3000):
        assert unpacked(text) == ()
    assert packed((("a", "b" * 3000),)) == ""
