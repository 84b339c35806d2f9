"""The ground of one deployment: its settings, clock, ids and plugins, its store and its keyring.

Each is made when it is first used, so an app may start before `iamkit init`. No logic lives here and no
global state.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from iamkit import plugins as plugin_room
from iamkit import settings as settings_room
from iamkit.audit.event import Event
from iamkit.audit.trail import Trail
from iamkit.background import Background
from iamkit.clock import Clock, SystemClock
from iamkit.credentials.key_file import FileKeyProvider, KeyFileMissingError
from iamkit.credentials.sealing import KeyProvider, Keyring
from iamkit.epochs import Look
from iamkit.errors import ConfigurationError, NotInitialized
from iamkit.gate.verdict import Refusal
from iamkit.http import HttpResponse
from iamkit.identity import deployment as deployments
from iamkit.identity.deployment import Deployment
from iamkit.identity.quotas import SECTION
from iamkit.ids import Ids, Randomness
from iamkit.late import made_once
from iamkit.policy.layers import AttachedPolicy
from iamkit.settings import Settings
from iamkit.storage import Store

DIRECTORY: Final = "iamkit-data"


class Ground:
    """See the module. `Wiring` builds the rooms on it."""

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        store: Store | str | None = None,
        plugins: Sequence[object] = (),
        entry_points: bool = True,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
        **settings: object,
    ) -> None:
        if isinstance(store, str):
            settings["store"], store = store, None
        self.settings: Settings = settings_room.load(
            directory or os.environ.get("IAMKIT_DIR") or DIRECTORY, environment=None, **settings
        )
        self.clock: Clock = clock or SystemClock()
        self.ids = Ids(randomness)
        self._given_store = store
        # Held while a room is made; rooms make each other, so the same thread may hold it twice.
        self.making = threading.RLock()
        self._hooks = plugin_room.plugin_manager(plugins, entry_points=entry_points)
        sections = self._hooks.hook.iamkit_settings(settings=self.settings)
        settings_room.check_sections(self.settings, frozenset({SECTION, *sections}))

    @made_once
    def store(self) -> Store:
        """Where records live."""
        if self._given_store is not None:
            return self._given_store
        url = self.settings.store_url
        supplied: Store | None = self._hooks.hook.iamkit_store(url=url)
        if supplied is not None:
            return supplied
        from iamkit.sql.store import SQLStore

        return SQLStore(url)

    @made_once
    def keyring(self) -> Keyring:
        """Seals and opens secrets. Raises ConfigurationError if the key file cannot be read."""
        return Keyring(self.store, self._key_provider(), self.ids, self.clock)

    @made_once
    def trail(self) -> Trail:
        """Keeps audit events."""
        return Trail(self.store, seen=self._announce)

    @made_once
    def background(self) -> Background:
        """Makes the small writes that no request waits for."""
        return Background()

    @made_once
    def _look(self) -> Look:
        return Look(self.store)

    def _has(self, hook: str) -> bool:
        """Whether a plugin implements `hook`; those are all registered before anything is asked."""
        return bool(getattr(self._hooks.hook, hook).get_hookimpls())

    def deployment(self) -> Deployment:
        """What the first start fixed. Raises NotInitialized before it."""
        return self._deployment

    @made_once
    def _deployment(self) -> Deployment:
        with self.store.read() as reader:
            return deployments.current(reader)

    def _make_directory(self) -> None:
        self.settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The key and everybody's credentials are in here: no version control takes them by accident.
        with (
            contextlib.suppress(FileExistsError),
            (self.settings.directory / ".gitignore").open("x", encoding="utf-8") as file,
        ):
            file.write("*\n")
        if self._given_store is None and self._sql:
            from iamkit.sql.migrate import upgrade

            upgrade(self.settings.store_url)
        path = self._key_path()
        # A new key would open nothing of what a store that is in use holds: the old one has to come back.
        if path is not None and not path.exists() and not self._initialized():
            FileKeyProvider.create(path, self.ids)

    @property
    def _sql(self) -> bool:
        return self.settings.store_url.startswith(("sqlite:", "postgres"))

    def _key_path(self) -> Path | None:
        url = self.settings.kek_url
        return Path(url.removeprefix("file:")) if url.startswith("file:") else None

    def _key_provider(self) -> KeyProvider:
        supplied: KeyProvider | None = self._hooks.hook.iamkit_key_provider(url=self.settings.kek_url)
        if supplied is not None:
            return supplied
        path = self._key_path()
        if path is None:
            raise ConfigurationError(f"no plugin knows the key provider `{self.settings.kek_url}`")
        try:
            return FileKeyProvider(path, self.ids)
        except KeyFileMissingError:
            if not self._initialized():
                raise
            raise ConfigurationError(
                f"the key file `{path}` is missing, though the store is in use; restore it from a backup,"
                " for no other key opens the access keys and passwords that the store holds"
            ) from None

    def _initialized(self) -> bool:
        try:
            self.deployment()
        except NotInitialized:
            return False
        return True

    def _plugin_policies(self, arn: str) -> Sequence[AttachedPolicy]:
        return [item for given in self._hooks.hook.iamkit_resource_policies(arn=arn) for item in given]

    def _plugin_guardrails(self, account: str) -> Sequence[AttachedPolicy]:
        return [item for given in self._hooks.hook.iamkit_guardrails(account=account) for item in given]

    def _announce(self, event: Event) -> None:
        self._hooks.hook.iamkit_audit(event=event)

    def _render(self, refusal: Refusal) -> HttpResponse:
        answer: HttpResponse = self._hooks.hook.iamkit_refusal(refusal=refusal)
        return answer
