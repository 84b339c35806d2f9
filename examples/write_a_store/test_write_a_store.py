"""The store on Valkey keeps the whole contract, on a real server."""

from __future__ import annotations

import importlib.util
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from iamkit.errors import StoreUnavailable
from iamkit.storage import Store
from iamkit.testing.servers import NoServer, valkey_server
from iamkit.testing.store_contract import CONTRACT_RECORDS, DurableStoreContract

HERE = Path(__file__).parent


def _imported(name: str) -> ModuleType:
    """A module of the example, as if the example's folder were on the path."""
    if "valkey_store" not in sys.modules:
        spec = importlib.util.spec_from_file_location("valkey_store", HERE / "valkey_store" / "__init__.py")
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError("valkey_store")
        package = sys.modules["valkey_store"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return importlib.import_module(f"valkey_store.{name}")


@pytest.fixture(scope="session")
def socket() -> Iterator[Path]:
    """The socket of a Valkey that syncs every write."""
    try:
        with valkey_server() as path:
            yield path
    except NoServer as missing:
        pytest.skip(str(missing))


class TestValkeyStore(DurableStoreContract):
    """The whole contract, on Valkey."""

    @pytest.fixture
    def reopen(self, socket: Path) -> Callable[[], Store]:
        """Opens one more store on the same log."""
        store, name = _imported("store"), secrets.token_hex(6)
        return lambda: store.ValkeyStore(str(socket), kinds=CONTRACT_RECORDS, name=name)

    @pytest.fixture
    def store(self, reopen: Callable[[], Store]) -> Iterator[Store]:
        """An empty store."""
        store = reopen()
        yield store
        store.close()


def test_the_plugin_answers_for_its_own_scheme_only(socket: Path) -> None:
    """The hook opens a store for its URLs and leaves others to other plugins."""
    plugin = _imported("plugin")

    store = plugin.iamkit_store(f"valkey+unix://{socket}")

    assert store.epochs(["s"]) == (0,)
    store.close()
    assert plugin.iamkit_store("sqlite:///x.db") is None


def test_an_unreachable_valkey_is_unavailable(tmp_path: Path) -> None:
    """No server is an error of the tree, never an empty store."""
    plugin = _imported("plugin")

    with pytest.raises(StoreUnavailable):
        plugin.iamkit_store(f"valkey+unix://{tmp_path}/nobody.sock")
