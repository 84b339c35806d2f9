"""The gate: what it decides, what it records, and that no fault on the way is ever an allow."""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from iamkit.audit.decision_log import DecisionLog, DecisionRecord
from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import (
    AccessDenied,
    EvaluationError,
    IamkitError,
    InvalidClientTokenId,
    NotInitialized,
    ServiceUnavailable,
    StepUpRequired,
    StoreUnavailable,
)
from iamkit.gate.context import ContextBuilder
from iamkit.gate.gate import UNCLASSIFIED, Gate
from iamkit.gate.origin import Proxies
from iamkit.gate.parts import Parts
from iamkit.gate.standing import Standing
from iamkit.gate.verdict import Refusal, Verdict
from iamkit.gate.why import why
from iamkit.http import HttpRequest, HttpResponse, NeedsBody
from iamkit.identity import documents
from iamkit.identity.deployment import Deployment
from iamkit.identity.principal import Principal
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.policy import EvaluationOptions
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import AttachedPolicy, CallerLayers, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import CallerKind, ContextValue
from iamkit.policy.step_up import StepUp

ACCOUNT = "111122223333"
HOME = "999988887777"
DOC = f"arn:aws:doc::{ACCOUNT}:doc/1"
OPTIONS = EvaluationOptions()
Make = Callable[..., Any]


@dataclass
class House:
    """A gate with everything around it in the test's hand. A fault is raised where it is set."""

    clock: FrozenClock
    nobody: Principal
    store: MemoryStore = field(default_factory=MemoryStore)
    proof: object = None
    resolved: Principal | None = None
    held: ResourceLayers = field(default_factory=ResourceLayers)
    supplied: tuple[AttachedPolicy, ...] = ()
    keys: Mapping[str, ContextValue] = field(default_factory=dict)
    fault: Mapping[str, Exception] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    sampling: float = 1.0
    capacity: int = 1000

    def __post_init__(self) -> None:
        self.log = DecisionLog(self.store, documents.keep_all, capacity=self.capacity)
        self.gate = self.another_gate()

    def another_gate(self, **changes: Any) -> Gate:
        given: dict[str, Any] = {
            "parts": self.parts,
            "plugin_policies": self.plugin_policies,
            "log": self.log,
            "clock": self.clock,
            "ids": Ids(),
            "render": self.render,
            "options": OPTIONS,
            "allow_sampling": self.sampling,
            **changes,
        }
        return Gate(**given)

    def _fail(self, where: str) -> None:
        if where in self.fault:
            raise self.fault[where]

    def parts(self) -> Parts:
        self._fail("parts")
        deployment = Deployment("deployment", "deployment_x", "aws", HOME, datetime(2026, 1, 1, tzinfo=UTC))
        proxies = Proxies((ip_network("10.0.0.1/32"),))
        contexts = ContextBuilder(self.clock, proxies, self.plugin_keys)
        standing = Standing(MemoryStore(), self, self, self.clock, HOME)
        return Parts(deployment, self, self, self, contexts, standing)

    def current(self, principal: Principal) -> Principal:
        return principal

    def authenticate(self, request: HttpRequest) -> Any:  # the gate's protocol
        self._fail("authenticate")
        return self.proof

    def resolve(self, authentication: Authentication) -> Principal:  # the gate's protocol
        self._fail("resolve")
        assert self.resolved is not None
        return self.resolved

    def anonymous(self) -> Principal:
        return self.nobody

    def layers(self, arn: str, account: str) -> ResourceLayers:
        self._fail("layers")
        self.asked.append((arn, account))
        return self.held

    def plugin_policies(self, arn: str) -> Sequence[AttachedPolicy]:  # the gate's protocol
        self._fail("plugin policies")
        return self.supplied

    def plugin_keys(
        self, request: HttpRequest | None, principal: Principal
    ) -> list[Mapping[str, ContextValue]]:
        self._fail("plugin keys")
        return [self.keys]

    def render(self, refusal: Refusal) -> HttpResponse:
        self._fail("render")
        return HttpResponse(refusal.status, (), b"no")

    def records(self) -> list[DecisionRecord]:
        self.log.flush()
        with self.store.read() as reader:
            return reader.find(DecisionRecord)

    def record(self) -> DecisionRecord:
        (only,) = self.records()
        return only


