from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.sealing import SealBroken
from iamkit.errors import ConfigurationError
from iamkit.ids import Ids


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


def test_a_new_key_file_is_its_owners_alone_whatever_the_umask(path: Path, ids: Ids) -> None:
    """Mode 0600 from the first moment, nothing left beside it (THR-X14)."""
    before = os.umask(0)
    try:
        provider = FileKeyProvider.create(path, ids)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]
    assert provider.key_id == FileKeyProvider(path, ids).key_id


def test_a_key_file_is_never_overwritten(path: Path, ids: Ids) -> None:
    """Creating over an existing file fails and leaves it as it was."""
    FileKeyProvider.create(path, ids)
    content = path.read_bytes()

    with pytest.raises(ConfigurationError, match="never overwritten"):
        FileKeyProvider.create(path, ids)
    assert path.read_bytes() == content


def test_one_of_many_creators_wins(path: Path, ids: Ids) -> None:
    """Sixteen at once leave one complete file."""

    def create(_: int) -> bool:
        try:
            FileKeyProvider.create(path, ids)
        except ConfigurationError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(create, range(16))) == 1
    FileKeyProvider(path, ids)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601])
def test_a_file_that_others_can_reach_is_refused(path: Path, ids: Ids, mode: int) -> None:
    """Any permission for group or world stops the start, with the command that mends it."""
    FileKeyProvider.create(path, ids)
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        FileKeyProvider(path, ids)


def test_a_file_of_another_user_is_refused(path: Path, ids: Ids, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner has to be whoever runs the process."""
    FileKeyProvider.create(path, ids)
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)

    with pytest.raises(ConfigurationError, match="belongs to user"):
        FileKeyProvider(path, ids)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"canary-canary-canary-canary-canary",
        base64.b64encode(bytes(32)) + b"\n",
        base64.b64encode(b"\xff" * 32) + b"\n",
        base64.b64encode(bytes(range(31))) + b"\n",
        base64.b64encode(bytes(range(33))) + b"\n",
        b"!" + base64.b64encode(bytes(range(32))),
        base64.b64encode(bytes(range(32))) + b"\n\n",
        base64.b64encode(bytes(range(32))) * 100,
    ],
)
def test_a_file_without_a_usable_key_is_refused_unquoted(path: Path, ids: Ids, content: bytes) -> None:
    """Empty, zero, short, long or decorated content is no key; the error does not show it."""
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(ConfigurationError) as refusal:
        FileKeyProvider(path, ids)
    assert content.decode() == "" or content.decode().strip() not in str(refusal.value)


def test_what_is_no_file_is_refused(path: Path, ids: Ids) -> None:
    """A missing file names `iamkit init`; a directory or a pipe does not hang or pass."""
    with pytest.raises(ConfigurationError, match="iamkit init"):
        FileKeyProvider(path, ids)
    path.mkdir()
    with pytest.raises(ConfigurationError):
        FileKeyProvider(path, ids)
    pipe = path.with_name("pipe")
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        FileKeyProvider(pipe, ids)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        FileKeyProvider.create(path.with_name("missing") / "key", ids)


def test_wrapped_keys_open_only_with_key_and_data(path: Path, ids: Ids) -> None:
    """Another KEK, other associated data, or a cut blob do not open."""
    provider = FileKeyProvider.create(path, ids)
    other = FileKeyProvider.create(path.with_name("other"), ids)
    blob = provider.wrap(b"k" * 32, b"aad")

    assert provider.unwrap(blob, b"aad") == b"k" * 32
    wrong = [
        (other, blob, b"aad"),
        (provider, blob, b"aae"),
        (provider, blob[:-1], b"aad"),
        (provider, b"", b""),
    ]
    for holder, wrapped, aad in wrong:
        with pytest.raises(SealBroken):
            holder.unwrap(wrapped, aad)


def test_the_provider_shows_no_key(path: Path, ids: Ids) -> None:
    """The repr holds the key's id and nothing of the key."""
    provider = FileKeyProvider.create(path, ids)

    assert path.read_text().strip() not in repr(provider)
    assert provider.key_id in repr(provider)
