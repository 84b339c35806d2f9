"""An audit event: who did what, when, from where, on which resources, with which result.

Field names are CloudTrail's (CAP App. B), so that rules and tools written for its records apply. What
CloudTrail lacks is under `iamkit`. Secrets are never put in; texts are cut to the record's own limits.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from iamkit.audit.text import one_line
from iamkit.ids import Ids
from iamkit.storage import record

EVENT_VERSION: Final = "1.11"
REGION: Final = "global"
# Bytes of JSON. The parts' limits leave room for the rest of a record within CloudTrail's 256 KB.
_LONG: Final = 100 * 1024
_MIDDLE: Final = 28 * 1024
_MOST_RESOURCES: Final = 25

# How much an event matters: whatever a root user does, and what is done to one, is to be looked at (CAP-A6).
CRITICAL: Final = "critical"
NORMAL: Final = "normal"


@dataclass(frozen=True, slots=True)
class Actor:
    """The `userIdentity` of an event. `type` is CloudTrail's: Root, IAMUser, AssumedRole, AWSAccount, ….

    `session` holds `sessionContext.attributes`, `issuer` its `sessionIssuer`: the role of a session, or the
    user of a federated one. `operator` names the operating-system user when the host
    operator acted through the command line.
    """

    type: str
    principal_id: str = ""
    arn: str = ""
    account: str = ""
    access_key_id: str = ""
    user_name: str = ""
    session: Mapping[str, str] = field(default_factory=dict)
    issuer: Mapping[str, str] = field(default_factory=dict)
    source_identity: str = ""
    operator: str = ""
    # The ARN of the identity provider that told who this is.
    identity_provider: str = ""

    @property
    def is_root_user(self) -> bool:
        """Whether this is a root user who proved to be it; the host operator, who acts as root, is not."""
        return self.type == "Root" and bool(self.principal_id) and not self.operator

    def as_data(self) -> dict[str, object]:
        named = {
            "type": self.type,
            "principalId": self.principal_id,
            "arn": self.arn,
            "accountId": self.account,
            "accessKeyId": self.access_key_id,
            "userName": self.user_name,
            "invokedBy": self.operator,
            "identityProvider": self.identity_provider,
        }
        data: dict[str, object] = {key: one_line(value) for key, value in named.items() if value}
        context: dict[str, object] = {
            name: {key: one_line(value) for key, value in given.items()}
            for name, given in (("attributes", self.session), ("sessionIssuer", self.issuer))
            if given
        }
        if self.source_identity:
            context["sourceIdentity"] = one_line(self.source_identity)
        if context:
            data["sessionContext"] = context
        return data


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from."""

    source_ip: str = "internal"
    user_agent: str = ""
    request_id: str = ""


@record(
    "audit_event",
    key=("event_id",),
    index=(("account", "event_time"), ("event_name",), ("user_name",), ("account", "severity")),
)
@dataclass(frozen=True, slots=True)
class Event:
    """One event as kept: the fields that are looked up by, and the whole record as JSON in `body`."""

    event_id: str
    account: str
    event_time: datetime
    event_source: str
    event_name: str
    user_name: str
    access_key_id: str
    read_only: bool
    error_code: str | None
    body: str
    severity: str = NORMAL

    def as_data(self) -> dict[str, object]:
        """The event in CloudTrail's shape."""
        data: dict[str, object] = json.loads(self.body)
        return data


def new_event(
    ids: Ids,
    *,
    at: datetime,
    account: str,
    actor: Actor,
    source: str,
    name: str,
    read_only: bool,
    origin: Origin = Origin(),
    event_type: str = "AwsApiCall",
    management: bool = True,
    request_parameters: Mapping[str, object] | None = None,
    response_elements: Mapping[str, object] | None = None,
    additional: Mapping[str, object] | None = None,
    resources: Sequence[str] = (),
    error_code: str | None = None,
    error_message: str | None = None,
    shared_id: str | None = None,
    iamkit: Mapping[str, object] | None = None,
    critical: bool = False,
) -> Event:
    """Build an event that happened at `at`. `resources` are ARNs; `source` is such as `iam.amazonaws.com`.
    It is `critical` if that is said, and in any case if a root user acts.
    `shared_id` is that of all events of one call, where it is told in more than one account.

    What callers sent is cut to the record's limits; of a parameter that is no JSON value the type is kept.
    """
    event_id = str(uuid.UUID(bytes=ids.bytes(16), version=4))
    body: dict[str, object] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": actor.as_data(),
        "eventTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": one_line(origin.source_ip),
        "userAgent": one_line(origin.user_agent),
        "requestParameters": _bounded(request_parameters, _LONG),
        "responseElements": _bounded(response_elements, _LONG),
        "requestID": one_line(origin.request_id) or event_id,
        "eventID": event_id,
        "readOnly": read_only,
        "eventType": event_type,
        "managementEvent": management,
        "recipientAccountId": account,
        "eventCategory": "Management" if management else "Data",
    }
    if additional:
        body["additionalEventData"] = _bounded(additional, _MIDDLE)
    if resources:
        body["resources"] = [
            {"ARN": one_line(arn), "accountId": account} for arn in resources[:_MOST_RESOURCES]
        ]
    if error_code:
        body["errorCode"] = one_line(error_code)
    # A failed sign-in has a message without a code, as CloudTrail's has.
    if error_message:
        body["errorMessage"] = one_line(error_message)
    severity = CRITICAL if critical or actor.is_root_user else NORMAL
    if severity == CRITICAL:
        iamkit = {**(iamkit or {}), "severity": severity}
    if shared_id:
        body["sharedEventID"] = one_line(shared_id)
    if iamkit:
        body["iamkit"] = _bounded(iamkit, _MIDDLE)
    return Event(
        event_id=event_id,
        account=account,
        event_time=at,
        event_source=source,
        event_name=name,
        user_name=one_line(actor.user_name),
        access_key_id=one_line(actor.access_key_id),
        read_only=read_only,
        error_code=one_line(error_code) if error_code else None,
        # ASCII escapes keep control characters and line separators out of every sink (THR-X1).
        body=json.dumps(body, sort_keys=True),
        severity=severity,
    )


def _bounded(value: Mapping[str, object] | None, limit: int) -> object:
    if value is None:
        return None
    plain = _plain(value)
    if len(json.dumps(plain)) <= limit:
        return plain
    return {"iamkit:omitted": f"larger than {limit} bytes"}


def _plain(value: object) -> object:
    """`value` as JSON has it. Of anything unforeseen only the type is kept: its text could show a secret."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return f"({type(value).__name__})"
