"""Where managed policies hang: attachments as records, and how often a policy is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.storage import Reader, record


@record(
    "policy_attachment",
    key=("holder_id", "policy_arn"),
    index=(("holder_id",), ("policy_arn",), ("account", "policy_arn")),
)
@dataclass(frozen=True, slots=True)
class PolicyAttachment:
    """A managed or shipped policy on a user, group or role (`holder_kind`) of `account`."""

    holder_id: str
    policy_arn: str
    holder_kind: str
    account: str
    attached_at: datetime


def attachments(reader: Reader, account: str, policy_arn: str) -> list[PolicyAttachment]:
    """Where a policy is attached within an account."""
    return reader.find(PolicyAttachment, {"account": account, "policy_arn": policy_arn})


def attachment_count(reader: Reader, account: str, policy_arn: str) -> int:
    """How many users, groups and roles of an account have a policy attached."""
    return reader.count(PolicyAttachment, {"account": account, "policy_arn": policy_arn})


def bounded_users(reader: Reader, account: str, policy_arn: str) -> list[User]:
    """The users of an account whose permissions boundary a policy is, by name."""
    return reader.find(User, {"account": account, "boundary": policy_arn}, order="name_key")


def bounded_roles(reader: Reader, account: str, policy_arn: str) -> list[Role]:
    """The roles of an account whose permissions boundary a policy is, by name."""
    return reader.find(Role, {"account": account, "boundary": policy_arn}, order="name_key")


def boundary_count(reader: Reader, account: str, policy_arn: str) -> int:
    """How many users and roles of an account have a policy as their boundary."""
    where = {"account": account, "boundary": policy_arn}
    return reader.count(User, where) + reader.count(Role, where)
