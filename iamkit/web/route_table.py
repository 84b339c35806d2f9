"""A table of routes beside an app whose code cannot change: which action a method and a path need.

    [[route]]
    path = "/docs/<int:id>"                                  # werkzeug.routing's syntax
    actions = {GET = "docs:Read", PUT = "docs:Write"}
    resource = "doc/{id}"

What the table does not name is refused. A path is found in it in one spelling only, the one that its rule and
the values that were read would give again: `/docs/007` is no spelling of `/docs/7`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

from iamkit.errors import ConfigurationError
from iamkit.web import routes as listing
from iamkit.web.guard import Endpoint
from iamkit.web.marker import Marker, Public, require

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter

_KEYS: Final = ("path", "methods", "action", "actions", "resource", "public", "websocket", "context")
_METHOD: Final = re.compile(r"[A-Z][A-Z0-9_-]{0,31}", re.ASCII)
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PARAMETER: Final = re.compile(r"<(?:([^<>]*):)?[A-Za-z_]\w*>")
# What a path is written without: rules are matched with the decoded path, which has no query.
_PATH_BAD: Final = re.compile(r"//|[%?#\\\x00-\x20\x7f]")
# No host is matched, so any will do; this one can never be one (RFC 2606).
_NO_HOST: Final = "table.invalid"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: some methods of one path, or its WebSocket. `place` says where it stands."""

    path: str
    methods: tuple[str, ...]
    marker: Marker
    place: str
    websocket: bool = False

    @property
    def shape(self) -> str:
        """The path without the names of its parameters: two rows of one shape match the same."""
        return _PARAMETER.sub(r"<\1>", self.path)


class RouteTable:
    """Rows, matched as werkzeug does. `name` is the file's; `prefix` is where the app is mounted, `/api`."""

    def __init__(self, rows: Sequence[Row], *, name: str = "the route table", prefix: str = "") -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(
                f"{name}: prefix `{prefix}` must be like `/api`, without a slash at its end"
            )
        self.rows = tuple(rows)
        self.name = name
        self.prefix = prefix
        self._by_id: dict[str, Row] = {}
        seen: dict[tuple[str, str], Row] = {}
        rules = []
        for number, row in enumerate(rows):
            for method in ("WEBSOCKET",) if row.websocket else row.methods:
                earlier = seen.setdefault((row.shape, method), row)
                if earlier is not row:
                    raise ConfigurationError(
                        f"{row.place}: `{method} {row.path}` stands in the table already, at {earlier.place}"
                    )
            self._by_id[str(number)] = row
            rules.append(_rule(row, str(number)))
        # Nothing is mended: another spelling of a path is not the path that the app would see.
        made = Map(rules, strict_slashes=True, merge_slashes=False, redirect_defaults=False)
        self._adapter: MapAdapter = made.bind(_NO_HOST)

    def find(self, method: str, path: str, *, websocket: bool = False) -> Endpoint | None:
        """The row for a method and a decoded path below the prefix, with parameters; None if there is none.

        HEAD is found where GET is named. No row is found for a path that the app might read otherwise.
        """
        asked = None if websocket else method
        try:
            rule, parameters = self._adapter.match(path, asked, return_rule=True, websocket=websocket)
            built = rule.build(parameters, append_unknown=False)
        except (HTTPException, RequestRedirect):
            return None
        if built is None or unquote(built[1]) != path:
            return None
        row = self._by_id[str(rule.endpoint)]
        return Endpoint(f"{'WEBSOCKET' if websocket else method} {row.path}", row.marker, parameters)

    def missing(self, method: str, path: str) -> Endpoint:
        """Stands for what the table does not name."""
        return Endpoint(f"{method} {path} (not in {self.name})", None)

    def routes(self) -> list[listing.Route]:
        """The rows as `iamkit routes` lists them."""
        return [
            listing.route_of(
                row.marker,
                methods=("WEBSOCKET",) if row.websocket else row.methods,
                path=self.prefix + row.path,
                endpoint=row.place,
            )
            for row in self.rows
        ]


def rows_of(given: Mapping[str, object], place: Place) -> Iterator[Row]:
    """The rows that one entry of a table stands for. Raises ConfigurationError, with its place, if wrong."""
    for key in given:
        if key not in _KEYS:
            raise ConfigurationError(
                f"{place(key)}: `{key}` is no key of a route; there are {_listed(_KEYS)}"
            )
    path = given.get("path")
    if not isinstance(path, str) or not path.startswith("/") or _PATH_BAD.search(path):
        raise ConfigurationError(
            f'{place("path")}: a route needs a path such as "/docs/<int:id>", decoded and without a query'
        )
    websocket = _flag(given, "websocket", place)
    actions = _actions(given, place, websocket=websocket)
    resource, context = given.get("resource"), given.get("context") or {}
    if not isinstance(context, Mapping):
        raise ConfigurationError(f"{place('context')}: `context` is a table of condition keys")
    for action, methods in actions.items():
        if action is None:
            if resource is not None or context:
                raise ConfigurationError(
                    f"{place('resource')}: what is public needs no resource and no context"
                )
            marker: Marker = Public()
        else:
            try:
                made = require(action, resource, context=context)  # type: ignore[arg-type]  # it checks them
            except ConfigurationError as fault:
                key = "resource" if "template" in fault.message else "action"
                raise ConfigurationError(f"{place(key)}: {fault.message}") from None
            marker = made.requirement
        row = Row(path, methods, marker, place("path"), websocket)
        _require_filled(row, _rule(row, "checked"), place)
        yield row


