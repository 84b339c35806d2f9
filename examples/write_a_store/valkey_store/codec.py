"""A commit as one JSON text: the records it left or removed, and the epochs it moved."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from iamkit.fields import Shape, fields_of
from iamkit.memory import MemoryUnit, State
from iamkit.storage import Record, record_type


def encoded(unit: MemoryUnit, kinds: Mapping[str, type[Record]]) -> str:
    """What a unit did. Raises TypeError for a record type that the store was not made for."""
    draft = unit.draft()
    records = []
    for kind, key in sorted(unit.changed, key=lambda touched: (record_type(touched[0]).name, touched[1])):
        name, item = record_type(kind).name, draft.shelves[kind].items.get(key)
        if kinds.get(name) is not kind:
            raise TypeError(f"this store keeps no records of type `{kind.__name__}`")
        records.append([name, key, None if item is None else _values(item)])
    return json.dumps({"records": records, "epochs": {scope: draft.epochs[scope] for scope in unit.bumped}})


def applied(state: State, commits: list[str], kinds: Mapping[str, type[Record]]) -> State:
    """The state after those commits."""
    unit = MemoryUnit(state)
    epochs = dict(state.epochs)
    for text in commits:
        commit = json.loads(text)
        # All that was touched goes first, so that two records can have swapped a unique name.
        for name, key, _ in commit["records"]:
            unit.remove(kinds[name], tuple(key))
        for name, _, values in commit["records"]:
            if values is not None:
                unit.add(_record(kinds[name], values))
        epochs.update(commit["epochs"])
    return State(unit.draft().shelves, epochs)


def _values(item: Record) -> dict[str, object]:
    values: dict[str, object] = {}
    for name in fields_of(type(item)):
        value = getattr(item, name)
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode("ascii")
        elif isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, Mapping):
            value = dict(value)
        values[name] = value
    return values


def _record(kind: type[Record], values: dict[str, object]) -> Record:
    for name, field in fields_of(kind).items():
        value = values[name]
        if isinstance(value, str) and field.shape is Shape.BYTES:
            values[name] = base64.b64decode(value)
        elif isinstance(value, str) and field.shape is Shape.INSTANT:
            values[name] = datetime.fromisoformat(value)
        elif isinstance(value, list):
            values[name] = tuple(value)
        elif isinstance(value, dict):
            values[name] = MappingProxyType(value)
    return kind(**values)
