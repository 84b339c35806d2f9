"""Signing certificates, server certificates and service-specific credentials, by AWS's rules."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials import server_certificates as kept_servers
from iamkit.credentials.secret import Secret
from iamkit.errors import (
    AccessDenied,
    DeleteConflict,
    DuplicateCertificate,
    EntityAlreadyExists,
    InputError,
    InvalidCertificate,
    KeyPairMismatch,
    LimitExceeded,
    MalformedCertificate,
    NoSuchEntity,
    NotSupportedService,
    ValidationError,
)
from iamkit.management import accounts, reports, users
from iamkit.management import server_certificates as servers
from iamkit.management import service_credentials as services
from iamkit.management import signing_certificates as signing

if TYPE_CHECKING:
    from tests.management.conftest import Office

FILES: Final = Path(__file__).parents[1] / "credentials" / "certificates"
FIRST, SECOND, THIRD = ((FILES / f"{name}.pem").read_text() for name in ("first", "second", "third"))
KEY: Final = Secret((FILES / "first.key").read_text())
HOME: Final = "111122223333"


@pytest.fixture(autouse=True)
def _later(office: Office) -> None:
    """After the certificates of the tests were made."""
    office.clock.advance(timedelta(days=3650))


def test_a_user_has_two_signing_certificates_and_nobody_else_has_them(office: Office) -> None:
    """The third is one too many; the same is a duplicate, whoever's; deletion makes room."""
    office.person("ana")
    office.person("bob")
    desk = office.owner()

    first = desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=FIRST)
    with pytest.raises(DuplicateCertificate):
        desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=FIRST)
    with pytest.raises(DuplicateCertificate):
        desk.do(signing.upload_signing_certificate, user_name="bob", certificate_body=FIRST)
    desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=SECOND)
    with pytest.raises(LimitExceeded):
        desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=THIRD)
    with pytest.raises(NoSuchEntity):
        desk.do(signing.delete_signing_certificate, user_name="bob", certificate_id=first.certificate_id)
    with pytest.raises(DeleteConflict):
        desk.do(users.delete_user, user_name="ana")
    desk.do(
        signing.update_signing_certificate,
        user_name="ana",
        certificate_id=first.certificate_id,
        status="Inactive",
    )
    listed = desk.do(signing.list_signing_certificates, user_name="ana").items
    desk.do(signing.delete_signing_certificate, user_name="ana", certificate_id=first.certificate_id)
    desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=THIRD)

    assert sorted(item.status for item in listed) == ["Active", "Inactive"]
    assert 24 <= len(first.certificate_id) <= 128
    desk.do(users.delete_user, user_name="ana", cascade=True)
    desk.do(signing.upload_signing_certificate, user_name="bob", certificate_body=THIRD)


def test_what_is_no_good_certificate_is_not_kept(office: Office) -> None:
    """A damaged one, an ended one, another word for a status."""
    office.person("ana")
    desk = office.owner()
    made = desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=FIRST)
    with pytest.raises(MalformedCertificate):
        desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body="x")
    with pytest.raises(ValidationError):
        desk.do(
            signing.update_signing_certificate,
            user_name="ana",
            certificate_id=made.certificate_id,
            status="active",
        )
    office.clock.advance(timedelta(days=40_000))
    with pytest.raises(InvalidCertificate):
        desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=SECOND)


def _upload(office: Office, name: str, **more: object) -> servers.ServerCertificateFace:
    return office.owner().do(
        servers.upload_server_certificate,
        server_certificate_name=name,
        certificate_body=FIRST,
        private_key=KEY,
        **more,  # type: ignore[arg-type]  # paths, tags, chains
    )


def test_a_server_certificate_is_kept_listed_moved_and_forgotten(office: Office) -> None:
    """Its private key is in no answer and no event, and opens for the host."""
    desk = office.owner()
    _upload(office, "b", path="/app/", certificate_chain=SECOND + THIRD, tags={"team": "x"})
    _upload(office, "a")
    with pytest.raises(EntityAlreadyExists):
        _upload(office, "A")

    page = desk.do(servers.list_server_certificates, max_items=1)
    rest = desk.do(servers.list_server_certificates, marker=page.marker, max_items=1)
    below = desk.do(servers.list_server_certificates, path_prefix="/app/")
    desk.do(
        servers.update_server_certificate,
        server_certificate_name="b",
        new_path="/",
        new_server_certificate_name="c",
    )
    with pytest.raises(EntityAlreadyExists):
        desk.do(
            servers.update_server_certificate,
            server_certificate_name="c",
            new_server_certificate_name="a",
        )
    found = desk.do(servers.get_server_certificate, server_certificate_name="C")
    desk.do(servers.tag_server_certificate, server_certificate_name="c", tags={"Team": "y"})
    tags = desk.do(servers.list_server_certificate_tags, server_certificate_name="c")
    desk.do(servers.untag_server_certificate, server_certificate_name="c", tag_keys=("team",))

    assert [item.name for item in (*page.items, *rest.items)] == ["a", "b"]
    assert [item.arn for item in below.items] == [f"arn:aws:iam::{HOME}:server-certificate/app/b"]
    assert below.items[0].body == ""
    assert (found.arn, found.body) == (f"arn:aws:iam::{HOME}:server-certificate/c", FIRST.strip())
    assert found.chain.count("BEGIN") == 2
    assert tags == {"Team": "y"}
    with office.store.read() as reader:
        kept = kept_servers.get(reader, HOME, "c")
    assert KEY.reveal() not in repr(kept)
    assert kept_servers.opened(office.services.sealer, kept) == KEY
    inner = KEY.reveal().splitlines()[1]
    assert inner not in json.dumps(office.events(), default=str)
    assert inner not in repr(found)
    desk.do(servers.delete_server_certificate, server_certificate_name="c")
    with pytest.raises(NoSuchEntity):
        desk.do(servers.get_server_certificate, server_certificate_name="c")


