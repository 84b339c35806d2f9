"""What a plan changes of who may do what, asked with the guardrails of the desk's account."""

from __future__ import annotations

from iamkit.analysis.differences import Difference, Surroundings, differences
from iamkit.identity.blueprint import Blueprint
from iamkit.identity.house import House
from iamkit.management.services import Services
from iamkit.storage import Store


def access_changes(
    store: Store, house: House, services: Services, before: Blueprint, after: Blueprint
) -> list[Difference] | None:
    """Who gains and loses what; None if there is too much to look at. Reads guardrails, writes nothing."""
    with store.read() as reader:
        guardrails = services.caller_layers.of_others(reader, before.account.account)
    around = Surroundings(
        house.partition, house.shipped, guardrails, services.options, services.catalog.actions()
    )
    return differences(before, after, around)
