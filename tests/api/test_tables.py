"""The tables and the installed botocore say the same; patterns mean in Python what they mean in Java."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import unicodedata
from pathlib import Path
from types import ModuleType

import pytest

from iamkit.api.model import Models


def _drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draft_tables", Path(__file__).parent / "draft_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_tables_are_those_of_the_installed_models(service: str) -> None:
    """Drawn anew they are the same; otherwise run `tests/api/draft_tables.py` and read the difference."""
    drawing = _drawing()

    assert (drawing.HOME / f"{service}.json").read_text(encoding="ascii") == drawing.drawn(service)


def test_letters_separators_and_numbers_are_unicodes(models: Models) -> None:
    r"""A tag's key takes exactly `\p{L}\p{Z}\p{N}` and the signs that are named, over all code points."""
    tag = models.services["iam"].operations["TagUser"].input.members["Tags"].inside.members["Key"]
    assert tag.pattern is not None

    wrong = [
        hex(point)
        for point in range(sys.maxunicode + 1)
        if (unicodedata.category(chr(point))[0] in "LZN" or chr(point) in "_.:/=+-@")
        != bool(tag.pattern.fullmatch(chr(point)))
    ]

    assert wrong == []


def test_code_points_beyond_the_basic_plane_are_meant() -> None:
    """The models write them with five digits, which Java would read as four and a digit."""
    assert _drawing().python_pattern(r"[\u10000-\u10FFFF]+") == r"(?a)[\U00010000-\U0010FFFF]+"


def test_importing_iamkit_reads_no_table() -> None:
    """Neither `import iamkit` nor the class `IAM` imports the API."""
    code = (
        "import sys, iamkit; iamkit.IAM; sys.exit(any(name.startswith('iamkit.api') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
