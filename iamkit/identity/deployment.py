"""The deployment: what is fixed when `iamkit init` is run and holds for every account after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.clock import Clock
from iamkit.errors import EntityAlreadyExists, NotInitialized
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record

KEY: Final = ("deployment",)


@record("deployment", key=("name",))
@dataclass(frozen=True, slots=True)
class Deployment:
    """One row. `partition` is the second part of every ARN; `home_account` the account of most apps."""

    name: str
    deployment_id: str
    partition: str
    home_account: str
    created_at: datetime


def establish(unit: Unit, ids: Ids, clock: Clock, *, partition: str, home_account: str) -> Deployment:
    """Fix the deployment. Raises EntityAlreadyExists if it was before: nothing re-initialises a store."""
    deployment = Deployment(
        name=KEY[0],
        deployment_id=ids.handle("deployment"),
        partition=partition,
        home_account=home_account,
        created_at=clock.now(),
    )
    if unit.get(Deployment, KEY) is not None:
        raise EntityAlreadyExists("this store is initialized already; choose another directory or database")
    unit.add(deployment)
    unit.bump(epochs.DEPLOYMENT)
    return deployment


def current(reader: Reader) -> Deployment:
    """The deployment. Raises NotInitialized before `iamkit init`."""
    found = reader.get(Deployment, KEY)
    if found is None:
        raise NotInitialized("this store holds no account yet; run `iamkit init`")
    return found
