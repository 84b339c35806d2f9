"""The page of second factors: its plugin is as short as promised, and does what the page says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionState
from iamkit.errors import IamkitError, InvalidAuthenticationCode
from iamkit.kit import IAM
from iamkit.management import attachments, login_profiles, users

PAGE = (Path(__file__).parent.parent / "docs" / "second-factors.md").read_text(encoding="utf-8")
PLUGIN, USE = re.findall(r"```python\n(.*?)```", PAGE.partition("## Writing one")[2], flags=re.DOTALL)
PASSWORD = "three quiet otters"


@pytest.fixture
def iam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IAM]:
    """A deployment with the page's plugin, and two people who may change their own factors."""
    module = ModuleType("card")
    monkeypatch.setitem(sys.modules, "card", module)
    exec(PLUGIN, vars(module))
    with IAM(
        tmp_path / "iam",
        plugins=[module.Plugin()],
        clock=FrozenClock(),
        password_cost=CHEAPEST,
        entry_points=False,
    ) as opened:
        opened.initialize()
        desk = opened.desk(opened.operator())
        for name in ("ana", "ben"):
            desk.do(users.create_user, user_name=name)
            desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
            desk.do(
                attachments.attach_user_policy,
                user_name=name,
                policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
            )
        yield opened


class Holder:
    """Somebody with the card in hand."""

    def __init__(self) -> None:
        self.card: dict[str, str] = {}

    def enrols(self, iam: IAM, name: str = "ana") -> NewSession:
        """Runs the page's second example in somebody's name."""
        names: dict[str, Any] = {
            "iam": iam,
            "password": PASSWORD,
            "print_out": self.card.update,
            "ask": lambda cell: self.card[cell],
        }
        exec(USE.replace('"ana"', f'"{name}"'), names)
        session: NewSession = names["session"]
        return session


def test_the_plugin_has_under_sixty_lines() -> None:
    """All of it: a third method is an evening's work."""
    assert len(PLUGIN.splitlines()) < 60


def test_the_card_opens_the_door(iam: IAM) -> None:
    """As the page shows, for one person and for another."""
    for name in ("ana", "ben"):
        assert Holder().enrols(iam, name).state is SessionState.ACTIVE


def test_an_answer_is_good_once(iam: IAM) -> None:
    """The next sign-in asks for other cells; of many who answer at once one is let in."""
    ana = Holder()
    ana.enrols(iam)
    begun = [iam.sign_in("ana", PASSWORD).token.reveal() for _ in range(8)]
    cells = [iam.factors.begin(token, "card")["cells"] for token in begun]
    assert all(one == cells[0] for one in cells)
    code = "".join(ana.card[cell] for cell in cells[0])  # type: ignore[attr-defined]  # JSON of the page's

    def answered(token: str) -> bool:
        try:
            iam.factors.finish(token, "card", {"code": code})
        except IamkitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(answered, begun)) == 1
    again = iam.sign_in("ana", PASSWORD).token.reveal()
    assert iam.factors.begin(again, "card")["cells"] != cells[0]


@pytest.mark.parametrize("code", ["", "00000000", "é" * 8, "1" * 5000])
def test_a_wrong_answer_is_refused(iam: IAM, code: str) -> None:
    """And asks for the same cells again, so that nobody waits for those that they saw."""
    ana = Holder()
    ana.enrols(iam)
    ana.card["A1"] = "none"
    session = iam.sign_in("ana", PASSWORD).token.reveal()
    cells = iam.factors.begin(session, "card")["cells"]
    with pytest.raises(InvalidAuthenticationCode):
        iam.factors.finish(session, "card", {"code": code})
    assert iam.factors.begin(session, "card")["cells"] == cells


def test_the_card_is_kept_sealed(iam: IAM) -> None:
    """No file of the deployment has it in the clear."""
    ana = Holder()
    ana.enrols(iam)
    iam.close()
    files = b"".join(path.read_bytes() for path in iam.settings.directory.rglob("*") if path.is_file())
    assert json.dumps(ana.card).encode() not in files
    assert b'"A1": "' + ana.card["A1"].encode() not in files