MakesHouse = Callable[..., House]


@pytest.fixture
def house(clock: FrozenClock, make_principal: Make) -> MakesHouse:
    """Makes a house with the parts that a test names."""
    return lambda **given: House(clock, make_principal(CallerKind.ANONYMOUS), **given)


# --- who ----------------------------------------------------------------------------------------------


def test_without_a_credential_a_caller_is_anonymous(house: MakesHouse, make_request: Make) -> None:
    """Nobody is a principal too, who can be asked about and holds nothing."""
    principal = house().gate.admit(make_request())

    assert isinstance(principal, Principal)
    assert principal.caller.kind is CallerKind.ANONYMOUS
    assert not principal.can("doc:Get", DOC)


def test_a_verified_credential_becomes_its_principal(
    house: MakesHouse, make_request: Make, allowing: Callable[[], Principal]
) -> None:
    """The principal can be asked through the gate that admitted it."""
    built = house(
        proof=Authentication(ACCOUNT, "AIDAJEFF", CredentialKind.ACCESS_KEY, "AKIA1"), resolved=allowing()
    )

    principal = built.gate.admit(make_request())

    assert isinstance(principal, Principal)
    assert principal.name == "jeff"
    assert principal.can("doc:Get", DOC)
    assert not principal.can("other:Get", DOC)


def test_an_authenticator_that_needs_the_body_says_so(house: MakesHouse, make_request: Make) -> None:
    """The answer is passed on to the adapter, and nobody is admitted yet."""
    assert house(proof=NeedsBody(10)).gate.admit(make_request()) == NeedsBody(10)


@pytest.mark.parametrize(
    ("where", "fault", "raised"),
    [
        ("authenticate", InvalidClientTokenId("no"), InvalidClientTokenId),
        ("authenticate", StoreUnavailable("away"), StoreUnavailable),
        ("resolve", StoreUnavailable("away"), StoreUnavailable),
        ("resolve", InvalidClientTokenId("disabled"), InvalidClientTokenId),
        ("resolve", EvaluationError("no longer parses"), EvaluationError),
        ("resolve", ZeroDivisionError(), ServiceUnavailable),
        ("resolve", KeyError("x"), ServiceUnavailable),
        ("parts", NotInitialized("run init"), NotInitialized),
    ],
)
def test_a_fault_on_the_way_in_admits_nobody(
    house: MakesHouse, make_request: Make, where: str, fault: Exception, raised: type[IamkitError]
) -> None:
    """Whatever fails, the caller is not taken for anonymous, and the answer is 401, 403 or 503."""
    built = house(proof=Authentication(ACCOUNT, "A", CredentialKind.SESSION, "S"), fault={where: fault})

    with pytest.raises(raised) as refused:
        built.gate.admit(make_request())

    assert refused.value.status in (401, 403, 503)


def test_another_sites_request_with_a_cookie_is_refused(
    house: MakesHouse, make_request: Make, allowing: Callable[[], Principal]
) -> None:
    """A cookie that a browser sent for another site is no credential, nor with an unreadable origin."""
    proof = Authentication(ACCOUNT, "AIDAJEFF", CredentialKind.SESSION, "S1", by_cookie=True)
    built = house(proof=proof, resolved=allowing())

    for origin in ("https://evil.example", "null", "http://["):
        with pytest.raises(AccessDenied):
            built.gate.admit(replace(make_request(("Origin", origin)), method="POST"))
    own = replace(make_request(("Origin", "https://app.example")), method="POST")
    assert isinstance(built.gate.admit(own), Principal)


# --- may they -------------------------------------------------------------------------------------------


def test_an_allow_is_true_and_a_denial_false(
    house: MakesHouse, make_principal: Make, allowing: Callable[[], Principal]
) -> None:
    """The truth of a verdict is whether it allows."""
    gate = house().gate

    assert gate.authorize(allowing(), "doc:Get", DOC)
    assert gate.authorize(allowing(), "doc:Get", DOC).allowed
    refused = gate.authorize(make_principal(), "doc:Get", DOC)
    assert not refused
    assert not refused.allowed
    assert not refused.decision
    assert refused.decision.outcome is Outcome.IMPLICIT_DENY


