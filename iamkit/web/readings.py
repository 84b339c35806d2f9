"""How FastAPI reads the parameters of a path, which is what has to be decided on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

# How many endpoints `Readings` remembers.
_REMEMBERED: Final = 10_000
# What a parameter that is not read as it was sent would change.
_PROBE: Final = " 01 \u00c4\u017f\ufb01/x%2F " + 300 * "x"


def as_read(dependant: Any, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Path parameters as the endpoint gets them: for an `int`, FastAPI reads 1 in `01`, and 1 is decided on.

    A value that is no text or number stands for itself, which no template takes, unless it is spelt plainly.
    What two dependencies read in two ways is None. What FastAPI refuses stays as it is: nothing runs.
    """
    readings: dict[str, list[Any]] = {}
    waiting = [] if dependant is None else [dependant]
    for part in waiting:
        waiting += part.dependencies
        for declared in part.path_params:
            name = getattr(declared, "validation_alias", None) or declared.alias
            value, faults = declared.validate(raw[name]) if name in raw else (None, True)
            if not faults:
                readings.setdefault(name, []).append(value.value if isinstance(value, Enum) else value)
    read = dict(raw)
    for name, values in readings.items():
        texts = {str(value) for value in values}
        if texts != {str(raw[name])}:
            read[name] = values[0] if len(texts) == 1 else None
    return read


class Readings:
    """Remembers which endpoints get their path parameters exactly as they were sent."""

    def __init__(self) -> None:
        # By id, with the thing itself, so that its id stays its own.
        self._plain: dict[int, tuple[object, bool]] = {}

    def plain(self, dependant: Any) -> bool:
        """Whether every path parameter of an endpoint and its dependencies is a `str` and nothing else."""
        found = self._plain.get(id(dependant))
        if found is None:
            if len(self._plain) >= _REMEMBERED:
                self._plain.clear()
            found = self._plain[id(dependant)] = (dependant, _is_plain(dependant))
        return found[1]


def _is_plain(dependant: Any) -> bool:
    waiting = [dependant]
    for part in waiting:
        waiting += part.dependencies
        for declared in part.path_params:
            info = getattr(declared, "field_info", None)
            if getattr(info, "annotation", None) is not str or getattr(info, "metadata", True):
                return False
            # Tried, too: however it is told to, it must not strip, fold or cut anything.
            if declared.validate(_PROBE) != (_PROBE, []):
                return False
    return True
