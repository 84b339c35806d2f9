"""The kill loop finds nothing in a few rounds, and would find a lost change, a lost event or a lost word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from iamkit.audit.event import Event
from iamkit.credentials.access_keys import AccessKey
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import groups
from iamkit.storage import Unit

if TYPE_CHECKING:
    from tests.proofs.conftest import Run


class Enough(Exception):  # noqa: N818  # ends a loop
    """Raised by the listener when it has heard enough."""


class Listener:
    """Stands for the pipe to the parent process."""

    def __init__(self, words: int) -> None:
        self.heard: list[str] = []
        self._words = words

    def send_bytes(self, word: bytes) -> None:
        self.heard.append(word.decode())
        if len(self.heard) == self._words:
            raise Enough


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    """An empty deployment with the group of the loop."""
    with IAM(tmp_path / "data", entry_points=False) as iam:
        iam.initialize()
        iam.desk(iam.operator()).do(groups.create_group, group_name="everybody")
        yield iam


@pytest.fixture
def said(iam: IAM, kill_loop: ModuleType) -> dict[str, list[str]]:
    """What a managing process said that made 31 changes: all of its kinds."""
    listener = Listener(31)
    with pytest.raises(Enough):
        kill_loop.manage_forever(iam.settings.directory, None, "w", listener)
    return {"w": listener.heard}


def test_a_few_rounds_lose_nothing(run: Run) -> None:
    """Every acknowledged change is there, each with exactly its event."""
    done = run("kill_loop", "--rounds", "5", "--writers", "1")

    assert (done.returncode, done.stderr) == (0, "")
    assert "none lost" in done.stdout
    assert "none alone" in done.stdout


def test_what_was_done_in_full_is_found_in_full(
    iam: IAM, said: dict[str, list[str]], kill_loop: ModuleType
) -> None:
    """Nothing is missing and nothing came unsaid; a last word that was not heard is no loss."""
    assert kill_loop.check(iam, said) == (31, 0)

    assert kill_loop.check(iam, {"w": said["w"][:-1]}) == (31, 1)


def _without_an_event(unit: Unit) -> None:
    event = unit.find(Event, {"event_name": "TagUser"})[0]
    unit.remove(Event, (event.event_id,))


def _without_the_last_event(unit: Unit) -> None:
    last = unit.find(Event, order="event_time", newest_first=True, limit=1)[0]
    unit.remove(Event, (last.event_id,))


def _without_a_key(unit: Unit) -> None:
    unit.remove(AccessKey, (unit.find(AccessKey, {"status": "Inactive"})[0].key_id,))


def _without_a_user(unit: Unit) -> None:
    user = next(user for user in unit.find(User) if user.name == "w-0")
    unit.remove(User, (user.user_id,))


def _with_another_tag(unit: Unit) -> None:
    user = next(user for user in unit.find(User) if user.name == "w-0")
    unit.change(User, (user.user_id,), {"tags": {"number": "1"}})


@pytest.mark.parametrize(
    "harm",
    [_without_an_event, _without_the_last_event, _without_a_key, _without_a_user, _with_another_tag],
)
def test_harm_is_found(
    harm: Callable[[Unit], None], iam: IAM, said: dict[str, list[str]], kill_loop: ModuleType
) -> None:
    """A change without its event, and an event without its change, fail the check."""
    with iam.store.write() as unit:
        harm(unit)

    with pytest.raises(RuntimeError):
        kill_loop.check(iam, said)


def test_a_lost_change_is_found(iam: IAM, said: dict[str, list[str]], kill_loop: ModuleType) -> None:
    """Something that was said and is not there fails the check."""
    with pytest.raises(RuntimeError):
        kill_loop.check(iam, {"w": [*said["w"], "TagUser w-9"]})
