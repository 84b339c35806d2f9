"""Principals that are narrowed for an agent or a job: never more than both allow, and both are named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    ExpiredToken,
    MalformedPolicyDocument,
    ValidationError,
)
from iamkit.identity import resource_policies
from iamkit.management import inline
from iamkit.management.access_keys import create_access_key, delete_access_key
from iamkit.management.narrowed_sessions import get_narrowed_credentials
from iamkit.management.role_sessions import end_temporary_credential, list_temporary_credentials
from iamkit.management.session_tokens import get_federation_token, get_session_token
from iamkit.management.users import get_user
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from iamkit.identity.principal import Principal
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
VERBS: Final = ("Get", "Put", "Drop", "List")


def allow(*actions: str) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}


def reach(who: Principal) -> set[str]:
    return {verb for verb in VERBS if who.can(f"doc:{verb}", NOTE)}


def test_an_agent_may_what_both_allow_and_both_are_named(realm: Realm) -> None:
    """In events and in decisions, and policies can ask who acts."""
    never = {
        "Effect": "Deny",
        "Action": "doc:Drop",
        "Resource": "*",
        "Condition": {"StringLike": {"iamkit:Actor": "agent/*"}},
    }
    ana = realm.user("ana", "doc:*", "iam:GetUser", never)

    agent = ana.session(policy=allow("doc:Get", "doc:Drop", "iam:*"), actor="agent/summary")
    realm.desk(agent).do(get_user, user_name="ana")
    verdict = realm.iam.check("doc:Get", NOTE, principal=agent)

    assert reach(ana) == set(VERBS)
    assert reach(agent) == {"Get"}
    assert (agent.arn, agent.name) == (ana.arn, "ana")
    (event,) = realm.events("GetUser")
    assert event["userIdentity"]["userName"] == "ana"
    assert event["iamkit"]["actor"] == "agent/summary"
    (begun,) = realm.events("GetNarrowedCredentials")
    assert begun["requestParameters"]["actor"] == "agent/summary"
    told = realm.iam.why(verdict.id).explanation
    assert told is not None
    assert told.request.context["iamkit:Actor"] == "agent/summary"


@pytest.mark.parametrize("how", ["time", "taken back", "key"])
def test_it_is_over_for_whoever_holds_it_too(realm: Realm, how: str) -> None:
    """An agent that goes on in the same process is asked again for each decision."""
    ana = realm.user("ana", "*")
    assert ana.authentication is not None
    agent = ana.session(policy=allow("doc:Get"), ttl=timedelta(minutes=1))
    assert agent.authentication is not None
    assert realm.iam.check("doc:Get", NOTE, principal=agent)

    if how == "time":
        realm.clock.advance(timedelta(minutes=1))
    elif how == "taken back":
        realm.desk(ana).do(end_temporary_credential, session_id=agent.authentication.credential_id)
    else:
        realm.desk(ana).do(delete_access_key, access_key_id=ana.authentication.credential_id)

    assert reach(agent) == set()
    with realm.iam.acting(agent), pytest.raises(AccessDenied):
        realm.iam.authorize("doc:Get", NOTE)


def test_what_the_user_loses_the_agent_loses(realm: Realm) -> None:
    """At its next decision, though it goes on in the same process with the principal that it began with."""
    ana = realm.user("ana", "doc:*")
    agent = ana.session(policy=allow("doc:Get"))
    assert realm.iam.check("doc:Get", NOTE, principal=agent)

    operator = realm.iam.desk(realm.iam.operator())
    for name in operator.do(inline.list_user_policies, user_name="ana"):
        operator.do(inline.delete_user_policy, user_name="ana", policy_name=name)

    assert not realm.iam.check("doc:Get", NOTE, principal=agent)


def test_whoever_acts_stays_named(realm: Realm) -> None:
    """Narrowed again, and as a role: a policy about an actor is not got around by another name, or none."""
    ana = realm.user("ana", "*")
    trust = {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "sts:AssumeRole"}
    role = realm.role("r", trust, "doc:*")

    agent = ana.session(policy=allow("*"), actor="agent/summary")

    with pytest.raises(AccessDenied, match="actor"):
        agent.session(policy=allow("*"), actor="ana")
    for less in (
        agent.session(policy=allow("*")),
        agent.session(policy=allow("*"), actor="agent/summary"),
        realm.become(agent, role),
        realm.become(agent, role).session(policy=allow("*")),
    ):
        assert less.authentication is not None
        assert less.authentication.session is not None
        assert less.authentication.session.actor == "agent/summary"


def test_it_is_no_younger_than_what_it_was_got_by(realm: Realm) -> None:
    """Or what policies deny to an old session they would allow to the same one, narrowed or exchanged."""
    ana, began = realm.user("ana", "*"), realm.clock.now()
    proof = ana.authentication
    assert proof is not None
    signed_in = replace(ana, authentication=replace(proof, issued_at=began))
    realm.clock.advance(timedelta(hours=1))

    less = signed_in.session(policy=allow("*"))
    exchanged = realm.come(realm.desk(signed_in).do(get_session_token).credentials)
    by_key = ana.session(policy=allow("*"))

    issued = [who.authentication and who.authentication.issued_at for who in (less, exchanged, by_key)]
    assert issued == [began, began, realm.clock.now()]


def test_it_is_a_credential_like_others(realm: Realm) -> None:
    """For another process it is signed with; it ends in time, with its parent, and is in the list."""
    ana = realm.user("ana", "*")
    made = realm.desk(ana).do(
        get_narrowed_credentials, policy=json.dumps(allow("doc:Get")), duration_seconds=60, actor="job"
    )
    assert reach(realm.come(made.credentials)) == {"Get"}
    listed = realm.desk(ana).do(list_temporary_credentials).items
    assert [item.session_id for item in listed] == [made.credentials.access_key_id]
    realm.clock.advance(timedelta(seconds=60))
    with pytest.raises(ExpiredToken):
        realm.come(made.credentials)

    agent = ana.session(policy=allow("*"))
    assert ana.authentication is not None
    realm.desk(ana).do(delete_access_key, access_key_id=ana.authentication.credential_id)
    with pytest.raises(AuthenticationError):
        realm.desk(agent).do(get_user, user_name="ana")


def test_what_names_the_user_is_not_the_agents(realm: Realm) -> None:
    """A resource that allows the user allows the agent only what its policy says; nor does it make keys."""
    ana = realm.user("ana", "iam:*")
    statement = {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "doc:*"}
    realm.write(
        lambda unit: resource_policies.put(
            unit,
            realm.iam.house,
            account=HOME,
            resource_arn=NOTE,
            text=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        )
    )
    assert reach(ana) == set(VERBS)

    assert reach(ana.session(policy=allow("doc:Get"))) == {"Get"}
    with pytest.raises(AccessDenied):
        realm.desk(ana.session(policy=allow("*"))).do(create_access_key)


def test_roles_and_federated_users_are_narrowed_too(realm: Realm) -> None:
    """They stay what they are, with their names and tags."""
    ana = realm.user("ana", "sts:*", "doc:*")
    trust = {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    role = realm.role("r", trust, "doc:Get", "doc:Put")
    text = json.dumps(allow("doc:Get", "doc:List"))
    session = realm.become(ana, role, tags={"team": "x"}, policy=text)
    guest = realm.come(realm.desk(ana).do(get_federation_token, name="guest", policy=text).credentials)

    for who, expected in ((session, {"Get"}), (guest, {"Get", "List"})):
        less = who.session(policy=allow("doc:*"), actor="agent")
        assert (less.arn, less.tags, less.caller.kind) == (who.arn, who.tags, who.caller.kind)
        assert reach(less) == expected
        assert reach(less.session(policy=allow("doc:Put"))) == set()
    root = realm.iam.principals.root(HOME)
    assert root.caller.kind is CallerKind.ROOT
    assert reach(root.session(policy=allow("doc:Get"))) <= {"Get"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    own=st.sets(st.sampled_from(VERBS)),
    steps=st.lists(st.sets(st.sampled_from(VERBS), min_size=1), min_size=1, max_size=4),
)
def test_however_often_it_is_narrowed_it_only_gets_less(
    realm: Realm, own: set[str], steps: list[set[str]]
) -> None:
    """The law: what each may is what all before it may, and its own policy (THR-K10)."""
    who = realm.user(realm.iam.ids.handle("u"), *(f"doc:{verb}" for verb in sorted(own)))
    expected = set(own)

    for step in steps:
        who = who.session(policy=allow(*(f"doc:{verb}" for verb in sorted(step))))
        expected &= step
        assert reach(who) == expected


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"policy": "{"}, MalformedPolicyDocument),
        ({"policy": {"Version": "2012-10-17", "Statement": []}}, MalformedPolicyDocument),
        ({"ttl": timedelta(seconds=59)}, ValidationError),
        ({"ttl": timedelta(hours=12, seconds=1)}, ValidationError),
        ({"actor": ""}, ValidationError),
        ({"actor": "a b"}, ValidationError),
        ({"actor": "a" * 65}, ValidationError),
    ],
)
def test_what_is_given_wrongly(realm: Realm, more: dict[str, Any], fault: type[Exception]) -> None:
    """Nothing begins."""
    ana = realm.user("ana", "iamkit:*")
    with pytest.raises(fault):
        ana.session(**{"policy": allow("doc:Get"), **more})
    assert not realm.desk(ana).do(list_temporary_credentials, user_name="ana").items


def test_whoever_is_nobody_narrows_nothing(realm: Realm) -> None:
    """The anonymous have nothing to hand on."""
    with pytest.raises((ConfigurationError, AuthenticationError)):
        realm.iam.principals.anonymous().session(policy=allow("doc:Get"))
