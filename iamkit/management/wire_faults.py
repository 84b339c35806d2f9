"""Errors of iamkit's tree as JSON, and back: the same class with the same words, wherever it was raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from iamkit import errors
from iamkit.errors import IamkitError, ValidationError
from iamkit.management import wire
from iamkit.policy.problem import Problem

# What an error may carry beside its message.
_CARRIED: Final[Mapping[str, Any]] = {
    "suggestion": str | None,
    "problems": tuple[Problem, ...],
    "decision_id": str | None,
    "max_age": int | None,
    "retry_after": int,
}


def _tree(root: type[IamkitError]) -> Iterator[type[IamkitError]]:
    yield root
    for kind in root.__subclasses__():
        # Those of plugins are told as what they derive from: nobody else knows them.
        if kind.__module__ == errors.__name__:
            yield from _tree(kind)


_KINDS: Final = {kind.__name__: kind for kind in _tree(IamkitError)}
_CODES: Final = {kind.code: kind for kind in reversed(_KINDS.values())}


def fault_out(error: IamkitError) -> dict[str, Any]:
    """An error as data: its kind, code, status and message, and what else it carries."""
    kind = next(each for each in type(error).__mro__ if each.__name__ in _KINDS)
    data: dict[str, Any] = {
        "kind": kind.__name__,
        "code": error.code,
        "status": error.status,
        "message": error.message,
    }
    for name, hint in _CARRIED.items():
        if hasattr(error, name):
            data[name] = wire.out(hint, _known(getattr(error, name)))
    return data


def fault_in(data: Any) -> IamkitError:
    """The error that `data` stands for. A kind that is not known here is told by its code, else in general.

    Raises ValidationError if it stands for none.
    """
    match data:
        case {"message": str(message), "code": str(code)}:
            pass
        case _:
            raise ValidationError("the answer tells of no error")
    kind = _KINDS.get(str(data.get("kind"))) or _CODES.get(code)
    if kind is None:
        return IamkitError(f"{message} ({code[:80]})")
    carried = {name: wire.into(hint, data[name], name) for name, hint in _CARRIED.items() if name in data}
    try:
        return kind(message, **carried)
    except TypeError:
        raise ValidationError(f"the answer tells of a `{kind.__name__}` that is not whole") from None


def _known(carried: object) -> object:
    # Faults of a document are places in it; whatever else was put there is in the message.
    return (
        tuple(item for item in carried if isinstance(item, Problem))
        if isinstance(carried, tuple)
        else carried
    )
