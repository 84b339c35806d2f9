"""The switches of evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from iamkit.policy.operators import STANDARD, OperatorTable


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What a deployment may choose.

    `session_policy_binds_direct_grants` lets a silent session policy stop a resource policy's direct grant
    too, which AWS's documentation does not (SEM-E9, D-1). `operators` is the table of condition operators,
    larger than the standard one where plugins add rows.
    """

    session_policy_binds_direct_grants: bool = False
    operators: OperatorTable = field(default_factory=lambda: STANDARD, repr=False)


DEFAULT: Final = EvaluationOptions()
