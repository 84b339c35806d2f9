"""The management API asked at random, with few rounds; and that the proof notices what it looks for."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from iamkit.management import desk


def test_nothing_is_wrong_in_a_few_rounds(api_fuzz: ModuleType, tmp_path: Path) -> None:
    """No 5xx, nothing changed by what was refused, an event for each that was done."""
    figures = api_fuzz.run(150, 11, tmp_path / "data")

    assert figures.faults == []
    assert figures.codes["AccessDenied"] > 0
    assert figures.codes["done"] > 0


def test_the_proof_notices_a_desk_that_asks_nobody(
    api_fuzz: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every verdict taken for an allow, whoever may do nothing is seen to do something."""
    monkeypatch.setattr(desk.Desk, "_authorize", lambda *_arguments: None)

    figures = api_fuzz.run(150, 11, tmp_path / "data")

    assert any("done by nobody" in fault for fault in figures.faults)
