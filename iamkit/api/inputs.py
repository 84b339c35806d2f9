"""Typed input becomes the keyword arguments of a management operation. A pure translation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iamkit.api.constraints import Value, fault_at, invalid, lowered
from iamkit.api.model import OperationModel
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError
from iamkit.management.operation import Operation

# Members by which every listing is paged; see `paging`.
PAGING: Final = frozenset({"Marker", "MaxItems"})


@dataclass(frozen=True, slots=True)
class Arguments:
    """How the input of one operation becomes arguments. `pages` says that the operation pages by itself."""

    # Any: operations differ in parameters and results.
    operation: Operation[..., Any]
    _names: Mapping[str, str]
    _secret: frozenset[str]
    _mappings: frozenset[str]
    _needed: tuple[str, ...]
    pages: bool

    @classmethod
    def of(cls, model: OperationModel, operation: Operation[..., Any]) -> Arguments:
        """Read off the function's own parameters."""
        parameters = inspect.signature(operation.run).parameters
        found = {name: str(parameter.annotation) for name, parameter in parameters.items()}
        names = {member: name for member, name in model.input.attributes.items() if name in found}
        return cls(
            operation,
            names,
            frozenset(member for member, name in names.items() if "Secret" in found[name]),
            frozenset(member for member, name in names.items() if found[name].startswith("Mapping")),
            # Some that the model does not ask for: AWS fills them in where there is no user.
            tuple(
                member
                for member, name in names.items()
                if parameters[name].default is inspect.Parameter.empty
            ),
            "marker" in found,
        )

    def missing(self, model: OperationModel) -> frozenset[str]:
        """Members that the operation does not take."""
        return frozenset(model.input.members) - self._names.keys() - PAGING

    def made(self, given: Mapping[str, Value]) -> dict[str, object]:
        """The arguments. Raises InputError for a member that the operation does not take, ValidationError."""
        lacking = [member for member in self._needed if given.get(member) is None]
        if lacking:
            raise invalid([fault_at(None, lowered(member), None, "not be null") for member in lacking])
        arguments: dict[str, object] = {}
        for member, value in given.items():
            if member in PAGING:
                continue
            name = self._names.get(member)
            if name is None:
                raise InputError(f"`{member}` is not supported here; leave it out")
            arguments[name] = self._argument(member, value)
        return arguments

    def _argument(self, member: str, value: Value) -> object:
        if member in self._secret:
            return _each(value, _secret)
        if isinstance(value, tuple):
            if member == "ContextEntries":
                return _context(value)
            if member in self._mappings:
                return _tags(value)
            if member == "PolicyArns":
                return _each(value, _arn)
        return value


def _secret(value: Value) -> object:
    return Secret(value) if isinstance(value, str) else value


def _arn(descriptor: Value) -> object:
    return descriptor.get("arn", "") if isinstance(descriptor, Mapping) else descriptor


def _each(value: Value, change: Callable[[Value], object]) -> object:
    return tuple(change(item) for item in value) if isinstance(value, tuple) else change(value)


def _tags(pairs: tuple[Mapping[str, str], ...]) -> dict[str, str]:
    if len({pair["Key"].lower() for pair in pairs}) != len(pairs):
        raise InputError("duplicate tag keys found; tag keys are case insensitive")
    return {pair["Key"]: pair["Value"] for pair in pairs}


def _context(entries: tuple[Mapping[str, Any], ...]) -> dict[str, str | tuple[str, ...]]:
    """Context keys of a simulation: a list where the type says so, else one value."""
    made: dict[str, str | tuple[str, ...]] = {}
    for entry in entries:
        name, values = entry.get("ContextKeyName"), entry.get("ContextKeyValues", ())
        kind = entry.get("ContextKeyType", "string")
        if not name or (not kind.endswith("List") and len(values) != 1):
            raise InputError("a context entry needs a name, and one value unless its type is a list")
        made[name] = values if kind.endswith("List") else values[0]
    return made