def test_an_explicit_deny_wins(
    house: MakesHouse, make_policy: Make, allowing: Callable[[], Principal]
) -> None:
    """A resource policy that the store holds, and one that a plugin supplies, each can refuse."""
    deny = make_policy("Deny", kind=PolicyKind.RESOURCE, Principal="*", Action="doc:Put")

    for built in (house(held=ResourceLayers(policies=(deny,))), house(supplied=(deny,))):
        assert built.gate.authorize(allowing(), "doc:Get", DOC)
        verdict = built.gate.authorize(allowing(), "doc:Put", DOC)
        assert verdict.decision.outcome is Outcome.EXPLICIT_DENY


def test_a_plugins_policy_joins_those_that_are_held(
    house: MakesHouse, make_policy: Make, make_principal: Make
) -> None:
    """What the store holds stays in force beside what a plugin supplies."""
    held = make_policy("Deny", kind=PolicyKind.RESOURCE, Principal="*", Action="doc:Put")
    supplied = make_policy("Allow", kind=PolicyKind.RESOURCE, Principal={"AWS": ACCOUNT}, digest="")
    built = house(held=ResourceLayers(policies=(held,)), supplied=(supplied,))
    jeff = make_principal(layers=CallerLayers(identity=(make_policy(),)))

    assert built.gate.authorize(jeff, "doc:Get", DOC)
    assert not built.gate.authorize(jeff, "doc:Put", DOC)


def test_the_record_of_a_decision(
    house: MakesHouse, make_request: Make, clock: FrozenClock, allowing: Callable[[], Principal]
) -> None:
    """Everything that was asked and answered stands in the record under the verdict's id."""
    built = house()

    verdict = built.gate.authorize(allowing(), "doc:Get", DOC, request=make_request(path="/doc/1%20"))

    record = built.record()
    assert record.decision_id == verdict.id
    assert (record.account, record.resource_account) == (ACCOUNT, ACCOUNT)
    assert record.decided_at == clock.now()
    assert (record.outcome, record.action, record.resource) == ("allowed", "doc:Get", DOC)
    assert record.principal == "jeff"
    assert record.request == "GET /doc/1%20"
    assert record.error is None
    assert json.loads(record.determining)[0]["layer"] == "identity-based policy"
    assert verdict == Verdict(verdict.decision, verdict.id, verdict.principal, "doc:Get", DOC)


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("layers", EvaluationError("the policy document `abc` no longer parses")),
        ("layers", ZeroDivisionError("hunter2")),
        ("plugin policies", KeyError("hunter2")),
        ("plugin keys", RuntimeError("hunter2")),
        ("plugin keys", RecursionError("hunter2")),
        ("plugin keys", MemoryError()),
    ],
)
def test_an_error_while_deciding_is_a_recorded_denial(
    house: MakesHouse, allowing: Callable[[], Principal], where: str, fault: Exception
) -> None:
    """A plugin that raises and a policy that cannot be read refuse; the record says so and no more."""
    built = house(fault={where: fault})

    verdict = built.gate.authorize(allowing(), "doc:Get", DOC)

    assert not verdict
    assert verdict.decision.error
    record = built.record()
    assert record.outcome == "implicitDeny"
    assert record.error
    assert "hunter2" not in record.error
    assert why(built.store, verdict.id, options=OPTIONS).explanation is None


def test_the_record_names_the_revision_of_the_policies(
    house: MakesHouse, make_principal: Make, make_policy: Make
) -> None:
    """The same policies are the same revision, also as explained later; a policy more is another one."""
    built = house()
    few = make_principal(layers=CallerLayers(identity=(make_policy(),)))
    more = make_principal(layers=CallerLayers(identity=(make_policy(), make_policy("Deny", Action="x:*"))))

    verdicts = [built.gate.authorize(who, "doc:Get", DOC) for who in (few, few, more)]

    kept = {record.decision_id: record.revision for record in built.records()}
    revisions = [verdict.decision.revision for verdict in verdicts]
    assert [kept[verdict.id] for verdict in verdicts] == revisions
    assert revisions[0] == revisions[1] != revisions[2]
    for verdict in verdicts:
        explanation = why(built.store, verdict.id, options=OPTIONS).explanation
        assert explanation is not None
        assert explanation.decision.revision == verdict.decision.revision


