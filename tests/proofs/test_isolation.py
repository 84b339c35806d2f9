"""Nobody is taken for another, however many are served at once; an app where they are is noticed."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from iamkit.gate import current

if TYPE_CHECKING:
    from tests.proofs.conftest import Run


class Shared:
    """What a context variable must not be: the same for everybody."""

    def __init__(self) -> None:
        self.value: object = None

    def get(self) -> object:
        return self.value

    def set(self, value: object) -> object:
        before, self.value = self.value, value
        return before

    def reset(self, before: object) -> None:
        self.value = before


def test_nobody_is_taken_for_another(run: Run) -> None:
    """Thousands of requests of twenty identities, 64 at a time, while epochs move."""
    done = run("isolation", "--requests", "3000", "--identities", "20", "--concurrency", "64")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" 0 saw another than they should")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A current principal that all requests share."""
    monkeypatch.setattr(current, "_current", Shared())


@pytest.mark.usefixtures("shared")
def test_the_proof_notices_a_principal_that_is_shared(
    isolation: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the context variable replaced by one value for everybody, the script says so and fails."""
    code = isolation.main(["--requests", "400", "--identities", "10", "--concurrency", "16"])

    assert code == 1
    assert "instead of" in capsys.readouterr().out
