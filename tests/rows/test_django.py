"""Django models: declared by field names, filtered by Q, on the databases that Django knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, models
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from iamkit.errors import AccessDenied, ConfigurationError, NoSuchEntity
from iamkit.kit import IAM
from iamkit.testing.lists import assert_lists_agree
from tests.rows.conftest import House

READ = {"Effect": "Allow", "Action": "docs:Read"}


class Team(models.Model):
    """A team."""

    slug: Any = models.CharField(max_length=40)

    class Meta:
        app_label = "iamkit_rows"


class Paper(models.Model):
    """A document of a team."""

    team: Any = models.ForeignKey(Team, models.CASCADE)
    owner: Any = models.CharField(max_length=40, null=True)
    due: Any = models.DateTimeField(null=True)
    key: Any = models.UUIDField(null=True)
    pay: Any = models.DecimalField(max_digits=9, decimal_places=2, null=True)
    tags: Any = models.JSONField(null=True)

    class Meta:
        app_label = "iamkit_rows"


@pytest.fixture
def papers() -> Iterator[None]:
    """The tables, with rows."""
    from datetime import UTC, datetime
    from decimal import Decimal
    from uuid import UUID

    with connection.schema_editor() as editor:
        editor.create_model(Team)
        editor.create_model(Paper)
    a, other, odd = (Team.objects.create(slug=slug) for slug in ("a", "A", "b*"))
    due = datetime(2026, 1, 1, tzinfo=UTC)
    Paper.objects.create(pk=1, team=a, owner="ana", due=due, tags={"Team": "red"}, key=UUID(int=1))
    Paper.objects.create(pk=2, team=a, owner=None, pay=Decimal("7.25"))
    Paper.objects.create(pk=3, team=other, owner="Ana", due=due, tags={"team": "Red"})
    Paper.objects.create(pk=4, team=odd, owner="ana", pay=Decimal("7.26"), tags={"x": "1", "X": "2"})
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Paper)
        editor.delete_model(Team)
    connection.close()


@pytest.fixture
def declared(iam: IAM, papers: None) -> IAM:
    """With papers declared."""
    iam.resource(
        Paper, "paper/{team}/{id}", team="team__slug", id="pk", tags="tags",
        attributes={"owner": "owner", "due": "due", "pay": "pay", "key": "key"},
    )  # fmt: skip
    return iam


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ({"Resource": "*"}, [1, 2, 3]),
        ({"Resource": "arn:aws:docs:*:*:paper/a/*"}, [1, 2]),
        ({"Resource": "arn:aws:docs:*:*:paper/?/?"}, [1, 2, 3]),
        ({"Resource": "*", "Condition": {"StringEquals": {"paper:owner": "${aws:username}"}}}, [1]),
        ({"Resource": "*", "Condition": {"StringNotEquals": {"paper:owner": "ana"}}}, [2, 3]),
        ({"Resource": "*", "Condition": {"StringEqualsIgnoreCase": {"paper:owner": "ANA"}}}, [1, 3]),
        ({"Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}}, [1]),
        ({"Resource": "*", "Condition": {"DateLessThan": {"paper:due": "2026-01-01T00:00:00.1Z"}}}, [1, 3]),
        ({"Resource": "*", "Condition": {"NumericLessThan": {"paper:pay": "7.251"}}}, [2]),
        ({"Resource": "*", "Condition": {"StringLike": {"paper:key": "0000*-*1"}}}, [1]),
    ],
)  # fmt: skip
def test_a_queryset_holds_what_policies_allow(
    declared: IAM, house: House, statement: dict[str, object], wanted: list[int]
) -> None:
    """A QuerySet, filtered or selected anew, over foreign keys too, is what decisions say."""
    ana = house.grant("ana", {**READ, **statement})

    assert (
        list(
            declared.filter(Paper.objects.order_by("pk"), "docs:Read", principal=ana).values_list(
                "pk", flat=True
            )
        )
        == wanted
    )
    assert declared.select(Paper, "docs:Read", principal=ana).count() == len(wanted)
    left = Paper.objects.exclude(declared.condition(Paper, "docs:Read", principal=ana)).filter(~Q(pk=99))
    assert left.count() == 4 - len(wanted)
    assert_lists_agree(declared, Paper, None, ["docs:Read"], [ana])


def test_load_and_masks(declared: IAM, house: House) -> None:
    """Rows are loaded or refused, sync and async; masked fields are NULL and cannot be saved back."""
    declared.masked(Paper, {"pay": "docs:ReadPay"})
    own = {"Effect": "Allow", "Action": "docs:ReadPay", "Resource": "arn:aws:docs:*:*:paper/*/4"}
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:paper/a/*"}, own)

    row: Any = declared.load(Paper, 2, can="docs:Read", principal=ana)
    assert row.pay is None
    with pytest.raises(ConfigurationError, match="masked"):
        row.save()
    with pytest.raises(AccessDenied):
        declared.load(Paper, 3, can="docs:Read", principal=ana)
    with pytest.raises(NoSuchEntity):
        declared.load(Paper, 99, can="docs:Read", principal=ana)
    shown = declared.select(Paper, "docs:Read", principal=ana).order_by("id")
    assert [found["masked_pay"] for found in shown] == [None, None]
    with pytest.raises(ConfigurationError, match="pay"):
        declared.filter(Paper.objects.all(), "docs:Read", principal=ana)
    assert declared.filter(Paper.objects.values("id"), "docs:Read", principal=ana).count() == 2


def test_async_loads_need_one_query(declared: IAM, house: House) -> None:
    """What the declaration reads over foreign keys comes with the row, so nothing is read behind its back."""
    ana = house.grant("ana", {**READ, "Resource": "arn:aws:docs:*:*:paper/a/*"})

    with CaptureQueriesContext(connection) as asked:
        row = async_to_sync(declared.aload)(Paper, 1, can="docs:Read", principal=ana)
    assert row.owner == "ana"
    assert len(asked) <= 1


def test_a_bad_declaration_stops_the_start(iam: IAM) -> None:
    """A field that is not there, or of which no condition can be."""
    given: dict[str, Any]
    for given in ({"id": "nothing"}, {"id": 42}, {"id": "pk", "attributes": {"x": "team__nothing"}}):
        with pytest.raises(ConfigurationError):
            iam.resource(Paper, "paper", **given)
