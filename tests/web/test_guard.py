"""The guard by itself: every answer is a value, and what goes wrong is a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from iamkit.errors import ConfigurationError, ServiceUnavailable
from iamkit.gate.verdict import Refusal
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.web.guard import Admission, Endpoint, Guard, bare_response, gate_of, unreadable_request
from iamkit.web.marker import Marker, marker_of, public, require

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate


def request(name: str = "", *, scheme: str = "Bearer", body: bytes | None = None) -> HttpRequest:
    headers = Headers((("authorization", f"{scheme} {name}"),)) if name else Headers()
    return HttpRequest("GET", "http", "app", "/x", "/x", "", headers, body=body)


def mark(*args: Any, **kwargs: Any) -> Marker | None:
    return marker_of(require(*args, **kwargs)(lambda: None))


def checked(
    gate: MemoryGate, name: str, marker: Marker | None, parameters: Mapping[str, object] | None = None
) -> Refusal | None:
    guard = Guard(gate)
    admission = guard.admit(request(name))
    assert isinstance(admission, Admission)
    return guard.check(admission, Endpoint("app.view", marker, parameters or {}))


def test_an_allow_is_no_refusal(gate: MemoryGate) -> None:
    """None means that the endpoint may run, and the decision was recorded with its context."""
    marker = mark("docs:Read", "doc/{doc_id}", context={"docs:Folder": "{folder}"})

    assert checked(gate, "bob", marker, {"doc_id": 1, "folder": "f"}) is None
    assert gate.contexts == [{"docs:Folder": "f"}]


def test_the_account_is_the_credentials(gate: MemoryGate) -> None:
    """A parameter cannot reach another account's resource."""
    checked(gate, "bob", mark("docs:Read", "doc/{doc_id}"), {"doc_id": "x:999999999999:y"})

    assert gate.recorded[-1][2] == "arn:aws:docs::111122223333:doc/x%3A999999999999%3Ay"


def test_without_a_resource_everything_is_asked(gate: MemoryGate) -> None:
    """An action of the account is asked on `*`."""
    assert checked(gate, "alice", mark("docs:List")) is None
    assert gate.recorded == [("alice", "docs:List", "*", True)]


def test_denials_differ_by_who_asks(gate: MemoryGate) -> None:
    """Nobody gets a challenge, somebody a denial, and a hidden endpoint is not there for somebody."""
    anonymous, known = checked(gate, "", mark("docs:List")), checked(gate, "carol", mark("docs:List"))
    hidden = checked(gate, "carol", mark("docs:List", hidden=True))

    assert anonymous is not None
    assert (anonymous.status, anonymous.error.code) == (401, "MissingAuthenticationToken")
    assert anonymous.challenges == gate.challenges()
    assert known is not None
    assert (known.status, known.error.code, known.decision_id) == (403, "AccessDenied", "d_2")
    assert hidden is not None
    assert (hidden.status, hidden.hidden) == (404, True)


