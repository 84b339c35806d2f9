"""Reports on an account: the credential report's cells, and authorization details page by page."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.credentials import access_keys as keys
from iamkit.credentials import mfa, mfa_otp, otp, passwords
from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.signing_certificates import SigningCertificate
from iamkit.errors import ReportExpired, ReportNotPresent, ValidationError
from iamkit.identity import attachments, boundaries, groups, inline, instance_profiles, managed, roles
from iamkit.identity.references import ResolvedPolicy
from iamkit.management import accounts as account_operations
from iamkit.management import password_policy, reports
from iamkit.reports.authorization_details import KINDS, AuthorizationDetails

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.management.conftest import Office

HOME: Final = "111122223333"
OK: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"doc:Get","Resource":"*"}}'
TRUST: Final = (
    f'{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{HOME}"}},"Action":"sts:AssumeRole"}}}}'
)
HEADER: Final = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,"
    "cert_2_active,cert_2_last_rotated"
)


def _rows(office: Office) -> dict[str, dict[str, str]]:
    office.owner().do(reports.generate_credential_report)
    text = office.owner().do(reports.get_credential_report).content.decode()
    assert text.partition("\n")[0] == HEADER
    return {row["user"]: row for row in csv.DictReader(io.StringIO(text))}


def test_each_cell_tells_the_state_of_a_credential(office: Office) -> None:
    """A user with nothing, one with everything, and root."""
    office.person("bare")
    full = office.person("full,name")
    start = office.clock.now()
    office.owner().do(password_policy.update_account_password_policy, max_password_age=90)
    with office.store.write() as unit:
        house, sealer = office.house, office.services.sealer
        hashed = HashedPassword("$x", "test", "", "NFC")
        passwords.put(unit, account=HOME, user_id=full.user_id, hashed=hashed, must_change=False, now=start)
        for _ in range(2):
            made = keys.create(unit, sealer, house.ids, account=HOME, user_id=full.user_id, now=start)
        keys.set_status(unit, made.key.key_id, "Inactive", user_id=full.user_id)
        used = start + timedelta(hours=1)
        keys.note_use(unit, made.key.key_id, service="iam", region="eu-1", now=used)
        mfa.add(
            unit,
            sealer,
            serial="arn:x",
            account=HOME,
            method="totp",
            name="phone",
            now=start,
            secret=b"\x01" * otp.SEED_BYTES,
            public=mfa_otp.facts_of(otp.STANDARD),
            user_id=full.user_id,
        )
        unit.add(SigningCertificate("c1", HOME, full.user_id, "d", "pem", "Inactive", start, start, start))
    found = _rows(office)

    assert list(found) == ["<root_account>", "bare", "full,name"]
    root, bare, whole = found.values()
    when = start.isoformat(timespec="seconds")
    assert root["arn"] == f"arn:aws:iam::{HOME}:root"
    assert root["password_enabled"] == root["password_next_rotation"] == "not_supported"
    assert root["password_last_used"] == "no_information"
    assert bare["password_enabled"] == bare["mfa_active"] == bare["access_key_1_active"] == "false"
    assert {bare[name] for name in HEADER.split(",") if "last" in name or "next" in name} == {"N/A"}
    assert whole["password_enabled"] == whole["mfa_active"] == "true"
    assert whole["password_last_used"] == "no_information"
    assert whole["password_last_changed"] == when
    assert whole["password_next_rotation"] == (start + timedelta(days=90)).isoformat(timespec="seconds")
    states = {whole[f"access_key_{number}_active"] for number in (1, 2)}
    assert states == {"true", "false"}
    used_one = 1 if whole["access_key_1_active"] == "false" else 2
    assert whole[f"access_key_{used_one}_last_used_service"] == "iam"
    assert whole[f"access_key_{used_one}_last_used_region"] == "eu-1"
    assert whole[f"access_key_{used_one}_last_used_date"] == used.isoformat(timespec="seconds")
    assert (whole["cert_1_active"], whole["cert_1_last_rotated"]) == ("false", when)
    assert (whole["cert_2_active"], whole["cert_2_last_rotated"]) == ("false", "N/A")
    assert whole["access_key_1_last_rotated"] == whole["access_key_2_last_rotated"] == when


def test_a_report_lives_four_hours(office: Office) -> None:
    """Before it is made it is not there; for four hours it is not made again; then it is not told."""
    desk = office.owner()
    with pytest.raises(ReportNotPresent):
        desk.do(reports.get_credential_report)
    made = desk.do(reports.generate_credential_report)
    assert made.state == "COMPLETE"
    office.person("new")
    office.clock.advance(timedelta(hours=4, seconds=-1))
    again = desk.do(reports.generate_credential_report)
    assert again.generated_at == made.generated_at
    assert b"new" not in desk.do(reports.get_credential_report).content
    office.clock.advance(timedelta(seconds=1))
    with pytest.raises(ReportExpired):
        desk.do(reports.get_credential_report)
    assert b"new" in _text(office)


def _text(office: Office) -> bytes:
    desk = office.owner()
    desk.do(reports.generate_credential_report)
    return desk.do(reports.get_credential_report).content


def _furnish(office: Office) -> None:
    house = office.house
    people = [office.person(name) for name in ("ana", "Ben", "cleo")]
    with office.store.write() as unit:
        policy = managed.create(unit, house, account=HOME, name="own", text=OK)
        managed.add_version(unit, house, policy, text=OK.replace("Get", "Put"), set_as_default=True)
        team = groups.create(unit, house, account=HOME, name="team")
        groups.join(unit, house, team, people[0])
        role = roles.create(unit, house, account=HOME, name="worker", trust=ResolvedPolicy(TRUST, {}))
        boundaries.put(unit, house, role, policy.arn)
        box = instance_profiles.create(unit, house, account=HOME, name="box")
        instance_profiles.put_role(unit, box, role)
        attachments.attach(unit, house, team.holder, policy.arn)
        attachments.attach(unit, house, people[1].holder, "arn:aws:iam::aws:policy/ReadOnlyAccess")
        inline.put(unit, house, people[2].holder, name="in", text=OK)


def _names(found: AuthorizationDetails) -> list[str]:
    return [
        *(item.user.name for item in found.users),
        *(item.group.name for item in found.groups),
        *(item.role.name for item in found.roles),
        *(item.name for item in found.policies),
    ]


def test_authorization_details_tell_all_that_decides(office: Office) -> None:
    """Documents, attachments, memberships, boundaries, versions, profiles."""
    _furnish(office)
    found = office.owner().do(reports.get_account_authorization_details)
    assert found.marker is None
    ana, ben, cleo = found.users
    assert ana.groups == ("team",)
    assert ben.policies.attached == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert cleo.policies.inline == {"in": OK}
    (team,), (worker,) = found.groups, found.roles
    assert team.policies.attached == (f"arn:aws:iam::{HOME}:policy/own",)
    assert worker.trust == TRUST
    assert [item.name for item in worker.instance_profiles] == ["box"]
    own, shipped = found.policies
    assert [(item.version, item.is_default) for item in own.versions] == [("v1", False), ("v2", True)]
    assert (own.attachment_count, own.boundary_count, own.default_version) == (1, 1, "v2")
    # Shipped policies are told if somebody has them.
    assert shipped.arn == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert shipped.policy_id is None


def test_a_filter_and_a_marker_have_to_be_such(office: Office) -> None:
    """Another word is refused."""
    _furnish(office)
    desk = office.owner()
    assert _names(desk.do(reports.get_account_authorization_details, filter=("Role",))) == ["worker"]
    for wrong in ({"filter": ("Rôle",)}, {"marker": "x"}, {"marker": "Users/x"}, {"max_items": 0}):
        with pytest.raises(ValidationError):
            desk.do(reports.get_account_authorization_details, **wrong)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 12), kinds=st.sets(st.sampled_from(KINDS)))
def test_pages_together_are_the_whole(new_office: Callable[[], Office], size: int, kinds: set[str]) -> None:
    """Whatever the size of a page and whichever kinds are asked for; nothing twice, nothing left out."""
    office = new_office()
    _furnish(office)
    desk = office.owner()
    asked = tuple(sorted(kinds))
    whole = _names(desk.do(reports.get_account_authorization_details, filter=asked))
    got: list[str] = []
    marker: str | None = None
    while True:
        found = desk.do(
            reports.get_account_authorization_details, filter=asked, marker=marker, max_items=size
        )
        names = _names(found)
        assert 1 <= len(names) <= size or not whole
        got += names
        marker = found.marker
        if marker is None:
            break
    assert got == whole


def test_the_summary_counts_devices_profiles_and_providers(office: Office) -> None:
    """Under AWS's keys."""
    _furnish(office)
    found = office.owner().do(account_operations.get_account_summary)
    assert len(found) == 34
    assert found["InstanceProfiles"] == 1
    assert found["InstanceProfilesQuota"] == 1000
    assert found["MFADevices"] == found["AccountMFAEnabled"] == 0
