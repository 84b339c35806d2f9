"""Every operation by its action: who is let in, what cannot be read, and a desk that stands elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.api.app import ManagementAPI
from iamkit.api.remote import RemoteDesk
from iamkit.client.client import Client, NoAnswer, Response
from iamkit.client.signer import Signer
from iamkit.clock import SystemClock
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.errors import (
    AccessDenied,
    EntityAlreadyExists,
    IamkitError,
    InvalidArn,
    MalformedPolicyDocument,
    ServiceUnavailable,
    StoreUnavailable,
    Throttling,
    ValidationError,
)
from iamkit.kit import IAM
from iamkit.management import access_keys, login_profiles, policies, users, wire, wire_faults
from iamkit.policy.request import ContextValue

HOST = "http://api.test"
PASSWORD = "a quiet harbour at dawn"
JSON = {"content-type": "application/json"}
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "a:b", "Resource": "*"}]}'


class Wire:
    """Sends requests to the API, signed or not."""

    def __init__(self, iam: IAM, key: tuple[str, str]) -> None:
        self.iam = iam
        self.key = key
        self._send = httpx2.Client(transport=httpx2.WSGITransport(app=ManagementAPI(iam).wsgi))

    def __call__(
        self, action: str, body: bytes = b"{}", *, key: tuple[str, str] | None = None, method: str = "POST"
    ) -> httpx2.Response:
        """A signed request."""
        url = f"{HOST}/operations" + (f"/{action}" if action else "")
        key_id, secret = key or self.key
        signer = Signer(key_id, Secret(secret), "iam", "us-east-1")
        fields = {**JSON, **signer.sign(method, url, JSON, body, now=SystemClock().now())}
        return self._send.request(method, url, content=body, headers=fields)

    def bare(self, action: str, **fields: str) -> httpx2.Response:
        """A request with the given fields only."""
        return self._send.post(f"{HOST}/operations/{action}", content=b"{}", headers={**JSON, **fields})


class Straight(Client):
    """A client whose requests go to the app without a socket."""

    def __init__(self, wire: Wire, key: tuple[str, str]) -> None:
        super().__init__(HOST, *key, service="iam")
        self._wire, self._key = wire, key

    def request(self, method: str, path: str, *, json: object = None, **_more: Any) -> Response:
        """See `Client.request`."""
        body = b"" if json is None else json_of(json)
        answer = self._wire(path.removeprefix("/operations").lstrip("/"), body, key=self._key, method=method)
        return Response(answer.status_code, {}, answer.content)


def json_of(value: object) -> bytes:
    """As a client sends it."""
    return json.dumps(value).encode()


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Wire]:
    """An API and its administrator's key."""
    with IAM(tmp_path / "data", entry_points=False, password_cost=CHEAPEST, development=True) as iam:
        made = iam.initialize()
        iam.desk(iam.operator()).do(
            login_profiles.create_login_profile, user_name="administrator", password=Secret(PASSWORD)
        )
        yield Wire(iam, (made.key.key.key_id, made.key.secret.reveal()))


def _code(answer: httpx2.Response) -> str:
    code: str = answer.json()["error"]["code"]
    return code


