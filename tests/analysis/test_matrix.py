"""The matrix says of each route who may use it, the same each time, and nothing that moves by itself."""

from __future__ import annotations

import pytest

from iamkit.analysis.access import Reach
from iamkit.analysis.matrix import Line, matrix_of

ACCOUNT = "111122223333"
NOTES = f"arn:aws:notes::{ACCOUNT}:"
READ = Line(("GET",), "/notes/<id>", "notes:Read", "note/{id}")
LIST = Line(("GET",), "/notes", "notes:Read")


def reach(
    *patterns: str,
    everywhere: bool = False,
    allowed: tuple[str, ...] = (),
    refused: tuple[str, ...] = (),
    keys: tuple[str, ...] = (),
) -> Reach:
    return Reach("notes:Read", everywhere, patterns, allowed, refused, keys)


def cell(line: Line, found: Reach) -> str:
    made = matrix_of([line], {"user/ana": {"notes:read": found}}, partition="aws", account=ACCOUNT)
    return dict(made.rows[0].cells).get("user/ana", "")


@pytest.mark.parametrize(
    ("found", "one", "every"),
    [
        (reach("*", everywhere=True, allowed=("*",)), "yes", "yes"),
        (
            reach("*", everywhere=True, refused=(NOTES + "note/9", NOTES + "folder/1")),
            "yes, not on note/9",
            "",
        ),
        (reach(NOTES + "note/7", NOTES + "folder/*"), "on note/7", ""),
        (reach(NOTES + "note/*"), "on note/*", ""),
        (reach(NOTES + "note/${aws:username}"), "on note/${aws:username}", ""),
        (reach(NOTES + "folder/*"), "", ""),
        (reach("*", keys=("aws:SourceIp",)), "if aws:SourceIp allow it", "if aws:SourceIp allow it"),
        (reach(NOTES + "note/7", keys=("a:B", "c:D")), "on note/7, if a:B and c:D allow it", ""),
        (reach(allowed=(NOTES + "note/3",)), "on note/3", ""),
        (reach("all but " + NOTES + "note/1"), "on all but " + NOTES + "note/1", ""),
    ],
)
def test_a_cell_says_where_and_on_what_it_hangs(found: Reach, one: str, every: str) -> None:
    """For a route with a resource, and for one that asks `*`, which only an Allow for everything covers."""
    assert cell(READ, found) == one
    assert cell(LIST, found) == every


def test_the_text_does_not_depend_on_the_order_of_anything() -> None:
    """Routes by path, principals by name; who may nothing has no line; marks have none either."""
    lines = [READ, LIST, Line(("GET",), "/healthz", mark="public"), Line(("POST",), "/x", mark="UNPROTECTED")]
    who = {"user/ben": {}, "user/ana": {"notes:read": reach("*", everywhere=True, allowed=("*",))}}

    made = matrix_of(lines, who, partition="aws", account=ACCOUNT)
    turned = matrix_of(lines[::-1], dict(reversed(who.items())), partition="aws", account=ACCOUNT)

    assert made == turned
    assert str(made) == (
        "principals\n    user/ana\n    user/ben\n"
        "GET /healthz  public\n"
        "GET /notes  notes:Read\n    user/ana  yes\n"
        "GET /notes/<id>  notes:Read on note/{id}\n    user/ana  yes\n"
        "POST /x  UNPROTECTED\n"
    )