def test_an_operator_that_raises_is_a_recorded_denial(
    house: MakesHouse, make_principal: Make, make_policy: Make
) -> None:
    """A value that cannot be compared refuses the request, though the Allow would otherwise match."""
    policy = make_policy(Condition={"NumericLessThan": {"app:Level": "5"}})
    built = house()
    jeff = make_principal(layers=CallerLayers(identity=(policy,)))

    assert built.gate.authorize(jeff, "doc:Get", DOC, context={"app:Level": 3})
    verdict = built.gate.authorize(jeff, "doc:Get", DOC, context={"app:Level": "high"})

    assert not verdict
    assert len(built.records()) == 2


@pytest.mark.parametrize("where", ["parts", "layers", "plugin policies", "plugin keys"])
@pytest.mark.parametrize("way", ["authorize", "judge"])
def test_a_store_that_cannot_be_read_is_no_decision(
    house: MakesHouse, allowing: Callable[[], Principal], where: str, way: str
) -> None:
    """StoreUnavailable is raised, so that the answer is 503 and nothing claims to have been decided."""
    built = house(fault={where: StoreUnavailable("away")})

    ways: dict[str, Callable[[], object]] = {
        "authorize": lambda: built.gate.authorize(allowing(), "doc:Get", DOC),
        "judge": lambda: built.gate.judge(allowing(), "doc:Get", DOC, {}),
    }

    with pytest.raises(StoreUnavailable):
        ways[way]()

    assert built.records() == []


@pytest.mark.parametrize("name", ["aws:username", "AWS:SourceIp", "iamkit:x"])
def test_a_told_key_of_iamkits_own_is_a_denial(
    house: MakesHouse, allowing: Callable[[], Principal], name: str
) -> None:
    """An app that passes on what a client sent cannot let it speak for the gate (SEM-K29)."""
    built = house()

    assert not built.gate.authorize(allowing(), "doc:Get", DOC, context={name: "x"})
    assert built.gate.authorize(allowing(), "doc:Get", DOC, context={"app:x": "x"})
    assert not allowing().can("doc:Get", DOC)


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:doc",
        f"arn:aws:doc::{ACCOUNT}:",
        f"arn:aws:doc::{ACCOUNT}:a\nb",
        f"arn:aws:doc::{ACCOUNT}:a\x00",
        "doc/\x00",
        "doc/\ud800",
        "doc/\x1b[2J",
        "arn:aws:doc::1111222233\x003:x",
        "",
    ],
)
def test_a_resource_that_is_no_arn_is_a_recorded_denial(
    house: MakesHouse, allowing: Callable[[], Principal], caplog: pytest.LogCaptureFixture, resource: str
) -> None:
    """What a client put into a path can spoil neither the decision nor its record nor the log (THR-X1)."""
    built = house()

    with caplog.at_level(logging.INFO, "iamkit.decision"):
        verdict = built.gate.authorize(allowing(), "doc:Get", resource)

    assert not verdict
    record = built.record()
    assert record.decision_id == verdict.id
    assert record.error is not None
    assert (record.resource + record.error).isprintable()
    assert all(entry.getMessage().isprintable() for entry in caplog.records)


@pytest.mark.parametrize("action", ["", "doc", "doc:*", "doc:Get\n", "doc:\x00", "*"])
def test_an_action_that_is_none_is_a_recorded_denial(
    house: MakesHouse, allowing: Callable[[], Principal], action: str
) -> None:
    """A pattern or a text that is no action allows nothing, not even to who may do everything."""
    built = house()

    assert not built.gate.authorize(allowing(), action, DOC)
    assert built.record().error


def test_a_hostile_request_line_does_not_spoil_its_record(
    house: MakesHouse, make_request: Make, make_principal: Make
) -> None:
    """The denial is kept, with the line escaped and cut."""
    built = house()

    built.gate.authorize(
        make_principal(), "doc:Get", DOC, request=make_request(path="/\x00\r\n" + "x" * 5000)
    )

    line = built.record().request
    assert line.startswith("GET /\\x00\\x0d\\x0axxx")
    assert len(line) == 1024