def test_a_missing_parameter_is_a_denial_that_the_log_explains(
    gate: MemoryGate, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is asked of the gate, and the client is not told of the mistake."""
    refusal = checked(gate, "alice", mark("docs:Read", "doc/{doc_id}"), {"id": "1"})

    assert refusal is not None
    assert refusal.status == 403
    assert "doc_id" not in refusal.error.message
    assert "`doc_id`" in caplog.text
    assert gate.recorded == []


def test_undeclared_is_unclassified_and_groups_open_by_name(
    gate: MemoryGate, caplog: pytest.LogCaptureFixture
) -> None:
    """The fix is in the log: the name to put into `public`."""
    admission = Guard(gate, public={"docs"}).admit(request("alice"))
    assert isinstance(admission, Admission)
    guard = admission.guard

    refusal = guard.check(admission, Endpoint("files", None, {}, "static"))

    assert refusal is not None
    assert refusal.error.code == "UnclassifiedRoute"
    assert "public={'static'}" in caplog.text
    assert guard.check(admission, Endpoint("pages", None, {}, "docs")) is None
    assert guard.check(admission, Endpoint("app.view", marker_of(public(lambda: None)))) is None


def test_a_body_is_asked_for_once(gate: MemoryGate) -> None:
    """An authenticator that asks again after it was given the body is broken: 503."""
    guard = Guard(gate)
    assert guard.admit(request("alice", scheme="Body")) == NeedsBody(16)
    assert isinstance(guard.admit(request("alice", scheme="Body", body=b"")), Admission)

    gate.admit = lambda request: NeedsBody(16)  # type: ignore[method-assign]
    refused = guard.admit(request("alice", body=b""))

    assert isinstance(refused, Refusal)
    assert refused.status == 503


def test_whatever_is_raised_is_a_refusal(gate: MemoryGate, caplog: pytest.LogCaptureFixture) -> None:
    """While admitting, while deciding, while recording: never a pass, and logged once, by kind and place."""
    guard = Guard(gate)
    admission = guard.admit(request("alice"))
    assert isinstance(admission, Admission)

    def broken(*args: object, **kwargs: object) -> Any:
        raise KeyError("cause")

    gate.authorize = gate.note_unclassified = broken  # type: ignore[method-assign]
    gate.admit = broken  # type: ignore[method-assign]

    refusals = [
        guard.admit(request("alice")),
        guard.check(admission, Endpoint("v", mark("docs:List"))),
        guard.check(admission, Endpoint("v", None)),
    ]

    for refusal in refusals:
        assert isinstance(refusal, Refusal)
        assert isinstance(refusal.error, ServiceUnavailable)
    assert caplog.text.count("KeyError at test_guard.py:") == 3
    assert "cause" not in caplog.text


def test_a_page_that_cannot_be_made_is_replaced_by_a_bare_one(
    gate: MemoryGate, caplog: pytest.LogCaptureFixture
) -> None:
    """A plugin that raises does not turn a refusal into an error page of the server."""

    def broken(refusal: Refusal) -> Any:
        raise RuntimeError("template")

    gate.refuse = broken  # type: ignore[method-assign]
    refusal = checked(gate, "", mark("docs:List"))
    assert refusal is not None

    answer = Guard(gate).response(refusal)

    assert answer.status == 401
    assert b"urn:iamkit:error:MissingAuthenticationToken" in answer.body
    assert len([name for name, _ in answer.headers if name == "WWW-Authenticate"]) == 2
    assert "template" not in caplog.text
    assert "RuntimeError at test_guard.py:" in caplog.text


def test_a_bare_answer_hides_what_is_hidden() -> None:
    """Nothing of the real error, and no body to HEAD."""
    refusal = Refusal(unreadable_request("HEAD", "x\n"), ServiceUnavailable("x"), hidden=True)

    assert bare_response(refusal).status == 404
    assert bare_response(refusal).body == b""


def test_a_gate_is_found_in_an_iam_or_is_itself(gate: MemoryGate) -> None:
    """`protect(app, iam)` and `protect(app, iam.gate)` are the same."""

    class Iam:
        def __init__(self, gate: MemoryGate) -> None:
            self.gate = gate

    assert gate_of(Iam(gate)) is gate
    assert gate_of(gate) is gate


def test_public_is_a_set_of_names(gate: MemoryGate) -> None:
    """A single text would be read as its letters."""
    with pytest.raises(ConfigurationError, match="set of names"):
        Guard(gate, public="docs")


def test_a_group_that_is_opened_opens_nothing_that_asks_for_an_action(gate: MemoryGate) -> None:
    """What the endpoint says of itself goes before what its group is opened for."""
    guard = Guard(gate, public={"admin"})
    admission = guard.admit(request("carol"))
    assert isinstance(admission, Admission)

    refusal = guard.check(admission, Endpoint("admin.index", mark("docs:Administer"), {}, "admin"))

    assert refusal is not None
    assert refusal.status == 403
