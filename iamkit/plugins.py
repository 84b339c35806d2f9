"""The plugin manager: collects plugins, checks their hooks, and calls them."""

from __future__ import annotations

import importlib.metadata
import inspect
from collections.abc import Iterable

import pluggy

from iamkit import hookspecs
from iamkit.errors import ConfigurationError

ENTRY_POINTS = "iamkit"


def plugin_manager(plugins: Iterable[object] = (), *, entry_points: bool = True) -> pluggy.PluginManager:
    """A manager with `plugins` registered, and those installed under the entry point group `iamkit`.

    Raises ConfigurationError for a hook that no specification knows, that is not marked, that is `async`,
    or whose plugin cannot be loaded: a misspelt hook is never a silently missing check.
    """
    manager = pluggy.PluginManager("iamkit")
    manager.add_hookspecs(hookspecs)
    if entry_points:
        try:
            manager.load_setuptools_entrypoints(ENTRY_POINTS)
        except Exception as fault:
            which = f" `{name}`" if (name := _broken()) else ""
            raise ConfigurationError(
                f"the installed iamkit plugin{which} cannot be loaded: {fault}"
            ) from fault
    for plugin in plugins:
        if plugin is None:
            raise ConfigurationError("None was given as a plugin; give an object or module with hooks")
        try:
            manager.register(plugin)
        except (ValueError, pluggy.PluginValidationError) as fault:
            raise ConfigurationError(f"a plugin cannot be registered: {fault}") from fault
    _check(manager)
    return manager


def _broken() -> str:
    """The name of the first entry point that cannot be loaded, for the message that it is not."""
    for distribution in importlib.metadata.distributions():
        for found in distribution.entry_points:
            if found.group == ENTRY_POINTS:
                try:
                    found.load()
                except Exception:  # noqa: BLE001  # whatever it is, it is this one
                    return found.name
    return ""


def _check(manager: pluggy.PluginManager) -> None:
    for plugin in manager.get_plugins():
        for attribute in dir(plugin):
            _check_attribute(manager, plugin, attribute)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as fault:
        raise ConfigurationError(str(fault)) from fault


def _check_attribute(manager: pluggy.PluginManager, plugin: object, attribute: str) -> None:
    where = f"`{attribute}` of plugin `{manager.get_name(plugin)}`"
    found = inspect.getattr_static(plugin, attribute)
    marked = manager.parse_hookimpl_opts(plugin, attribute)
    if marked is None:
        # A module may be called iamkit_something and be imported by a plugin; it is no attempt at a hook.
        if not attribute.startswith("iamkit_") or inspect.ismodule(found):
            return
        if not hasattr(hookspecs, attribute):
            raise ConfigurationError(f"{where} is not a hook of iamkit; docs/hooks.md lists them")
        raise ConfigurationError(f"{where} is not a function marked with `@hookimpl`")
    function = getattr(found, "__func__", found)
    if inspect.isclass(plugin) and function is found:
        raise ConfigurationError(f"{where} is a method of a class; give an instance of it as the plugin")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError(f"{where} is async; hooks are plain functions")
