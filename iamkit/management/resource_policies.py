"""Operations on resource policies (CAP-E5). They are authorised on the resource itself."""

from __future__ import annotations

from iamkit.identity import documents, resource_policies
from iamkit.identity.resource_policies import ResourcePolicy
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page


def _on(work: Work, resource_arn: str) -> Asks:
    return Asks(
        (str(resource_policies.checked_arn(work.house, work.account, resource_arn)),), account=work.account
    )


def _put_asks(work: Work, *, resource_arn: str, **_others: object) -> Asks:
    return _on(work, resource_arn)


@operation("iamkit:PutResourcePolicy", access="Permissions management", on=("resource",), asks=_put_asks)
def put_resource_policy(work: Work, *, resource_arn: str, policy_document: str) -> ResourcePolicy:
    """Save or replace the policy of a resource. Raises MalformedPolicyDocument, LimitExceeded."""
    return resource_policies.put(
        work.unit, work.house, account=work.account, resource_arn=resource_arn, text=policy_document
    )


def _named_asks(work: Work, *, resource_arn: str) -> Asks:
    return _on(work, resource_arn)


@operation("iamkit:GetResourcePolicy", access="Read", on=("resource",), asks=_named_asks)
def get_resource_policy(work: Work, *, resource_arn: str) -> str:
    """The text of the policy of a resource. Raises NoSuchEntity."""
    found = resource_policies.get(work.unit, account=work.account, resource_arn=resource_arn)
    return documents.text_of(work.unit, found.digest)


def _list_asks(work: Work, **_others: object) -> Asks:
    return Asks((work.house.own_arn(work.account, "resource-policy/"),))


@operation("iamkit:ListResourcePolicies", access="List", on=("resource-policy",), asks=_list_asks)
def list_resource_policies(
    work: Work, *, arn_prefix: str = "", marker: str | None = None, max_items: int | None = None
) -> Page[ResourcePolicy]:
    """The resources of the account that have a policy, by ARN."""
    return page(
        lambda after, limit: resource_policies.listing(
            work.unit, work.account, arn_prefix=arn_prefix, after=after, limit=limit
        ),
        lambda found: found.resource_arn,
        marker=marker,
        max_items=max_items,
    )


@operation("iamkit:DeleteResourcePolicy", access="Permissions management", on=("resource",), asks=_named_asks)
def delete_resource_policy(work: Work, *, resource_arn: str) -> None:
    """Remove the policy of a resource. Raises NoSuchEntity."""
    resource_policies.delete(work.unit, account=work.account, resource_arn=resource_arn)


def _unlock_asks(work: Work, *, resource_arn: str) -> Asks:
    arn = resource_policies.checked_arn(work.house, work.account, resource_arn)
    # Not the resource itself: its policy may deny everybody, which is what is to be mended.
    return Asks((work.house.own_arn(work.account, f"resource-policy/{arn}"),))


@operation(
    "iamkit:UnlockResource", access="Permissions management", on=("resource-policy",), asks=_unlock_asks
)
def unlock_resource(work: Work, *, resource_arn: str) -> None:
    """Remove a policy that denies everybody. For root users alone (CAP-A7)."""
    resource_policies.delete(work.unit, account=work.account, resource_arn=resource_arn)
