"""The plugin manager: what it takes, and what it refuses at start-up."""

from __future__ import annotations

import importlib.metadata
import types
from collections.abc import AsyncIterator, Mapping

import pytest

from iamkit.errors import ConfigurationError
from iamkit.hookspecs import hookimpl
from iamkit.plugins import plugin_manager

Keys = Mapping[str, str]


class Weather:
    """A plugin as it should be."""

    @hookimpl
    def iamkit_context(self) -> Keys:
        return {"weather:Sky": "blue"}


def _refused(plugin: object) -> str:
    with pytest.raises(ConfigurationError) as refused:
        plugin_manager([plugin], entry_points=False)
    return refused.value.message


def test_a_plugin_is_called() -> None:
    """What a plugin returns reaches the caller of the hook."""
    manager = plugin_manager([Weather()], entry_points=False)

    assert manager.hook.iamkit_context(request=None, principal=None) == [{"weather:Sky": "blue"}]


def test_nothing_is_shared_between_two_managers() -> None:
    """A plugin given to one is unknown to the other."""
    plugin_manager([Weather()], entry_points=False)

    assert plugin_manager(entry_points=False).hook.iamkit_context(request=None, principal=None) == []


def test_a_static_method_and_a_module_are_plugins_too() -> None:
    """A hook may be a static method of an instance or a function of a module."""

    class Still:
        @staticmethod
        @hookimpl
        def iamkit_context() -> Keys:
            return {"a:B": "1"}

    @hookimpl
    def iamkit_context() -> Keys:
        return {"a:C": "2"}

    module = types.ModuleType("weather")
    vars(module)["iamkit_context"] = iamkit_context

    manager = plugin_manager([Still(), module], entry_points=False)

    assert manager.hook.iamkit_context(request=None, principal=None) == [{"a:C": "2"}, {"a:B": "1"}]


def test_a_module_may_import_a_distribution_named_like_a_hook() -> None:
    """`import iamkit_weather` in a plugin is no misspelt hook."""
    module = types.ModuleType("plugin")
    vars(module)["iamkit_weather"] = types.ModuleType("iamkit_weather")

    assert plugin_manager([module], entry_points=False).is_registered(module)


def test_a_misspelt_hook_is_refused() -> None:
    """A hook that nobody calls would be a check that silently never happens."""

    class Misspelt:
        @hookimpl
        def iamkit_contxt(self) -> Keys:
            return {}

    assert "iamkit_contxt" in _refused(Misspelt())


def test_a_misspelt_prefix_is_refused() -> None:
    """What is marked as a hook has to be one, whatever it is called."""

    class Misspelt:
        @hookimpl
        def iamkt_context(self) -> Keys:
            return {}

    assert "iamkt_context" in _refused(Misspelt())


def test_an_unmarked_hook_is_refused() -> None:
    """A hook without the mark would never be called."""

    class Unmarked:
        def iamkit_context(self) -> Keys:
            return {}

    message = _refused(Unmarked())
    assert "iamkit_context" in message
    assert "@hookimpl" in message


def test_an_unmarked_misspelt_hook_is_refused() -> None:
    """Both mistakes at once are no way through."""

    class Both:
        def iamkit_contxt(self) -> Keys:
            return {}

    assert "not a hook" in _refused(Both())


def test_a_callable_that_is_no_function_is_refused() -> None:
    """An object with `__call__` would be passed over in silence."""

    class Call:
        iamkit_impl: Mapping[str, object] = types.MappingProxyType({})

        def __call__(self) -> Keys:
            return {}

    class Holder:
        iamkit_context = Call()

    assert "not a function" in _refused(Holder())


def test_async_hooks_are_refused() -> None:
    """A coroutine is never awaited, and is truthy: hooks are plain functions."""

    class Method:
        @hookimpl
        async def iamkit_context(self) -> Keys:
            return {}

    class Generator:
        @hookimpl
        async def iamkit_context(self) -> AsyncIterator[Keys]:
            yield {}

    class Static:
        @staticmethod
        @hookimpl
        async def iamkit_context() -> Keys:
            return {}

    class Renamed:
        @hookimpl(specname="iamkit_context")
        async def sky(self) -> Keys:
            return {}

    for plugin in (Method(), Generator(), Static(), Renamed()):
        assert "async" in _refused(plugin)


def test_an_unknown_argument_is_refused() -> None:
    """A hook that asks for what it is never given is refused at start-up, not at the first request."""

    class Curious:
        @hookimpl
        def iamkit_context(self, weather: str) -> Keys:
            return {"a:B": weather}

    assert "weather" in _refused(Curious())


def test_a_class_in_place_of_an_instance_is_refused() -> None:
    """Its methods could only fail when they are called."""
    assert "instance" in _refused(Weather)


def test_the_same_plugin_twice_is_refused() -> None:
    """Giving a plugin twice is a mistake in the set-up, said as one."""
    plugin = Weather()

    with pytest.raises(ConfigurationError):
        plugin_manager([plugin, plugin], entry_points=False)


def test_none_is_no_plugin() -> None:
    """A plugin that turned out to be None is not passed over in silence."""
    assert "None" in _refused(None)


class _Entry:
    """An installed entry point."""

    group = "iamkit"

    def __init__(self, name: str, plugin: object) -> None:
        self.name = name
        self._plugin = plugin

    def load(self) -> object:
        if isinstance(self._plugin, Exception):
            raise self._plugin
        return self._plugin


class _Distribution:
    metadata: Mapping[str, str] = types.MappingProxyType({"name": "iamkit-weather"})

    def __init__(self, entry: _Entry) -> None:
        self.entry_points = (entry,)


def _install(monkeypatch: pytest.MonkeyPatch, entry: _Entry) -> None:
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: [_Distribution(entry)])


def test_an_installed_plugin_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point group is enough, unless entry points are turned off."""
    _install(monkeypatch, _Entry("weather", Weather()))

    found = plugin_manager().hook.iamkit_context(request=None, principal=None)

    assert found == [{"weather:Sky": "blue"}]
    assert plugin_manager(entry_points=False).hook.iamkit_context(request=None, principal=None) == []


def test_an_installed_plugin_that_cannot_be_loaded_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that is installed and broken is not a check that is missing; the message names it."""
    _install(monkeypatch, _Entry("weather", ImportError("no clouds")))

    with pytest.raises(ConfigurationError, match="`weather` cannot be loaded: no clouds"):
        plugin_manager()


def test_an_installed_plugin_is_checked_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt hook of an installed plugin is refused too."""

    class Misspelt:
        def iamkit_contxt(self) -> Keys:
            return {}

    _install(monkeypatch, _Entry("weather", Misspelt()))

    with pytest.raises(ConfigurationError, match="iamkit_contxt"):
        plugin_manager()
