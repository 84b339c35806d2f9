"""Whether everybody who signs in to an account has to show a second factor: a guardrail says so."""

from __future__ import annotations

from iamkit.identity import accounts, guardrails, shipped, tree
from iamkit.identity.house import House
from iamkit.storage import Reader


def required(reader: Reader, house: House, account: str) -> bool:
    """Whether the shipped guardrail RequireMFA is attached to the account or above it."""
    kept = accounts.find(reader, account)
    if kept is None:
        return False
    wanted = shipped.require_mfa_arn(house.partition)
    targets = (*tree.path(reader, kept.node_id), account)
    return any(wanted in guardrails.attached_to(reader, target) for target in targets)
