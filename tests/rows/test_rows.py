"""Lists, single rows, masks and saved policies, through the face that apps use."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, aliased
from sqlmodel import Field, SQLModel
from sqlmodel import select as sqlmodel_select

from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    MalformedPolicyDocument,
    NoSuchEntity,
    NotFilterable,
)
from iamkit.hookspecs import hookimpl
from iamkit.kit import IAM
from iamkit.management import inline, resource_policies
from iamkit.memory import MemoryStore
from iamkit.testing.lists import assert_lists_agree
from tests.rows.conftest import ACCOUNT, Base, Doc, House

READ = {"Effect": "Allow", "Action": "docs:Read"}
EVERYTHING = {**READ, "Resource": "*"}
AWAY = "444455556666"


@pytest.fixture
def declared(iam: IAM) -> IAM:
    """With documents declared by team and number."""
    iam.resource(
        Doc, "doc/{team}/{id}", team=Doc.team, id=Doc.id, tags=Doc.tags,
        attributes={"owner": Doc.owner, "stage": Doc.stage, "due": Doc.due, "Pay": Doc.salary},
        filterable=("docs:Read",),
    )  # fmt: skip
    return iam


def ids(session: Session, query: Any) -> list[int]:
    """The rows that a query finds."""
    return sorted(doc.id for doc in session.scalars(query))


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        ([], []),
        ([EVERYTHING], [1, 2, 3, 4, 7]),
        ([{**READ, "Resource": "arn:aws:docs:*:*:doc/a/*"}], [1, 2]),
        ([{**READ, "Resource": "arn:aws:docs:*:*:doc/b%2A/*"}], [4]),
        ([{**READ, "Resource": "arn:aws:docs:*:*:doc/?/*"}], [1, 2, 3]),
        ([{**EVERYTHING, "Condition": {"StringEquals": {"doc:Owner": "${aws:username}"}}}], [1, 4]),
        ([{**EVERYTHING, "Condition": {"StringNotEquals": {"doc:owner": "ana"}}}], [2, 3, 7]),
        ([{**EVERYTHING, "Condition": {"StringEquals": {"aws:ResourceTag/TEAM": "red"}}}], [1]),
        ([{**EVERYTHING, "Condition": {"Null": {"doc:stage": "true"}}}], [2, 3]),
        ([{**EVERYTHING, "Condition": {"StringLikeIfExists": {"doc:stage": "d*"}}}], [1, 2, 3, 7]),
        ([{**EVERYTHING, "Condition": {"NumericGreaterThan": {"doc:pay": "2.5"}}}], [3, 4, 7]),
        ([{**EVERYTHING, "Condition": {"DateLessThan": {"doc:due": "2025-12-31T23:59:59Z"}}}], []),
        ([EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Condition": {"StringEquals": {"doc:stage": "dev"}}}], [2, 3, 4]),  # noqa: E501  # one case a line
        ([EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Condition": {"StringNotEquals": {"doc:stage": "prod"}}}], [4]),  # noqa: E501  # one case a line
    ],
)  # fmt: skip
def test_lists_hold_what_policies_allow(
    declared: IAM, house: House, session: Session, statements: list[dict[str, object]], wanted: list[int]
) -> None:
    """NULL, the empty text, case, wildcards in data and tags: the list is what decisions say, row by row.

    A row without a team has no name, one with a tag twice (case ignored) has no tags: nobody sees either.
    """
    ana = house.grant("ana", *(statements or [{**READ, "Resource": "arn:aws:docs:::none"}]))

    assert ids(session, declared.select(Doc, "docs:Read", principal=ana)) == wanted
    assert assert_lists_agree(declared, Doc, session, ["docs:Read", "docs:Write"], [ana]) == 14


def test_a_query_keeps_what_it_asked(declared: IAM, house: House, session: Session) -> None:
    """`filter` joins its condition to a query's own, for the current caller, whatever the style of query."""
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:doc/a/*"})

    with declared.acting(ana):
        narrowed = declared.filter(sa.select(Doc).where(Doc.owner == "bob").order_by(Doc.id), "docs:Read")
        assert ids(session, narrowed) == [2]
        assert [doc.id for doc in declared.filter(session.query(Doc), "docs:Read").order_by(Doc.id)] == [1, 2]
        counted = declared.filter(sa.select(sa.func.count()).select_from(Doc), "docs:Read", model=Doc)
        assert session.scalar(counted) == 2
        session.execute(declared.filter(sa.update(Doc).values(stage="seen"), "docs:Read"))
        assert session.scalar(sa.select(sa.func.count()).where(Doc.stage == "seen")) == 2
        with pytest.raises(ConfigurationError, match="alias"):
            declared.filter(sa.select(aliased(Doc)), "docs:Read")
        with pytest.raises(ConfigurationError, match="select"):
            declared.filter("SELECT 1", "docs:Read")


def test_without_a_caller_there_is_no_list(declared: IAM) -> None:
    """Outside a request nobody asks, so nothing is listed."""
    with pytest.raises(Exception, match="no request"):
        declared.select(Doc, "docs:Read")


def test_an_undeclared_model_is_refused(iam: IAM, house: House) -> None:
    """Nothing is guessed about a model that was not declared, or about what is no model."""
    ana = house.grant("ana", EVERYTHING)

    with pytest.raises(ConfigurationError, match=r"iam\.resource"):
        iam.select(Doc, "docs:Read", principal=ana)
    with pytest.raises(ConfigurationError, match="no model"):
        iam.resource(House, "doc", id="x")


def test_accounts_are_sealed_unless_a_resource_says_otherwise(
    iam: IAM, house: House, session: Session
) -> None:
    """Rows of another account are listed only where a resource policy and the caller's own agree."""
    iam.resource(Doc, "doc", id=Doc.id, account=Doc.account)
    ana = house.grant("ana", EVERYTHING)
    assert ids(session, iam.select(Doc, "docs:Read", principal=ana)) == [1, 2, 3, 4, 5, 6]
    assert_lists_agree(iam, Doc, session, ["docs:Read"], [ana])

    _put(house, f"arn:aws:docs::{ACCOUNT}:doc/2", Effect="Deny", Principal={"AWS": ana.arn})

    assert ids(session, iam.select(Doc, "docs:Read", principal=ana)) == [1, 3, 4, 5, 6]
    assert_lists_agree(iam, Doc, session, ["docs:Read"], [ana])


def test_resource_policies_join_the_list(declared: IAM, house: House, session: Session) -> None:
    """What stands on one resource grants or denies it in lists as it does in decisions (decision 24)."""
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:doc/a/1"})
    for number, effect in ((4, "Allow"), (3, "Allow"), (1, "Deny")):
        team = {4: "b%2A", 3: "A", 1: "a"}[number]
        _put(house, f"arn:aws:docs::{ACCOUNT}:doc/{team}/{number}", Effect=effect, Principal={"AWS": ana.arn})
    _put(house, f"arn:aws:docs::{ACCOUNT}:doc/a/2", Effect="Allow", Principal={"AWS": AWAY})

    assert ids(session, declared.select(Doc, "docs:Read", principal=ana)) == [3, 4]
    assert_lists_agree(declared, Doc, session, ["docs:Read"], [ana])


def _put(house: House, arn: str, **statement: object) -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Action": "docs:Read", "Resource": arn, **statement}]}
    )
    house.desk.do(resource_policies.put_resource_policy, resource_arn=arn, policy_document=text)


class Supplies:
    """A plugin with resource policies of its own."""

    @hookimpl
    def iamkit_resource_policies(self, arn: str) -> list[Any]:
        """None at all, which nobody can know beforehand."""
        return []


def test_a_plugin_that_supplies_resource_policies_ends_filtering(tmp_path: Path) -> None:
    """It can only be asked about one resource at a time, so no list could be right."""
    store = MemoryStore()
    with IAM(tmp_path / "data", store=store, entry_points=False, plugins=[Supplies()]) as iam:
        with pytest.raises(ConfigurationError, match="one by one"):
            iam.resource(Doc, "doc", id=Doc.id, filterable=["docs:Read"])
        iam.initialize(account_id=ACCOUNT)
        iam.resource(Doc, "doc", id=Doc.id)
        with pytest.raises(NotFilterable):
            iam.select(Doc, "docs:Read", principal=iam.operator())


def test_what_no_list_can_say_is_refused_when_saved(declared: IAM, house: House) -> None:
    """An IP condition on a column has no SQL; on the request's own address it is a fact like any other."""
    fine = {**EVERYTHING, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    house.grant("ana", fine)

    with pytest.raises(MalformedPolicyDocument, match=r"line 1.*`docs:Read`.*IpAddress"):
        house.grant("ana", {**EVERYTHING, "Condition": {"IpAddress": {"doc:Owner": "10.0.0.0/8"}}})
    with pytest.raises(MalformedPolicyDocument, match="instant column"):
        house.grant(
            "ana", {**EVERYTHING, "Action": "docs:*", "Condition": {"StringLike": {"doc:due": "2024*"}}}
        )
    kept = house.desk.do(inline.get_user_policy, user_name="ana", policy_name="own")
    assert "aws:SourceIp" in kept
    other = {**EVERYTHING, "Action": "docs:Other", "Condition": {"IpAddress": {"doc:Owner": "10.0.0.0/8"}}}
    ana = house.grant("ana", other)

    with pytest.raises(NotFilterable, match="IpAddress"):
        declared.select(Doc, "docs:Other", principal=ana)


def test_load_gives_the_row_or_says_no(declared: IAM, house: House, session: Session) -> None:
    """One query, one recorded decision: the row, 404 for what is not there, 403 or a 404 like it for the rest."""  # noqa: E501  # one case a line
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:doc/a/*"})
    asked: list[str] = []
    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))

    assert declared.load(Doc, 1, can="docs:Read", session=session, principal=ana).owner == "ana"
    assert len(asked) == 1
    with pytest.raises(AccessDenied) as denied:
        declared.load(Doc, 4, can="docs:Read", session=session, principal=ana)
    assert denied.value.decision_id is not None
    with pytest.raises(NoSuchEntity) as missing:
        declared.load(Doc, 99, can="docs:Read", session=session, principal=ana)
    with pytest.raises(NoSuchEntity) as hidden:
        declared.load(Doc, 4, can="docs:Read", session=session, principal=ana, hidden=True)
    assert str(hidden.value) == str(missing.value)
    with pytest.raises(AccessDenied, match="cannot be decided"):
        declared.load(Doc, 6, can="docs:Read", session=session, principal=ana)
    with pytest.raises(ConfigurationError, match="session="):
        declared.load(Doc, 1, can="docs:Read", principal=ana)


def test_a_row_is_checked_as_a_button_is_drawn(declared: IAM, house: House, session: Session) -> None:
    """`check_row` records, `can_row` does not; both see the row's own keys."""
    ana = house.grant("ana", {**EVERYTHING, "Condition": {"StringEquals": {"doc:owner": "ana"}}})
    mine, other, nameless = (session.get_one(Doc, number) for number in (1, 2, 6))

    assert declared.check_row("docs:Read", mine, principal=ana)
    assert not declared.check_row("docs:Read", other, principal=ana)
    assert declared.can_row("docs:Read", mine, principal=ana)
    assert not declared.can_row("docs:Read", other, principal=ana)
    assert not declared.can_row("docs:Read", nameless, principal=ana)


def test_async_sessions_load_and_list(declared: IAM, house: House, tmp_path: Path) -> None:
    """The same statements and loads, awaited."""
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:doc/a/*"})

    async def walk() -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/app.db")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(sa.insert(Doc), [{"id": 1, "team": "a"}, {"id": 2, "team": "b"}])
        async with AsyncSession(engine) as session:
            found = await session.scalars(declared.select(Doc, "docs:Read", principal=ana))
            assert [doc.id for doc in found] == [1]
            assert (await declared.aload(Doc, 1, can="docs:Read", session=session, principal=ana)).team == "a"
            with pytest.raises(AccessDenied):
                await declared.aload(Doc, 2, can="docs:Read", session=session, principal=ana)
        await engine.dispose()

    asyncio.run(walk())


def test_masked_columns_need_their_own_action(declared: IAM, house: House, session: Session) -> None:
    """A masked column is NULL in rows where the further action is not allowed, and shown by no other way."""
    declared.masked(Doc, {"salary": "docs:ReadSalary"})
    own = {"Effect": "Allow", "Action": "docs:ReadSalary", "Resource": "arn:aws:docs:*:*:doc/a/1"}
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:doc/a/*"}, own)

    query = declared.select(Doc, "docs:Read", principal=ana).order_by(Doc.id)
    assert [(row.id, row.salary, row.owner) for row in session.execute(query)] == [
        (1, 1, "ana"),
        (2, None, "bob"),
    ]
    for shown in (sa.select(Doc), sa.select(Doc.id, Doc.salary), sa.select(sa.func.max(Doc.salary + 1))):
        with pytest.raises(ConfigurationError, match="salary"):
            declared.filter(shown, "docs:Read", principal=ana, model=Doc)
    assert session.scalars(declared.filter(sa.select(Doc.id), "docs:Read", principal=ana)).all() == [1, 2]
    hidden = declared.load(Doc, 2, can="docs:Read", session=session, principal=ana)
    assert (hidden.salary, hidden in session) == (None, False)
    session.commit()
    assert session.scalar(sa.select(Doc.salary).where(Doc.id == 2)) == 2
    assert declared.load(Doc, 1, can="docs:Read", session=session, principal=ana).salary == 1


class Project(SQLModel, table=True):
    """A model of SQLModel."""

    id: int | None = Field(default=None, primary_key=True)
    stage: str = "dev"


def test_sqlmodel_is_sqlalchemy(iam: IAM, house: House) -> None:
    """Its models are declared and its select is filtered the same way."""
    iam.resource(Project, "project", id=Project.id, attributes={"stage": Project.stage})
    who = house.grant(
        "ana",
        {
            "Effect": "Allow",
            "Action": "p:List",
            "Resource": "*",
            "Condition": {"StringEquals": {"project:stage": "dev"}},
        },
    )
    engine = sa.create_engine("sqlite://")
    Project.__table__.create(engine)  # type: ignore[attr-defined]  # SQLModel makes it
    with Session(engine) as session:
        session.add_all([Project(), Project(stage="prod")])
        session.flush()
        found = iam.filter(sqlmodel_select(Project), "p:List", principal=who)
        assert [project.stage for project in session.scalars(found)] == ["dev"]
        assert_lists_agree(iam, Project, session, ["p:List"], [who])
    engine.dispose()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resource": "doc"}, "id="),
        ({"resource": "d*c/{id}", "id": Doc.id}, "resource"),
        ({"resource": "doc", "id": Doc.due}, "texts, integers"),
        ({"resource": "doc", "id": "nothing"}, "no column"),
        ({"resource": "doc", "id": Doc.id, "attributes": {"aws:X": Doc.owner}}, "prefix"),
        ({"resource": "doc", "id": Doc.id, "attributes": {"a": Doc.owner, "A": Doc.stage}}, "case ignored"),
        ({"resource": "doc", "id": Doc.id, "account": Doc.id}, "account"),
        ({"resource": "doc", "id": Doc.id, "tags": Doc.owner}, "JSON"),
        ({"resource": "doc", "id": Doc.id, "filterable": ["docs:*"]}, "not an action"),
        ({"resource": "doc", "id": Doc.id, "masked": {"nothing": "docs:Read"}}, "no column"),
    ],
)
def test_a_bad_declaration_stops_the_start(iam: IAM, given: dict[str, Any], message: str) -> None:
    """What a declaration cannot mean is said at once."""
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        iam.resource(Doc, **given)


def test_names_are_those_of_routes(iam: IAM) -> None:
    """A row's name escapes what a route's template escapes, so both speak of one resource."""
    from iamkit.rows.likeness import decoded, encoded
    from iamkit.rows.names import ENCODED

    for text in ("a:b", "a/b", "*", "?", "100%", "%3A", "é ☃"):
        assert f"doc/{encoded(text, ENCODED)}" == iam.named("doc/{id}", id=text)
        assert decoded(encoded(text, ENCODED), ENCODED) == text
