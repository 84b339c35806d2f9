"""The pytest plugin: fixtures for the tests of apps, and files of policy cases collected as tests.

Nothing of iamkit is imported until a fixture is asked for or a file of cases is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from iamkit.clock import FrozenClock
    from iamkit.kit import IAM
    from iamkit.testing.actors import Actors
    from iamkit.testing.assertions import Assertion

# As `case_files.SUFFIXES`, which is not imported for the sake of files that are none.
_CASES: Final = (".policytest.json", ".policytest.toml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Take what is named as a file of cases."""
    if file_path.name.endswith(_CASES):
        from iamkit.testing.case_items import CaseFile

        return CaseFile.from_parent(parent, path=file_path)
    return None


@pytest.fixture
def iam_clock() -> FrozenClock:
    """The clock of `iam`: it stands still until the test moves it."""
    from iamkit.clock import FrozenClock

    return FrozenClock()


@pytest.fixture
def iam(tmp_path_factory: pytest.TempPathFactory, iam_clock: FrozenClock) -> Iterator[IAM]:
    """A deployment in memory, initialized, with a clock that stands still. Gone after the test."""
    from iamkit.testing.stand_in import in_memory

    with in_memory(tmp_path_factory.mktemp("iamkit"), clock=iam_clock) as made:
        yield made


@pytest.fixture
def iam_app() -> Any:
    """The app under test. Override it in your `conftest.py`; `iam_as` makes clients of what it returns."""
    return None


@pytest.fixture
def iam_guarding(iam_app: Any) -> IAM | None:
    """The IAM that guards `iam_app`, whose place `iam` takes. Override it if the app does not tell it."""
    from iamkit.testing.stand_in import iam_of

    return None if iam_app is None else iam_of(iam_app)


@pytest.fixture
def iam_as(iam: IAM, iam_app: Any, iam_guarding: IAM | None) -> Iterator[Actors]:
    """`iam_as("alice", allow=["docs:Read"])`: a client of `iam_app` whose requests are alice's."""
    from iamkit.testing.actors import Actors

    with Actors(iam, iam_app, iam_guarding) as actors:
        yield actors


@pytest.fixture
def assert_allowed(iam: IAM, iam_as: Actors) -> Assertion:
    """`assert_allowed("alice", "docs:Read", "doc/7")`; the failure is the explanation."""
    from iamkit.testing.assertions import Assertion

    return Assertion(iam, iam_as.principal, expected=True)


@pytest.fixture
def assert_denied(iam: IAM, iam_as: Actors) -> Assertion:
    """`assert_denied("alice", "docs:Read", "doc/7", reason="NoDrafts")`; the failure is the explanation."""
    from iamkit.testing.assertions import Assertion

    return Assertion(iam, iam_as.principal, expected=False)
