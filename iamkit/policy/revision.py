"""The revision of a set of policies: a name for exactly these texts, hanging exactly where they hang."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Final, final

from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, ResourceLayers

# 80 bits: two sets of policies that one deployment ever has do not share a name by chance.
_LENGTH: Final = 20


@final
class Basis:
    """The layers that a decision was taken from, which name their revision when somebody asks."""

    __slots__ = ("_caller", "_resource", "_revision")

    def __init__(self, caller_layers: CallerLayers, resource_layers: ResourceLayers) -> None:
        self._caller = caller_layers
        self._resource = resource_layers
        self._revision = ""

    @classmethod
    def named(cls, revision: str) -> Basis:
        """A basis of which only the name is known."""
        made = cls(CallerLayers(), ResourceLayers())
        made._revision = revision
        return made

    @property
    def revision(self) -> str:
        """See `revision_of`; found once."""
        if not self._revision:
            self._revision = revision_of(self._caller, self._resource)
        return self._revision


def revision_of(caller_layers: CallerLayers, resource_layers: ResourceLayers) -> str:
    """The name of these layers, 20 hexadecimal digits.

    It is the same wherever and whenever the same texts hang in the same places, in whatever order; a policy
    that is edited, attached, detached or made another version the default gives another.
    """
    caller, resource = caller_layers, resource_layers
    parts = [
        _policies(caller.identity),
        None if caller.boundary is None else _policies(caller.boundary),
        None if caller.session is None else _policies(caller.session),
        _levels(caller.guardrails),
        _policies(resource.policies),
        _levels(resource.guardrails),
        None if resource.endpoint is None else _policies(resource.endpoint),
    ]
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()[:_LENGTH]


def _levels(levels: Iterable[Policies] | None) -> list[list[str]] | None:
    return None if levels is None else [_policies(level) for level in levels]


def _policies(policies: Policies) -> list[str]:
    return sorted(map(_policy, policies))


def _policy(attached: AttachedPolicy) -> str:
    source, policy = attached.source, attached.policy
    # What comes from no store has no digest yet; the text is what counts.
    digest = source.digest or hashlib.sha256(policy.text.encode("utf-8", "surrogatepass")).hexdigest()
    where = [source.name, source.type, source.arn, source.version, source.holder]
    return json.dumps([policy.kind.value, *where, digest, sorted(attached.principal_ids.items())])
