"""Who can and what can: the same answers as asking the gate about everybody and everything, one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.analysis.access import Access, Place, Reach, what_can, who_can
from iamkit.analysis.subjects import EVERYBODY, Subject, Subjects
from iamkit.errors import InvalidArn, NoSuchEntity
from iamkit.identity import boundaries, groups, guardrails, inline, managed, resource_policies, roles, users
from iamkit.identity.principal import Principal
from iamkit.identity.references import ResolvedPolicy
from iamkit.policy import AccessRequest, Context, ContextValue, EvaluationOptions, evaluate
from iamkit.policy.patterns import resource_matcher

if TYPE_CHECKING:
    from tests.analysis.conftest import Office

HOME: Final = "111122223333"
NOTES: Final = tuple(f"arn:aws:doc::{HOME}:notes/{name}" for name in ("a", "b", "c/d"))
PLAIN: Final = (NOTES[2], f"arn:aws:doc::{HOME}:page/1")
RESOURCES: Final = (*NOTES, PLAIN[1], "*")
ACTIONS: Final = ("doc:Get", "doc:Put", "web:Get")
OPTIONS: Final = EvaluationOptions()
TRUST: Final = (
    f'{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{HOME}"}},"Action":"sts:AssumeRole"}}}}'
)
CONDITIONS: Final[tuple[dict[str, object], ...]] = (
    {},
    {},
    {},
    {"StringEquals": {"app:k": "x"}},
    {"StringEqualsIfExists": {"app:k": "x"}},
    {"Null": {"app:k": "true"}},
    {"StringLike": {"aws:username": "user?"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
)


def _text(random: Random, **more: object) -> str:
    statements = []
    for _ in range(random.randint(1, 3)):
        made: dict[str, object] = {
            "Effect": random.choice(("Allow", "Allow", "Allow", "Deny")),
            "Action": random.choice(("doc:Get", "doc:*", "*", ["doc:Put", "web:Get"])),
            "Resource": random.choice(
                ("*", NOTES[0], f"arn:aws:doc::{HOME}:notes/*", "arn:aws:doc::*:page/?")
            ),
            "Condition": random.choice(CONDITIONS),
            **more,
        }
        half = "NotResource" if made["Effect"] == "Deny" and random.random() < 0.3 else "Resource"
        made[half] = made.pop("Resource")
        statements.append(made)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _furnish(office: Office, random: Random) -> None:
    house = office.house
    people = [office.person(f"user{number}", _text(random)) for number in range(4)]
    with office.store.write() as unit:
        users.tag(unit, house, people[0], {"team": "red"})
        users.set_enabled(unit, people[3], enabled=False)
        team = groups.create(unit, house, account=HOME, name="team")
        inline.put(unit, house, team.holder, name="team", text=_text(random))
        for person in people[:2]:
            groups.join(unit, house, team, person)
        bound = managed.create(unit, house, account=HOME, name="bound", text=_text(random))
        boundaries.put(unit, house, people[1], bound.arn)
        role = roles.create(unit, house, account=HOME, name="worker", trust=ResolvedPolicy(TRUST, {}))
        inline.put(unit, house, role.holder, name="own", text=_text(random))
        if random.random() < 0.4:
            rail = guardrails.create(unit, house, name="rail", text=_text(random))
            guardrails.attach(unit, house, arn=rail.arn, target_id=HOME)
        for resource in NOTES[:2]:
            principal = random.choice(({"AWS": people[2].arn}, {"AWS": HOME}, "*", {"AWS": role.arn}))
            resource_policies.put(
                unit,
                house,
                account=HOME,
                resource_arn=resource,
                text=_text(random, Principal=principal),
            )


def _place(office: Office, resource: str) -> Place:
    return Place(resource, office.services.around(resource, HOME), HOME)


def _subjects(office: Office) -> list[Subject]:
    with office.store.read() as reader:
        return [EVERYBODY, *Subjects(reader, office.house, office.services.caller_layers).of_account(HOME)]


def _principals(office: Office) -> list[Principal]:
    """Everybody who can sign in, as the gate knows them."""
    names = ("root", "administrator", "user0", "user1", "user2")
    return [office.principals.anonymous(), *(office.principals.find(HOME, name) for name in names)]


@pytest.mark.parametrize("keys", [{}, {"app:k": "x"}, {"app:k": "y"}])
@pytest.mark.parametrize("seed", range(12))
def test_the_answers_are_those_of_brute_force(
    new_office: Callable[[], Office], seed: int, keys: dict[str, ContextValue]
) -> None:
    """On random stores: who can, and what can, exactly where the gate says so for each pair by itself."""
    office = new_office()
    _furnish(office, Random(seed))
    subjects = _subjects(office)
    truth = {
        (principal.arn, action, resource): office.gate.judge(principal, action, resource, keys).allowed
        for principal in _principals(office)
        for action in ACTIONS
        for resource in RESOURCES
    }

    for action in ACTIONS:
        for resource in RESOURCES:
            found = who_can(subjects, action, _place(office, resource), keys, OPTIONS)
            told = {item.subject.arn for item in found if item.allowed and item.subject.kind != "role"}
            assert told == {
                arn for (arn, *asked), allowed in truth.items() if asked == [action, resource] and allowed
            }
    for subject in subjects:
        if subject.kind == "role":
            continue
        exact = what_can(
            subject,
            ACTIONS,
            _bare(office),
            [_place(office, resource) for resource in RESOURCES],
            keys,
            OPTIONS,
        )
        assert {(reach.action, resource) for reach in exact for resource in reach.allowed} == {
            (action, resource)
            for (arn, action, resource), allowed in truth.items()
            if arn == subject.arn and allowed
        }
        general = {
            reach.action: reach for reach in what_can(subject, ACTIONS, _bare(office), (), keys, OPTIONS)
        }
        for action in ACTIONS:
            for resource in PLAIN:
                _check_general(general.get(action), resource, truth[subject.arn, action, resource])


def _bare(office: Office) -> Place:
    return _place(office, f"arn:aws:doc::{HOME}:no-such-thing")


def _check_general(reach: Reach | None, resource: str, allowed: bool) -> None:
    """What is said of resources without a policy covers what is allowed, and promises nothing else."""
    if reach is None:
        assert not allowed
    elif reach.everywhere:
        assert allowed
    elif allowed and not any(text.startswith("all but") for text in reach.patterns):
        assert any(resource_matcher(text)(resource) for text in reach.patterns)


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_left_out_whom_some_context_lets(new_office: Callable[[], Office], seed: int) -> None:
    """Whoever could under any values of the missing keys is told, with the keys; others are not affected."""
    office = new_office()
    _furnish(office, Random(100 + seed))
    subjects = _subjects(office)

    for action in ACTIONS:
        for resource in RESOURCES:
            place = _place(office, resource)
            found = {item.subject.arn: item for item in who_can(subjects, action, place, {}, OPTIONS)}
            for subject in subjects:
                answers = {
                    value: evaluate(
                        AccessRequest(
                            subject.caller,
                            action,
                            resource,
                            Context({**subject.keys, **({"app:k": value} if value else {})}),
                            HOME,
                        ),
                        subject.layers,
                        place.layers,
                    ).allowed
                    for value in ("", "x", "y")
                }
                item = found.get(subject.arn)
                assert (item is not None) or not any(answers.values())
                if item is not None:
                    assert item.allowed is answers[""]
                    assert item.keys or len(set(answers.values())) == 1


def test_conditions_that_could_be_met_are_told(office: Office) -> None:
    """A second factor may be had; a tag that somebody lacks comes with no request."""
    office.person("mfa", office.document(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    office.person("tag", office.document(Condition={"StringEquals": {"aws:PrincipalTag/x": "y"}}))
    office.person("own", office.document(resource=f"arn:aws:doc::{HOME}:${{aws:username}}/${{app:Part}}"))

    found = who_can(_subjects(office), "doc:Get", _place(office, f"arn:aws:doc::{HOME}:own/1"), {}, OPTIONS)

    told = {item.subject.arn.rpartition("/")[2]: (item.allowed, item.keys) for item in found}
    assert told == {
        f"arn:aws:iam::{HOME}:root": (True, ("aws:MultiFactorAuthPresent",)),
        "administrator": (True, ()),
        "mfa": (False, ("aws:MultiFactorAuthPresent",)),
        "own": (False, ("app:Part",)),
    }


def test_what_can_tells_patterns_and_exceptions(office: Office) -> None:
    """What Allows name, what was looked at, and that a foreign policy opens or closes it."""
    ana = office.person("ana", office.document(action="doc:Get", resource=f"arn:aws:doc::{HOME}:notes/*"))
    refusal = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "doc:*"}})
    with office.store.write() as unit:
        resource_policies.put(unit, office.house, account=HOME, resource_arn=NOTES[0], text=refusal)
    with office.store.read() as reader:
        subject = Subjects(reader, office.house, office.services.caller_layers).named(HOME, ana.arn)

    (reach,) = what_can(
        subject, ACTIONS, _bare(office), [_place(office, NOTES[0]), _place(office, NOTES[1])], {}, OPTIONS
    )

    assert reach == Reach("doc:Get", False, (f"arn:aws:doc::{HOME}:notes/*",), (NOTES[1],), (NOTES[0],), ())


def test_subjects_are_found_by_their_arn(office: Office) -> None:
    """Root, users, groups and roles of the account; no others, and not on another path."""
    ana = office.person("ana", path="/app/")
    with office.store.write() as unit:
        team = groups.create(unit, office.house, account=HOME, name="team")
        role = roles.create(unit, office.house, account=HOME, name="worker", trust=ResolvedPolicy(TRUST, {}))
    with office.store.read() as reader:
        subjects = Subjects(reader, office.house, office.services.caller_layers)
        for arn, kind in (
            (ana.arn, "user"),
            (team.arn, "group"),
            (role.arn, "role"),
            (f"arn:aws:iam::{HOME}:root", "root"),
        ):
            assert (subjects.named(HOME, arn).arn, subjects.named(HOME, arn).kind) == (arn, kind)
        for arn in (f"arn:aws:iam::{HOME}:user/ana", "arn:aws:iam::999900001111:root", NOTES[0]):
            with pytest.raises(NoSuchEntity):
                subjects.named(HOME, arn)
        with pytest.raises(InvalidArn):
            subjects.named(HOME, "ana")


def test_an_answer_hides_policies(office: Office) -> None:
    """Layers and keys of a subject are left out of its repr."""
    office.person("ana", office.document())
    found: tuple[Access, ...] = who_can(_subjects(office), "doc:Get", _place(office, "*"), {}, OPTIONS)

    assert "Statement" not in repr(found)
