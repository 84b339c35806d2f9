"""The layers that policies stand in around a request (SEM §8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from iamkit.policy.model import Policy


class Layer(StrEnum):
    """The layers, in the words that a denial uses."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    RESOURCE = "resource-based policy"
    GUARDRAIL = "guardrail"
    RESOURCE_GUARDRAIL = "resource guardrail"
    ENDPOINT = "endpoint policy"


@dataclass(frozen=True, slots=True)
class PolicySource:
    """Where a policy hangs, in words for people and references for machines.

    `type` is AWS's simulator's word: user, group, role, aws-managed, user-managed, resource, ….
    `digest` names the exact text (decision 13).
    """

    name: str
    type: str = ""
    arn: str = ""
    version: str = ""
    holder: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy where it hangs.

    `principal_ids` maps an ARN written in Principal to the unique id it had when the policy was saved; a
    caller with that ARN and another id is somebody else of the same name, and does not match (SEM-P12).
    """

    policy: Policy
    source: PolicySource
    principal_ids: Mapping[str, str] = field(default_factory=dict, hash=False)


Policies = tuple[AttachedPolicy, ...]


@dataclass(frozen=True, slots=True)
class CallerLayers:
    """The layers that come with the caller. `None` means that the layer does not exist, `()` that it is empty
    and so allows nothing. `guardrails` has one entry a level of the account tree, outermost first (SEM-E4).
    """

    identity: Policies = ()
    boundary: Policies | None = None
    session: Policies | None = None
    guardrails: tuple[Policies, ...] | None = None


@dataclass(frozen=True, slots=True)
class ResourceLayers:
    """The layers that come with the resource and the way it was reached."""

    policies: Policies = ()
    guardrails: tuple[Policies, ...] | None = None
    endpoint: Policies | None = None
