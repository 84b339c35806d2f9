"""Files below one folder: only plain files in plain folders, opened without following a link anywhere."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from iamkit.errors import InputError

LARGEST: Final = 1_048_576
# More than any quota admits of one kind.
MOST: Final = 1_000_000
UNFINISHED: Final = ".unfinished"


class Files:
    """The files of one folder below `root`, or of `root` itself (`name` empty). Raises InputError."""

    def __init__(self, root: Path, name: str = "") -> None:
        self._root = root
        self._name = name

    def place(self, name: str) -> str:
        """How a file is called in messages."""
        return f"{self._name}/{name}" if self._name else name

    def there(self) -> bool:
        """Whether the folder is there."""
        # A link that leads nowhere is there too, and refused when it is opened.
        return os.path.lexists(self._root / self._name)

    def names(self) -> list[str]:
        """What is in the folder, in no order; nothing if there is no such folder."""
        if not self.there():
            return []
        with self._opened() as folder:
            found = os.listdir(folder)
        if len(found) > MOST:
            raise InputError(f"`{self._shown}` holds {len(found)} files; more than {MOST} are not read")
        return found

    def is_folder(self, name: str) -> bool:
        """Whether something in the folder is a folder itself."""
        with self._opened() as folder, self._told(name):
            return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)

    def read(self, name: str) -> str:
        """The text of a file."""
        with self._opened() as folder, self._told(name):
            # Not waiting: what is no plain file is refused, and a pipe would never open.
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(file, "rb") as stream:
                found = os.fstat(file)
                if not stat.S_ISREG(found.st_mode):
                    raise InputError(f"`{self.place(name)}` is no plain file")
                raw = stream.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise InputError(f"`{self.place(name)}` is larger than {LARGEST:,} bytes")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as fault:
            raise InputError(f"`{self.place(name)}` is not UTF-8 text: byte {fault.start}") from None

    def write(self, name: str, text: str) -> bool:
        """Make or replace a file, at once or not at all; False if it held that text already."""
        raw = text.encode("utf-8")
        with self._opened(make=True) as folder, self._told(name):
            if _holds(folder, name, raw):
                return False
            unfinished = f".{name[:200]}{UNFINISHED}"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished, dir_fd=folder)
            file = os.open(
                unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder
            )
            try:
                with os.fdopen(file, "wb") as stream:
                    stream.write(raw)
                os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(unfinished, dir_fd=folder)
                raise
        return True

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._opened() as folder, self._told(name):
            os.unlink(name, dir_fd=folder)

    @property
    def _shown(self) -> str:
        return self._name or str(self._root)

    @contextmanager
    def _opened(self, *, make: bool = False) -> Iterator[int]:
        """The folder as a descriptor: what it is cannot change while it is used."""
        with self._told(""):
            if make:
                self._root.mkdir(parents=True, exist_ok=True)
            # The folder that was named may be a link; what is below it may not.
            root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not self._name:
                yield root
                return
            with self._told(""):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(self._name, dir_fd=root)
                folder = os.open(
                    self._name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root
                )
            try:
                yield folder
            finally:
                os.close(folder)
        finally:
            os.close(root)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Faults of the file system as InputError, naming the file."""
        try:
            yield
        except (OSError, ValueError) as fault:
            why = (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
            shown = self.place(name) if name else self._shown
            raise InputError(f"`{shown}` cannot be used: {why.lower()}") from None


def _holds(folder: int, name: str, raw: bytes) -> bool:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(file, "rb") as stream:
        return stat.S_ISREG(os.fstat(file).st_mode) and stream.read(len(raw) + 1) == raw
