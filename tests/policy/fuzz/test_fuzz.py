"""Mutated examples in every target: nothing comes out but errors of the tree, for bounded work and memory."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from tests.policy.fuzz.guided import ABSENT, dictionary
from tests.policy.fuzz.mutation import examples, mutated
from tests.policy.fuzz.targets import TARGETS

ROUNDS: Final = {"policy": 1500, "arn": 1200, "condition": 150, "variables": 150}
FOUND: Final = Path(__file__).with_name("found")
PROOFS: Final = Path(__file__).resolve().parents[2] / "proofs"


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_errors_of_the_tree(name: str) -> None:
    """What is mutated is refused or decided, by parser, evaluator, explanation and residual alike."""
    rng = random.Random(name)
    pool = examples()[name]

    for _ in range(ROUNDS[name]):
        data = mutated(rng, pool)
        try:
            TARGETS[name](data)
        except Exception as fault:
            fault.add_note(f"found with {data!r}")
            raise


@pytest.mark.parametrize("path", sorted(FOUND.glob("*.bin")), ids=lambda path: path.stem)
def test_what_was_found_once_stays_right(path: Path) -> None:
    """Every input that a fuzzer ever failed on is tried again; its target is the first word of its name."""
    TARGETS[path.stem.partition("-")[0]](path.read_bytes())


def test_a_dictionary_has_every_byte_escaped() -> None:
    """libFuzzer reads quotes, backslashes and line ends of a word as its own, unless they are escaped."""
    assert dictionary([b'"', b"a\n"]) == '"\\x22"\n"\\x61\\x0a"\n'


def _calls(target: Callable[[bytes], int], data: bytes) -> int:
    """How many calls the work took, of Python's and of C's functions."""
    count = 0

    def profile(frame: FrameType, event: str, given: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        target(data)
    finally:
        sys.setprofile(None)
    return count


def _deep(size: int) -> bytes:
    return b'{"Statement":' + b"[" * size + b"]" * size + b"}"


def _many_statements(size: int) -> bytes:
    one = b'{"Effect":"Allow","Action":"doc:Get","Resource":"*"}'
    return b'{"Version":"2012-10-17","Statement":[' + b",".join([one] * (size // 40)) + b"]}"


def _many_members(size: int) -> bytes:
    names = b",".join(b'"m%d":1' % number for number in range(size // 10))
    return b'{"Statement":{' + names + b"}}"


def _many_values(size: int) -> bytes:
    values = b",".join(b'"%d"' % number for number in range(size // 8))
    condition = b'"Condition":{"StringLike":{"app:s":[' + values + b"]}}"
    return b'{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",' + condition + b"}}"


GROWING: Final[dict[str, tuple[str, Callable[[int], bytes]]]] = {
    "nested lists": ("policy", _deep),
    "many statements": ("policy", _many_statements),
    "many unknown members": ("policy", _many_members),
    "many values": ("policy", _many_values),
    "open braces": ("policy", lambda size: b"{" * size),
    "one long string": ("policy", lambda size: b'"' + b"a" * size + b'"'),
    "long ARN": ("arn", lambda size: b"arn:aws:doc:::" + b"a" * size),
    "colons": ("arn", lambda size: b"arn:aws" + b":" * size),
    "stars": ("arn", lambda size: b"arn:aws:doc:::" + b"*a" * (size // 2)),
    "variables": ("arn", lambda size: b"arn:aws:doc:::" + b"${aws:username}" * (size // 15)),
    "digits": ("condition", lambda size: b"9" * size),
    "long text": ("condition", lambda size: b"a*" * (size // 2)),
    "base64": ("condition", lambda size: b"QUFB" * (size // 4)),
    "open variables": ("variables", lambda size: b"${" * (size // 2)),
    "nested variables": ("variables", lambda size: b"${a:b" * (size // 10) + b"}" * (size // 10)),
    "quotes": ("variables", lambda size: b"'" * size),
}


@pytest.mark.parametrize("family", GROWING)
def test_work_grows_with_the_text(family: str) -> None:
    """Three times the text takes at most about four times the calls, for every family of bad texts."""
    name, make = GROWING[family]
    target = TARGETS[name]
    target(make(64))

    small, large = (_calls(target, make(size)) for size in (1000, 3000))

    assert large <= 4 * small + 2000


@pytest.mark.parametrize("family", GROWING)
def test_memory_is_bounded(family: str) -> None:
    """8 KiB of any bad text need less than 16 MiB while they are looked at."""
    name, make = GROWING[family]
    data = make(8192)
    gc.collect()
    tracemalloc.start()
    try:
        TARGETS[name](data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak <= 16 * 1024 * 1024


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_its_script(name: str) -> None:
    """Each target can be fuzzed guided by coverage; without the fuzzer the script says what to install."""
    script = PROOFS / f"fuzz_{name}.py"
    done = subprocess.run(
        [sys.executable, script, "-runs=1"], capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0 or (done.returncode == ABSENT and "atheris is not installed" in done.stdout)
