"""Listing 1 % of 20,000 rows by a filter, against fetching every row and deciding about each.

    python tests/benchmarks/lists.py

In process, SQLite in memory, the best of many rounds; both give the same rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from iamkit.credentials.hashing import CHEAPEST  # noqa: E402
from iamkit.identity.principal import Principal  # noqa: E402
from iamkit.kit import IAM  # noqa: E402
from iamkit.management import inline, users  # noqa: E402
from iamkit.policy import AccessRequest, Context, ResourceLayers, compile_plan  # noqa: E402

ROWS: Final = 20_000
TEAMS: Final = 100
POLICIES: Final[Mapping[str, Mapping[str, object]]] = {
    "by name": {"Resource": "arn:aws:docs:*:*:doc/team-7/*"},
    "by attribute": {"Resource": "*", "Condition": {"StringEquals": {"doc:team": "team-7"}}},
}


class Base(DeclarativeBase):
    """The app's tables."""


class Doc(Base):
    """A document of a team."""

    __tablename__ = "doc"

    id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(sa.String(40), index=True)
    stage: Mapped[str] = mapped_column(sa.String(40), default="dev")


def best(work: Callable[[], int], rounds: int) -> float:
    """Seconds of the fastest round."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - start)
        if found != ROWS // TEAMS:
            raise SystemExit(f"{found} rows, not 1 %")
    return min(taken)


def measure(iam: IAM, engine: sa.Engine, who: Principal) -> tuple[float, float, float]:
    """Seconds of the filter, of fetching and asking the bare engine, and of fetching and asking the gate."""

    def listed() -> int:
        with Session(engine) as session:
            return len(session.scalars(iam.select(Doc, "docs:Read", principal=who)).all())

    def decided() -> int:
        with Session(engine) as session:
            return sum(
                iam.can_row("docs:Read", doc, principal=who) for doc in session.scalars(sa.select(Doc))
            )

    plan = compile_plan(who.layers, ResourceLayers(), who.caller, "docs:Read")

    def evaluated() -> int:
        with Session(engine) as session:
            return sum(
                plan.decide(
                    AccessRequest(
                        who.caller,
                        "docs:Read",
                        f"arn:aws:docs::{who.account}:doc/{doc.team}/{doc.id}",
                        Context({"doc:team": doc.team, "doc:stage": doc.stage}),
                    )
                ).allowed
                for doc in session.scalars(sa.select(Doc))
            )

    return best(listed, 30), best(evaluated, 3), best(decided, 2)


def main() -> None:
    """The table."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.execute(sa.insert(Doc), [{"id": n, "team": f"team-{n % TEAMS}"} for n in range(ROWS)])
        session.commit()
    with (
        tempfile.TemporaryDirectory() as folder,
        IAM(folder, entry_points=False, password_cost=CHEAPEST) as iam,
    ):
        iam.initialize()
        iam.resource(
            Doc,
            "doc/{team}/{id}",
            team=Doc.team,
            id=Doc.id,
            attributes={"team": Doc.team, "stage": Doc.stage},
        )
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        for name, what in POLICIES.items():
            statement: dict[str, object] = {"Effect": "Allow", "Action": "docs:Read", **what}
            text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            desk.do(inline.put_user_policy, user_name="ana", policy_name="own", policy_document=text)
            fast, bare, slow = measure(iam, engine, iam.find_principal("ana"))
            print(
                f"{name}: filter {fast * 1e3:.1f} ms; one by one, engine alone {bare * 1e3:.0f} ms "
                f"({bare / fast:.0f} times), by the gate {slow * 1e3:.0f} ms ({slow / fast:.0f} times)"
            )


if __name__ == "__main__":
    main()
