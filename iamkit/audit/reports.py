"""Reports that are kept: the last credential report of an account, and access reports that were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from iamkit.storage import record


@record("credential_report", key=("account",))
@dataclass(frozen=True, slots=True)
class CredentialReport:
    """The last report of an account, as UTF-8 text."""

    account: str
    generated_at: datetime
    content: bytes = field(repr=False)


@record("access_report", key=("job_id",), index=(("account",),))
@dataclass(frozen=True, slots=True)
class AccessReport:
    """A report that was asked for, about the user, group, role or policy with that ARN then.

    `subject_id` is its unique id, of a policy its ARN, so that a new one of the same name is not meant.
    """

    job_id: str
    account: str
    subject: str
    subject_id: str
    level: str
    created_at: datetime