def test_an_operation_is_done(sent: Wire) -> None:
    """For its caller only; who the caller is can be asked."""
    answer = sent("iam:CreateUser", b'{"user_name": "ana"}')

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["result"]["name"] == "ana"
    assert sent("", b"", method="GET").json()["introduction"]["name"] == "administrator"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("iam:Nonsense", b"{}"),
        ("nonsense:CreateUser", b"{}"),
        ("iam:CreateUser", b"{}"),
        ("iam:CreateUser", b"[]"),
        ("iam:CreateUser", b"nonsense"),
        ("iam:CreateUser", b'{"user_name": 7}'),
        ("iam:CreateUser", b'{"user_name": null}'),
        ("iam:CreateUser", b'{"user_name": "ana", "work": {}}'),
        ("iam:CreateUser", b'{"user_name": "ana", "UserName": "ben"}'),
        ("iam:CreateUser", b'{"user_name": "ana", "user_name": "ben"}'),
        ("iam:CreateUser", b'{"user_name": "\\ud800"}'),
        ("iam:CreateUser", b'{"user_name": "ana", "tags": {"a": 1}}'),
        ("iam:CreateUser", b'{"user_name": "ana", "tags": [["a", "b"]]}'),
        ("iam:ListUsers", b'{"max_items": 1e400}'),
        ("iam:ListUsers", b'{"max_items": NaN}'),
        ("iam:ListUsers", b'{"max_items": true}'),
        ("iam:ListUsers", b'{"max_items": 99999999999999999999999}'),
        ("iam:ListUsers", b"[" * 100_000),
        ("iamkit:ImportUsers", b'{"users": [{"user_name": "a", "admin": true}]}'),
        (
            "iamkit:WhoCan",
            b'{"action_name": "a:b", "resource_arn": "*", "context_entries": {"a:b": {"c": 1}}}',
        ),
        ("iam:SimulateCustomPolicy", b'{"policy_input_list": "{}", "action_names": []}'),
    ],
)
def test_what_cannot_be_read_is_a_4xx(sent: Wire, action: str, body: bytes) -> None:
    """And changes nothing."""
    answer = sent(action, body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]
    assert len(sent.iam.desk(sent.iam.operator()).do(users.list_users).items) == 1


def test_who_is_not_known_is_refused(sent: Wire) -> None:
    """Without a credential, with another's secret, by a browser's cookie, as the host's operator."""
    session = sent.iam.sign_in("administrator", PASSWORD)
    cookie = sent.iam.session_cookie(session).partition(";")[0]
    wrong = sent("iam:ListUsers", key=(sent.key[0], "x" * 40))

    assert _code(sent.bare("iam:ListUsers")) == "MissingAuthenticationToken"
    assert _code(wrong) == "SignatureDoesNotMatch"
    assert sent.bare("iam:ListUsers", cookie=cookie).status_code in (401, 403)
    assert sent.bare("iam:ListUsers", cookie=cookie, origin=HOST).status_code in (401, 403)
    assert _code(sent("iamkit:CreateSetupLink", b'{"account_id": "111122223333"}')) == "AccessDenied"


def test_other_methods_do_nothing(sent: Wire) -> None:
    """An operation is a POST, the caller's name a GET."""
    assert sent("iam:ListUsers", method="GET").status_code == 400
    assert sent("iam:CreateUser", b'{"user_name": "ana"}', method="PUT").status_code == 400
    assert sent("", method="POST").status_code == 400


def test_a_desk_elsewhere_is_a_desk(sent: Wire) -> None:
    """Results are what the desk gives, errors are of the same class with what they carry."""
    desk = RemoteDesk(Straight(sent, sent.key))
    made = desk.do(users.create_user, user_name="ana", tags={"team": "one"})
    key = desk.do(access_keys.create_access_key, user_name="ana")
    ana = RemoteDesk(Straight(sent, (key.key.key_id, key.secret.reveal())))

    assert made == sent.iam.desk(sent.iam.operator()).do(users.get_user, user_name="ana")
    assert key.key.sealed == b""
    assert ana.introduction().name == "ana"
    with pytest.raises(EntityAlreadyExists, match="`ana`"):
        desk.do(users.create_user, user_name="ana")
    with pytest.raises(AccessDenied) as denied:
        ana.do(users.create_user, user_name="ben")
    assert denied.value.decision_id
    with pytest.raises(MalformedPolicyDocument) as malformed:
        desk.do(policies.create_policy, policy_name="p", policy_document=POLICY)
    assert malformed.value.problems
    with pytest.raises(InvalidArn) as arn:
        desk.do(policies.get_policy, policy_arn="arn:aws:iam:123456789012:policy/a")
    assert arn.value.suggestion


