"""The endpoint that hands out credentials: AWS's SDK takes them and comes again; nobody else gets any."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import ContainerProvider
from botocore.exceptions import CredentialRetrievalError

from iamkit.errors import AccessDenied, ServiceUnavailable
from iamkit.ids import Ids
from iamkit.web.credentials_endpoint import CredentialsEndpoint


class Giver:
    """Gives other credentials each time, and can stop."""

    def __init__(self) -> None:
        self.times = 0
        self.fault: Exception | None = None
        self.life = timedelta(minutes=1)

    def __call__(self) -> Mapping[str, str]:
        if self.fault is not None:
            raise self.fault
        self.times += 1
        return {
            "AccessKeyId": f"ASIA{self.times:016}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": (datetime.now(UTC) + self.life).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@pytest.fixture
def giver() -> Giver:
    return Giver()


@pytest.fixture
def endpoint(giver: Giver) -> Iterator[CredentialsEndpoint]:
    with CredentialsEndpoint(giver, Ids()) as made:
        yield made


def test_botocore_takes_them_and_comes_again(endpoint: CredentialsEndpoint, giver: Giver) -> None:
    """Its own chain's provider, by the two variables; what is about to end is replaced before it does."""
    found = ContainerProvider(endpoint.environment).load()

    assert found is not None
    first = found.get_frozen_credentials()
    assert first.access_key.startswith("ASIA")
    assert first.token == "token"
    again = found.get_frozen_credentials()
    assert again.access_key != first.access_key

    giver.life = timedelta(hours=1)
    lasting = found.get_frozen_credentials()
    assert found.get_frozen_credentials() == lasting


def test_what_is_refused_is_told_to_the_client(endpoint: CredentialsEndpoint, giver: Giver) -> None:
    """As an error of the SDK, with the code; other faults tell nothing."""
    giver.fault = AccessDenied("role `r` does not trust this")
    with pytest.raises(CredentialRetrievalError, match="AccessDenied"):
        ContainerProvider(endpoint.environment).load()
    assert _asked(endpoint)[0] == 400
    giver.fault = ServiceUnavailable("later")
    assert _asked(endpoint)[0] == 503
    giver.fault = RuntimeError("the secret is hunter2")
    status, body = _asked(endpoint)
    assert status == 500
    assert "hunter2" not in body


@pytest.mark.parametrize(
    "bent",
    [
        {"Authorization": ""},
        {"Authorization": "x"},
        {"Authorization": "é"},
        {"Host": "evil.example"},
        {"Host": "localhost"},
        {"Host": ""},
    ],
)
def test_nobody_else_is_given_any(
    endpoint: CredentialsEndpoint, giver: Giver, bent: Mapping[str, str]
) -> None:
    """Neither without the token nor by another name, as a page in a browser would come."""
    assert _asked(endpoint, **bent)[0] == 403
    assert giver.times == 0


def test_other_paths_and_methods_are_nothing(endpoint: CredentialsEndpoint, giver: Giver) -> None:
    """Only GET of the one path; answers are kept by nobody, and the token is shown by nothing."""
    assert _asked(endpoint, path="/")[0] == 404
    assert _asked(endpoint, method="POST")[0] == 501
    assert giver.times == 0
    token = endpoint.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert token not in repr(endpoint) + repr(vars(endpoint))


def _asked(
    endpoint: CredentialsEndpoint, *, path: str = "/credentials", method: str = "GET", **fields: str
) -> tuple[int, str]:
    environment = endpoint.environment
    address = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].split("/")[2]
    sent = {"Host": address, "Authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"], **fields}
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in sent.items():
        connection.putheader(name, value.encode("utf-8"))
    connection.endheaders()
    answer = connection.getresponse()
    try:
        assert answer.status == 501 or answer.getheader("Cache-Control") == "no-store"
        return answer.status, answer.read().decode()
    finally:
        connection.close()
