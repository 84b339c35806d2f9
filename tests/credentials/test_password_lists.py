from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.credentials.password_lists import PREFIX_BYTES, CommonPasswords, RangeFile
from iamkit.credentials.password_rules import PasswordRules, check_password
from iamkit.errors import ConfigurationError, PasswordPolicyViolation

COMMON = CommonPasswords()


@pytest.mark.parametrize(
    "password",
    ["password", "Password1", "qwertyuiop", "letmein!", "iloveyou", " dragon ", "ＰＡＳＳＷＯＲＤ"],
)
def test_what_everybody_chooses_is_known(password: str) -> None:
    """In any case, with the usual digit behind it."""
    assert COMMON.holds(password)


@pytest.mark.parametrize("password", ["correct horse battery staple", "gzq8-vn2k-p0wd", "ümläut ünd sön", ""])
def test_what_nobody_else_chooses_is_not(password: str) -> None:
    """Long and odd ones pass."""
    assert not COMMON.holds(password)


def test_the_list_is_as_long_as_it_is_said_to_be_and_sorted() -> None:
    """Decision 18: 40,000 at least."""
    raw = COMMON._prefixes
    found = [raw[place : place + PREFIX_BYTES] for place in range(0, len(raw), PREFIX_BYTES)]
    assert len(COMMON) == len(found) >= 40_000
    assert found == sorted(set(found))


def test_a_listed_password_is_refused_where_the_profile_says_so() -> None:
    """The message does not repeat it."""
    with pytest.raises(PasswordPolicyViolation) as caught:
        check_password("qwertyuiop", rules=PasswordRules("x", 6), lists=[COMMON])
    assert "qwertyuiop" not in str(caught.value)
    check_password("qwertyuiop", rules=PasswordRules("x", 6, refuse_common=False), lists=[COMMON])


def write(path: Path, passwords: list[str], *, ending: str = "\n") -> RangeFile:
    lines = sorted(hashlib.sha1(text.encode()).hexdigest().upper() for text in passwords)
    path.write_bytes("".join(f"{line}:{number}{ending}" for number, line in enumerate(lines, 1)).encode())
    return RangeFile(path)


@given(
    listed=st.lists(
        st.text(max_size=8).filter(lambda text: text.isascii()), min_size=1, max_size=40, unique=True
    ),
    others=st.lists(st.text(min_size=9, max_size=12).filter(lambda text: text.isascii()), max_size=10),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_a_range_file_has_what_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, listed: list[str], others: list[str], ending: str
) -> None:
    """Found by halving, first and last line included, and nothing else."""
    found = write(tmp_path_factory.mktemp("ranges") / "by-hash.txt", listed, ending=ending)
    assert all(found.holds(text) for text in listed)
    assert not any(found.holds(text) for text in others)


@pytest.mark.parametrize("content", [None, b"", b"password\n", b"5BAA6\n"])
def test_a_file_of_another_kind_is_a_configuration_error(tmp_path: Path, content: bytes | None) -> None:
    """Found at the start, not at the first sign-up."""
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        RangeFile(path)