def test_a_fault_of_the_server_tells_nothing(sent: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 for what passes, 500 for what does not; the reason is in the log only."""
    faults = iter([StoreUnavailable("the disk is full"), RuntimeError("a secret")])

    def failing(*_arguments: object, **_more: object) -> object:
        raise next(faults)

    desk = RemoteDesk(Straight(sent, sent.key))
    monkeypatch.setattr("iamkit.kit.IAM.desk", failing)

    with pytest.raises(ServiceUnavailable) as away:
        desk.do(users.list_users)
    with pytest.raises(IamkitError) as broken:
        desk.do(users.list_users)
    assert "disk" not in str(away.value)
    assert "secret" not in str(broken.value)
    assert broken.value.code == "InternalFailure"


class Answering(Client):
    """A client that is answered by one thing."""

    def __init__(self, answer: Response | NoAnswer) -> None:
        super().__init__(HOST, "AKIA", "x")
        self._answer = answer

    def request(self, *_arguments: object, **_more: object) -> Response:
        """See `Client.request`."""
        if isinstance(self._answer, NoAnswer):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {}, b"<html>"),
        Response(200, {}, b'{"result": {"name": 7}}'),
        Response(200, {}, b'{"result": null}'),
        Response(302, {"location": "https://elsewhere.test"}, b""),
        Response(502, {}, b"bad gateway"),
        Response(400, {}, b'{"error": "nonsense"}'),
        Response(429, {}, b'{"error": {"kind": "Throttling", "code": "Throttling", "message": "m"}}'),
        Response(200, {}, b"[" * 100_000),
    ],
)
def test_an_answer_of_somebody_else_is_said_to_be_one(answer: Response) -> None:
    """Whatever stands at the address."""
    with pytest.raises(ServiceUnavailable):
        RemoteDesk(Answering(answer)).do(users.get_user, user_name="ana")


def test_an_error_that_is_not_known_is_told_in_general() -> None:
    """By its code if that is known, else with its code in the message."""
    newer = {"error": {"kind": "Newer", "code": "AccessDenied", "message": "m", "decision_id": "d"}}
    strange = {"error": {"kind": "Strange", "code": "Strange", "message": "m"}}

    with pytest.raises(AccessDenied):
        RemoteDesk(Answering(Response(403, {}, json_of(newer)))).do(users.list_users)
    with pytest.raises(IamkitError, match=r"m \(Strange\)"):
        RemoteDesk(Answering(Response(400, {}, json_of(strange)))).do(users.list_users)


def test_a_write_without_an_answer_is_said_to_be_uncertain() -> None:
    """A reading one, or one that was never sent, is not."""
    lost = RemoteDesk(Answering(NoAnswer("nobody", sent=True)))
    unsent = RemoteDesk(Answering(NoAnswer("nobody", sent=False)))

    with pytest.raises(ServiceUnavailable, match="is not known"):
        lost.do(users.create_user, user_name="ana")
    for desk, operation in ((lost, users.list_users), (unsent, users.list_users)):
        with pytest.raises(NoAnswer) as caught:
            desk.do(operation)
        assert "is not known" not in str(caught.value)


CONTEXT = st.dictionaries(
    st.text(min_size=1, max_size=9).map(str.casefold),
    st.one_of(
        st.text(max_size=9),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.datetimes(timezones=st.timezones()).filter(lambda at: at.microsecond == at.microsecond),
        st.binary(max_size=9),
        st.lists(st.text(max_size=9), max_size=3).map(tuple),
    ),
    max_size=5,
)


@given(CONTEXT)
def test_every_value_of_a_context_survives(values: dict[str, Any]) -> None:
    """Of the same type, too."""
    hint = dict[str, ContextValue]
    back = wire.into(hint, json.loads(json.dumps(wire.out(hint, values), allow_nan=False)), "context")

    assert back == values
    assert [type(each) for each in back.values()] == [type(each) for each in values.values()]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_is_sent_is_read_or_refused(data: Any) -> None:
    """Nothing else happens, for parameters and for errors."""
    for operation in (users.create_user, users.list_users):
        with suppress(ValidationError):
            wire.arguments_in(operation, data)
    with suppress(ValidationError):
        wire_faults.fault_in(data)


def test_throttling_says_when_to_come_back() -> None:
    """Also elsewhere."""
    back = wire_faults.fault_in(wire_faults.fault_out(Throttling("later", retry_after=7)))

    assert isinstance(back, Throttling)
    assert back.retry_after == 7