class Place:
    """Where an entry stands, for messages; called with a key, where that key does."""

    def __init__(self, entry: str, keys: Mapping[str, str] | None = None) -> None:
        self._entry = entry
        self._keys = keys or {}

    def __call__(self, key: str) -> str:
        return self._keys.get(key, self._entry)


def _actions(
    given: Mapping[str, object], place: Place, *, websocket: bool
) -> dict[str | None, tuple[str, ...]]:
    """Methods by the action that they need; None stands for public."""
    ways = [key for key in ("action", "actions", "public") if given.get(key)]
    if len(ways) != 1:
        said = " and ".join(f"`{way}`" for way in ways) or "none of them"
        raise ConfigurationError(
            f'{place(ways[-1] if ways else "path")}: a route has one of `action = "docs:Read"`,'
            f' `actions = {{GET = "docs:Read"}}` and `public = true`; this one has {said}'
        )
    (way,) = ways
    if websocket and (way == "actions" or "methods" in given):
        raise ConfigurationError(f"{place('websocket')}: a WebSocket has no methods; give it one `action`")
    if way == "actions":
        if "methods" in given:
            raise ConfigurationError(
                f"{place('methods')}: `actions` names the methods already; drop `methods`"
            )
        actions = given["actions"]
        if not isinstance(actions, Mapping):
            raise ConfigurationError(f'{place("actions")}: write `actions = {{GET = "docs:Read"}}`')
        found: dict[str | None, tuple[str, ...]] = {}
        for method, action in actions.items():
            named = _text(action, "actions", place)
            found[named] = (*found.get(named, ()), *_methods([method], "actions", place))
        return found
    named_methods = _methods(given.get("methods", ["GET"]), "methods", place)
    if way == "public":
        _flag(given, "public", place)
        return {None: named_methods}
    return {_text(given["action"], "action", place): named_methods}


def _methods(given: object, key: str, place: Place) -> tuple[str, ...]:
    names = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    bad = [name for name in names if not (isinstance(name, str) and _METHOD.fullmatch(name))]
    if not names or bad:
        shown = f"`{bad[0]}` is no method" if bad else "no method is named"
        raise ConfigurationError(
            f'{place(key)}: {shown}; write `methods = ["GET", "PUT"]`, in capitals, each'
        )
    # As werkzeug does: whoever answers GET answers HEAD.
    return tuple(dict.fromkeys([*names, *(["HEAD"] if "GET" in names else [])]))


def _flag(given: Mapping[str, object], key: str, place: Place) -> bool:
    value = given.get(key, False)
    if not isinstance(value, bool):
        raise ConfigurationError(f"{place(key)}: `{key}` is `true` or `false`")
    return value


def _text(value: object, key: str, place: Place) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f'{place(key)}: an action is a text such as "docs:Read"')
    return value


def _rule(row: Row, endpoint: str) -> Rule:
    """The rule of a row. Raises ConfigurationError if werkzeug cannot read it."""
    methods = None if row.websocket else row.methods
    rule = Rule(row.path, endpoint=endpoint, methods=methods, websocket=row.websocket)
    try:
        Map([rule.empty()])
    except (ValueError, LookupError, SyntaxError, TypeError) as fault:
        said = str(fault).partition(" (<")[0].strip("\"'. ")
        raise ConfigurationError(f"{row.place}: path `{row.path}` cannot be read: {said}") from fault
    return rule


def _require_filled(row: Row, rule: Rule, place: Place) -> None:
    if isinstance(row.marker, Public):
        return
    known = set(re.findall(r"<(?:[^<>]*:)?([A-Za-z_]\w*)>", rule.rule))
    needed = [("resource", name) for name in (row.marker.resource.names if row.marker.resource else ())]
    texts = [text for text in row.marker.context.values() if isinstance(text, str)]
    needed += [("context", name) for text in texts for name in _PLACE.findall(text)]
    for key, name in needed:
        if name not in known:
            there = _listed(sorted(known)) if known else "none"
            raise ConfigurationError(f"{place(key)}: the path has no parameter `{name}`; it has {there}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
