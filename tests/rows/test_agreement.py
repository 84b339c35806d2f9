"""Lists and decisions agree: random policies, random rows, on each database; and indexes are used."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from iamkit.kit import IAM
from iamkit.testing.servers import NoServer
from tests.rows import world
from tests.rows.conftest import Base, Doc, House
from tests.rows.mariadb import mariadb_server

SETS = 40


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield "sqlite://"
    elif request.param == "postgresql":
        given: str = request.getfixturevalue("postgres_url")
        yield given.replace("postgresql://", "postgresql+psycopg://")
    else:
        try:
            with mariadb_server() as made:
                yield made
        except NoServer as missing:
            pytest.skip(str(missing))


@pytest.mark.filterwarnings("ignore:Dialect sqlite:sqlalchemy.exc.SAWarning")
def test_lists_and_decisions_agree(url: str) -> None:
    """Every row that is listed is allowed, and every row that is allowed is listed."""
    found = world.Found()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        world.Base.metadata.create_all(connection)
        for number in range(2):
            world.compare(connection, f"ordinary/{number}", SETS, found)
    engine.dispose()

    print("\n".join(found.lines()))
    assert found.differences == []
    assert found.allowed >= found.decisions // 20
    assert found.statements >= 2 * SETS * 0.8


@pytest.mark.filterwarnings("ignore:Dialect sqlite:sqlalchemy.exc.SAWarning")
def test_a_wrong_translation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has teeth: with SQL's own LIKE in place of GLOB it finds differences."""
    from iamkit.rows.dialect import Dialect
    from iamkit.rows.sqlite import SQLite

    monkeypatch.setattr(SQLite, "like", Dialect.like)
    found = world.Found()
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        world.Base.metadata.create_all(connection)
        for number in range(4):
            world.compare(connection, f"teeth/{number}", SETS, found)
    engine.dispose()

    assert found.differences != []


PATTERNS = ("arn:aws:docs:*:*:doc/team-7/*", "arn:aws:docs:*:*:doc/team-7*", "arn:aws:docs:*:*:doc/team-7/7")


def test_a_prefix_uses_an_index(iam: IAM, house: House, url: str) -> None:
    """The query plan searches an index for what a pattern begins with, whatever else is asked of the rows."""
    iam.resource(Doc, "doc/{team}/{id}", team=Doc.team, id=Doc.id, attributes={"owner": Doc.owner})
    engine = sa.create_engine(url)
    with Session(engine) as session:
        Base.metadata.create_all(session.connection())
        rows = [{"id": number, "team": f"team-{number % 500}", "account": "1"} for number in range(1, 20_001)]
        session.execute(sa.insert(Doc), rows)
        if engine.dialect.name == "postgresql":
            session.execute(sa.text("CREATE INDEX by_team ON doc (team text_pattern_ops)"))
        session.commit()
        session.execute(sa.text({"mysql": "ANALYZE TABLE doc"}.get(engine.dialect.name, "ANALYZE")))
        plans = {}
        for pattern in PATTERNS:
            ana = house.grant("ana", {"Effect": "Allow", "Action": "docs:Read", "Resource": pattern})
            plans[pattern] = _plan(session, iam.select(Doc, "docs:Read", principal=ana))
    engine.dispose()

    print(plans)
    used = {"sqlite": r"SEARCH doc USING", "postgresql": r"Index", "mysql": r"'(range|ref|const)'"}
    for plan in plans.values():
        assert re.search(used[engine.dialect.name], plan)


def _plan(session: Session, query: sa.Select[tuple[Doc]]) -> str:
    word = "EXPLAIN QUERY PLAN" if session.get_bind().dialect.name == "sqlite" else "EXPLAIN"
    compiled = query.compile(session.get_bind())
    values = compiled.construct_params()
    if compiled.positional:
        given = tuple(values[name] for name in compiled.positiontup or ())
        rows = session.connection().exec_driver_sql(f"{word} {compiled}", given).all()
    else:
        rows = session.connection().exec_driver_sql(f"{word} {compiled}", values).all()
    return "\n".join(str(tuple(row)) for row in rows)
