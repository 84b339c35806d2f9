"""The folder: `account.json`, and for each section a folder with a file an entry, named after it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Final

from iamkit.errors import InputError
from iamkit.ids import checked_account_id
from iamkit.manifest import codec
from iamkit.manifest.document import NotKeptError, Plain, read, written
from iamkit.manifest.entries import (
    SECTIONS,
    AccountEntry,
    Entry,
    PasswordPolicyEntry,
    ResourcePolicyEntry,
    key_of,
)
from iamkit.manifest.files import UNFINISHED, Files
from iamkit.manifest.rehoming import Rehoming

ACCOUNT_FILE: Final = "account.json"
# Grows when a file could be read otherwise than before.
FORMAT: Final = 1
_ENDING: Final = ".json"
_MEMBERS: Final = ("format", "partition", "account", "sections", "alias", "password_policy")
_SLUG: Final = 80


class Folder:
    """An account in files. Everything that is read is checked first, and refused with its place (InputError).

    `rehoming` is what makes the entries of one account those of another.
    """

    def __init__(self, path: Path, rehoming: Rehoming | None = None) -> None:
        self._path = path
        self._top = Files(path)
        self._rehoming = rehoming

    def __str__(self) -> str:
        return str(self._path)

    def rehomed(self, rehoming: Rehoming) -> Folder:
        """The same folder, its entries read as those of another account."""
        return Folder(self._path, rehoming)

    # --- reading --------------------------------------------------------------------------------

    def is_new(self) -> bool:
        """Whether there is nothing yet that this could overwrite."""
        return not [name for name in self._top.names() if not name.startswith(".")]

    def account(self, *, finished: bool = True) -> AccountEntry:
        """What `account.json` says. Raises InputError, also for a folder in it that is no section.

        With `finished` False, what an export left that was broken off is taken too, to be written again.
        """
        if not self._top.there():
            raise InputError(f"there is no folder `{self}`; `iamkit export {self}` writes one")
        if ACCOUNT_FILE not in self._top.names():
            raise InputError(f"`{self}` has no `{ACCOUNT_FILE}`, so it is no account; name another folder")
        found = _account(_plain(self._top, ACCOUNT_FILE))
        if finished:
            self._check_top(found)
        return found

    def entries(self, section: str) -> Iterator[Entry]:
        """The entries of a section, by key. Only one of them is in memory at a time."""
        files = Files(self._path, section)
        for _, name in self._sorted(section, files):
            yield self._entry(section, files, name)

    def _sorted(self, section: str, files: Files) -> list[tuple[str, str]]:
        """Keys and file names, by key. Raises InputError if two files are of one key."""
        names = [name for name in files.names() if _is_entry(name, files)]
        if SECTIONS[section] is ResourcePolicyEntry:
            keyed = [(key_of(self._entry(section, files, name)), name) for name in names]
        else:
            keyed = [(name.removesuffix(_ENDING).lower(), name) for name in names]
        keyed.sort()
        for (one, first), (other, second) in pairwise(keyed):
            if one == other:
                raise InputError(
                    f"`{files.place(first)}` and `{files.place(second)}` are of the same {section};"
                    " names differ by more than case"
                )
        return keyed

    def _entry(self, section: str, files: Files, name: str) -> Entry:
        plain = _plain(files, name)
        if self._rehoming is not None:
            plain = self._rehoming.plain(plain)
        entry = codec.from_plain(SECTIONS[section], plain, files.place(name))
        if not isinstance(entry, ResourcePolicyEntry) and f"{entry.name}{_ENDING}" != name:
            raise InputError(f"`{files.place(name)}` names `{entry.name}`; a file is called as what it holds")
        return entry

    def _check_top(self, account: AccountEntry) -> None:
        """A section that is misspelt would not be read, and all that is in it be deleted by pruning."""
        for name in self._top.names():
            if name.startswith(".") or name == ACCOUNT_FILE:
                continue
            folder = self._top.is_folder(name)
            if folder and name not in account.sections:
                near = get_close_matches(name, account.sections, n=1)
                hint = f"did you mean `{near[0]}`" if near else f"`{ACCOUNT_FILE}` does not name it"
                raise InputError(f"the folder `{name}` is no section of `{self}`; {hint}")
            if not folder and (name.endswith(_ENDING) or name in SECTIONS):
                raise InputError(f"`{name}` is no part of an account; take it out of `{self}`")

    # --- writing --------------------------------------------------------------------------------

    def write_account(self, account: AccountEntry) -> None:
        """Write `account.json`."""
        plain: dict[str, Plain] = {
            "format": FORMAT,
            "partition": account.partition,
            "account": account.account,
            "sections": list(account.sections),
        }
        if account.describes_settings:
            kept = account.password_policy
            plain["alias"] = account.alias
            plain["password_policy"] = None if kept is None else codec.to_plain(kept)
        self._top.write(ACCOUNT_FILE, written(plain) + "\n")

    def write_section(self, section: str, entries: Iterator[Entry]) -> int:
        """Write every entry of a section, and remove the files of what is no more; how many there are."""
        files = Files(self._path, section)
        left = {name for name in files.names() if _is_entry(name, files)}
        count = 0
        for entry in entries:
            name = file_name(entry)
            files.write(name, written(codec.to_plain(entry)) + "\n")
            left.discard(name)
            count += 1
        for name in sorted(left):
            files.remove(name)
        return count


def file_name(entry: Entry) -> str:
    """What the file of an entry is called."""
    if isinstance(entry, ResourcePolicyEntry):
        # An ARN may hold anything and be long: a readable part, and what tells it from all others.
        readable = re.sub(r"[^A-Za-z0-9_.=@-]+", "-", entry.resource.split(":", 5)[-1])[:_SLUG].strip("-.")
        digest = hashlib.sha256(entry.resource.encode("utf-8")).hexdigest()[:16]
        return f"{readable or 'resource'}-{digest}{_ENDING}"
    return entry.name + _ENDING


def _is_entry(name: str, files: Files) -> bool:
    if name == ".gitkeep" or (name.startswith(".") and name.endswith(UNFINISHED)):
        return False
    if not name.endswith(_ENDING):
        raise InputError(f"`{files.place(name)[:200]!a}` is no `NAME{_ENDING}`; take it out of the folder")
    return True


def _plain(files: Files, name: str) -> Plain:
    try:
        return read(files.read(name))
    except NotKeptError as fault:
        raise InputError(f"`{files.place(name)}` cannot be read: {fault}") from None


def _account(plain: Plain) -> AccountEntry:
    place = f"`{ACCOUNT_FILE}`"
    if not isinstance(plain, dict):
        raise InputError(f"{place} holds no JSON object")
    unknown = next((name for name in plain if name not in _MEMBERS), None)
    if unknown is not None:
        raise InputError(f"{place} has a member `{unknown[:80]}`, which means nothing")
    if plain.get("format") != FORMAT or isinstance(plain["format"], bool):
        raise InputError(f"{place} must have `format` {FORMAT}; it may be of another version of iamkit")
    partition, account, sections = plain.get("partition"), plain.get("account"), plain.get("sections")
    if not isinstance(partition, str) or not isinstance(account, str):
        raise InputError(f"{place} must name its `partition` and its `account`, both texts")
    checked_account_id(account)
    if not isinstance(sections, list) or not all(
        isinstance(name, str) and name in SECTIONS for name in sections
    ):
        raise InputError(f"{place}, `sections`: it must be a list of {', '.join(SECTIONS)}")
    if ("alias" in plain) != ("password_policy" in plain):
        raise InputError(f"{place} must hold both `alias` and `password_policy`, or none of them")
    alias, kept = plain.get("alias"), plain.get("password_policy")
    if alias is not None and not isinstance(alias, str):
        raise InputError(f"{place}, `alias`: it must be a text or null")
    return AccountEntry(
        partition,
        account,
        tuple(name for name in SECTIONS if name in sections),
        "alias" in plain,
        alias,
        None if kept is None else codec.from_plain(PasswordPolicyEntry, kept, ACCOUNT_FILE),
    )
