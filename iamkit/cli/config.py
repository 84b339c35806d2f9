"""`iamkit config`: the settings that hold, and where each came from."""

from __future__ import annotations

import dataclasses
from typing import Final

import click

from iamkit import settings
from iamkit.cli.db import shown
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal

# Settings that may carry a password inside a URL.
_URLS: Final = ("store", "kek")


@click.group("config", cls=Group)
def config() -> None:
    """Settings: see each and where it came from."""


@config.command("show")
@click.pass_obj
def show(terminal: Terminal) -> None:
    """Show every setting and its origin: an argument, a variable, iamkit.toml, or the default."""
    root = terminal.directory.expanduser().absolute()
    loaded = settings.load(root)
    given = settings.gathered(root, None, {})
    rows: list[tuple[str, object, str]] = [("directory", str(root), terminal.directory_origin)]
    for part in dataclasses.fields(loaded):
        if part.name in ("directory", "plugins"):
            continue
        value = getattr(loaded, part.name)
        if part.name in _URLS:
            value = shown(getattr(loaded, f"{part.name}_url"))
        rows.append((part.name, value, given[part.name][1] if part.name in given else "default"))
    rows += [(name, "(set)", given[name][1]) for name in sorted(loaded.plugins)]
    data = [{"setting": name, "value": value, "origin": origin} for name, value, origin in rows]
    terminal.output.table(("SETTING", "VALUE", "ORIGIN"), rows, data, empty="there are no settings")
