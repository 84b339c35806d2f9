"""Making frozen values fast, where every request makes several."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def quickly(kind: Callable[P, T]) -> Callable[P, T]:
    """A constructor of a frozen, slotted dataclass that takes a third of the time of its own.

    A frozen class fills each field through `object.__setattr__`. What is made here is filled as an object of
    an open class with the same slots, and becomes one of `kind` before anybody sees it. Raises TypeError for
    a class that is no such dataclass, or does more when it is made than fill its fields.
    """
    made = cast("type[Any]", kind)
    parameters = getattr(made, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen or hasattr(made, "__post_init__"):
        raise TypeError(f"`{made.__name__}` is no frozen dataclass that only holds its fields")
    fields = [
        (
            each.name,
            "object",
            dataclasses.field(
                default=each.default, default_factory=each.default_factory, kw_only=bool(each.kw_only)
            ),
        )
        for each in dataclasses.fields(made)
    ]

    def close(self: object) -> None:
        self.__class__ = made

    open_kind = dataclasses.make_dataclass(
        made.__name__, fields, namespace={"__post_init__": close}, eq=False, repr=False, slots=True
    )
    return cast("Callable[P, T]", open_kind)
