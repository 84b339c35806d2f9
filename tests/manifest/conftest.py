"""Deployments in memory, whose account is exported to folders and made from them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iamkit.identity.principal import Principal
from iamkit.management.desk import Desk
from iamkit.management.operation import Operation
from iamkit.manifest.folder import Folder
from iamkit.manifest.steps import Plan, Step
from iamkit.manifest.workshop import Prepared, Workshop
from iamkit.testing.stand_in import ACCOUNT, in_memory

# Unique ids, which two deployments cannot share.
_ID = re.compile(r"A(?:IDA|GPA|ROA|NPA|IPA)[A-Z2-7]+")


class Town:
    """A deployment with one account; things are done as the host operator unless somebody is named."""

    def __init__(self, directory: Path) -> None:
        self.iam = in_memory(directory)

    def principal(self, name: str | None = None) -> Principal:
        """A user, or the operator."""
        return self.iam.operator() if name is None else self.iam.find_principal(name)

    def desk(self, name: str | None = None) -> Desk:
        """Where things are done."""
        return self.iam.desk(self.principal(name))

    def do(self, operation: Operation[..., Any], **params: object) -> Any:  # whatever operations return
        """Have one operation done."""
        return self.desk().do(operation, **params)

    def workshop(self, name: str | None = None) -> Workshop:
        """Folder and account together."""
        return Workshop(self.iam, self.principal(name), self.desk(name))

    def export(self, path: Path, *only: str) -> Path:
        """Write the account into a folder."""
        self.workshop().export(Folder(path), only)
        return path

    def prepare(self, path: Path, **options: bool) -> Prepared:
        """Compare a folder with the account."""
        return self.workshop().prepare(Folder(path), **options)

    def apply(self, path: Path, **options: bool) -> Plan:
        """Make the account what a folder says."""
        prepared = self.prepare(path, **options)
        assert prepared.rehearsal.fault is None, (prepared.rehearsal.stopped, prepared.rehearsal.fault)
        assert prepared.plan.obstacles == ()
        done: list[Step] = []
        self.workshop().apply(prepared.plan, done.append)
        assert tuple(done) == prepared.plan.steps
        return prepared.plan


def files(path: Path) -> dict[str, str]:
    """Every file below a folder, by its name."""
    return {
        str(file.relative_to(path)): file.read_text("utf-8")
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="session")
def read_files() -> Callable[[Path], dict[str, str]]:
    """Reads every file below a folder."""
    return files


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """One deployment."""
    return Town(tmp_path / "data")


@pytest.fixture(scope="session")
def new_town(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Town]:
    """Makes deployments, for tests that need one for each example."""
    return lambda: Town(tmp_path_factory.mktemp("town") / "data")


@pytest.fixture(scope="session")
def new_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes names of folders that are not there yet."""
    return lambda: tmp_path_factory.mktemp("folder") / "account"


@pytest.fixture(scope="session")
def plain_details() -> Callable[[Town], str]:
    """What GetAccountAuthorizationDetails tells, without ids, dates and versions that are not in force."""
    from iamkit.management.reports import get_account_authorization_details as details

    def told(town: Town) -> str:
        page = town.do(details, max_items=1000, filter=("User", "Group", "Role", "LocalManagedPolicy"))
        assert page.marker is None
        found = [
            [(item.user.arn, item.user.tags, item.user.boundary, item.user.enabled) for item in page.users],
            [(item.groups, item.policies.attached, _texts(item.policies.inline)) for item in page.users],
            [(item.group.arn, item.policies.attached, _texts(item.policies.inline)) for item in page.groups],
            [(item.role.arn, item.role.tags, item.role.boundary, _plain(item.trust)) for item in page.roles],
            [(item.role.description, item.role.max_session_seconds) for item in page.roles],
            [(item.policies.attached, _texts(item.policies.inline)) for item in page.roles],
            [(item.arn, item.description, item.tags) for item in page.policies],
            [[_plain(part.document) for part in item.versions if part.is_default] for item in page.policies],
        ]
        return _ID.sub("ID", json.dumps(found, default=dict))

    return told


def _texts(texts: dict[str, str]) -> dict[str, object]:
    return {name: _plain(text) for name, text in sorted(texts.items())}


def _plain(text: str) -> object:
    # White space is the layout's, everything else is told.
    return re.sub(r"\s+", "", text)


__all__ = ["ACCOUNT", "Town"]
