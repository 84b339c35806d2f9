"""A deployment in memory that takes the place of an app's own for the time of a test.

An app imports its IAM and is guarded by it when it is made, so a test cannot hand it another. What can be
exchanged is what the two objects hold: while a stand-in stands in, the app's IAM and its gate share the
state of a twin that has the app's plugins and settings, and the store, the clock and the key of the test.
Every guard, view and job that holds the app's IAM then works on the test's deployment, and the app's own
store is not opened. No authenticator exists for tests: who is somebody in a test has a real session there.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from iamkit.clock import Clock, FrozenClock
from iamkit.credentials.hashing import CHEAPEST
from iamkit.errors import ConfigurationError
from iamkit.kit import IAM
from iamkit.late import made_once
from iamkit.memory import MemoryStore
from iamkit.plugins import plugin_manager
from iamkit.settings import Settings
from iamkit.web.sniff import home_of

ACCOUNT: Final = "111122223333"
_BUILTIN: Final = ("iamkit.builtin.", "iamkit.web.")


def in_memory(directory: Path, *, clock: Clock | None = None) -> IAM:
    """An initialized deployment in memory; `directory` holds its key file. Hashing costs next to nothing."""
    made = IAM(directory, store=MemoryStore(), clock=clock or FrozenClock(), password_cost=CHEAPEST)
    made.settings = _settings(made.settings, directory)
    made.initialize(account_id=ACCOUNT)
    return made


def iam_of(app: object) -> IAM:
    """The IAM that guards an app. Raises ConfigurationError if none is found."""
    if isinstance(app, IAM):
        return app
    home = home_of(app)
    told = getattr(importlib.import_module(home), "guard_of", None) if home is not None else None
    state = getattr(app, "state", None)
    places = (_Found(told(app)) if told else None, app, _item(app, "extensions"), state)
    for place in places:
        for name in ("iamkit", "guard", "_guard"):
            held = getattr(place, name, None)
            gate = getattr(getattr(held, "guard", held), "gate", None)
            # The gate asks its IAM for its parts, so it knows it.
            owner = getattr(getattr(gate, "_parts", None), "__self__", None)
            if isinstance(owner, IAM):
                return owner
    raise ConfigurationError(
        f"no IAM is found that guards this `{type(app).__qualname__}`; call `protect(app, iam)` where it is"
        " made, or override the fixture `iam_guarding` to return the IAM"
    )


@contextmanager
def standing_in(app_iam: IAM, iam: IAM) -> Iterator[IAM]:
    """Let `iam`, a deployment in memory, stand in for `app_iam`; afterwards all is as it was."""
    if app_iam is iam:
        yield iam
        return
    iam.decisions.flush()
    twin = _twin(app_iam, iam)
    changed: tuple[object, ...] = (app_iam, iam, app_iam.gate, iam.gate)
    kept = [vars(item) for item in changed]
    for item in changed:
        item.__dict__ = vars(twin if isinstance(item, IAM) else twin.gate)
    try:
        yield iam
    finally:
        twin.decisions.close()
        for item, state in zip(changed, kept, strict=True):
            item.__dict__ = state


def _twin(app_iam: IAM, iam: IAM) -> IAM:
    """What `app_iam` would be, had it been made with the store, the clock and the key of `iam`."""
    twin: IAM = object.__new__(type(app_iam))
    rooms = {name for kind in type(app_iam).__mro__ for name in vars(kind) if _is_room(vars(kind)[name])}
    # Whatever the app declared is kept; what was made of the app's own store is made anew.
    vars(twin).update({name: value for name, value in vars(app_iam).items() if name not in rooms})
    plugins = [plugin for _, plugin in app_iam._hooks.list_name_plugin() if not _is_builtin(plugin)]
    vars(twin).update(
        settings=_settings(app_iam.settings, iam.settings.directory),
        clock=iam.clock,
        ids=iam.ids,
        making=threading.RLock(),
        _given_store=iam.store,
        _password_cost=CHEAPEST,
        _hooks=plugin_manager(plugins, entry_points=False),
    )
    twin._register_answering_builtins()
    if "rows" in vars(app_iam):
        twin.rows.book.take_over(app_iam.rows.book)
    return twin


def _settings(settings: Settings, directory: Path) -> Settings:
    # Nothing of a real deployment is used, whatever the environment names; every decision can be explained.
    return replace(settings, directory=directory, store="", kek="", hosts=(), allow_sampling=1.0)


def _is_room(value: object) -> bool:
    return isinstance(value, made_once)


def _is_builtin(plugin: object) -> bool:
    return plugin is None or type(plugin).__module__.startswith(_BUILTIN)


def _item(app: object, name: str) -> object:
    # Flask's `extensions` is a dict; what is looked for is looked up by attribute elsewhere.
    held = getattr(app, name, None)
    return _Found(held.get("iamkit")) if isinstance(held, dict) else None


class _Found:
    """Something with an `iamkit`."""

    def __init__(self, iamkit: object) -> None:
        self.iamkit = iamkit
