"""What the examples' tests share: a fresh deployment beside the example, as a reader of the README has it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from iamkit import IAM
from iamkit.client.signer import Signer
from iamkit.management import access_keys, inline, users

HERE = Path(__file__).parent


class Started:
    """A deployment in `iamkit-data` of the working directory, with one user `ana` who has a key."""

    def __init__(self, iam: IAM) -> None:
        self.iam = iam
        self.desk = iam.desk(iam.operator())
        self.desk.do(users.create_user, user_name="ana")
        made = self.desk.do(access_keys.create_access_key, user_name="ana")
        self._signer = Signer(made.key.key_id, made.secret)

    def allow(self, action: str, resource: str) -> None:
        """Give ana one permission, by an inline policy."""
        document = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "%s", "Resource": "%s"}]}'
        )
        self.desk.do(
            inline.put_user_policy,
            user_name="ana",
            policy_name="given",
            policy_document=document % (action, resource),
        )

    def signed(self, method: str, url: str) -> dict[str, str]:
        """Headers of a request that ana signs."""
        return self._signer.sign(method, url, {}, b"", now=self.iam.clock.now())


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """A fresh deployment; the working directory is the one that holds it."""
    monkeypatch.chdir(tmp_path)
    with IAM("iamkit-data") as iam:
        iam.initialize()
        yield Started(iam)


@pytest.fixture
def load(started: Started, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import an example's module by its path below `examples/`, as a server would."""
    opened: list[ModuleType] = []

    def loaded(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(path.replace("/", "_").removesuffix(".py"), HERE / path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        # Where Litestar and SQLAlchemy look for the names of annotations, as after any import.
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        opened.append(module)
        return module

    yield loaded
    for module in opened:
        iam = getattr(module, "iam", None)
        if isinstance(iam, IAM):
            iam.close()
