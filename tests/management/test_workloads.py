"""Parts of the app and their roles: trusted by name, without a credential of their own."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, AuthenticationError, InputError, NoSuchEntity, ValidationError
from iamkit.identity import instance_profiles, roles
from iamkit.identity.references import ResolvedPolicy
from iamkit.management import workloads
from iamkit.management.role_sessions import end_role_sessions
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
JOBS: Final = {"Effect": "Allow", "Principal": {"Service": "jobs.myapp"}, "Action": "sts:AssumeRole"}


def test_a_job_runs_as_a_role_that_trusts_the_part_of_the_app(realm: Realm) -> None:
    """And as no other; who passed it on is a decision of its own (CAP-B8)."""
    role = realm.role("worker", JOBS, "doc:Get")
    closed = realm.role("closed", {**JOBS, "Principal": {"Service": "mail.myapp"}}, "doc:Get")

    job = realm.iam.role_session(role.arn, component="jobs.myapp", name="job-7")

    assert job.caller.kind is CallerKind.ROLE_SESSION
    assert job.name == "worker/job-7"
    assert job.can("doc:Get", NOTE)
    assert not job.can("doc:Put", NOTE)
    with pytest.raises(AccessDenied):
        realm.iam.role_session(closed.arn, component="jobs.myapp", name="job-7")
    (event, *_) = [found for found in realm.events("AssumeRole") if "errorCode" not in found]
    assert event["userIdentity"]["type"] == "AWSService"
    assert event["userIdentity"]["invokedBy"].startswith("operator:")


def test_whoever_starts_a_job_may_pass_the_role_on(realm: Realm) -> None:
    """`iam:PassRole` is asked with the part of the app that it is passed to."""
    role = realm.role("worker", JOBS, "doc:Get")
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role.arn,
        "Condition": {"StringEquals": {"iam:PassedToService": "jobs.myapp"}},
    }
    ana, ben = realm.user("ana", passing), realm.user("ben")

    assert realm.iam.pass_role(role.arn, to="jobs.myapp", principal=ana)
    for who, to in ((ben, "jobs.myapp"), (ana, "mail.myapp")):
        with pytest.raises(AccessDenied):
            realm.iam.pass_role(role.arn, to=to, principal=who)


@pytest.mark.parametrize(
    "name", ["", "jobs", "Jobs.myapp", "jobs.", ".jobs", "a b.c", "a.b/c", "é.b", "a." * 10]
)
def test_what_names_no_part_of_an_app(realm: Realm, name: str) -> None:
    """A name like a host's, of two parts or more."""
    with pytest.raises(ValidationError):
        realm.iam.component(name)


def test_a_part_of_the_app_may_nothing_by_itself(realm: Realm) -> None:
    """It has no policies; resources may name it."""
    assert not realm.iam.component("jobs.myapp").can("doc:Get", NOTE)


def test_a_profile_gives_the_role_that_is_in_it_now(realm: Realm) -> None:
    """Attached, exchanged and detached while the process runs: the next time it asks, it gets that."""
    first, second = realm.role("first", JOBS, "doc:Get"), realm.role("second", JOBS, "doc:Put")
    house = realm.iam.house
    profile = realm.write(lambda unit: instance_profiles.create(unit, house, account=HOME, name="web"))

    def now() -> str:
        with realm.iam.store.read() as reader:
            return workloads.role_of_profile(reader, HOME, "web")

    with pytest.raises(InputError, match="no role"):
        now()
    profile = realm.write(lambda unit: instance_profiles.put_role(unit, profile, first))
    assert now() == first.arn
    profile = realm.write(lambda unit: instance_profiles.take_role(unit, profile, first))
    profile = realm.write(lambda unit: instance_profiles.put_role(unit, profile, second))
    assert now() == second.arn
    realm.write(lambda unit: instance_profiles.take_role(unit, profile, second))
    with pytest.raises(InputError):
        now()
    with realm.iam.store.read() as reader, pytest.raises(NoSuchEntity):
        workloads.role_of_profile(reader, HOME, "gone")


def test_what_a_worker_holds_ends_when_the_role_is_taken(realm: Realm) -> None:
    """At once, and there is no more to get once the role trusts it no longer."""
    role = realm.role("worker", JOBS, "doc:Get")
    desk = realm.desk(realm.iam.component("jobs.myapp"))
    made = workloads.assumed(desk, role.arn, "host", 900)
    given = workloads.as_container(made.credentials, role.arn)
    assert set(given) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "RoleArn"}
    assert made.credentials.expiration == realm.clock.now() + timedelta(minutes=15)
    assert realm.come(made).can("doc:Get", NOTE)

    realm.desk(realm.user("admin", "*")).do(end_role_sessions, role_name="worker")
    with pytest.raises(AuthenticationError):
        realm.come(made)
    trust = ResolvedPolicy(json.dumps({"Statement": {**JOBS, "Principal": {"Service": "mail.myapp"}}}), {})
    realm.write(lambda unit: roles.set_trust(unit, realm.iam.house, role, trust))
    with pytest.raises(AccessDenied):
        workloads.assumed(desk, role.arn, "host")
