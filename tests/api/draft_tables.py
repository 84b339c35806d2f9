"""Draws the tables of `iamkit/api/tables` from botocore's service models: `python tests/api/draft_tables.py`.

The models are written down without their documentation, and with their patterns, which are Java's, in the
words of Python. `test_tables.py` fails while the tables and the installed botocore say different things.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from botocore.loaders import Loader

HOME: Final = Path(__file__).parents[2] / "iamkit" / "api" / "tables"
SERVICES: Final = ("iam", "sts")

# Unicode's separators (category Z), which Python's `re` has no class for.
_SEPARATORS: Final = r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONSTRAINTS: Final = ("min", "max", "enum")


def drawn(service: str) -> str:
    """The table of one service, one line a shape, so that a new model shows as a readable difference."""
    loader = Loader()
    model: Mapping[str, Any] = loader.load_service_model(service, "service-2")
    pages: Mapping[str, Any] = loader.load_service_model(service, "paginators-1")["pagination"]
    operations = {
        name: _operation(found, model["shapes"], pages.get(name))
        for name, found in sorted(model["operations"].items())
    }
    shapes = {name: _shape(found) for name, found in sorted(model["shapes"].items())}
    errors = {
        name: _error(name, found) for name, found in sorted(model["shapes"].items()) if found.get("exception")
    }
    for name in errors:
        del shapes[name]
    head = {
        "service": service,
        "version": model["metadata"]["apiVersion"],
        "namespace": model["metadata"]["xmlNamespace"],
    }
    parts = [f'"{name}": {json.dumps(value)}' for name, value in head.items()]
    parts += [_section("operations", operations), _section("errors", errors), _section("shapes", shapes)]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def python_pattern(java: str) -> str:
    """A Java pattern in Python's words. It is tried on the whole text.

    Java's classes are ASCII's unless they say `\\p`. Where they do, `_` is always a member too, so that
    Python's `\\w` is `\\p{L}\\p{N}_`. A code point beyond the basic plane is written with five digits in the
    models, which neither language reads as meant.
    """
    text = re.sub(r"\\u([0-9A-F]{5,6})(?![0-9A-F])", lambda found: f"\\U{found[1]:0>8}", java)
    if r"\p" not in text:
        return f"(?a){text}"
    text = text.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", _SEPARATORS)
    if r"\p" in text or "_" not in text:
        raise ValueError(f"the pattern `{java}` needs another translation")
    return text


def _operation(
    found: Mapping[str, Any], shapes: Mapping[str, Any], paginator: Mapping[str, Any] | None
) -> dict[str, object]:
    made: dict[str, object] = {}
    if "input" in found:
        made["input"] = found["input"]["shape"]
    if "output" in found:
        made["output"] = found["output"]["shape"]
        made["wrapper"] = found["output"].get("resultWrapper", "")
    made["errors"] = [item["shape"] for item in found.get("errors", ())]
    if found.get("authtype") == "none":
        made["unsigned"] = True
    if paginator is not None:
        keys = paginator["result_key"]
        made["pages"] = keys if isinstance(keys, list) else [keys]
    return made


def _shape(found: Mapping[str, Any]) -> dict[str, object]:
    made: dict[str, object] = {"type": found["type"]}
    if found["type"] == "structure":
        made["members"] = {name: member["shape"] for name, member in found["members"].items()}
        if found.get("required"):
            made["required"] = found["required"]
    elif found["type"] == "list":
        made["member"] = found["member"]["shape"]
    elif found["type"] == "map":
        made["key"], made["value"] = found["key"]["shape"], found["value"]["shape"]
    made.update({name: found[name] for name in _CONSTRAINTS if name in found})
    if "pattern" in found:
        pattern = python_pattern(found["pattern"])
        re.compile(pattern)
        made |= {"pattern": pattern, "java": found["pattern"]}
    if found.get("sensitive"):
        made["secret"] = True
    return made


def _error(name: str, found: Mapping[str, Any]) -> dict[str, object]:
    said = found.get("error", {})
    return {"code": said.get("code", name), "status": said.get("httpStatusCode", 400)}


def _section(name: str, entries: Mapping[str, object]) -> str:
    lines = ",\n".join(
        f'  "{key}": {json.dumps(value, separators=(",", ":"), ensure_ascii=True)}'
        for key, value in entries.items()
    )
    return f'"{name}": {{\n{lines}\n}}'


if __name__ == "__main__":
    for each in SERVICES:
        (HOME / f"{each}.json").write_text(drawn(each), encoding="ascii")
        print(f"{each}.json written")
