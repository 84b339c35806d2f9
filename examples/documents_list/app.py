"""A Flask app whose list holds what its caller may read."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from iamkit import IAM
from iamkit.web.flask import protect


class Base(DeclarativeBase):
    """The app's tables."""


class Doc(Base):
    """A document of a team."""

    __tablename__ = "doc"

    id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(sa.String(40), index=True)
    owner: Mapped[str | None]


iam = IAM()
iam.resource(
    Doc,
    "doc/{team}/{id}",
    team=Doc.team,
    id=Doc.id,
    attributes={"owner": Doc.owner},
    filterable=["docs:Read"],
)
engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)
with Session(engine) as first:
    first.add_all([Doc(team=team, owner="ana") for team in ("red", "red", "blue")])
    first.commit()

app = Flask(__name__)
protect(app, iam)


@app.get("/docs")
@iam.require("docs:List")
def index() -> ResponseReturnValue:
    """The documents that the caller may read."""
    with Session(engine) as db:
        return jsonify([doc.id for doc in db.scalars(iam.select(Doc, "docs:Read").order_by(Doc.id))])
