"""What went wrong, as AWS tells it: a status, a code and a message for every error of iamkit's tree."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from iamkit.api.model import OperationModel, ServiceModel
from iamkit.errors import AccessDenied, ConfigurationError, IamkitError, ServiceUnavailable, kind_and_place

_log = logging.getLogger("iamkit.api")

_MALFORMED: Final = "MalformedPolicyDocument"
# Where AWS has another word than iamkit's tree.
_CODES: Final = {
    "ConfigurationError": "ServiceUnavailable",
    "EvaluationError": "AccessDenied",
    "InvalidCredentials": "AccessDenied",
    "NotFilterable": "AccessDenied",
    "PasswordExpired": "AccessDenied",
    "StepUpRequired": "AccessDenied",
    "UnclassifiedRoute": "AccessDenied",
}
_CODES_OF: Final = {
    "iam": {"InvalidArn": "InvalidInput"},
    "sts": {"InvalidArn": "ValidationError", "InvalidInput": "InvalidParameterValue"},
}
# AWS answers 401 to nobody; clients retry 429 and 5xx, and wait for nothing else.
_STATUSES: Final = {
    "AccessDenied": 403,
    "AuthenticationFailed": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as the wire tells it."""

    status: int
    code: str
    message: str
    decision_id: str | None = None


def fault_of(error: Exception, service: ServiceModel, operation: OperationModel | None = None) -> Fault:
    """The fault for an error. One that is not of iamkit's tree is logged, and its text is told to nobody."""
    if not isinstance(error, IamkitError):
        _log.error("an operation of the API failed: %s", kind_and_place(error))
        return Fault(500, "ServiceFailure", "the operation failed; see the log")
    code = _CODES_OF.get(service.service, {}).get(error.code) or _CODES.get(error.code, error.code)
    if operation is not None and code == _MALFORMED and code not in operation.errors:
        # Where policies are only looked at, AWS has one word for all that is wrong with what was sent.
        code = "InvalidInput"
    status = service.statuses.get(code) or _STATUSES.get(code, error.status)
    message = error.message
    if isinstance(error, ConfigurationError | ServiceUnavailable):
        _log.error("a request of the API was not answered: %s", error)
        status, message = 503, "the request cannot be answered at the moment; try again later"
    return Fault(status, code, message, error.decision_id if isinstance(error, AccessDenied) else None)