def test_judging_is_authorizing_without_a_record(
    house: MakesHouse, make_principal: Make, make_policy: Make
) -> None:
    """For every pair of action and context both ways give the same decision, and only one leaves a record."""
    policies = (
        make_policy(Action="doc:Get"),
        make_policy("Deny", Action="doc:*", Condition={"StringEquals": {"app:Mode": "frozen"}}),
    )
    built = house()
    jeff = make_principal(layers=CallerLayers(identity=policies))

    for action in ("doc:Get", "doc:Put", "doc:*"):
        for context in ({}, {"app:Mode": "frozen"}, {"aws:username": "x"}):
            judged = built.gate.judge(jeff, action, DOC, context)
            assert judged == built.gate.authorize(jeff, action, DOC, context=context).decision

    assert len(built.records()) == 9


def test_asking_in_code_sees_the_request_that_is_served(
    house: MakesHouse, make_request: Make, make_principal: Make, make_policy: Make
) -> None:
    """`principal.can` and a check without a request decide on the same address and transport as the guard."""
    policies = (
        make_policy(),
        make_policy("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        make_policy("Deny", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
    )
    built = house(
        proof=Authentication(ACCOUNT, "AIDAJEFF", CredentialKind.ACCESS_KEY, "AKIA1"),
        resolved=make_principal(layers=CallerLayers(identity=policies)),
    )

    def asked(request: HttpRequest) -> set[bool]:
        principal = built.gate.admit(request)
        assert isinstance(principal, Principal)
        return {
            principal.can("doc:Get", DOC),
            bool(built.gate.authorize(principal, "doc:Get", DOC)),
            bool(built.gate.authorize(principal, "doc:Get", DOC, request=request)),
        }

    assert asked(make_request()) == {True}
    assert asked(make_request(scheme="http")) == {False}
    assert asked(make_request(peer="192.0.2.7")) == {False}
    assert {record.request for record in built.records()} == {"GET /doc/1"}


def test_a_principal_without_a_gate_may_nothing(allowing: Callable[[], Principal]) -> None:
    """A principal made by hand cannot be asked, and that is a no."""
    assert not allowing().can("doc:Get", DOC)


# --- whose account --------------------------------------------------------------------------------------


def test_an_apps_resource_is_in_the_credentials_account(
    house: MakesHouse, make_principal: Make, allowing: Callable[[], Principal]
) -> None:
    """The account of an ARN is the caller's, and the home account for anonymous callers."""
    built = house()

    assert built.gate.arn(make_principal(), "doc", "doc/1") == DOC
    assert (
        built.gate.arn(make_principal(CallerKind.ANONYMOUS), "doc", "doc/1") == f"arn:aws:doc::{HOME}:doc/1"
    )
    built.gate.authorize(allowing(), "doc:Get", "doc/1")
    built.gate.authorize(make_principal(CallerKind.ANONYMOUS), "doc:Get", "doc/1")
    assert built.asked == [(DOC, ACCOUNT), (f"arn:aws:doc::{HOME}:doc/1", HOME)]


def test_another_accounts_resource_needs_that_accounts_word(
    house: MakesHouse, allowing: Callable[[], Principal]
) -> None:
    """An identity policy alone does not reach into another account, however the ARN is written."""
    gate = house().gate

    assert not gate.authorize(allowing(), "doc:Get", "arn:aws:doc::444455556666:doc/1")
    assert not gate.authorize(allowing(), "doc:Get", "arn:aws:doc:::doc/1", account="444455556666")
    assert gate.authorize(allowing(), "doc:Get", "*")


def test_an_arn_that_names_no_account_is_the_home_accounts(
    house: MakesHouse, allowing: Callable[[], Principal]
) -> None:
    """A tenant does not come to own what it asks about; where the account is said, that one owns it."""
    gate = house().gate
    home = gate._parts().deployment.home_account

    assert home != allowing().account
    assert not gate.authorize(allowing(), "doc:Get", "arn:aws:doc:::doc/1")
    assert gate.authorize(allowing(), "doc:Get", "arn:aws:doc:::doc/1", account=allowing().account)


def test_a_shipped_policy_is_nobody_elses(house: MakesHouse, make_principal: Make, make_policy: Make) -> None:
    """The `aws` in a shipped policy's ARN is no foreign account: the caller's own policies suffice."""
    jeff = make_principal(layers=CallerLayers(identity=(make_policy(Action="iam:GetPolicy"),)))
    built = house()

    assert built.gate.authorize(jeff, "iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert built.record().resource_account == ACCOUNT


# --- what is kept ----------------------------------------------------------------------------------------


def test_sampling_keeps_every_denial(
    house: MakesHouse, make_principal: Make, allowing: Callable[[], Principal]
) -> None:
    """With a sampling of nothing, allows leave no record and denials all do."""
    built = house(sampling=0.0)

    for _ in range(20):
        assert built.gate.authorize(allowing(), "doc:Get", DOC)
        assert not built.gate.authorize(make_principal(), "doc:Get", DOC)

    assert [record.outcome for record in built.records()] == ["implicitDeny"] * 20


def test_sampling_keeps_a_share_of_the_allows(
    house: MakesHouse, allowing: Callable[[], Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An allow is kept when the die falls below the share."""
    dice = iter([0.0, 0.24, 0.25, 0.99])
    monkeypatch.setattr(random, "random", lambda: next(dice))
    built = house(sampling=0.25)

    for _ in range(4):
        assert built.gate.authorize(allowing(), "doc:Get", DOC)

    assert len(built.records()) == 2


def test_a_denial_that_cannot_be_kept_is_still_no_allow(house: MakesHouse, make_principal: Make) -> None:
    """With the log full and the store away the caller gets a 503."""
    built = house(capacity=1)
    built.log._store = _Away()
    built.gate.authorize(make_principal(), "doc:Get", DOC)

    with pytest.raises(StoreUnavailable):
        built.gate.authorize(make_principal(), "doc:Get", DOC)

    built.log._store = built.store
    built.log.close()


class _Away(MemoryStore):
    def write(self) -> Any:
        raise StoreUnavailable("away")


def test_an_undeclared_endpoint_is_recorded_and_named(
    house: MakesHouse, make_request: Make, allowing: Callable[[], Principal], caplog: pytest.LogCaptureFixture
) -> None:
    """The refusal of an endpoint without a mark has an id that explains itself, and the fix is in the log."""
    built = house()

    found = built.gate.note_unclassified(allowing(), make_request(), "app.views.notes")

    record = built.record()
    assert record.decision_id == found
    assert (record.action, record.outcome) == (UNCLASSIFIED, "implicitDeny")
    assert "app.views.notes" in (record.error or "")
    assert "@iam.require" in caplog.text
    told = why(built.store, found, options=OPTIONS)
    assert told.explanation is None
    assert told.record == record


def test_no_secret_of_the_request_is_kept_or_logged(
    house: MakesHouse, make_request: Make, make_principal: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the record nor the log holds the query or a credential header."""
    built = house()
    request = replace(
        make_request(("Authorization", "Bearer hunter2"), ("Cookie", "s=hunter2")),
        query="X-Amz-Signature=hunter2",
    )

    with caplog.at_level(logging.DEBUG):
        verdict = built.gate.authorize(make_principal(), "doc:Get", DOC, request=request)

    assert "hunter2" not in repr(built.record()) + caplog.text + repr(verdict)


def test_many_threads_get_their_own_answers(
    house: MakesHouse, make_principal: Make, allowing: Callable[[], Principal]
) -> None:
    """Decisions taken at once do not mix, and each leaves its one record."""
    built = house()
    together = threading.Barrier(6)
    wrong: list[str] = []

    def serve(number: int) -> None:
        principal = allowing() if number % 2 else make_principal()
        principal = replace(principal, name=f"user{number}")
        together.wait(20)
        for count in range(40):
            verdict = built.gate.authorize(
                principal, "doc:Get", f"arn:aws:doc::{ACCOUNT}:doc/{number}-{count}"
            )
            if bool(verdict) != bool(number % 2) or verdict.principal.name != principal.name:
                wrong.append(verdict.id)

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    records = built.records()
    assert len({record.decision_id for record in records}) == 240
    assert {(record.principal, record.outcome == "allowed") for record in records} == {
        (f"user{number}", bool(number % 2)) for number in range(6)
    }


# --- what is said ------------------------------------------------------------------------------------------


def test_a_refusal_is_rendered_by_the_plugins(house: MakesHouse, make_request: Make) -> None:
    """The status is the error's, and 404 where the page is to be hidden."""
    gate = house().gate
    error = AccessDenied("no", decision_id="d_1")

    assert gate.refuse(Refusal(make_request(), error)).status == 403
    assert gate.refuse(Refusal(make_request(), error, hidden=True)).status == 404


@pytest.mark.parametrize("hidden", [True, False])
def test_a_refusal_that_cannot_be_rendered_is_still_one(
    house: MakesHouse, make_request: Make, hidden: bool
) -> None:
    """A page that fails does not become a 500 that tells a hidden page from a missing one."""
    built = house(fault={"render": RuntimeError("template")})

    answer = built.gate.refuse(Refusal(make_request(), AccessDenied("no"), hidden=hidden))

    assert (answer.status, answer.body) == (404 if hidden else 403, b"")


def test_a_challenge_survives_a_failing_page(house: MakesHouse, make_request: Make) -> None:
    """A 401 always says how to sign in (RFC 9110 §11.6.1)."""
    built = house(fault={"render": RuntimeError("template")})
    refusal = Refusal(make_request(), InvalidClientTokenId("no"), challenges=built.gate.challenges())

    answer = built.gate.refuse(refusal)

    assert answer.status == 401
    assert [value for name, value in answer.headers if name == "WWW-Authenticate"] == list(
        built.gate.challenges()
    )


def test_a_decision_is_not_an_allow_by_being_an_object() -> None:
    """Neither an implicit nor an explicit deny is truthy."""
    assert not Decision(Outcome.IMPLICIT_DENY)
    assert not Decision(Outcome.EXPLICIT_DENY)
    assert Decision(Outcome.ALLOWED)


# --- stepping up ------------------------------------------------------------------------------------------


def test_a_denial_says_which_sign_in_would_lift_it(
    house: MakesHouse, make_principal: Make, make_policy: Make, make_request: Make
) -> None:
    """Read off the policy; the decision that is recorded stays a denial."""
    wanted = {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "300"}}
    layers = CallerLayers(identity=(make_policy(Condition=wanted),))
    built = house(resolved=make_principal(layers=layers))

    verdict = built.gate.authorize(make_principal(layers=layers), "doc:Get", DOC, request=make_request())
    error = verdict.denial("no")

    assert not verdict
    assert verdict.step_up == StepUp(300)
    assert isinstance(error, StepUpRequired)
    assert (error.status, error.max_age, error.decision_id) == (401, 300, verdict.id)
    assert built.record().outcome == "implicitDeny"


def test_nobody_is_asked_for_what_would_not_help(
    house: MakesHouse, make_principal: Make, make_policy: Make
) -> None:
    """Not where a Deny remains, not where deciding failed, and not strangers, who have to sign in first."""
    wanted = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    open_to_mfa = make_policy(Condition=wanted)
    mfa = CallerLayers(identity=(open_to_mfa,))
    denied = CallerLayers(identity=(open_to_mfa, make_policy("Deny")))
    gate = house().gate

    assert gate.authorize(make_principal(layers=mfa), "doc:Get", DOC).step_up is not None
    assert gate.authorize(make_principal(layers=denied), "doc:Get", DOC).step_up is None
    assert gate.authorize(make_principal(layers=mfa), "doc:Get", "arn:nonsense").step_up is None
    stranger = make_principal(CallerKind.ANONYMOUS, layers=mfa)
    assert gate.authorize(stranger, "doc:Get", DOC).step_up is None


def test_challenges_are_those_of_the_authenticators(
    house: MakesHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Each once, malformed ones left out and said, and one in any case."""
    gate = house().another_gate(challenges=lambda: ["Bearer", 'Key realm="x"', "Bearer", "a\r\nb: c", ""])

    assert gate.challenges() == ("Bearer", 'Key realm="x"')
    assert "malformed" in caplog.text
    assert house().gate.challenges() == ('Bearer realm="iamkit"',)
