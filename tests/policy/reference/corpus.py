"""Counter-examples as data files: one case each, with what the rules say of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from tests.policy.reference.cases import Case, JsonObject, case_of, for_reference, without_own_layers
from tests.policy.reference.comparison import Disagreement, reference_says
from tests.policy.reference.reference import Reference
from tests.policy.reference.shrinking import shrunk

FOLDER: Final = Path(__file__).resolve().parents[1] / "corpus"


def expected(case: Case) -> str:
    """What the reference says of a case."""
    layers = without_own_layers(case.layers, case.request.caller)
    verdict = Reference(case.request).decide(for_reference(layers), session_binds=layers.session_binds)
    return reference_says(verdict)


def frozen(disagreement: Disagreement) -> JsonObject:
    """The file's content: the case made small, what it came to and where it came from."""
    case = shrunk(disagreement.case)
    return {
        "about": f"found by the differential run, seed {disagreement.seed}",
        "expected": expected(case),
        **case.as_data(),
    }


def freeze(disagreement: Disagreement, folder: Path = FOLDER) -> Path:
    """Writes a counter-example; the same one twice is one file."""
    data = frozen(disagreement)
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    told = json.dumps([data["layers"], data["request"]])
    path = folder / f"{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"
    folder.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    return path


def load(path: Path) -> tuple[Case, str]:
    """A frozen case and what is expected of it."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return case_of(data), data["expected"]
