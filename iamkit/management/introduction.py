"""An introduction: what somebody who speaks to a deployment from elsewhere has to know of itself there."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.identity.principal import Principal


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who a caller is, how that was proved, and the partition of the deployment's ARNs."""

    name: str
    arn: str
    account: str
    proof: str
    credential: str | None
    partition: str

    @classmethod
    def of(cls, principal: Principal, partition: str) -> Introduction:
        """Of a principal that was proved."""
        proof = principal.authentication
        return cls(
            principal.name,
            principal.arn,
            principal.account,
            "" if proof is None else str(proof.kind),
            None if proof is None else proof.credential_id,
            partition,
        )
