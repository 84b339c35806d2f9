"""Instance profiles, providers and reports as boto3's own parser reads them from the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import botocore.parsers
import botocore.session
import pytest

from iamkit.api.bound import Bindings
from iamkit.api.model import Models
from iamkit.api.outputs import output_of
from iamkit.api.paging import Cut
from iamkit.api.views import Around
from iamkit.api.xml import answer
from iamkit.credentials.hashing import CHEAPEST
from iamkit.kit import IAM

ACCOUNT: Final = "111122223333"
DOCUMENT: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"docs:*","Resource":"*"}}'
TRUST: Final = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}
)
METADATA: Final = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:idp"><IDPSSODescriptor>'
    "<KeyDescriptor><X509Certificate xmlns='http://www.w3.org/2000/09/xmldsig#'>"
    f"{'TUlJQw' * 150}</X509Certificate></KeyDescriptor>"
    '<SingleSignOnService Location="https://idp.example.org/sso"/></IDPSSODescriptor></EntityDescriptor>'
)

# Any: what botocore parses has no types.
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(tmp_path: Path, models: Models) -> Iterator[Call]:
    """Does an operation with a typed input, writes the answer, and has botocore read it."""
    bindings = Bindings.of(models)
    service = botocore.session.get_session().get_service_model("iam")
    with IAM(tmp_path / "data", entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize(account_id=ACCOUNT)
        operator = iam.operator()

        def do(name: str, **given: Any) -> dict[str, Any]:
            bound = bindings.by_action[f"iam:{name}"]
            arguments = bound.arguments.made(given)
            cut = Cut.of(given)
            if bound.arguments.pages:
                arguments |= {"marker": cut.marker, "max_items": cut.max_items}
            result = iam.desk(operator).do(bound.arguments.operation, **arguments)
            with iam.store.read() as reader:
                around = Around(reader, operator, given)
                output = output_of(bound.model, result, around, cut, pages_itself=bound.arguments.pages)
            body = answer(models.services["iam"], bound.model, output, "r")
            parser = botocore.parsers.create_parser("query")
            shape = service.operation_model(name).output_shape
            found: dict[str, Any] = parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
            return found

        yield do


def test_instance_profiles(call: Call) -> None:
    """With their role, as AWS tells them."""
    call("CreateRole", RoleName="worker", AssumeRolePolicyDocument=TRUST)
    made = call("CreateInstanceProfile", InstanceProfileName="box", Path="/app/")["InstanceProfile"]
    assert made["InstanceProfileId"].startswith("AIPA")
    assert made["Roles"] == []
    call("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="worker")
    (found,) = call("ListInstanceProfilesForRole", RoleName="worker")["InstanceProfiles"]
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/app/box"
    assert [role["RoleName"] for role in found["Roles"]] == ["worker"]
    assert call("GetInstanceProfile", InstanceProfileName="box")["InstanceProfile"]["Roles"]
    assert call("ListInstanceProfiles")["IsTruncated"] is False
    # When a role was used last is told of it alone.
    assert call("GetRole", RoleName="worker")["Role"]["RoleLastUsed"] == {}
    assert all("RoleLastUsed" not in role for role in found["Roles"])
    assert call("UpdateRoleDescription", RoleName="worker", Description="x")["Role"]["Description"] == "x"


def test_providers(call: Call) -> None:
    """A URL is told without its scheme; metadata whole."""
    arn = call("CreateOpenIDConnectProvider", Url="https://id.example.org", ClientIDList=("app",))[
        "OpenIDConnectProviderArn"
    ]
    found = call("GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    assert (found["Url"], found["ClientIDList"], found["ThumbprintList"]) == ("id.example.org", ["app"], [])
    assert call("ListOpenIDConnectProviders")["OpenIDConnectProviderList"] == [{"Arn": arn}]
    tags = ({"Key": "a", "Value": "b"},)
    made = call("CreateSAMLProvider", Name="idp", SAMLMetadataDocument=METADATA, Tags=tags)
    saml = made["SAMLProviderArn"]
    assert made["Tags"] == list(tags)
    assert call("UpdateSAMLProvider", SAMLProviderArn=saml, AssertionEncryptionMode="Allowed") == {
        "SAMLProviderArn": saml,
        "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200, "HTTPHeaders": {}},
    }
    told = call("GetSAMLProvider", SAMLProviderArn=saml)
    assert told["SAMLMetadataDocument"] == METADATA
    assert (told["AssertionEncryptionMode"], told["PrivateKeyList"]) == ("Allowed", [])
    (entry,) = call("ListSAMLProviders")["SAMLProviderList"]
    assert entry["ValidUntil"] == told["ValidUntil"]


def test_reports(call: Call) -> None:
    """The credential report's content is what was written; details go page by page."""
    assert call("GenerateCredentialReport")["State"] == "COMPLETE"
    report = call("GetCredentialReport")
    assert report["ReportFormat"] == "text/csv"
    assert report["Content"].startswith(b"user,arn,")
    call("CreateUser", UserName="ana", Tags=({"Key": "a", "Value": "b"},))
    call("PutUserPolicy", UserName="ana", PolicyName="own", PolicyDocument=DOCUMENT)
    call("CreateRole", RoleName="worker", AssumeRolePolicyDocument=TRUST)
    call("CreateInstanceProfile", InstanceProfileName="box")
    call("AddRoleToInstanceProfile", InstanceProfileName="box", RoleName="worker")
    names: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = call("GetAccountAuthorizationDetails", MaxItems=1, **marker)
        names += [item["UserName"] for item in page["UserDetailList"]]
        names += [item["RoleName"] for item in page["RoleDetailList"]]
        names += [item["PolicyName"] for item in page["Policies"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert names == ["administrator", "ana", "worker", "AdministratorAccess"]
    whole = call("GetAccountAuthorizationDetails")
    assert (
        whole["UserDetailList"][1]["UserPolicyList"]
        == [{"PolicyName": "own", "PolicyDocument": json.loads(DOCUMENT)}]
        or whole["UserDetailList"][1]["UserPolicyList"][0]["PolicyName"] == "own"
    )
    (role,) = whole["RoleDetailList"]
    assert role["InstanceProfileList"][0]["InstanceProfileName"] == "box"
    assert role["RoleLastUsed"] == {}


def test_access_reports(call: Call) -> None:
    """Job, services, entities, and the policies that give a service."""
    call("CreateUser", UserName="ana")
    call("PutUserPolicy", UserName="ana", PolicyName="own", PolicyDocument=DOCUMENT)
    arn = f"arn:aws:iam::{ACCOUNT}:user/ana"
    job = call("GenerateServiceLastAccessedDetails", Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    found = call("GetServiceLastAccessedDetails", JobId=job)
    assert (found["JobStatus"], found["JobType"]) == ("COMPLETED", "ACTION_LEVEL")
    (docs,) = found["ServicesLastAccessed"]
    assert (docs["ServiceNamespace"], docs["TotalAuthenticatedEntities"]) == ("docs", 0)
    (entity,) = call("GetServiceLastAccessedDetailsWithEntities", JobId=job, ServiceNamespace="docs")[
        "EntityDetailsList"
    ]
    assert entity["EntityInfo"]["Type"] == "USER"
    granted = call("ListPoliciesGrantingServiceAccess", Arn=arn, ServiceNamespaces=("docs",))
    assert granted["PoliciesGrantingServiceAccess"] == [
        {
            "ServiceNamespace": "docs",
            "Policies": [
                {"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "ana"}
            ],
        }
    ]
