"""Every error of iamkit's tree as AWS's clients see it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from iamkit import errors
from iamkit.api.faults import fault_of
from iamkit.api.model import Models
from iamkit.errors import (
    AccessDenied,
    EvaluationError,
    IamkitError,
    InvalidArn,
    MalformedPolicyDocument,
    ServiceUnavailable,
    Throttling,
)

TREE = [
    found
    for found in vars(errors).values()
    if inspect.isclass(found) and issubclass(found, IamkitError) and found is not IamkitError
]


def _made(kind: type[IamkitError]) -> IamkitError:
    more: dict[str, Any] = {"retry_after": 3} if issubclass(kind, Throttling) else {}
    return kind("something is wrong", **more)


@pytest.mark.parametrize("service", ["iam", "sts"])
@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_only_what_cannot_be_answered_is_tried_again(
    models: Models, kind: type[IamkitError], service: str
) -> None:
    """5xx for a part that is missing; 401 and 429 for nothing, which clients would wait for or not know."""
    fault = fault_of(_made(kind), models.services[service])

    if issubclass(kind, (ServiceUnavailable, errors.ConfigurationError)):
        assert (fault.status, fault.code) == (503, "ServiceUnavailable")
        assert "something is wrong" not in fault.message
    else:
        assert 400 <= fault.status < 500
        assert fault.status not in (401, 429)
        assert fault.message == "something is wrong"
    assert fault.code in models.services[service].statuses or fault.code.isalnum()


def test_a_modelled_code_has_its_status(models: Models) -> None:
    """Of each service."""
    for service in models.services.values():
        for kind in TREE:
            fault = fault_of(_made(kind), service)
            assert fault.status == service.statuses.get(fault.code, fault.status)


def test_another_error_is_told_of_to_the_log_only(models: Models, caplog: pytest.LogCaptureFixture) -> None:
    """500, and neither answer nor log quotes it."""
    fault = fault_of(ValueError("the secret is hunter2"), models.services["iam"])

    assert (fault.status, fault.code) == (500, "ServiceFailure")
    assert "hunter2" not in fault.message + caplog.text
    assert "ValueError" in caplog.text


def test_awss_words_where_they_differ(models: Models) -> None:
    """By service, and by what an operation's model has."""
    iam, sts = models.services["iam"], models.services["sts"]
    malformed = MalformedPolicyDocument("no")

    assert fault_of(InvalidArn("no"), iam).code == "InvalidInput"
    assert fault_of(InvalidArn("no"), sts).code == "ValidationError"
    assert fault_of(errors.InputError("no"), sts).code == "InvalidParameterValue"
    assert fault_of(malformed, iam, iam.operations["CreatePolicy"]).code == "MalformedPolicyDocument"
    assert fault_of(malformed, iam, iam.operations["SimulateCustomPolicy"]).code == "InvalidInput"
    assert fault_of(EvaluationError("no"), iam).code == "AccessDenied"
    assert fault_of(AccessDenied("no", decision_id="d1"), iam).decision_id == "d1"
