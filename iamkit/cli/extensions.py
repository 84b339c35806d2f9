"""Commands that plugins add through the hook `iamkit_cli`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import click

from iamkit.errors import ConfigurationError
from iamkit.plugins import plugin_manager


def plugin_commands(taken: Collection[str], plugins: Collection[object] = ()) -> Mapping[str, click.Command]:
    """The commands of `plugins` and of those that are installed, by name.

    Raises ConfigurationError if one has the name of a command of iamkit: `taken` names stay what they are.
    """
    group = click.Group("iamkit")
    plugin_manager(plugins).hook.iamkit_cli(group=group)
    clash = sorted(set(taken) & set(group.commands))
    if clash:
        raise ConfigurationError(f"a plugin adds the command `{clash[0]}`, which is iamkit's own")
    return group.commands
