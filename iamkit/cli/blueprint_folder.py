"""The folder of a blueprint on disk: written one file an entity, read whole, free of what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from iamkit.errors import InputError
from iamkit.identity import blueprint_files
from iamkit.identity.blueprint import Blueprint, Plan

_LONGEST: Final = 50_000_000


def write(folder: Path, plans: Iterable[Plan]) -> int:
    """Write every entity as it comes; files of entities that are gone are removed. How many there are.

    Raises InputError if the folder cannot be written.
    """
    written: set[str] = set()
    try:
        for plan in plans:
            name = blueprint_files.path_of(plan)
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = blueprint_files.text_of(plan)
            if not path.exists() or path.read_bytes() != text.encode():
                path.write_bytes(text.encode())
            written.add(name)
        for path in _files(folder):
            if path.relative_to(folder).as_posix() not in written:
                path.unlink()
    except OSError as fault:
        raise InputError(f"`{folder}` cannot be written: {fault.strerror or fault}") from None
    return len(written)


def read(folder: Path) -> Blueprint:
    """The blueprint in a folder. Raises InputError naming the file that is wrong."""
    if not (folder / blueprint_files.ACCOUNT).is_file():
        raise InputError(
            f"there is no `{blueprint_files.ACCOUNT}` in `{folder}`; write a folder by `iamkit export`"
        )
    return blueprint_files.blueprint_of(_texts(folder))


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in _files(folder, strict=True):
        name = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > _LONGEST:
                raise InputError(f"`{name}` is larger than {_LONGEST:,} bytes")
            yield name, path.read_bytes().decode("utf-8-sig")
        except OSError as fault:
            raise InputError(f"`{name}` cannot be read: {fault.strerror or fault}") from None
        except UnicodeDecodeError:
            raise InputError(f"`{name}` is not UTF-8 text") from None


def _files(folder: Path, *, strict: bool = False) -> Iterator[Path]:
    """Files of a blueprint. With `strict`, one in a folder of another name is an error: a slip of the pen
    must not read as if everybody were gone.
    """
    account = folder / blueprint_files.ACCOUNT
    if account.is_file():
        yield account
    for inside in sorted(folder.iterdir()):
        if not inside.is_dir() or inside.name.startswith("."):
            continue
        found = sorted(inside.glob("*.json"))
        if inside.name in blueprint_files.FOLDERS:
            yield from found
        elif strict and found:
            known = ", ".join(blueprint_files.FOLDERS)
            raise InputError(f"`{inside.name}` is no folder of a blueprint; those are {known}")
