"""Route tables: what they match and nothing else, and messages that lead to the line that is wrong."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.errors import ConfigurationError
from iamkit.web.marker import Public, Requirement
from iamkit.web.route_file import Routes, read

TABLE = """
prefix = ""

[[route]]
path = "/docs/<int:id>"
actions = {GET = "docs:Read", PUT = "docs:Write"}
resource = "doc/{id}"

[[route]]
path = "/docs"
methods = ["GET", "POST"]
action = "docs:List"
context = {"docs:Kind" = "plain"}

[[route]]
path = "/folder/"
action = "docs:List"

[[route]]
path = "/files/<path:name>"
action = "docs:Read"
resource = "file/{name:path}"

[[route]]
path = "/healthz"
public = true

[[route]]
path = "/live/<id>"
websocket = true
action = "docs:Watch"
resource = "doc/{id}"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A table with a row of each kind."""
    path = tmp_path / "routes.toml"
    path.write_text(TABLE)
    return path


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/docs/7", "docs:Read"),
        ("HEAD", "/docs/7", "docs:Read"),
        ("PUT", "/docs/7", "docs:Write"),
        ("POST", "/docs", "docs:List"),
        ("GET", "/folder/", "docs:List"),
        ("GET", "/files/a/b c/ä", "docs:Read"),
        ("WEBSOCKET", "/live/7", "docs:Watch"),
    ],
)
def test_rows_are_found(file: Path, method: str, path: str, action: str) -> None:
    """By method, path and kind; HEAD with GET."""
    found = read(file).find(method, path, websocket=method == "WEBSOCKET")

    assert found is not None
    assert isinstance(found.marker, Requirement)
    assert found.marker.action == action


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/docs/7"),
        ("OPTIONS", "/docs/7"),
        ("GET", "/docs/7/"),
        ("GET", "/docs/007"),
        ("GET", "/docs/\u0667"),
        ("GET", "/docs/-7"),
        ("GET", "/docs/x"),
        ("GET", "/docs/"),
        ("GET", "/Docs"),
        ("GET", "/folder"),
        ("GET", "/docs|7"),
        ("GET", "/"),
        ("GET", "/files/"),
        ("GET", "/live/7"),
        ("WEBSOCKET", "/docs/7"),
        ("WEBSOCKET", "/healthz"),
    ],
)
def test_nothing_else_is_found(file: Path, method: str, path: str) -> None:
    """Another method, another spelling of a value, a slash more or less, the other kind."""
    assert read(file).find(method, path, websocket=method == "WEBSOCKET") is None


@given(st.text(string.printable + "äé\u0667%", max_size=12))
def test_what_is_found_is_spelt_as_decided(text: str) -> None:
    """The law: the path that the app sees says the same as the parameters that were decided on."""
    table = read([{"path": "/a/<int:n>/<name>", "action": "x:Y"}])
    path = f"/a/{text}"
    found = table.find("GET", path)

    if found is not None:
        assert f"/a/{found.parameters['n']}/{found.parameters['name']}" == path


def test_rows_are_listed(file: Path) -> None:
    """As `iamkit routes` shows them, with the line as the endpoint."""
    rows = {(row.path, row.methods): row for row in read(file).routes()}

    read_row = rows["/docs/<int:id>", ("GET", "HEAD")]
    assert (read_row.action, read_row.resource, read_row.unfilled) == ("docs:Read", "doc/{id}", ())
    assert read_row.endpoint == f"{file}:5"
    assert rows["/healthz", ("GET", "HEAD")].public
    assert rows["/live/<id>", ("WEBSOCKET",)].action == "docs:Watch"


def test_a_list_is_a_table_too() -> None:
    """With the same keys; a table that was read is taken as it is."""
    table = read([{"path": "/a", "public": True}], prefix="/api")
    found = table.find("GET", "/a")

    assert found is not None
    assert isinstance(found.marker, Public)
    assert (read(table), table.prefix) == (table, "/api")


GOOD = '[[route]]\npath = "/a/<x>"\naction = "a:B"\n'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[[route]]\npath = \n", 2, "Invalid value"),
        (f"{GOOD}\n[[route]]\npath = 'b'\npublic = true", 6, "needs a path"),
        (f"{GOOD}\n[[route]]\npath = '/b//c'\npublic = true", 6, "needs a path"),
        (f"{GOOD}\n[[route]]\npath = '/b%20c'\npublic = true", 6, "decoded"),
        (f"{GOOD}\n[[route]]\npublic = true", 5, "needs a path"),
        (f"{GOOD}acton = 'a:C'", 4, "`acton` is no key"),
        (f"{GOOD}public = true", 4, "has `action` and `public`"),
        ("[[route]]\npath = '/a'", 2, "has none of them"),
        (f"{GOOD}resource = 'doc/{{y}}'", 4, "no parameter `y`; it has `x`"),
        (f"{GOOD}resource = 'doc/*'", 4, "no wildcard"),
        (f"{GOOD}context = {{'a:K' = '{{y}}'}}", 4, "no parameter `y`"),
        (f"{GOOD}context = {{'aws:K' = 'y'}}", 3, "own prefix"),
        (f"{GOOD}context = 'x'", 4, "is a table"),
        ("[[route]]\npath = '/a'\naction = 'read'", 3, "`read` is not an action"),
        ("[[route]]\npath = '/a'\naction = 7", 3, "is a text"),
        ("[[route]]\npath = '/a'\nactions = 7", 3, "write `actions"),
        ("[[route]]\npath = '/a'\nactions = {get = 'a:B'}", 3, "`get` is no method"),
        (f"{GOOD}methods = 'GET'", 4, "no method is named"),
        (f"{GOOD}methods = []", 4, "no method is named"),
        (f"{GOOD}methods = ['*']", 4, "`*` is no method"),
        (f"{GOOD}websocket = true\nmethods = ['GET']", 4, "no methods"),
        (f"{GOOD}websocket = 'yes'", 4, "`true` or `false`"),
        ("[[route]]\npath = '/a'\npublic = 'yes'", 3, "`true` or `false`"),
        ("[[route]]\npath = '/a'\npublic = true\nresource = 'a'", 4, "needs no resource"),
        ("[[route]]\npath = '/a/<odd:x>'\npublic = true", 2, "`odd`|'odd'"),
        ("[[route]]\npath = '/a/<x'\npublic = true", 2, "malformed"),
        ("[[route]]\npath = '/a/<x>/<x>'\npublic = true", 2, "cannot be read"),
        (f"{GOOD}\n[[route]]\npath = '/a/<y>'\naction = 'a:C'", 6, r"already, at .*:2"),
        ("[[route]]\npath = '/a'\nactions = {GET = 'a:B'}\nmethods = ['GET']", 4, "drop `methods`"),
    ],
)
def test_mistakes_are_told_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    """At start-up, before anything is served."""
    path = tmp_path / "routes.toml"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=said) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([{"path": "/a", "public": True}, {"path": "/b"}], r"routes\[1\]"),
        (["/a"], r"routes\[0\]: a route is a mapping"),
        ("nowhere.toml", "cannot be read"),
    ],
)
def test_mistakes_elsewhere(routes: Routes, said: str) -> None:
    """A list tells the index, a missing file its name."""
    with pytest.raises(ConfigurationError, match=said):
        read(routes)


def test_a_file_may_write_its_routes_in_line(tmp_path: Path) -> None:
    """Then a mistake is told with the number of the route, as lines are not known."""
    path = tmp_path / "routes.toml"
    path.write_text('route = [{path = "/a", public = true}, {path = "/b"}]')
    with pytest.raises(ConfigurationError, match=r"routes\.toml: route 2: "):
        read(path)
    for text, said in (
        ("prefix = '/a/'", "without a slash"),
        ("routes = []", "unknown"),
        ("route = 1", "each"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=said):
            read(path)
