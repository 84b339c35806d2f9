"""The shape of an audit event (CAP App. B)."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.audit.event import Actor, Event, Origin, new_event
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

ACCOUNT = "111122223333"
AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)

# The members that CloudTrail's record has in every event.
REQUIRED = {
    "eventTime",
    "eventVersion",
    "userIdentity",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
    "eventType",
    "recipientAccountId",
    "eventCategory",
}


def _event(actor: Actor | None = None, **more: Any) -> Event:
    given: dict[str, Any] = {
        "at": AT,
        "account": ACCOUNT,
        "actor": actor
        or Actor("IAMUser", "AIDAJEFF", f"arn:aws:iam::{ACCOUNT}:user/jeff", ACCOUNT, "AKIA1", "jeff"),
        "source": "iam.amazonaws.com",
        "name": "CreateUser",
        "read_only": False,
        **more,
    }
    return new_event(Ids(), **given)


def _body(actor: Actor | None = None, **more: Any) -> dict[str, Any]:
    return _event(actor, **more).as_data()


def test_every_required_member_is_present() -> None:
    """An event with the least one can say has all of CloudTrail's members, null where there is nothing."""
    body = _body()

    assert body.keys() >= REQUIRED
    assert body["requestParameters"] is None
    assert body["responseElements"] is None
    assert body["sourceIPAddress"] == "internal"
    assert body["awsRegion"] == "global"


def test_optional_members_are_absent_rather_than_empty() -> None:
    """What did not happen is not mentioned."""
    body = _body()

    assert not body.keys() & {"errorCode", "errorMessage", "additionalEventData", "resources", "iamkit"}
    assert _body(Actor("Unknown"))["userIdentity"] == {"type": "Unknown"}


def test_who_and_where() -> None:
    """The identity has CloudTrail's names, the session's facts included."""
    actor = Actor(
        "AssumedRole",
        "AROA1:monday",
        "arn:x",
        ACCOUNT,
        "ASIA1",
        session={"mfaAuthenticated": "true"},
        operator="root",
    )

    body = _body(actor, origin=Origin("192.0.2.1", "curl/8", "req-1"))

    assert body["userIdentity"] == {
        "type": "AssumedRole",
        "principalId": "AROA1:monday",
        "arn": "arn:x",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIA1",
        "sessionContext": {"attributes": {"mfaAuthenticated": "true"}},
        "invokedBy": "root",
    }
    assert (body["sourceIPAddress"], body["userAgent"], body["requestID"]) == ("192.0.2.1", "curl/8", "req-1")


def test_when() -> None:
    """The time is UTC, to the second, with a Z, whatever zone it was told in."""
    assert _body()["eventTime"] == "2026-03-01T12:30:15Z"
    assert _body(at=AT.astimezone(timezone(timedelta(hours=-5))))["eventTime"] == "2026-03-01T12:30:15Z"


def test_ids_are_unique_uuids() -> None:
    """The event id is a version-4 UUID of its own, and stands in for a missing request id."""
    first, second = _body(), _body()

    assert first["eventID"] != second["eventID"]
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first["eventID"]
    )
    assert first["requestID"] == first["eventID"]


def test_the_fields_that_are_looked_up_agree_with_the_body() -> None:
    """A lookup finds the event under what its body says."""
    event = _event(error_code="AccessDenied", error_message="no")
    body = event.as_data()

    assert (event.event_id, event.event_name, event.event_source) == (
        body["eventID"],
        body["eventName"],
        body["eventSource"],
    )
    assert (event.user_name, event.access_key_id) == ("jeff", "AKIA1")
    assert (event.error_code, body["errorCode"], body["errorMessage"]) == (
        "AccessDenied",
        "AccessDenied",
        "no",
    )
    assert event.account == body["recipientAccountId"]
    assert event.event_time == AT


def test_a_failed_sign_in_has_a_message_without_a_code() -> None:
    """CloudTrail's ConsoleLogin says `Failed authentication` and no code."""
    body = _body(name="ConsoleLogin", event_type="AwsConsoleSignIn", error_message="Failed authentication")

    assert body["errorMessage"] == "Failed authentication"
    assert "errorCode" not in body


