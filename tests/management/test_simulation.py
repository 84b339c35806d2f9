"""Simulation: the same answers that the gate would give, without asking in earnest."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import AccessDenied, InputError, InvalidArn, MalformedPolicyDocument, NoSuchEntity
from iamkit.gate import kept
from iamkit.identity import accounts, boundaries, documents, guardrails, managed
from iamkit.identity import groups as group_records
from iamkit.identity import inline as inline_records
from iamkit.identity import resource_policies as policy_records
from iamkit.identity.operator import host_operator
from iamkit.identity.principal import Principal
from iamkit.management import groups, inline, resource_policies, roles
from iamkit.management.desk import Desk
from iamkit.management.simulation import (
    get_context_keys_for_custom_policy,
    get_context_keys_for_principal_policy,
    simulate_custom_policy,
    simulate_principal_policy,
)
from iamkit.policy.decision import Outcome
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.request import ContextValue
from iamkit.policy.simulate import simulate

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
TRUST: Final = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}}
)


def test_a_simulated_decision_is_the_one_that_the_gate_takes(office: Office) -> None:
    """Own policies and resource policies, allowed, implicitly and explicitly denied."""
    ana = office.person("ana", office.document(action=["doc:Get", "doc:List"]))
    owner = office.owner()
    owner.do(
        resource_policies.put_resource_policy,
        resource_arn=NOTE,
        policy_document=json.dumps(
            {
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "doc:Put"},
                    {"Effect": "Deny", "Principal": "*", "Action": "doc:List"},
                ]
            }
        ),
    )

    actions = ("doc:Get", "doc:List", "doc:Put", "doc:Delete")
    results = owner.do(
        simulate_principal_policy,
        policy_source_arn=ana.arn,
        action_names=actions,
        resource_arns=(NOTE, NOTE + "b"),
    )

    principal = office.principals.find(HOME, "ana")
    for result in results:
        real = office.gate.authorize(principal, result.action, result.resource)
        assert result.decision.outcome is real.decision.outcome
    told = {(result.action, result.resource): result.decision.outcome for result in results}
    assert told["doc:Put", NOTE] is Outcome.ALLOWED
    assert told["doc:List", NOTE] is Outcome.EXPLICIT_DENY
    assert told["doc:List", NOTE + "b"] is Outcome.ALLOWED
    assert told["doc:Delete", NOTE] is Outcome.IMPLICIT_DENY


def test_roles_and_groups_are_simulated_as_those_who_have_them(office: Office) -> None:
    """A session of the role; somebody who has nothing but the group."""
    owner = office.owner()
    role = owner.do(roles.create_role, role_name="worker", path="/app/", assume_role_policy_document=TRUST)
    group = owner.do(groups.create_group, group_name="team")
    owner.do(
        inline.put_role_policy,
        role_name="worker",
        policy_name="p",
        policy_document=office.document(
            action="doc:Get", Condition={"ArnEquals": {"aws:PrincipalArn": role.arn}}
        ),
    )
    owner.do(
        inline.put_group_policy,
        group_name="team",
        policy_name="p",
        policy_document=office.document(action="doc:List"),
    )

    for arn, allowed in ((role.arn, "doc:Get"), (group.arn, "doc:List")):
        results = owner.do(
            simulate_principal_policy, policy_source_arn=arn, action_names=("doc:Get", "doc:List")
        )
        assert [result.action for result in results if result.decision.allowed] == [allowed]


def test_given_keys_count_and_simulating_records_no_decision_of_its_own(office: Office) -> None:
    """What the context would hold is told; only the permission to simulate is decided in earnest."""
    ana = office.person(
        "ana", office.document(action="doc:Get", Condition={"Bool": {"aws:SecureTransport": "true"}})
    )
    owner = office.owner()

    def allowed(**keys: str) -> bool:
        (result,) = owner.do(
            simulate_principal_policy,
            policy_source_arn=ana.arn,
            action_names=("doc:Get",),
            context_entries={name.replace("_", ":"): value for name, value in keys.items()},
        )
        return result.decision.allowed

    assert allowed(aws_SecureTransport="true")
    assert not allowed(aws_SecureTransport="false")
    assert not allowed()
    office.log.flush()
    with office.store.read() as reader:
        assert {item.action for item in reader.find(DecisionRecord)} == {"iam:SimulatePrincipalPolicy"}


def test_simulating_needs_the_right_over_the_source_and_a_source(office: Office) -> None:
    """Not everybody learns what others may do; what is no principal of the account is refused."""
    ana = office.person("ana", office.document(action="doc:*"))
    with pytest.raises(AccessDenied):
        office.desk("ana").do(simulate_principal_policy, policy_source_arn=ana.arn, action_names=("doc:Get",))
    owner = office.owner()
    for arn, fault in (
        ("ana", InvalidArn),
        ("arn:aws:iam::999900001111:user/ana", InputError),
        (NOTE, InputError),
        (f"arn:aws:iam::{HOME}:user/app/ana", NoSuchEntity),
        (f"arn:aws:iam::{HOME}:policy/p", NoSuchEntity),
    ):
        with pytest.raises(fault):
            owner.do(simulate_principal_policy, policy_source_arn=arn, action_names=("doc:Get",))
    with pytest.raises(InputError, match="1000"):
        owner.do(simulate_principal_policy, policy_source_arn=ana.arn, action_names=("doc:Get",) * 1001)
    with pytest.raises(InputError, match="differ only by case"):
        owner.do(
            simulate_principal_policy,
            policy_source_arn=ana.arn,
            action_names=("doc:Get",),
            context_entries={"AWS:username": "root"},
        )


def test_simulation_equals_enforcement_on_ten_thousand_recorded_requests(office: Office) -> None:
    """Every kind of layer and outcome: what was recorded, simulated from its inputs, is decided the same."""
    random = Random(10_000)
    people = _furnished(office, random)
    notes = [f"arn:aws:doc::{HOME}:notes/{name}" for name in "abcdef"]
    for number in range(10_000):
        principal = random.choice(people)
        keys: dict[str, ContextValue] = {"app:colour": random.choice(("red", "blue"))}
        if random.random() < 0.5:
            keys["app:size"] = random.choice((1, 10, "many"))
        office.gate.authorize(
            principal,
            random.choice(("doc:Get", "doc:Put", "doc:List", "doc:Delete")),
            random.choice((*notes, "*")),
            context=keys,
            account=random.choice((None, None, "999900001111")),
        )
        if number % 1_000 == 0:
            office.log.flush()
    office.log.flush()

    outcomes: Counter[str] = Counter()
    texts: dict[str, str] = {}
    bare, _ = kept.LayerWriter().write(CallerLayers(), ResourceLayers())
    with office.store.read() as reader:

        def text_of(digest: str) -> str:
            if digest not in texts:
                texts[digest] = documents.text_of(reader, digest)
            return texts[digest]

        around: dict[str, kept.Inputs] = {}
        for record in reader.find(DecisionRecord):
            # The layers of a principal and resource are read back once, each request by itself.
            if record.layers not in around:
                around[record.layers] = kept.inputs_of(record, text_of)
            inputs = around[record.layers]
            asked = kept.inputs_of(replace(record, layers=bare), text_of).request
            found = simulate(asked, inputs.caller_layers, inputs.resource_layers)
            assert str(found.decision.outcome) == record.outcome
            assert found.decision.error == record.error
            assert found.decision.revision == record.revision
            determining = json.dumps([ref.as_data() for ref in found.decision.determining])
            assert determining == record.determining
            assert found.as_data()["EvalDecision"] == record.outcome
            outcomes[record.outcome] += 1

    assert outcomes.total() == 10_000
    assert min(outcomes[outcome] for outcome in Outcome) > 1_000, outcomes


def _furnished(office: Office, random: Random) -> list[Principal]:
    """People with random policies, boundaries, guardrails, and resources with policies."""

    def text(**more: object) -> str:
        statements = [
            {
                "Effect": effect,
                "Action": random.choice(("doc:Get", ["doc:Get", "doc:List"], "doc:*")),
                "Resource": random.choice(("*", NOTE, f"arn:aws:doc::{HOME}:notes/*")),
                "Condition": random.choice(
                    (
                        {},
                        {},
                        {"StringEquals": {"app:colour": "red"}},
                        {"NumericLessThan": {"app:size": "5"}},
                        {"StringLike": {"aws:username": "${app:colour}*"}},
                    )
                ),
                **more,
            }
            for effect in ("Allow", "Allow", random.choice(("Allow", "Deny")))
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    house = office.roomy
    people = [office.person(f"user{number}", text()) for number in range(12)]
    with office.store.write() as unit:
        team = group_records.create(unit, house, account=HOME, name="team")
        inline_records.put(unit, house, team.holder, name="team", text=text())
        bound = managed.create(unit, house, account=HOME, name="bound", text=office.document())
        for person in people[:4]:
            group_records.join(unit, house, team, person)
            boundaries.put(unit, house, person, bound.arn)
        rail = guardrails.create(unit, house, name="rail", text=office.all_but("doc:Delete"))
        guardrails.attach(unit, house, arn=rail.arn, target_id=HOME)
        for name in "abc":
            policy_records.put(
                unit,
                house,
                account=HOME,
                resource_arn=f"arn:aws:doc::{HOME}:notes/{name}",
                text=text(Principal={"AWS": [people[0].arn, HOME]}),
            )
    return [office.principals.find(HOME, person.name) for person in people] + [office.principals.root(HOME)]


def test_given_policies_are_tried_beside_or_instead_of_the_stored(office: Office) -> None:
    """More identity policies, another boundary, another resource policy."""
    ana = office.person("ana", office.document(action="doc:Get"))
    owner = office.owner()

    def allowed(**given: object) -> list[str]:
        results = owner.do(
            simulate_principal_policy,
            policy_source_arn=ana.arn,
            action_names=("doc:Get", "doc:Put"),
            resource_arns=(NOTE,),
            **given,  # type: ignore[arg-type]  # one or another
        )
        return [item.action for item in results if item.decision.allowed]

    more = office.document(action="doc:Put")
    refusal = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "doc:Get"}})
    assert allowed() == ["doc:Get"]
    assert allowed(policy_input_list=(more,)) == ["doc:Get", "doc:Put"]
    assert allowed(permissions_boundary_policy_input_list=(more,)) == []
    assert allowed(policy_input_list=(more,), resource_policy=refusal) == ["doc:Put"]
    with pytest.raises(MalformedPolicyDocument):
        allowed(policy_input_list=("{}",))


def test_policies_alone_are_simulated(office: Office) -> None:
    """Nothing stored counts, not even a guardrail; the caller may be told; the wrong is refused."""
    owner = office.owner()
    text = office.document(action="doc:Get", Condition={"StringEquals": {"app:k": "x"}})
    open_to = json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{HOME}:user/eve"},
                "Action": "*",
            }
        }
    )

    one, other = owner.do(
        simulate_custom_policy, policy_input_list=(text,), action_names=("doc:Get", "doc:Put")
    )
    met = owner.do(
        simulate_custom_policy,
        policy_input_list=(text,),
        action_names=("doc:Get",),
        context_entries={"app:k": "x"},
    )
    eve = owner.do(
        simulate_custom_policy,
        policy_input_list=(),
        action_names=("doc:Get",),
        resource_arns=(NOTE,),
        resource_policy=open_to,
        caller_arn=f"arn:aws:iam::{HOME}:user/eve",
    )

    assert (one.missing_context, other.missing_context) == (("app:k",), ())
    assert [item.decision.allowed for item in (one, *met, *eve)] == [False, True, True]
    with pytest.raises(InvalidArn):
        owner.do(simulate_custom_policy, policy_input_list=(), action_names=("doc:Get",), caller_arn="eve")


def test_the_keys_that_policies_read_are_told(office: Office) -> None:
    """Of given policies, and of all that a principal has with what is given."""
    text = office.document(Condition={"StringEquals": {"app:K": "${app:V}"}})
    ana = office.person("ana", text)
    more = office.document(Condition={"Bool": {"aws:SecureTransport": "true"}})
    owner = office.owner()

    given = owner.do(get_context_keys_for_custom_policy, policy_input_list=(text, more))
    held = owner.do(get_context_keys_for_principal_policy, policy_source_arn=ana.arn)

    assert given == ("app:K", "app:V", "aws:SecureTransport")
    assert held == ("app:K", "app:V")


def test_another_accounts_policies_cannot_be_felt_for(office: Office) -> None:
    """Whether its resource policy allows is the other account's to tell; the host operator is told."""
    office.person("ana", office.document())
    foreign = "arn:aws:doc::999988887777:note/1"
    text = office.document(Principal="*", resource=foreign)
    with office.store.write() as unit:
        accounts.create(unit, office.house, name="other", account_id="999988887777")
        policy_records.put(unit, office.house, account="999988887777", resource_arn=foreign, text=text)
    operator = host_operator(partition="aws", account=HOME, system_user="root", judge=office.gate)

    def outcome(desk: Desk) -> Outcome:
        (found,) = desk.do(
            simulate_principal_policy,
            policy_source_arn=f"arn:aws:iam::{HOME}:user/ana",
            action_names=("doc:Get",),
            resource_arns=(foreign,),
        )
        return found.decision.outcome

    assert outcome(office.owner()) is Outcome.IMPLICIT_DENY
    host = Desk(office.store, office.gate, office.trail, office.house, office.services, operator)
    assert outcome(host) is Outcome.ALLOWED


