"""The house: what every identity function needs to know and none may reach for by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from iamkit.arn import iam_arn
from iamkit.clock import Clock
from iamkit.identity.quotas import Quotas
from iamkit.identity.shipped import ShippedPolicy
from iamkit.ids import Ids
from iamkit.policy.model import Policy
from iamkit.policy.operators import STANDARD, OperatorTable


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One deployment as seen by its rooms. `partition` and `home` are fixed when it is initialised.

    `home` is the account that owns the tree and its guardrails; it is under them like any other.
    `shipped` is what `shipped.shelf` made; `operators` are the condition operators that documents may use.
    `accept` sees every policy before it is saved, and raises MalformedPolicyDocument to refuse it.
    """

    partition: str
    home: str
    clock: Clock
    ids: Ids
    quotas: Quotas = field(default_factory=Quotas)
    shipped: Mapping[str, ShippedPolicy] = field(default_factory=dict)
    operators: OperatorTable = field(default_factory=lambda: STANDARD, repr=False)
    # Whether root users may have access keys, and those that have one may use it (CAP-A6).
    root_access_keys: bool = False
    accept: Callable[[Policy], None] = field(default=lambda _: None, repr=False, compare=False)

    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()

    def arn(self, account: str, kind: str, path: str, name: str) -> str:
        """The ARN of an IAM entity of this deployment."""
        return iam_arn(self.partition, account, kind, path, name)

    def own_arn(self, account: str, resource: str) -> str:
        """The ARN of something that only iamkit has, such as `guardrail/NAME` or `session/ID`."""
        return f"arn:{self.partition}:iamkit::{account}:{resource}"
