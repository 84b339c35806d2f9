"""The host operator: whoever can read the deployment's key file, acting on its machine (decision 30)."""

from __future__ import annotations

from iamkit.arn import root_arn
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.identity.principal import Judge, Principal
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import Caller, CallerKind


def host_operator(*, partition: str, account: str, system_user: str, judge: Judge) -> Principal:
    """The operator as a principal: root of the account, and under no guardrail, so that it can mend one.

    `system_user` is the operating-system user, who is named in every audit event.
    """
    name = f"operator:{system_user}"
    return Principal(
        caller=Caller(CallerKind.ROOT, arn=root_arn(partition, account), account=account, unique_id=account),
        name=name,
        account=account,
        layers=CallerLayers(),
        authentication=Authentication(account, account, CredentialKind.OPERATOR, name),
        judge=judge,
    )
