"""Bearers: whom a temporary credential makes of a role or user, as policies see them (SEM-P6, P-8, K-16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from iamkit.credentials.authentication import Authentication, TemporaryKind
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import Caller, CallerKind


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody with everything that policies say of them."""

    caller: Caller
    name: str
    layers: CallerLayers
    tags: Mapping[str, str]


def of(whose: Bearer, proof: Authentication, partition: str) -> Bearer:
    """Who comes with `proof`, a credential of the role or user `whose`.

    Each session has layers of its own, though they are equal: what is compiled is found by the object.
    """
    facts = proof.session
    if facts is None or facts.kind is TemporaryKind.SELF:
        return replace(whose, layers=replace(whose.layers))
    sts = f"arn:{partition}:sts::{proof.account}:"
    if facts.kind is TemporaryKind.ROLE:
        name = f"{whose.name}/{facts.name}"
        caller = replace(whose.caller, arn=f"{sts}assumed-role/{name}")
    else:
        name = facts.name
        caller = replace(
            whose.caller,
            kind=CallerKind.FEDERATED_USER,
            arn=f"{sts}federated-user/{name}",
            issuer_arn=whose.caller.arn,
        )
    return Bearer(caller, name, replace(whose.layers), merged(whose.tags, facts.tags))


def merged(tags: Mapping[str, str], session: Mapping[str, str]) -> Mapping[str, str]:
    """The tags of a role or user under those of a session, which come first whatever their case (SEM-K16)."""
    if not session:
        return tags
    taken = {key.lower() for key in session}
    return {key: value for key, value in tags.items() if key.lower() not in taken} | dict(session)
