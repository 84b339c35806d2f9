"""Policy documents on the command line: inline JSON, `@FILE`, `--file FILE`, or `-` for standard input."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

import click

from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError

# Far above every quota, so that the quota's own message is what people see; far below what could hurt.
_LONGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document as somebody gave it. `name` says where it came from, for messages."""

    text: str
    name: str


def from_file(path: str) -> Document:
    """The text of a file. Raises InputError if it cannot be read, is too large or is not UTF-8."""
    try:
        with open(path, "rb") as file:
            return _decoded(file.read(_LONGEST + 1), path)
    except OSError as fault:
        raise InputError(f"the file `{path}` cannot be read: {fault.strerror or fault}") from None
    except ValueError:
        raise InputError(f"`{path[:80]!a}` is not a file name") from None


def from_stdin() -> Document:
    """Everything on standard input. Raises InputError."""
    return _decoded(sys.stdin.buffer.read(_LONGEST + 1), "standard input")


def from_argument(argument: str) -> Document:
    """What an argument means. Raises InputError."""
    if argument == "-":
        return from_stdin()
    if argument.startswith("@"):
        return from_file(argument[1:])
    if not argument.lstrip().startswith(("{", "[")):
        raise InputError(
            f"`{argument[:80]}` is no policy document; write the JSON itself, `@FILE`, or `-` for standard"
            " input"
        )
    return Document(argument, "argument")


def _decoded(raw: bytes, name: str) -> Document:
    if len(raw) > _LONGEST:
        raise InputError(f"`{name}` is larger than {_LONGEST:,} bytes, which no policy document may be")
    try:
        return Document(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError as fault:
        raise InputError(
            f"`{name}` is not UTF-8 text: byte {fault.start} is {raw[fault.start]:#04x}"
        ) from None


def _argument(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Document | None:
    return None if value is None else from_argument(value)


def _file(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Document | None:
    return None if value is None else from_file(value)


# The two ways to give a document; a command takes both and calls `chosen`.
argument = click.argument("document", callback=_argument, required=False, metavar="[JSON|@FILE|-]")
file_option = click.option(
    "--file", callback=_file, metavar="FILE", help="Read the policy document from FILE."
)


def chosen(terminal: Terminal, document: Document | None, file: Document | None) -> str:
    """The text of the one document that was given. Raises InputError if there are none or two."""
    if (document is None) == (file is None):
        raise InputError(
            "give one policy document: as JSON, as `@FILE` or `--file FILE`, or `-` for standard input"
        )
    return kept(terminal, document or file)


def kept(terminal: Terminal, document: Document | None) -> str:
    """The text of a document that must be there; the terminal keeps it, to quote it if it is refused."""
    if document is None:
        raise InputError("a policy document is missing")
    terminal.document, terminal.document_name = document.text, document.name
    return document.text
