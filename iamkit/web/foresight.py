"""Foresight: what a page asks before it draws a button, of any framework.

    can("notes.delete", id=7)            an endpoint: would its POST pass?
    can("notes:Delete", "note/{id}", id=7)      an action, as `principal.can`

An endpoint is asked as its request would be: an adapter builds the address, routes it as the framework
would, and hands the endpoint that was matched, with the parameters as they were read, to `Guard.foresee`.
So what the template is told and what the guard decides come from the same mark.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from iamkit.errors import ConfigurationError, EvaluationError
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.web.templates import Template

# What a button sends; the first that the endpoint answers is meant where no method is named.
_UNSAFE: Final = ("POST", "PUT", "PATCH", "DELETE")
# What a path holds without being encoded (RFC 3986 §3.3).
_PLAIN: Final = "/:@!$&'()*+,;=-._~"


def is_action(target: str) -> bool:
    """Whether a template asks for an action and not for an endpoint, whose name holds no single colon."""
    service, parted, verb = target.partition(":")
    return bool(parted and service.islower() and verb[:1].isupper() and verb.isalnum())


def may(principal: Principal, action: str, resource: str, values: Mapping[str, object]) -> bool:
    """`principal.can`, with the places of `resource` filled and escaped as those of a mark are."""
    if resource == "*" or resource.startswith("arn:"):
        return principal.can(action, resource)
    try:
        return principal.can(action, Template.parse(resource).fill(values))
    except EvaluationError:
        return False


def chosen_method(endpoint: str, methods: Collection[str], asked: str | None) -> str:
    """The method that is meant: the one asked for, else POST, else the only unsafe one, else GET.

    Raises ConfigurationError where an endpoint answers several and none is named.
    """
    known = {method.upper() for method in methods}
    if asked is not None:
        return asked.upper()
    unsafe = [method for method in _UNSAFE if method in known]
    if unsafe[1:] and unsafe[0] != "POST":
        raise ConfigurationError(
            f'`{endpoint}` answers {", ".join(unsafe)}; say which is meant, `_method="{unsafe[0]}"`'
        )
    return unsafe[0] if unsafe else "GET"


def foreseen(request: HttpRequest, method: str, path: str) -> HttpRequest:
    """The request that a button would send from the page that `request` asked for; `path` is decoded."""
    return replace(
        request,
        method=method,
        path=path,
        raw_path=quote(path, safe=_PLAIN),
        query="",
        body=None,
        kind="http",
    )
