"""Operations on identity providers: limits, what AWS calls idempotent, and whose they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, InputError, LimitExceeded, NoSuchEntity
from iamkit.management import accounts, oidc_providers, saml_providers

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
ARN: Final = f"arn:aws:iam::{HOME}:oidc-provider/id.example.org"
METADATA: Final = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:idp"><IDPSSODescriptor>'
    "<KeyDescriptor><X509Certificate xmlns='http://www.w3.org/2000/09/xmldsig#'>"
    f"{'TUlJQw' * 150}</X509Certificate></KeyDescriptor>"
    '<SingleSignOnService Location="https://idp.example.org/sso"/></IDPSSODescriptor></EntityDescriptor>'
)


def test_clients_come_and_go_without_complaint(office: Office) -> None:
    """Adding what is there and removing what is not is no error; the hundred-and-first is one."""
    desk = office.owner()
    made = desk.do(
        oidc_providers.create_open_id_connect_provider,
        url="https://id.example.org",
        client_id_list=tuple(f"app-{number}" for number in range(100)),
    )
    assert made.arn == ARN
    with pytest.raises(LimitExceeded, match="100"):
        desk.do(
            oidc_providers.add_client_id_to_open_id_connect_provider,
            open_id_connect_provider_arn=ARN,
            client_id="more",
        )
    for client_id in ("app-0", "app-0"):
        desk.do(
            oidc_providers.remove_client_id_from_open_id_connect_provider,
            open_id_connect_provider_arn=ARN,
            client_id=client_id,
        )
    for client_id in ("more", "more"):
        desk.do(
            oidc_providers.add_client_id_to_open_id_connect_provider,
            open_id_connect_provider_arn=ARN,
            client_id=client_id,
        )
    found = desk.do(oidc_providers.get_open_id_connect_provider, open_id_connect_provider_arn=ARN)
    assert len(found.client_ids) == 100
    assert found.client_ids[-1] == "more"
    for _ in range(2):
        desk.do(oidc_providers.delete_open_id_connect_provider, open_id_connect_provider_arn=ARN)
    with pytest.raises(NoSuchEntity):
        desk.do(oidc_providers.get_open_id_connect_provider, open_id_connect_provider_arn=ARN)


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::111122223333:role/x", "arn:aws:sts::111122223333:oidc-provider/x", "x"]
)
def test_only_an_arn_of_a_provider_names_one(office: Office, arn: str) -> None:
    """Nothing else is asked about."""
    desk = office.owner()
    with pytest.raises(InputError):
        desk.do(oidc_providers.get_open_id_connect_provider, open_id_connect_provider_arn=arn)
    with pytest.raises(InputError):
        desk.do(saml_providers.get_saml_provider, saml_provider_arn=arn)


def test_a_tag_on_a_provider_decides(office: Office) -> None:
    """`aws:ResourceTag/KEY` of a provider is known to the gate, also of SAML ones."""
    owner = office.owner()
    condition = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    office.person("caller", office.document(Condition=condition))
    for name, team in (("one", "a"), ("two", "b")):
        owner.do(
            oidc_providers.create_open_id_connect_provider,
            url=f"https://{name}.example.org",
            tags={"team": team},
        )
        owner.do(
            saml_providers.create_saml_provider,
            name=name,
            saml_metadata_document=METADATA,
            tags={"team": team},
        )
    desk = office.desk("caller")
    one, two = (f"arn:aws:iam::{HOME}:saml-provider/{name}" for name in ("one", "two"))
    desk.do(saml_providers.delete_saml_provider, saml_provider_arn=one)
    with pytest.raises(AccessDenied):
        desk.do(saml_providers.delete_saml_provider, saml_provider_arn=two)
    base = f"arn:aws:iam::{HOME}:oidc-provider/"
    desk.do(
        oidc_providers.delete_open_id_connect_provider,
        open_id_connect_provider_arn=f"{base}one.example.org",
    )
    with pytest.raises(AccessDenied):
        desk.do(
            oidc_providers.delete_open_id_connect_provider,
            open_id_connect_provider_arn=f"{base}two.example.org",
        )
    assert owner.do(accounts.get_account_summary)["Providers"] == 2


def test_an_event_does_not_hold_megabytes(office: Office) -> None:
    """A long document is left out of the event; the account's record of it is whole."""
    desk = office.owner()
    long = METADATA.replace("</IDPSSODescriptor>", f"<!--{'x' * 300_000}--></IDPSSODescriptor>")
    made = desk.do(saml_providers.create_saml_provider, name="idp", saml_metadata_document=long)
    assert desk.do(saml_providers.get_saml_provider, saml_provider_arn=made.arn).metadata == long
    created = office.events()[0]
    assert created["eventName"] == "CreateSAMLProvider"
    assert len(json.dumps(created)) < 256_000