def test_a_simulation_comes_in_pages(office: Office) -> None:
    """Only the pairs of a page are judged, and the pages together are the whole, in order."""
    ana = office.person("ana", office.document(action="doc:Get"))
    owner = office.owner()
    actions = ("doc:Get", "doc:Put", "doc:List")
    resources = (NOTE, NOTE + "b")
    whole = owner.do(
        simulate_principal_policy,
        policy_source_arn=ana.arn,
        action_names=actions,
        resource_arns=resources,
    )
    assert whole.marker is None
    for size in (1, 4, 6, 7):
        got, marker = [], None
        while True:
            page = owner.do(
                simulate_principal_policy,
                policy_source_arn=ana.arn,
                action_names=actions,
                resource_arns=resources,
                marker=marker,
                max_items=size,
            )
            assert len(page.items) <= size
            got += [(item.action, item.resource, item.decision.outcome) for item in page]
            marker = page.marker
            if marker is None:
                break
        assert got == [(item.action, item.resource, item.decision.outcome) for item in whole]
    custom = owner.do(
        simulate_custom_policy,
        policy_input_list=(office.document(action="doc:Get"),),
        action_names=actions,
        max_items=2,
    )
    assert (len(custom.items), custom.marker) == (2, "2")
    for wrong in ({"marker": "-1"}, {"marker": "x"}, {"max_items": 0}, {"max_items": 1001}):
        with pytest.raises(InputError):
            owner.do(
                simulate_custom_policy,
                policy_input_list=(),
                action_names=actions,
                **wrong,
            )


def test_a_resource_policy_speaks_of_the_named_caller(office: Office) -> None:
    """`caller_arn` is somebody else than the source of the policies."""
    ana = office.person("ana")
    other = f"arn:aws:iam::{HOME}:user/other"
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": other},
                "Action": "doc:Get",
                "Resource": "*",
            },
        }
    )
    for caller, allowed in ((None, False), (other, True)):
        (found,) = office.owner().do(
            simulate_principal_policy,
            policy_source_arn=ana.arn,
            action_names=("doc:Get",),
            resource_arns=(NOTE,),
            resource_policy=policy,
            caller_arn=caller,
        )
        assert found.decision.allowed is allowed
