"""Small words of the commands of 2011: paths without their last slash, and commands with two names."""

from __future__ import annotations

from collections.abc import Callable

import click

from iamkit.cli.options import Command


def path_of(text: str) -> str:
    """A path with the slashes that the tools of 2011 let people leave out; says so if it adds any.

    Only the command line does this: the API refuses such a path, since `/app` put before a name would make
    `appx`, which `app*` matches.
    """
    path = text if text.startswith("/") else f"/{text}"
    path = path if path.endswith("/") else f"{path}/"
    if path != text:
        click.echo(f"path {text} is taken as {path}", err=True)
    return path


def add(group: click.Group, *names: str) -> Callable[[Callable[..., object]], click.Command]:
    """Put a command into `group` under the first name, and under the others without showing them in help."""

    def decorate(function: Callable[..., object]) -> click.Command:
        first: click.Command = click.command(names[0], cls=Command)(function)
        group.add_command(first)
        for name in names[1:]:
            other = Command(
                name, params=list(first.params), callback=first.callback, help=first.help, hidden=True
            )
            group.add_command(other)
        return first

    return decorate
