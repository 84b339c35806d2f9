"""The example does what its README says."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from iamkit.credentials.secret import Secret
from iamkit.management import login_profiles

PASSWORD = "three quiet otters read maps"
SAME = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


def test_one_signs_in_and_comes_back(started: Any, load: Callable[[str], ModuleType]) -> None:
    """Whoever opens the notes is sent to sign in, and then reads them; the account pages are there too."""
    client = load("account_pages/app.py").app.test_client()
    started.desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
    started.allow("notes:Read", "*")

    asked = client.get("/notes", headers=SAME)
    assert asked.headers["Location"] == "/account/sign-in?next=%2Fnotes"
    form = {"user": "ana", "password": PASSWORD, "next": "/notes"}
    entered = client.post("/account/sign-in", data=form, headers=SAME)
    assert entered.headers["Location"] == "/notes"
    assert client.get("/notes", headers=SAME).text == "the notes of ana"
    assert "Signed in as ana" in client.get("/account/", headers=SAME).text
