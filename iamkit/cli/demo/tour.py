"""The tour: the story's requests, made for real over HTTP to both apps, and what came of them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iamkit.cli.demo.cast import Cast
from iamkit.cli.demo.servers import HOST, Server
from iamkit.cli.demo.story import STATUS, STEPS, Expected, Step
from iamkit.errors import NoSuchEntity
from iamkit.gate.why import Told
from iamkit.kit import IAM
from iamkit.policy.decision import Outcome

_PATIENCE_SECONDS: Final = 10.0

_OUTCOMES: Final[Mapping[str, Expected]] = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "explicit deny",
    Outcome.IMPLICIT_DENY: "implicit deny",
}
# Refused before or without a policy: what the answer must look like instead of a decision.
_BY_STATUS: Final[frozenset[Expected]] = frozenset(("401", "public"))


@dataclass(frozen=True, slots=True)
class Row:
    """One request and what came of it. `outcome` is what happened, in the words of the story."""

    app: str
    step: Step
    status: int
    outcome: str
    decided_by: str
    decision_id: str

    @property
    def as_expected(self) -> bool:
        return self.outcome == self.step.expected and self.status in STATUS[self.step.expected]


def run(iam: IAM, cast: Cast, servers: Sequence[Server]) -> list[Row]:
    """Make every request of the story to every app, and look each decision up in the record."""
    answers = [(server, step, _ask(iam, server, step, cast)) for server in servers for step in STEPS]
    iam.decisions.flush()
    return [_row(iam, server, step, *answer) for server, step, answer in answers]


def _ask(iam: IAM, server: Server, step: Step, cast: Cast) -> tuple[int, str, str]:
    """Status, decision id and problem code of one request."""
    body = step.body.encode("utf-8")
    headers = {"host": f"{HOST}:{server.port}"}
    if step.who == "ana":
        # As a browser, which says where a request comes from.
        headers |= {"cookie": _signed_in(server, cast), "origin": server.url}
    elif step.who != "nobody":
        signer = cast.signers[step.who]
        headers = signer.sign(step.method, f"{server.url}{step.path}", {}, body, now=iam.clock.now())
    status, received, content = _send(server, step.method, step.path, headers, body)
    code = ""
    if received.get("content-type", "").startswith("application/problem+json"):
        code = str(json.loads(content).get("type", "")).rsplit(":", 1)[-1]
    return status, received.get("x-iamkit-decision", ""), code


def _send(
    server: Server, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    try:
        connection.request(method, path, body=body or None, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def _signed_in(server: Server, cast: Cast) -> str:
    """Ana's cookie: she signs in with her password as a browser would."""
    form = json.dumps({"name": "ana", "password": cast.ana_password.reveal()}).encode()
    headers = {"content-type": "application/json", "origin": server.url}
    _, received, _ = _send(server, "POST", "/sign-in", headers, form)
    return received.get("set-cookie", "").split(";", 1)[0]


def _row(iam: IAM, server: Server, step: Step, status: int, decision_id: str, code: str) -> Row:
    outcome, decided_by = str(status), ""
    if step.expected in _BY_STATUS and status in STATUS[step.expected]:
        outcome = step.expected
    if decision_id:
        outcome, decided_by = _decided(iam, decision_id, outcome)
        if code == "UnclassifiedRoute":
            outcome, decided_by = "undeclared", "the route declares nothing"
    return Row(server.kind, step, status, outcome, decided_by, decision_id)


def _decided(iam: IAM, decision_id: str, outcome: str) -> tuple[str, str]:
    told = _told(iam, decision_id)
    if told is None:
        return "not recorded", ""
    if told.explanation is None:
        return outcome, told.record.error or ""
    decision = told.explanation.decision
    words = _OUTCOMES[decision.outcome]
    if outcome == "401":
        words = "401"
    if decision.determining:
        return words, str(decision.determining[0])
    return words, f"no {decision.layer} allows it" if decision.layer else ""


def _told(iam: IAM, decision_id: str) -> Told | None:
    """A decision of a server, which writes its decisions in groups, a moment after it has answered."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return iam.why(decision_id)
        except NoSuchEntity:
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.02)
