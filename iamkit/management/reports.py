"""Operations that report on a whole account: its credentials, and what everybody may (CAP-J6, M4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from iamkit.audit.reports import CredentialReport
from iamkit.management import targets
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.reports import authorization_details, credential_report
from iamkit.reports.authorization_details import AuthorizationDetails


@dataclass(frozen=True, slots=True)
class ReportState:
    """How far a report is. Here one is made while its maker waits, so it is always `COMPLETE`."""

    state: str
    description: str
    generated_at: datetime


def _write_report(preparation: Preparation) -> bytes | None:
    """The text of a new report, made before the writing unit opens; None if the last will do."""
    now = preparation.house.now()
    if credential_report.fresh(preparation.reader, preparation.account, now) is not None:
        return None
    rules = preparation.services.passwords.rules(preparation.reader, preparation.account)
    return credential_report.written(
        preparation.reader, preparation.house, preparation.account, expires_at=rules.expires_at
    )


@operation(
    "iam:GenerateCredentialReport",
    access="Read",
    writes=True,
    asks=targets.whole_account,
    prepare=_write_report,
)
def generate_credential_report(work: Work) -> ReportState:
    """Have a report made, unless there is one of the last four hours."""
    now = work.house.now()
    if isinstance(work.prepared, bytes):
        credential_report.keep(work.unit, work.account, work.prepared, now)
        return ReportState("COMPLETE", "the report was made", now)
    last = credential_report.get(work.unit, work.account, now)
    return ReportState("COMPLETE", "the last report is less than four hours old", last.generated_at)


@operation("iam:GetCredentialReport", access="Read", asks=targets.whole_account)
def get_credential_report(work: Work) -> CredentialReport:
    """The last report, as CSV. Raises ReportNotPresent, ReportExpired after four hours."""
    return credential_report.get(work.unit, work.account, work.house.now())


def _details_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:GetAccountAuthorizationDetails", access="Read", asks=_details_asks)
def get_account_authorization_details(
    work: Work,
    *,
    filter: Sequence[str] = (),  # AWS's name for it
    marker: str | None = None,
    max_items: int | None = None,
) -> AuthorizationDetails:
    """Users, groups, roles and policies with their documents, in pages of 100 unless said otherwise.

    Raises ValidationError.
    """
    return authorization_details.page(
        work.unit, work.house, work.account, kinds=filter, marker=marker, max_items=max_items
    )
