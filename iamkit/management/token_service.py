"""Questions to the token service that need no session: whose a key is, and what a denial was about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from iamkit.audit.decision_log import DecisionRecord
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.temporary import TemporaryCredential
from iamkit.errors import InvalidAuthorizationMessage, NoSuchEntity, ValidationError
from iamkit.identity import accounts
from iamkit.management import targets
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.policy.decision import Outcome

_VERSIONS: Final = {"v1Token": 1, "v2Token": 2}


@dataclass(frozen=True, slots=True)
class AccessKeyInfo:
    """The account that an access key is of."""

    account: str


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """What a denial was about, as JSON in AWS's form."""

    decoded_message: str


def _key_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("sts:GetAccessKeyInfo", access="Read", asks=_key_asks)
def get_access_key_info(work: Work, *, access_key_id: str) -> AccessKeyInfo:
    """The account of an access key of this deployment, permanent or temporary. Needs no permission (CAP-G4).

    Raises ValidationError for what is no id of a key, NoSuchEntity for one that is not known here.
    """
    if not 16 <= len(access_key_id) <= 128 or not (access_key_id.isascii() and access_key_id.isalnum()):
        raise ValidationError("an access key id has 16 to 128 letters and digits")
    found = work.unit.get(AccessKey, (access_key_id,)) or work.unit.get(TemporaryCredential, (access_key_id,))
    if found is None:
        raise NoSuchEntity(f"there is no access key `{access_key_id}` here")
    return AccessKeyInfo(found.account)


def _written(preparation: Preparation, **_others: object) -> None:
    """What is queued is written first, so that a message is found as soon as the denial is there."""
    preparation.services.write_decisions()


def _decode_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("sts:DecodeAuthorizationMessage", access="Read", asks=_decode_asks, prepare=_written)
def decode_authorization_message(work: Work, *, encoded_message: str) -> DecodedMessage:
    """What a denial in the caller's account was about.

    The message is the id of the decision, 120 random bits that tell nothing: what is behind it stays in the
    log, for those who may ask. Raises InvalidAuthorizationMessage.
    """
    found = work.unit.get(DecisionRecord, (encoded_message[:80],))
    if found is None or found.outcome == Outcome.ALLOWED or not _told(work, found):
        raise InvalidAuthorizationMessage("this is no message of a denial in this account, or too long ago")
    return DecodedMessage(json.dumps(_decoded(found), separators=(",", ":")))


def _told(work: Work, found: DecisionRecord) -> bool:
    """Whether the account may hear of it: its resource, and its own or an anonymous caller."""
    caller = json.loads(found.caller)
    return work.everywhere or (found.account == work.account and caller["account"] in ("", work.account))


def _decoded(found: DecisionRecord) -> dict[str, object]:
    caller: dict[str, Any] = json.loads(found.caller)
    context: dict[str, Any] = json.loads(found.context)
    determining: list[dict[str, Any]] = json.loads(found.determining)
    return {
        "allowed": False,
        "explicitDeny": found.outcome == Outcome.EXPLICIT_DENY,
        "matchedStatements": {"items": determining},
        "failures": {"items": [] if found.error is None else [{"message": found.error}]},
        "context": {
            "principal": {"id": caller["unique_id"], "name": found.principal, "arn": caller["arn"]},
            "action": found.action,
            "resource": found.resource,
            "conditions": {"items": [_condition(key, context[key]) for key in sorted(context)]},
        },
    }


def _condition(key: str, value: object) -> dict[str, object]:
    if isinstance(value, dict):
        # A value that JSON lacks is kept under the name of its type.
        (value,) = value.values()
    values = value if isinstance(value, list) else [value]
    return {"key": key, "values": {"items": [{"value": _text(item)} for item in values]}}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _preference_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:SetSecurityTokenServicePreferences", access="Write", asks=_preference_asks)
def set_security_token_service_preferences(work: Work, *, global_endpoint_token_version: str) -> None:
    """Keep which version of tokens the account asks for, `v1Token` or `v2Token`. Raises ValidationError.

    Tokens are the same either way; GetAccountSummary tells the number back.
    """
    version = _VERSIONS.get(global_endpoint_token_version)
    if version is None:
        raise ValidationError("`global_endpoint_token_version` must be `v1Token` or `v2Token`")
    accounts.set_token_version(work.unit, work.account, version)
