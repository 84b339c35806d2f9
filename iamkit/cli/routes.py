"""`iamkit routes APP`: every route of an app with what it declares, for people and for build pipelines."""

from __future__ import annotations

from typing import Final

import click

from iamkit.cli import apps, faults
from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.web.routes import UNPROTECTED, Route

_MARK: Final = (
    'mark each with `@iam.require("service:Action", "resource")` or `@iam.public`; what the framework adds by'
    ' itself is opened by name, `protect(app, iam, public={"static", "docs"})`'
)
_GUARD: Final = (
    "the app is not guarded, so its marks do nothing: call `protect(app, iam)` where it is made, or put"
    " `iamkit.web.django.Middleware` first in a Django project's MIDDLEWARE"
)


@click.command("routes", cls=Command)
@click.argument("app", metavar="MODULE:APP")
@click.pass_obj
def routes(terminal: Terminal, app: str) -> None:
    """List every route of an app with its action and resource, `public`, `closed`, or UNPROTECTED.

    Name the app as `module:attribute` or `module:factory()`, a Django project by its settings
    (`mysite.settings`); it is imported from the current directory. A route that is UNPROTECTED declares
    nothing, and iamkit refuses it to everybody. Where the app was never guarded, every route that is not
    public is UNPROTECTED, and open. Exits 1 if there is one. What the framework adds by itself (static
    files, docs) is closed until `protect(..., public={"docs"})` opens it.
    """
    found = apps.imported(app)
    guarded = apps.guarded(found)
    listed = apps.listed(found)
    rows = [
        (", ".join(route.methods), route.path, _declared(route, guarded), route.resource, route.endpoint)
        for route in listed
    ]
    data = [
        {
            "methods": list(route.methods),
            "path": route.path,
            "action": route.action,
            "resource": route.resource,
            "public": route.public,
            "closed": route.closed,
            "unfilled": list(route.unfilled),
            "protected": _protected(route, guarded),
            "endpoint": route.endpoint,
        }
        for route in listed
    ]
    columns = ("METHODS", "PATH", "ACTION", "RESOURCE", "ENDPOINT")
    terminal.output.table(columns, rows, data, empty="the app has no routes")
    count = sum(not _protected(route, guarded) for route in listed)
    if count or not guarded:
        verb = "is" if count == 1 else "are"
        click.echo(
            f"{count} of {len(listed)} routes {verb} {UNPROTECTED}: {_MARK if guarded else _GUARD}", err=True
        )
        click.get_current_context().exit(faults.REFUSED)


def _protected(route: Route, guarded: bool) -> bool:
    return route.public or (guarded and (route.declared or route.closed) and not route.unfilled)


def _declared(route: Route, guarded: bool) -> str:
    if route.public:
        return "public"
    if guarded and route.closed:
        return "closed"
    if route.unfilled:
        return f"BROKEN ({route.action}): the path has no `{route.unfilled[0]}`"
    if _protected(route, guarded):
        return route.action or ""
    return UNPROTECTED if route.action is None else f"{UNPROTECTED} ({route.action})"
