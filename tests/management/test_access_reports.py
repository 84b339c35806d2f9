"""Access reports: what of their permissions somebody used, and from where they have them (CAP-J7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import InputError, NoSuchEntity, ValidationError
from iamkit.identity import attachments, departures, groups, managed
from iamkit.management import access_reports
from iamkit.management import users as user_operations
from iamkit.reports.access_report import ServiceAccess

if TYPE_CHECKING:
    from iamkit.identity.users import User
    from tests.management.conftest import Office

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


def _services(office: Office, arn: str, level: str = "SERVICE_LEVEL") -> dict[str, ServiceAccess]:
    desk = office.owner()
    job = desk.do(access_reports.generate_service_last_accessed_details, arn=arn, granularity=level)
    found = desk.do(access_reports.get_service_last_accessed_details, job_id=job.job_id)
    assert found.report == job
    return {item.service: item for item in found.services.items}


def _ask(office: Office, name: str, action: str) -> None:
    office.gate.authorize(office.principals.find(HOME, name), action, NOTE)


def test_a_report_tells_the_last_attempt_at_each_service(office: Office) -> None:
    """Attempts count, whatever came of them; what was never used is listed without a date."""
    ana = office.person("ana", office.document(Action=["doc:*", "mail:Send", "iam:GetUser"]))
    first = office.clock.now()
    _ask(office, "ana", "doc:Get")
    office.clock.advance(timedelta(hours=2))
    _ask(office, "ana", "doc:Burn")
    last = office.clock.now()
    _ask(office, "ana", "other:Thing")

    found = _services(office, ana.arn, "ACTION_LEVEL")

    assert sorted(found) == ["doc", "iam", "mail"]
    assert found["doc"].last_at == last
    assert found["doc"].entity == ana.arn
    assert found["doc"].entities == 1
    assert {item.action: item.last_at for item in found["doc"].actions} == {"Get": first, "Burn": last}
    assert found["mail"].last_at is None
    assert found["mail"].entities == 0
    assert [(item.action, item.last_at) for item in found["iam"].actions] == [("GetUser", None)]
    assert found["iam"].title == "Identity and access management"
    assert _services(office, ana.arn)["doc"].actions == ()


def test_what_is_long_ago_is_not_told(office: Office) -> None:
    """After 400 days."""
    ana = office.person("ana", office.document(Action="doc:*"))
    _ask(office, "ana", "doc:Get")
    office.log.flush()
    office.clock.advance(timedelta(days=401))
    assert _services(office, ana.arn)["doc"].last_at is None


def _with_group(office: Office) -> tuple[User, User, str, str]:
    ana, ben = office.person("ana"), office.person("ben")
    with office.store.write() as unit:
        team = groups.create(unit, office.house, account=HOME, name="team")
        policy = managed.create(
            unit, office.house, account=HOME, name="docs", text=office.document(Action="doc:*")
        )
        for person in (ana, ben):
            groups.join(unit, office.house, team, person)
        attachments.attach(unit, office.house, team.holder, policy.arn)
    return ana, ben, team.arn, policy.arn


def test_a_group_and_a_policy_are_about_whoever_has_them(office: Office) -> None:
    """Who used a service last, and all who may, by ARN; page by page."""
    ana, ben, group_arn, policy_arn = _with_group(office)
    _ask(office, "ana", "doc:Get")
    office.clock.advance(timedelta(minutes=5))
    _ask(office, "ben", "doc:Get")
    for arn in (group_arn, policy_arn):
        found = _services(office, arn)["doc"]
        assert found.entity == ben.arn
        assert found.entities == 2
    desk = office.owner()
    job = desk.do(access_reports.generate_service_last_accessed_details, arn=policy_arn).job_id
    one = desk.do(
        access_reports.get_service_last_accessed_details_with_entities,
        job_id=job,
        service_namespace="doc",
        max_items=1,
    ).entities
    two = desk.do(
        access_reports.get_service_last_accessed_details_with_entities,
        job_id=job,
        service_namespace="DOC",
        marker=one.marker,
    ).entities
    assert [item.entity.arn for item in (*one.items, *two.items)] == [ana.arn, ben.arn]
    assert all(item.last_at is not None for item in (*one.items, *two.items))
    none = desk.do(
        access_reports.get_service_last_accessed_details_with_entities, job_id=job, service_namespace="mail"
    ).entities
    assert [item.last_at for item in none.items] == [None, None]


def test_policies_that_give_a_service_are_named(office: Office) -> None:
    """Inline and managed, of the user and of its groups; nothing for what nobody gives."""
    _, ben, group_arn, policy_arn = _with_group(office)
    cleo = office.person("cleo", office.document(Action="doc:Get"))
    with office.store.write() as unit:
        groups.join(unit, office.house, groups.get(unit, HOME, "team"), cleo)
    desk = office.owner()
    found = desk.do(
        access_reports.list_policies_granting_service_access,
        arn=cleo.arn,
        service_namespaces=("doc", "mail"),
    )
    doc, mail = found.items
    assert {(item.name, item.arn, item.holder) for item in doc.policies} == {
        ("own", "", cleo.arn),
        ("docs", policy_arn, group_arn),
    }
    assert mail.policies == ()
    for names in ((), tuple(f"s{number}" for number in range(201))):
        with pytest.raises(ValidationError):
            desk.do(
                access_reports.list_policies_granting_service_access, arn=ben.arn, service_namespaces=names
            )
    with pytest.raises(InputError):
        desk.do(
            access_reports.list_policies_granting_service_access,
            arn=policy_arn,
            service_namespaces=("doc",),
        )


def test_not_action_and_denials(office: Office) -> None:
    """NotAction gives the rest; a Deny gives nothing, and takes nothing off this list."""
    text = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"},'
        '{"Effect":"Deny","Action":"sts:*","Resource":"*"}]}'
    )
    ana = office.person("ana", text)
    found = _services(office, ana.arn)
    assert "iam" not in found
    assert {"iamkit", "sts"} <= set(found)


def test_a_job_is_the_accounts_and_ends(office: Office) -> None:
    """Another's, an unknown or an old one is not there; nor one about somebody who is gone."""
    ana = office.person("ana", office.document(Action="doc:*"))
    desk = office.owner()
    for arn, fault in ((ana.arn + "x", NoSuchEntity), (f"arn:aws:doc::{HOME}:x", InputError)):
        with pytest.raises(fault):
            desk.do(access_reports.generate_service_last_accessed_details, arn=arn)
    with pytest.raises(InputError, match="granularity"):
        desk.do(access_reports.generate_service_last_accessed_details, arn=ana.arn, granularity="ALL")
    job = desk.do(access_reports.generate_service_last_accessed_details, arn=ana.arn).job_id
    with pytest.raises(NoSuchEntity):
        desk.do(access_reports.get_service_last_accessed_details, job_id=job + "x")
    with office.store.write() as unit:
        departures.delete_user(unit, office.house, ana, cascade=True)
    with pytest.raises(NoSuchEntity):
        desk.do(access_reports.get_service_last_accessed_details, job_id=job)
    desk.do(user_operations.create_user, user_name="ana")
    with pytest.raises(NoSuchEntity, match="not there any more"):
        desk.do(access_reports.get_service_last_accessed_details, job_id=job)
    other = desk.do(access_reports.generate_service_last_accessed_details, arn=ana.arn).job_id
    office.clock.advance(timedelta(days=7))
    with pytest.raises(NoSuchEntity):
        desk.do(access_reports.get_service_last_accessed_details, job_id=other)