def test_management_and_data_events() -> None:
    """The category follows from whether a management operation is told of."""
    assert (_body()["managementEvent"], _body()["eventCategory"]) == (True, "Management")
    data = _body(management=False)
    assert (data["managementEvent"], data["eventCategory"]) == (False, "Data")


def test_resources_are_told_with_their_account() -> None:
    """Each ARN stands with the account it was asked in."""
    assert _body(resources=("arn:aws:iam::1:user/x",))["resources"] == [
        {"ARN": "arn:aws:iam::1:user/x", "accountId": ACCOUNT}
    ]


@pytest.mark.parametrize("member", ["userAgent", "errorMessage", "errorCode", "requestID"])
def test_texts_are_cut_to_a_kilobyte(member: str) -> None:
    """An oversized text from outside is cut, not refused: the event itself must not be lost."""
    long = "x" * 5000

    body = _body(origin=Origin(user_agent=long, request_id=long), error_code=long, error_message=long)

    assert body[member] == "x" * 1024


def test_parameters_end_at_a_hundred_kilobytes() -> None:
    """What fits is kept whole; what does not is named as left out."""
    fits = {"a": "x" * 100_000}

    assert _body(request_parameters=fits)["requestParameters"] == fits
    cut = _body(request_parameters={"a": "x" * 200_000}, response_elements={"b": "x" * 200_000})
    assert cut["requestParameters"].keys() == cut["responseElements"].keys() == {"iamkit:omitted"}


def test_an_event_fits_into_cloudtrails_limit() -> None:
    """However much is told, the whole stays within 256 KB."""
    much = {"a": "x" * 1_000_000}
    nearly = {"a": "x" * 99_000}
    long = "x" * 9000

    for parameters in (much, nearly):
        event = _event(
            Actor("IAMUser", long, long, long, long, long),
            request_parameters=parameters,
            response_elements=parameters,
            additional=much,
            iamkit=much,
            resources=["arn:" + "x" * 9000] * 1000,
            error_code="x" * 9000,
            error_message="x" * 9000,
        )
        assert len(event.body) <= 256 * 1024


evil = st.text(
    alphabet=st.sampled_from(["a", "\n", "\r", "\x1b", "\x00", "\x7f", "\x9b", "\u2028", "\ud800"]),
    max_size=8,
)


@given(evil)
@settings(max_examples=50)
def test_no_text_breaks_out_of_its_line(text: str) -> None:
    """Control characters and line separators are escaped in the body and in looked-up fields (THR-X1)."""
    event = _event(
        Actor("IAMUser", text, text, text, text, text, {"k": text}, {"k": text}, text, text),
        origin=Origin("internal", text, text),
        request_parameters={"k": text, text: [text]},
        error_code=text,
        error_message=text,
        additional={"k": text},
        resources=(text,),
        iamkit={"k": text},
    )

    for line in (event.body, event.user_name, event.access_key_id, event.error_code or "-"):
        assert line == "" or line.isprintable()
    with MemoryStore().write() as unit:
        unit.add(event)


def test_an_unforeseen_value_is_kept_as_its_type_only() -> None:
    """An object that slipped in does not show what it holds."""

    class Key:
        def __repr__(self) -> str:
            return "hunter2"

        __str__ = __repr__

    body = _body(request_parameters={"key": Key(), "raw": b"hunter2", "nested": [{"k": Key()}]})

    assert "hunter2" not in json.dumps(body)
    assert body["requestParameters"] == {"key": "(Key)", "raw": "(bytes)", "nested": [{"k": "(Key)"}]}


def test_ordinary_values_are_kept_as_they_are() -> None:
    """Read-only mappings, tuples, sets, instants and odd numbers have a form in JSON."""
    tags: Mapping[str, str] = types.MappingProxyType({"team": "a"})

    body = _body(
        request_parameters={
            "tags": tags,
            "list": ("a", 1, True, None),
            "set": {"x"},
            "at": AT,
            "n": float("nan"),
        }
    )

    assert body["requestParameters"] == {
        "tags": {"team": "a"},
        "list": ["a", 1, True, None],
        "set": ["x"],
        "at": AT.isoformat(),
        "n": "nan",
    }
