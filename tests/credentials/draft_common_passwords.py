"""Makes the bundled list of common passwords from the lists of two packages.

    python tests/credentials/draft_common_passwords.py iamkit/credentials/common_passwords.bin

Needs `zxcvbn` (its list `passwords`) and `django` (its `common-passwords.txt.gz`).
"""

from __future__ import annotations

import gzip
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from iamkit.credentials.password_lists import prefix_of
from iamkit.credentials.password_rules import folded


def _passwords() -> Iterator[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped, unused-ignore]  # by hand

    lists = FREQUENCY_LISTS["passwords"]
    yield from lists.split(",") if isinstance(lists, str) else lists
    spec = importlib.util.find_spec("django")
    if spec is None or spec.origin is None:
        raise SystemExit("install django first")
    packed = Path(spec.origin).parent / "contrib" / "auth" / "common-passwords.txt.gz"
    yield from gzip.decompress(packed.read_bytes()).decode().split("\n")


def main(target: str) -> None:
    """Write the sorted prefixes."""
    prefixes = {prefix_of(folded(word)) for word in _passwords() if word.strip()}
    Path(target).write_bytes(b"".join(sorted(prefixes)))
    print(f"{len(prefixes)} passwords")


if __name__ == "__main__":
    main(*sys.argv[1:])
