"""What holds for every operation: one event, nothing changed by a denial, nothing changed by reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.credentials import access_keys as keys
from iamkit.credentials import (
    certificates,
    challenges,
    links,
    mfa,
    mfa_otp,
    otp,
    password_rules,
    passwords,
    server_certificates,
    service_credentials,
    sessions,
    signing_certificates,
    ssh_keys,
    temporary,
    tokens,
)
from iamkit.credentials.authentication import Authentication, CredentialKind, TemporaryKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import Wanted
from iamkit.errors import AccessDenied
from iamkit.federation import issuer, oidc_provider, saml_provider
from iamkit.federation.identity_token import NewKey, new_keys
from iamkit.identity import (
    access_requests,
    accounts,
    attachments,
    boundaries,
    documents,
    groups,
    guardrails,
    inline,
    instance_profiles,
    managed,
    resource_policies,
    roles,
    tree,
    users,
)
from iamkit.identity.references import ResolvedPolicy
from iamkit.identity.root_rules import HOST_ONLY, ROOT_ONLY
from iamkit.management import wire
from iamkit.management.catalog import BESIDE, OPERATIONS, SERVICES
from iamkit.management.imports import ImportedUser
from iamkit.management.operation import Operation
from iamkit.policy.combine import OPEN_ACTIONS
from iamkit.reports import access_report, credential_report
from iamkit.sql.records import declared
from iamkit.storage import record_type

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
SPARE: Final = "999900001111"
IDLE: Final = "999900002222"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
POLICY: Final = f"arn:aws:iam::{HOME}:policy/kept"
SPARE_POLICY: Final = f"arn:aws:iam::{HOME}:policy/spare"
SECRET: Final = "a long enough passphrase"
NEXT_SECRET: Final = "another long passphrase"
DJANGO: Final = "pbkdf2_sha256$1000$salt$d29yZHM3d29yZHM3d29yZHM3d29yZHM3d29yZHM3MDA="
FILES: Final = Path(__file__).parents[1] / "credentials" / "certificates"
SSH_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhhsxYzsNi624ZPlYcVGlsFVhWpaxXau/DyUDKESKwn"
HELD_SSH_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk8zTUAAX8h8pmNRsWtAHNFF3siOtfghtj9ZbvObluZ"
CERTIFICATES: Final = {name: (FILES / f"{name}.pem").read_text() for name in ("first", "second", "third")}
PRIVATE_KEY: Final = Secret((FILES / "first.key").read_text())
OK: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"doc:Get","Resource":"*"}}'
OPEN: Final = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"doc:Get"}}'
TRUST: Final = (
    f'{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{HOME}"}},"Action":"sts:AssumeRole"}}}}'
)

OIDC: Final = f"arn:aws:iam::{HOME}:oidc-provider/id.example.org/kept"
OIDC_URL: Final = "https://id.example.org/kept"
VISITED: Final = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": OIDC},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {"id.example.org/kept:aud": "app", "id.example.org/kept:sub": "ana"}
            },
        }
    }
)
SAML: Final = f"arn:aws:iam::{HOME}:saml-provider/kept"
METADATA: Final = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.org/">'
    '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor>'
    '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
    f"{'TUlJQw' * 150}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    '<SingleSignOnService Binding="x" Location="https://idp.example.org/sso"/>'
    "</IDPSSODescriptor></EntityDescriptor>"
)

ISSUER_KEY: Final = new_keys()[1].private

# Any: the arguments of one operation or another.
Arguments = Mapping[str, Any]


def _furnish(office: Office, action: str = "") -> dict[str, Arguments]:
    """Something of everything, and arguments with which each operation succeeds."""
    ana, sam = office.person("ana"), office.person("sam", OK)
    house = office.house
    with office.store.write() as unit:
        team = groups.create(unit, house, account=HOME, name="team")
        groups.create(unit, house, account=HOME, name="empty")
        groups.join(unit, house, team, sam)
        role = roles.create(unit, house, account=HOME, name="worker", trust=ResolvedPolicy(TRUST, {}))
        roles.create(unit, house, account=HOME, name="idle", trust=ResolvedPolicy(TRUST, {}))
        managed.create(unit, house, account=HOME, name="spare", text=OK)
        kept = managed.create(unit, house, account=HOME, name="kept", text=OK)
        managed.add_version(unit, house, kept, text=OK)
        for holder in (sam.holder, team.holder, role.holder):
            attachments.attach(unit, house, holder, POLICY)
            inline.put(unit, house, holder, name="in", text=OK)
        boundaries.put(unit, house, sam, POLICY)
        boundaries.put(unit, house, role, POLICY)
        now = house.now()
        # Only what does not issue tokens can be made to.
        keys_ = (NewKey("RS256", b"", {}), NewKey("ES384", ISSUER_KEY, {}))
        issuer.enable(unit, office.services.sealer, house.ids, HOME, keys_, now=now)
        if action == "iam:EnableOutboundWebIdentityFederation":
            issuer.disable(unit, HOME)
        access_report.ask(unit, house, HOME, arn=ana.arn, level="SERVICE_LEVEL", job_id="kept")
        credential_report.keep(unit, HOME, b"user", now)
        roles.create(unit, house, account=HOME, name="visited", trust=ResolvedPolicy(VISITED, {}))
        oidc_provider.create(unit, arn=OIDC, account=HOME, url=OIDC_URL, now=now, client_ids=("app",))
        saml_provider.create(unit, arn=SAML, account=HOME, name="kept", uuid="0f", metadata=METADATA, now=now)
        instance_profiles.create(unit, house, account=HOME, name="loose")
        box = instance_profiles.create(unit, house, account=HOME, name="box")
        instance_profiles.put_role(unit, box, role)
        resource_policies.put(unit, house, account=HOME, resource_arn=NOTE, text=OPEN)
        guardrails.create(unit, house, name="loose", text=OK)
        held = guardrails.create(unit, house, name="held", text=OK)
        guardrails.attach(unit, house, arn=held.arn, target_id=HOME)
        root = tree.root(unit).node_id
        node = tree.create(unit, house, parent_id=root, name="tenants").node_id
        accounts.create(unit, house, name="spare", account_id=SPARE)
        accounts.create(unit, house, name="idle", account_id=IDLE)
        accounts.set_status(unit, house, IDLE, accounts.AccountStatus.SUSPENDED)
        accounts.set_email(unit, HOME, email="owner@example.org", verified_at=None)
        links.make(
            unit,
            house.ids,
            account=HOME,
            user_id=HOME,
            purpose=links.Purpose.FINISH_RECOVERY,
            address="owner@example.org",
            now=house.now(),
        )
        accounts.set_alias(unit, HOME, "acme")
        # The caller's own, by which `desk` has it come.
        caller = users.find(unit, HOME, "caller")
        if caller is not None:
            keys.create(
                unit, office.services.sealer, house.ids, account=HOME, user_id=caller.user_id, now=house.now()
            )
        key = keys.create(
            unit, office.services.sealer, house.ids, account=HOME, user_id=sam.user_id, now=house.now()
        ).key.key_id
        ssh_key = ssh_keys.add(
            unit,
            house.ids,
            HELD_SSH_KEY,
            account=HOME,
            user_id=sam.user_id,
            now=house.now(),
        ).key_id
        certificate = signing_certificates.add(
            unit,
            house.ids,
            certificates.uploaded(certificates.read(CERTIFICATES["first"])),
            account=HOME,
            user_id=sam.user_id,
            now=house.now(),
        ).certificate_id
        server_certificates.add(
            unit,
            office.services.sealer,
            house.ids,
            account=HOME,
            name="site",
            path="/",
            arn=f"arn:aws:iam::{HOME}:server-certificate/site",
            body=CERTIFICATES["first"],
            chain="",
            private_key=PRIVATE_KEY,
            now=house.now(),
            expires_at=house.now(),
            tags={},
        )
        service = service_credentials.create(
            unit,
            house.ids,
            account=HOME,
            user_id=sam.user_id,
            user_name="sam",
            service="doc",
            policy=documents.keep(unit, OK),
            now=house.now(),
        ).kept.credential_id
        session = sessions.start(
            unit,
            house.ids,
            account=HOME,
            user_id=sam.user_id,
            kind=sessions.SessionKind.COOKIE,
            factors=(),
            limits=sessions.MODERN,
            now=house.now(),
        ).public_id
        asked = access_requests.ask(
            unit, house, role, requester=sam.user_id, requester_arn=sam.arn, reason="x", seconds=3600
        ).request_id
        granted = asked
        if caller is not None:
            own_request = access_requests.ask(
                unit,
                house,
                role,
                requester=caller.user_id,
                requester_arn=caller.arn,
                reason="x",
                seconds=3600,
            )
            granted = access_requests.approve(unit, house, own_request, by=sam.arn, note="").request_id
        wanted = Wanted(
            account=HOME,
            subject=role.role_id,
            kind=TemporaryKind.ROLE,
            life=timedelta(hours=1),
            name="work",
        )
        proof = Authentication(HOME, sam.user_id, CredentialKind.ACCESS_KEY, key)
        began = temporary.issue(
            unit,
            office.services.sealer,
            house.ids,
            wanted,
            parent=proof,
            parent_arn=sam.arn,
            now=house.now(),
        ).kept.key_id
        token = tokens.create(
            unit, house.ids, account=HOME, user_id=sam.user_id, name="kept", now=house.now()
        ).kept.public_id
    hashed = office.services.hasher.hash(SECRET)
    with office.store.write() as unit:
        for name in ("sam", "caller"):
            user = users.get(unit, HOME, name)
            passwords.put(
                unit, account=HOME, user_id=user.user_id, hashed=hashed, must_change=False, now=house.now()
            )
    with office.store.write() as unit:
        password_rules.put_policy(unit, HOME, password_rules.MODERN)
    sealer, seed = office.services.sealer, b"\x07" * otp.SEED_BYTES
    with office.store.write() as unit:
        for name, owner in (("held", sam.user_id), ("free", None)):
            mfa.add(
                unit,
                sealer,
                serial=house.arn(HOME, "mfa", "/", name),
                account=HOME,
                method="totp",
                name=name,
                now=house.now(),
                secret=seed,
                public=mfa_otp.facts_of(otp.STANDARD),
                user_id=owner,
            )
        begun = mfa.Begun({}, b"friend")
        challenges.begin(unit, sealer, house.ids, ("enrol", sam.user_id, "word"), begun, now=house.now())
        users.set_email(unit, sam, email="sam@example.org", verified_at=None)
        ana = users.set_email(unit, ana, email="ana@example.org", verified_at=None)
    step = otp.step_at(house.now())
    codes = {
        "authentication_code1": Secret(otp.code_at(seed, step - 1)),
        "authentication_code2": Secret(otp.code_at(seed, step)),
    }
    held_mfa, free_mfa = f"arn:aws:iam::{HOME}:mfa/held", f"arn:aws:iam::{HOME}:mfa/free"
    decision = office.gate.authorize(office.principals.find(HOME, "sam"), "doc:Get", NOTE).id
    oidc, saml = {"open_id_connect_provider_arn": OIDC}, {"saml_provider_arn": SAML}
    denied = office.gate.authorize(office.principals.find(HOME, "ana"), "doc:Get", f"{NOTE}/closed").id
    who = {"user": "sam", "group": "team", "role": "worker"}
    samples: dict[str, Arguments] = {
        "iam:CreateUser": {"user_name": "new", "path": "/app/", "tags": {"team": "x"}},
        "iam:GetUser": {"user_name": "sam"},
        "iam:ListUsers": {},
        "iam:UpdateUser": {"user_name": "sam", "new_path": "/app/"},
        "iam:DeleteUser": {"user_name": "ana"},
        "iamkit:DisableUser": {"user_name": "sam"},
        "iamkit:EnableUser": {"user_name": "sam"},
        "iam:CreateGroup": {"group_name": "new"},
        "iam:GetGroup": {"group_name": "team"},
        "iam:ListGroups": {},
        "iam:ListGroupsForUser": {"user_name": "sam"},
        "iam:UpdateGroup": {"group_name": "team", "new_group_name": "crew"},
        "iam:DeleteGroup": {"group_name": "empty"},
        "iam:AddUserToGroup": {"group_name": "team", "user_name": "ana"},
        "iam:RemoveUserFromGroup": {"group_name": "team", "user_name": "sam"},
        "iam:CreateRole": {"role_name": "new", "assume_role_policy_document": TRUST},
        "iam:GetRole": {"role_name": "worker"},
        "iamkit:GetAssumeRolePolicy": {"role_name": "worker"},
        "iam:ListRoles": {},
        "iam:UpdateRole": {"role_name": "worker", "description": "x"},
        "iam:UpdateRoleDescription": {"role_name": "worker", "description": "x"},
        "iam:UpdateAssumeRolePolicy": {"role_name": "worker", "policy_document": TRUST.replace(" ", "")},
        "iam:DeleteRole": {"role_name": "idle"},
        "iam:CreatePolicy": {"policy_name": "new", "policy_document": OK},
        "iam:GetPolicy": {"policy_arn": POLICY},
        "iam:ListPolicies": {},
        "iam:DeletePolicy": {"policy_arn": SPARE_POLICY},
        "iam:CreatePolicyVersion": {"policy_arn": SPARE_POLICY, "policy_document": OK},
        "iam:GetPolicyVersion": {"policy_arn": POLICY, "version_id": "v2"},
        "iam:ListPolicyVersions": {"policy_arn": POLICY},
        "iam:SetDefaultPolicyVersion": {"policy_arn": POLICY, "version_id": "v2"},
        "iam:DeletePolicyVersion": {"policy_arn": POLICY, "version_id": "v2"},
        "iam:ListEntitiesForPolicy": {"policy_arn": POLICY},
        "iam:CreateAccessKey": {"user_name": "sam"},
        "iam:ListAccessKeys": {"user_name": "sam"},
        "iam:UpdateAccessKey": {"user_name": "sam", "access_key_id": key, "status": "Inactive"},
        "iam:DeleteAccessKey": {"user_name": "sam", "access_key_id": key},
        "iamkit:RotateAccessKey": {"user_name": "sam"},
        "iamkit:ReportAccessKeys": {},
        "iam:GetAccessKeyLastUsed": {"access_key_id": key},
        "iam:UploadSSHPublicKey": {"user_name": "sam", "ssh_public_key_body": SSH_KEY},
        "iam:GetSSHPublicKey": {"user_name": "sam", "ssh_public_key_id": ssh_key},
        "iam:ListSSHPublicKeys": {"user_name": "sam"},
        "iam:UpdateSSHPublicKey": {"user_name": "sam", "ssh_public_key_id": ssh_key, "status": "Inactive"},
        "iam:DeleteSSHPublicKey": {"user_name": "sam", "ssh_public_key_id": ssh_key},
        "iam:UploadSigningCertificate": {"user_name": "sam", "certificate_body": CERTIFICATES["second"]},
        "iam:ListSigningCertificates": {"user_name": "sam"},
        "iam:UpdateSigningCertificate": {
            "user_name": "sam",
            "certificate_id": certificate,
            "status": "Inactive",
        },
        "iam:DeleteSigningCertificate": {"user_name": "sam", "certificate_id": certificate},
        "iam:UploadServerCertificate": {
            "server_certificate_name": "new",
            "certificate_body": CERTIFICATES["first"],
            "private_key": PRIVATE_KEY,
            "tags": {"a": "b"},
        },
        "iam:GetServerCertificate": {"server_certificate_name": "site"},
        "iam:ListServerCertificates": {},
        "iam:UpdateServerCertificate": {"server_certificate_name": "site", "new_path": "/app/"},
        "iam:DeleteServerCertificate": {"server_certificate_name": "site"},
        "iam:TagServerCertificate": {"server_certificate_name": "site", "tags": {"a": "b"}},
        "iam:UntagServerCertificate": {"server_certificate_name": "site", "tag_keys": ("a",)},
        "iam:ListServerCertificateTags": {"server_certificate_name": "site"},
        "iam:CreateServiceSpecificCredential": {"user_name": "sam", "service_name": "doc"},
        "iam:ListServiceSpecificCredentials": {"user_name": "sam"},
        "iam:ResetServiceSpecificCredential": {
            "user_name": "sam",
            "service_specific_credential_id": service,
        },
        "iam:UpdateServiceSpecificCredential": {
            "user_name": "sam",
            "service_specific_credential_id": service,
            "status": "Inactive",
        },
        "iam:DeleteServiceSpecificCredential": {
            "user_name": "sam",
            "service_specific_credential_id": service,
        },
        "iam:CreateLoginProfile": {"user_name": "ana", "password": Secret(SECRET)},
        "iam:GetLoginProfile": {"user_name": "sam"},
        "iam:UpdateLoginProfile": {"user_name": "sam", "password": Secret(NEXT_SECRET)},
        "iam:DeleteLoginProfile": {"user_name": "sam"},
        "iam:ChangePassword": {"old_password": Secret(SECRET), "new_password": Secret(NEXT_SECRET)},
        "iam:UpdateAccountPasswordPolicy": {"minimum_password_length": 20},
        "iam:GetAccountPasswordPolicy": {},
        "iam:DeleteAccountPasswordPolicy": {},
        "iam:CreateVirtualMFADevice": {"virtual_mfa_device_name": "new"},
        "iam:DeleteVirtualMFADevice": {"serial_number": free_mfa},
        "iam:ListVirtualMFADevices": {},
        "iam:ListMFADevices": {"user_name": "sam"},
        "iam:GetMFADevice": {"user_name": "sam", "serial_number": held_mfa},
        "iam:EnableMFADevice": {"user_name": "sam", "serial_number": free_mfa, **codes},
        "iam:ResyncMFADevice": {"user_name": "sam", "serial_number": held_mfa, **codes},
        "iam:DeactivateMFADevice": {"user_name": "sam", "serial_number": held_mfa},
        "iamkit:ImportMFADevices": {"content": Secret(f"ft-1,{SECRET.encode().hex()}")},
        "iamkit:ListHardwareMFADevices": {},
        "iamkit:BeginMFAEnrollment": {"user_name": "sam", "method": "word"},
        "iamkit:FinishMFAEnrollment": {
            "user_name": "sam",
            "method": "word",
            "answer": Secret('{"word": "friend"}'),
        },
        "iamkit:InviteUser": {"user_name": "new", "email": "new@example.org"},
        "iamkit:ResendInvitation": {"user_name": "ana"},
        "iamkit:VerifyUserEmail": {"user_name": "sam"},
        "iamkit:ChangeUserEmail": {"user_name": "sam", "email": "sam@example.net"},
        "iamkit:DeleteUserEmail": {"user_name": "sam"},
        "iamkit:CreateRecoveryCodes": {"user_name": "sam"},
        "iamkit:ImportUsers": {
            "users": (ImportedUser("eve", "eve@example.org", DJANGO), ImportedUser("sam")),
            "hash_key": Secret(SECRET),
        },
        "iamkit:CreatePersonalToken": {"user_name": "sam", "name": "laptop", "policy_document": OK},
        "iamkit:ListPersonalTokens": {"user_name": "sam"},
        "iamkit:ResetPersonalToken": {"user_name": "sam", "token_id": token},
        "iamkit:DeletePersonalToken": {"user_name": "sam", "token_id": token},
        "iamkit:ListSessions": {"user_name": "sam"},
        "iamkit:RenameSession": {"user_name": "sam", "session_id": session, "name": "tablet"},
        "iamkit:EndSession": {"user_name": "sam", "session_id": session},
        "iamkit:EndSessions": {"user_name": "sam"},
        "sts:GetCallerIdentity": {},
        "sts:GetWebIdentityToken": {"audience": ("a",), "signing_algorithm": "ES384"},
        "iam:EnableOutboundWebIdentityFederation": {},
        "iam:DisableOutboundWebIdentityFederation": {},
        "iam:GetOutboundWebIdentityFederationInfo": {},
        "iamkit:RequestAccess": {"role_name": "idle", "reason": "the release"},
        "iamkit:ListAccessRequests": {},
        "iamkit:ApproveAccess": {"request_id": asked},
        "iamkit:RejectAccess": {"request_id": asked},
        "iamkit:StartApprovedSession": {"request_id": granted},
        "iamkit:GetNarrowedCredentials": {"policy": OK, "actor": "agent/x"},
        "iamkit:ListRoleSessions": {"role_name": "worker"},
        "iamkit:EndRoleSession": {"role_name": "worker", "session_id": began},
        "iamkit:EndRoleSessions": {"role_name": "worker"},
        "iamkit:ListTemporaryCredentials": {"user_name": "sam"},
        "iamkit:EndTemporaryCredential": {"user_name": "sam", "session_id": began},
        "iamkit:EndAccountSessions": {},
        "sts:AssumeRole": {"role_arn": f"arn:aws:iam::{HOME}:role/worker", "role_session_name": "work"},
        "sts:AssumeRoleWithWebIdentity": {
            "role_arn": f"arn:aws:iam::{HOME}:role/visited",
            "role_session_name": "work",
            "web_identity_token": Secret(json.dumps({"iss": OIDC_URL, "sub": "ana", "aud": "app"})),
        },
        "sts:GetSessionToken": {},
        "sts:GetFederationToken": {"name": "guest", "policy": OK},
        "sts:GetAccessKeyInfo": {"access_key_id": key},
        "sts:DecodeAuthorizationMessage": {"encoded_message": denied},
        "iam:SetSecurityTokenServicePreferences": {"global_endpoint_token_version": "v1Token"},
        "iam:CreateAccountAlias": {"account_alias": "acme2"},
        "iam:DeleteAccountAlias": {"account_alias": "acme"},
        "iam:ListAccountAliases": {},
        "iam:GetAccountSummary": {},
        "iam:SimulatePrincipalPolicy": {"policy_source_arn": ana.arn, "action_names": ("doc:Get",)},
        "iam:SimulateCustomPolicy": {"policy_input_list": (OK,), "action_names": ("doc:Get",)},
        "iam:GetContextKeysForCustomPolicy": {"policy_input_list": (OK,)},
        "iam:GetContextKeysForPrincipalPolicy": {"policy_source_arn": ana.arn},
        "iamkit:WhoCan": {"action_name": "doc:Get", "resource_arn": NOTE},
        "iamkit:WhatCan": {"policy_source_arn": ana.arn, "action_names": ("doc:Get",)},
        "iamkit:PutResourcePolicy": {"resource_arn": NOTE + "b", "policy_document": OPEN},
        "iamkit:GetResourcePolicy": {"resource_arn": NOTE},
        "iamkit:ListResourcePolicies": {},
        "iamkit:DeleteResourcePolicy": {"resource_arn": NOTE},
        "iamkit:UnlockResource": {"resource_arn": NOTE},
        "iamkit:CreateGuardrail": {"name": "new", "policy_document": OK},
        "iamkit:GetGuardrail": {"name": "held"},
        "iamkit:ListGuardrails": {},
        "iamkit:UpdateGuardrail": {"name": "held", "description": "x"},
        "iamkit:DeleteGuardrail": {"name": "loose"},
        "iamkit:AttachGuardrail": {"guardrail": "loose", "target_id": HOME},
        "iamkit:DetachGuardrail": {"guardrail": "held", "target_id": HOME},
        "iamkit:ListGuardrailsForTarget": {"target_id": HOME},
        "iamkit:CreateAccount": {"account_name": "new"},
        "iamkit:ListAccounts": {},
        "iamkit:MoveAccount": {"account_id": SPARE, "parent_id": node},
        "iamkit:SuspendAccount": {"account_id": SPARE},
        "iamkit:ResumeAccount": {"account_id": IDLE},
        "iamkit:ReopenAccount": {"account_id": IDLE},
        "iamkit:CreateSetupLink": {"account_id": SPARE},
        "iamkit:RecoverRoot": {"account_id": HOME},
        "iamkit:RenameAccount": {"account_name": "mine"},
        "iamkit:ChangeRootEmail": {"email": "new@example.org"},
        "iamkit:VerifyRootEmail": {},
        "iamkit:CloseAccount": {},
        "iamkit:RestoreAdministrator": {"user_name": "sam"},
        "iamkit:StopRootRecovery": {},
        "iamkit:CreateNode": {"parent_id": root, "name": "new"},
        "iamkit:DeleteNode": {"node_id": node},
        "iamkit:ListNodes": {"parent_id": root},
        "iamkit:GetDecision": {"decision_id": decision},
        "iamkit:ListDecisions": {},
        "iamkit:LookupEvents": {"max_items": 5},
        "iam:CreateInstanceProfile": {"instance_profile_name": "new", "path": "/app/"},
        "iam:GetInstanceProfile": {"instance_profile_name": "box"},
        "iam:ListInstanceProfiles": {},
        "iam:ListInstanceProfilesForRole": {"role_name": "worker"},
        "iam:AddRoleToInstanceProfile": {"instance_profile_name": "loose", "role_name": "idle"},
        "iam:RemoveRoleFromInstanceProfile": {"instance_profile_name": "box", "role_name": "worker"},
        "iam:DeleteInstanceProfile": {"instance_profile_name": "loose"},
        "iam:TagInstanceProfile": {"instance_profile_name": "box", "tags": {"a": "b"}},
        "iam:UntagInstanceProfile": {"instance_profile_name": "box", "tag_keys": ("a",)},
        "iam:ListInstanceProfileTags": {"instance_profile_name": "box"},
        "iam:CreateOpenIDConnectProvider": {"url": "https://id.example.org", "client_id_list": ("app",)},
        "iam:GetOpenIDConnectProvider": oidc,
        "iam:ListOpenIDConnectProviders": {},
        "iam:AddClientIDToOpenIDConnectProvider": {**oidc, "client_id": "more"},
        "iam:RemoveClientIDFromOpenIDConnectProvider": {**oidc, "client_id": "app"},
        "iam:UpdateOpenIDConnectProviderThumbprint": {**oidc, "thumbprint_list": ("ab" * 20,)},
        "iam:DeleteOpenIDConnectProvider": oidc,
        "iam:TagOpenIDConnectProvider": {**oidc, "tags": {"a": "b"}},
        "iam:UntagOpenIDConnectProvider": {**oidc, "tag_keys": ("a",)},
        "iam:ListOpenIDConnectProviderTags": oidc,
        "iam:CreateSAMLProvider": {"name": "new", "saml_metadata_document": METADATA},
        "iam:GetSAMLProvider": saml,
        "iam:ListSAMLProviders": {},
        "iam:UpdateSAMLProvider": {**saml, "assertion_encryption_mode": "Required"},
        "iam:DeleteSAMLProvider": saml,
        "iam:TagSAMLProvider": {**saml, "tags": {"a": "b"}},
        "iam:UntagSAMLProvider": {**saml, "tag_keys": ("a",)},
        "iam:ListSAMLProviderTags": saml,
        "iam:GenerateCredentialReport": {},
        "iam:GetCredentialReport": {},
        "iam:GetAccountAuthorizationDetails": {},
        "iam:GenerateServiceLastAccessedDetails": {"arn": ana.arn},
        "iam:GetServiceLastAccessedDetails": {"job_id": "kept"},
        "iam:GetServiceLastAccessedDetailsWithEntities": {"job_id": "kept", "service_namespace": "doc"},
        "iam:ListPoliciesGrantingServiceAccess": {"arn": ana.arn, "service_namespaces": ("doc",)},
        "iam:TagMFADevice": {"serial_number": held_mfa, "tags": {"a": "b"}},
        "iam:UntagMFADevice": {"serial_number": held_mfa, "tag_keys": ("a",)},
        "iam:ListMFADeviceTags": {"serial_number": held_mfa},
        "iam:TagUser": {"user_name": "sam", "tags": {"a": "b"}},
        "iam:UntagUser": {"user_name": "sam", "tag_keys": ("a",)},
        "iam:ListUserTags": {"user_name": "sam"},
        "iam:TagRole": {"role_name": "worker", "tags": {"a": "b"}},
        "iam:UntagRole": {"role_name": "worker", "tag_keys": ("a",)},
        "iam:ListRoleTags": {"role_name": "worker"},
        "iam:TagPolicy": {"policy_arn": POLICY, "tags": {"a": "b"}},
        "iam:UntagPolicy": {"policy_arn": POLICY, "tag_keys": ("a",)},
        "iam:ListPolicyTags": {"policy_arn": POLICY},
    }
    for kind, name in who.items():
        word = kind.capitalize()
        mine = {f"{kind}_name": name}
        samples |= {
            f"iam:Put{word}Policy": {**mine, "policy_name": "more", "policy_document": OK},
            f"iam:Get{word}Policy": {**mine, "policy_name": "in"},
            f"iam:List{word}Policies": mine,
            f"iam:Delete{word}Policy": {**mine, "policy_name": "in"},
            f"iam:Attach{word}Policy": {**mine, "policy_arn": SPARE_POLICY},
            f"iam:Detach{word}Policy": {**mine, "policy_arn": POLICY},
            f"iam:ListAttached{word}Policies": mine,
        }
        if kind != "group":
            samples |= {
                f"iam:Put{word}PermissionsBoundary": {**mine, "permissions_boundary": SPARE_POLICY},
                f"iam:Delete{word}PermissionsBoundary": mine,
            }
    return samples


def _state(office: Office) -> dict[str, list[str]]:
    """Everything in the store but what every attempt leaves: events, decisions, counted attempts."""
    office.log.flush()
    with office.store.read() as reader:
        return {
            record_type(kind).name: sorted(repr(item) for item in reader.find(kind))
            for kind in declared()
            if record_type(kind).name
            not in ("attempts", "audit_event", "decision", "last_access", "policy_document")
        }


def _by_action(action: str) -> Operation[..., Any]:
    return next(item for item in OPERATIONS if item.action == action)


ALSO: Final = {
    "iam:CreateUser": {"iam:TagUser"},
    "iamkit:RotateAccessKey": {"iam:CreateAccessKey"},
    "iam:AddRoleToInstanceProfile": {"iam:PassRole"},
    "iam:UploadServerCertificate": {"iam:TagServerCertificate"},
    "iamkit:ImportUsers": {"iam:CreateUser", "iam:CreateLoginProfile"},
    "iamkit:InviteUser": {"iam:CreateUser", "iam:CreateLoginProfile"},
    "iamkit:ResendInvitation": {"iam:CreateLoginProfile"},
}
# Of their results something stays with the deployment.
SHORTENED: Final = {
    "iam:CreateAccessKey",
    "iam:GetSAMLProvider",
    "iamkit:GetDecision",
    "iamkit:ListDecisions",
    "iamkit:WhoCan",
}
RESERVED: Final = (*ROOT_ONLY, *HOST_ONLY)
ACTIONS: Final = sorted(item.action for item in OPERATIONS)
# What the call itself shows is asked about, whoever sends it.
STRANGERS: Final = {item.action for item in OPERATIONS if item.for_strangers}
FREE: Final = {name for name in ACTIONS if name.lower() in OPEN_ACTIONS} | STRANGERS


def test_every_operation_has_an_action_of_its_own(office: Office) -> None:
    """One name, one function; and this module knows arguments for each."""
    assert len(set(ACTIONS)) == len(ACTIONS)
    office.person("caller", office.document())
    assert sorted(_furnish(office)) == ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_a_permitted_operation_has_exactly_one_event(office: Office, action: str) -> None:
    """Also a reading one; reading changes nothing; no secret gets into the event."""
    office.person("caller", office.document())
    samples = _furnish(office, action)
    found, before = _by_action(action), _state(office)
    desk = office.desk("caller")
    if action in RESERVED:
        desk = office.owner() if action in ROOT_ONLY else office.operator()
    if action == "iamkit:CloseAccount":
        # The home account is never closed.
        desk = office.owner(SPARE)

    desk.do(found, **samples[action])

    (event,) = office.events()
    assert event["eventName"] == found.name
    assert event["readOnly"] is found.read_only
    assert "errorCode" not in event
    text = json.dumps(event)
    assert SECRET not in text
    assert NEXT_SECRET not in text
    unchanged = {
        "iamkit:EnableUser",
        "iam:UpdateAssumeRolePolicy",
        "iam:GenerateCredentialReport",
    } | {name for name in ACTIONS if name.startswith("iam:Untag")}
    assert (_state(office) == before) is (found.read_only or action in unchanged)


@pytest.mark.parametrize("action", ACTIONS)
def test_parameters_and_results_survive_the_wire(office: Office, action: str) -> None:
    """As JSON and back they are the same, but for what stays where it is; nothing sealed is told."""
    office.person("caller", office.document())
    samples = _furnish(office, action)
    found = _by_action(action)
    desk = office.desk("caller")
    if action in RESERVED:
        desk = office.owner() if action in ROOT_ONLY else office.operator()
    if action == "iamkit:CloseAccount":
        desk = office.owner(SPARE)

    sent = json.dumps(wire.arguments_out(found, samples[action]), allow_nan=False)
    given = wire.arguments_in(found, json.loads(sent))
    assert {name: _alike(value) for name, value in given.items()} == {
        name: _alike(value) for name, value in samples[action].items()
    }
    result = desk.do(found, **given)
    told = json.dumps(wire.result_out(found, result), allow_nan=False)
    back = wire.result_in(found, json.loads(told))

    assert json.dumps(wire.result_out(found, back)) == told
    assert "sealed" not in told
    if action not in SHORTENED:
        assert back == result


def _alike(value: object) -> object:
    """Sequences are tuples once they were sent."""
    return tuple(value) if isinstance(value, list) else value


@settings(max_examples=40, deadline=None)
@given(
    allowed=st.sets(st.sampled_from([*ACTIONS, "iam:PassRole"]), max_size=60),
    denied=st.sets(st.sampled_from([*ACTIONS, "iam:PassRole"]), max_size=5),
    data=st.data(),
)
def test_whoever_may_do_what_it_is_done_or_nothing_is(
    new_office: Callable[[], Office], allowed: set[str], denied: set[str], data: st.DataObject
) -> None:
    """For any principal: done if every action it asks for is allowed, else denied and unchanged."""
    action = data.draw(st.sampled_from([name for name in ACTIONS if name not in RESERVED]))
    office = new_office()
    statements = [
        {"Effect": effect, "Action": sorted(names), "Resource": "*"}
        for effect, names in (("Allow", allowed), ("Deny", denied))
        if names
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None
    office.person("caller", text)
    samples = _furnish(office, action)
    before = _state(office)
    needed = {action} | ALSO.get(action, set())
    expected = action in FREE or (needed <= allowed and not needed & denied)

    try:
        office.desk("caller").do(_by_action(action), **samples[action])
        done = True
    except AccessDenied:
        done = False
        assert _state(office) == before

    assert done is expected
    assert len(office.events()) == 1


@pytest.mark.parametrize("action", [name for name in ACTIONS if name not in FREE])
def test_a_denied_operation_changes_nothing_and_has_exactly_one_event(office: Office, action: str) -> None:
    """For somebody who may do everything but this."""
    office.person("caller", office.all_but(action))
    samples = _furnish(office, action)
    before = _state(office)

    with pytest.raises(AccessDenied) as caught:
        office.desk("caller").do(_by_action(action), **samples[action])

    assert caught.value.decision_id
    (event,) = office.events()
    assert event["errorCode"] == "AccessDenied"
    assert _state(office) == before


def test_the_catalog_tells_the_operations(office: Office) -> None:
    """Names, access levels and resource types come from the operations themselves."""
    told = {
        f"{service.prefix}:{action.name}": (action.access_level, action.resource_types)
        for service in SERVICES
        for action in service.actions
    }
    beside = {
        f"{prefix}:{action.name}": (action.access_level, action.resource_types)
        for prefix, actions in BESIDE.items()
        for action in actions
    }
    assert told == beside | {item.action: (item.access, item.resource_types) for item in OPERATIONS}
    for service in SERVICES:
        known = {kind.name for kind in service.resource_types}
        assert all(set(action.resource_types) <= known for action in service.actions)
