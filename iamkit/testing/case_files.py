"""Files of policy cases: `*.policytest.json` and `*.policytest.toml`, with the documents that they name.

YAML is not read: nothing that iamkit depends on reads it.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Final

from iamkit.errors import InputError
from iamkit.policy.cases import PolicyCase, read_cases

SUFFIXES: Final = (".policytest.json", ".policytest.toml")
# Far above what anybody writes, far below what could hurt.
_LARGEST: Final = 10_000_000


def cases_of(path: Path) -> tuple[PolicyCase, ...]:
    """The cases of a file; the documents that it names stand beside it. Raises InputError, saying where."""
    text = _read(path)
    try:
        data: object = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise InputError(f"`{path}` cannot be read: {fault}") from fault
    try:
        return read_cases(data, lambda name: _read(path.parent / name))
    except InputError as fault:
        raise InputError(f"`{path}`: {fault}") from fault


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"`{path}` is larger than {_LARGEST:,} bytes")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise InputError(f"`{path}` is not UTF-8 text") from fault
    except (OSError, ValueError) as fault:
        raise InputError(f"the file `{path}` cannot be read: {fault}") from fault