def test_a_server_certificate_needs_its_own_key_and_room(office: Office) -> None:
    """Another's key is a mismatch; the quota counts an account."""
    with pytest.raises(KeyPairMismatch):
        office.owner().do(
            servers.upload_server_certificate,
            server_certificate_name="x",
            certificate_body=SECOND,
            private_key=KEY,
        )
    with pytest.raises(MalformedCertificate):
        _upload(office, "x", certificate_chain="hello")
    with pytest.raises(ValidationError):
        _upload(office, "a b")
    for number in range(20):
        _upload(office, f"n{number}")
    with pytest.raises(LimitExceeded):
        _upload(office, "n20")


def test_a_service_credential_is_made_reset_and_forgotten(office: Office) -> None:
    """Two of a service; the password is told when it is made and never again."""
    office.person("ana")
    desk = office.owner()

    def make(service: str) -> services.CreatedServiceCredential:
        return desk.do(
            services.create_service_specific_credential,
            user_name="ana",
            service_name=service,
            credential_age_days=30,
        )

    first, second = make("doc"), make("doc.amazonaws.com")
    with pytest.raises(LimitExceeded):
        make("doc")
    make("wiki")
    for service in ("iam", "iamkit", "sts.amazonaws.com", "", "a b", "x" * 70):
        with pytest.raises(NotSupportedService):
            make(service)
    one = {"user_name": "ana", "service_specific_credential_id": first.face.service_specific_credential_id}
    anew = desk.do(services.reset_service_specific_credential, **one)
    desk.do(services.update_service_specific_credential, status="Inactive", **one)
    listed = desk.do(services.list_service_specific_credentials, user_name="ana", service_name="doc").items
    everybody = desk.do(services.list_service_specific_credentials, all_users=True).items
    with pytest.raises(InputError):
        desk.do(services.list_service_specific_credentials, all_users=True, user_name="ana")

    assert first.face.service_user_name == f"ana-at-{HOME}"
    assert second.face.service_user_name == f"ana+1-at-{HOME}"
    assert anew.service_password != first.service_password
    assert sorted(item.status for item in listed) == ["Active", "Inactive"]
    assert len(everybody) == 3
    office.clock.advance(timedelta(days=31))
    later = desk.do(services.list_service_specific_credentials, user_name="ana").items
    assert {item.status for item in later} == {"Expired"}
    desk.do(services.delete_service_specific_credential, **one)
    with pytest.raises(NoSuchEntity):
        desk.do(services.delete_service_specific_credential, **one)
    told = json.dumps(office.events(), default=str)
    assert first.service_password.reveal() not in told
    assert anew.service_password.reveal() not in told


def test_all_users_credentials_take_the_permission_for_all(office: Office) -> None:
    """Somebody who may list their own does not list everybody's."""
    own = f"arn:aws:iam::{HOME}:user/ana"
    office.person("ana", office.document(action="iam:ListServiceSpecificCredentials", resource=own))
    assert office.desk("ana").do(services.list_service_specific_credentials).items == ()
    with pytest.raises(AccessDenied):
        office.desk("ana").do(services.list_service_specific_credentials, all_users=True)


def test_certificates_are_in_the_reports(office: Office) -> None:
    """The two columns of AWS's credential report (CAP-C7), and the counts of the summary."""
    office.person("ana")
    desk = office.owner()
    first = desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=FIRST)
    desk.do(
        signing.update_signing_certificate,
        user_name="ana",
        certificate_id=first.certificate_id,
        status="Inactive",
    )
    office.clock.advance(timedelta(hours=1))
    desk.do(signing.upload_signing_certificate, user_name="ana", certificate_body=SECOND)
    _upload(office, "site")

    desk.do(reports.generate_credential_report)
    text = desk.do(reports.get_credential_report).content.decode()
    (row,) = [row for row in csv.DictReader(io.StringIO(text)) if row["user"] == "ana"]
    counts = desk.do(accounts.get_account_summary)

    assert (row["cert_1_active"], row["cert_2_active"]) == ("false", "true")
    assert row["cert_2_last_rotated"] == office.clock.now().isoformat(timespec="seconds")
    assert row["cert_1_last_rotated"] < row["cert_2_last_rotated"]
    assert (counts["ServerCertificates"], counts["ServerCertificatesQuota"]) == (1, 20)
    assert counts["SigningCertificatesPerUserQuota"] == 2
    assert counts["AccountSigningCertificatesPresent"] == 0
