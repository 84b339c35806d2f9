"""The proofs are scripts; what their tests share is how to load and run them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def load(name: str) -> ModuleType:
    """The script of that name as a module."""
    alias = f"iamkit_proofs_{name}"
    if alias not in sys.modules:
        spec = importlib.util.spec_from_file_location(alias, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[alias] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[alias]


@pytest.fixture
def run() -> Run:
    """Runs a script to its end."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    return run


@pytest.fixture(scope="session")
def kill_loop() -> ModuleType:
    """`kill_loop.py` as a module."""
    return load("kill_loop")


@pytest.fixture(scope="session")
def fsync() -> ModuleType:
    """`fsync.py` as a module."""
    return load("fsync")


@pytest.fixture(scope="session")
def canary() -> ModuleType:
    """`canary.py` as a module."""
    return load("canary")


@pytest.fixture(scope="session")
def canary_credentials() -> ModuleType:
    """`canary_credentials.py` as a module."""
    return load("canary_credentials")


@pytest.fixture
def isolation() -> ModuleType:
    """The script that looks for requests that are mixed up."""
    return load("isolation")


@pytest.fixture
def signatures() -> ModuleType:
    """The script that signs and alters requests."""
    return load("signatures")


@pytest.fixture(scope="session")
def codec() -> ModuleType:
    """`codec.py` as a module."""
    return load("codec")


@pytest.fixture(scope="session")
def api_fuzz() -> ModuleType:
    """`api_fuzz.py` as a module."""
    return load("api_fuzz")
