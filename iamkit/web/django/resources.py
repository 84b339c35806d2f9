"""Which resource an object is: the seam between a project's objects and the names that policies speak of."""

from __future__ import annotations

import logging
from typing import Final

from iamkit.web.django import options

_log = logging.getLogger("iamkit.web")

# What an object may say of itself, as a text or a method that returns one.
_ATTRIBUTES: Final = ("__arn__", "iam_arn")


def resource_of(thing: object) -> str | None:
    """The ARN or short name (`doc/1`) of an object; None if nothing names it, which must never be an allow.

    A text is such a name already. Otherwise the object's own `__arn__` or `iam_arn`, then the function of the
    setting IAMKIT_RESOURCE, then `resource_of` of the project's IAM.
    """
    if isinstance(thing, str):
        return thing or None
    try:
        named = _own(thing)
        for hook in () if named is not None else _hooks():
            named = hook(thing)
            if named is not None:
                break
    except Exception:  # noqa: BLE001  # what cannot be named is denied
        _log.exception("naming a `%s` failed, so nothing is allowed on it", type(thing).__qualname__)
        return None
    # An object is one thing: what calls itself everything is not named.
    if isinstance(named, str) and named not in ("", "*"):
        return named
    _log.error(
        "a `%s` cannot be named, so nothing is allowed on it; give it `iam_arn`, or set IAMKIT_RESOURCE",
        type(thing).__qualname__,
    )
    return None


def _own(thing: object) -> object:
    for name in _ATTRIBUTES:
        found: object = getattr(thing, name, None)
        if callable(found):
            found = found()
        if found is not None:
            return found
    return None


def _hooks() -> list[options.Hook]:
    set_one = options.hook(options.RESOURCE)
    own: options.Hook | None = getattr(options.guardian(), "resource_of", None)
    return [hook for hook in (set_one, own) if hook is not None]
