"""The pairs of documents, one a check, and the app that some of them speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from iamkit.policy import Action, Catalog, ConditionKey, Facts, PolicyKind, ResourceType, Service

PAIRS: Final = Path(__file__).parent / "pairs"
# `<<text*3>>` in a pair's document stands for the text three times, so that long ones stay readable.
_REPEATED: Final = re.compile(r"<<(.+?)\*([0-9]+)>>")

NOTE: Final = ResourceType("note", "arn:${Partition}:doc::${Account}:note/${Id}", ("aws:ResourceTag/",))
FOLDER: Final = ResourceType("folder", "arn:${Partition}:doc::${Account}:folder/${Id}")
DOC: Final = Service(
    "doc",
    (
        Action("Get", "Read", ("note",), ("doc:Color",)),
        Action("Put", "Write", ("note",), ("doc:Color",)),
        Action("Delete", "Write", ("note",)),
        Action("OpenFolder", "Read", ("folder",)),
    ),
    (NOTE, FOLDER),
    (ConditionKey("doc:Color"),),
)
MAIL: Final = Service(
    "mail",
    (Action("Send", "Write", ("box",)),),
    (ResourceType("box", "arn:${Partition}:mail::${Account}:box/${Id}"),),
)
APP: Final = Catalog().with_services((DOC, MAIL))


@dataclass(frozen=True)
class Pair:
    """One check's two documents. `cuts` is what the finding's first place cuts out of the first."""

    code: str
    kind: PolicyKind
    facts: Facts
    trigger: str
    near: str
    cuts: str


def _text(document: object) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return _REPEATED.sub(lambda found: found[1] * int(found[2]), text)


def _facts(data: Mapping[str, Any]) -> Facts:  # whatever the file holds
    known = dict(data)
    if known.get("catalog") == "app":
        known["catalog"] = APP
    return Facts(**known)


def load(path: Path) -> Pair:
    """The pair of a file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Pair(
        path.stem,
        PolicyKind(data["kind"]),
        _facts(data["facts"]),
        _text(data["trigger"]),
        _text(data["near"]),
        _text(data["cuts"]),
    )


@pytest.fixture(scope="session")
def pairs() -> Mapping[str, Pair]:
    """Every pair by its code."""
    return {path.stem: load(path) for path in sorted(PAIRS.glob("*.json"))}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `pair` is run for each."""
    if "pair" in metafunc.fixturenames:
        found = [load(path) for path in sorted(PAIRS.glob("*.json"))]
        metafunc.parametrize("pair", found, ids=[pair.code for pair in found])
