"""Reading a route table: a TOML file, with the lines of what is wrong in it, or a Python list of the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from iamkit.errors import ConfigurationError
from iamkit.web.route_table import Place, RouteTable, Row, rows_of

# What a table is given as.
Routes = str | Path | Sequence[Mapping[str, object]] | RouteTable

_HEADER: Final = re.compile(r"\s*\[\[\s*route\s*\]\]")
_ANY_HEADER: Final = re.compile(r"\s*\[")
_KEY: Final = re.compile(r"\s*([A-Za-z]+)\s*[.=]")
_TOP: Final = ("prefix", "route")


def read(routes: Routes, *, prefix: str = "") -> RouteTable:
    """The table in the file `routes`, or of a list of mappings with the keys that a file's `[[route]]` has.

    `prefix` is for a list; a file says its own. Raises ConfigurationError with file and line, or index.
    """
    if isinstance(routes, RouteTable):
        return routes
    if isinstance(routes, str | Path):
        return _from_file(Path(routes))
    rows: list[Row] = []
    for number, given in enumerate(routes):
        if not isinstance(given, Mapping):
            raise ConfigurationError(
                f'routes[{number}]: a route is a mapping, such as {{"path": "/healthz"}}'
            )
        rows += rows_of(given, Place(f"routes[{number}]"))
    return RouteTable(rows, prefix=prefix)


def _from_file(path: Path) -> RouteTable:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as fault:
        raise ConfigurationError(f"the route table `{path}` cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise ConfigurationError(f"{path}: the file is not UTF-8") from fault
    except tomllib.TOMLDecodeError as fault:
        line = re.search(r"at line ([0-9]+)", str(fault))
        raise ConfigurationError(f"{path}:{line[1] if line else 1}: {str(fault)[:200]}") from fault
    for key in data:
        if key not in _TOP:
            raise ConfigurationError(f"{path}: `{key}` is unknown; a table has `prefix` and `[[route]]`")
    entries, prefix = data.get("route", []), data.get("prefix", "")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(f"{path}: write each route below a line `[[route]]`")
    if not isinstance(prefix, str):
        raise ConfigurationError(f'{path}: `prefix` is a text such as "/api"')
    places = _places(path, text, len(entries))
    rows = [row for entry, place in zip(entries, places, strict=True) for row in rows_of(entry, place)]
    return RouteTable(rows, name=path.name, prefix=prefix)


def _places(path: Path, text: str, count: int) -> list[Place]:
    """Where each entry and each of its keys stands: tomllib does not tell."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    if len(starts) != count:
        # Written as `route = [{…}]`, or with such a line inside a text.
        return [Place(f"{path}: route {number + 1}") for number in range(count)]
    places = []
    for start in starts:
        keys: dict[str, str] = {}
        for number in range(start + 1, len(lines)):
            if _ANY_HEADER.match(lines[number]):
                break
            found = _KEY.match(lines[number])
            if found:
                keys.setdefault(found[1], f"{path}:{number + 1}")
        places.append(Place(f"{path}:{start + 1}", keys))
    return places
