"""Every management operation, one parameter after another bent: an error of the tree, and nothing changed."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import iamkit.management
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.errors import IamkitError
from iamkit.identity.tree import TreeNode
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    groups,
    guardrails,
    instance_profiles,
    login_profiles,
    mfa,
    oidc_providers,
    policies,
    roles,
    saml_providers,
    users,
)
from iamkit.management.desk import Desk
from iamkit.management.imports import ImportedUser
from iamkit.management.operation import Operation
from iamkit.sql.records import declared
from iamkit.storage import record_type

ACCOUNT = "111122223333"
FILES = Path(__file__).parents[1] / "credentials" / "certificates"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhhsxYzsNi624ZPlYcVGlsFVhWpaxXau/DyUDKESKwn"
TEXT = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "docs:Get", "Resource": "*"}}'
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
    }
)
METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.org/">'
    '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor>'
    '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
    f"{'TUlJQw' * 150}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    '<SingleSignOnService Binding="x" Location="https://idp.example.org/sso"/>'
    "</IDPSSODescriptor></EntityDescriptor>"
)
# Attempts at what can be guessed are counted before they are looked at; a thread sends what was queued.
TRACES = ("audit_event", "decision", "last_access", "policy_document", "attempts", "queued_message")


def operations() -> dict[str, Operation[..., object]]:
    """Every operation that there is, by its action."""
    found: dict[str, Operation[..., object]] = {}
    for module in pkgutil.iter_modules(iamkit.management.__path__):
        for value in vars(importlib.import_module(f"iamkit.management.{module.name}")).values():
            if isinstance(value, Operation):
                found[value.action] = value
    return found


OPERATIONS = operations()

BENT: tuple[object, ...] = (
    "",
    " ",
    "*",
    "?",
    "/",
    "//",
    "/app",
    "app/",
    "../..",
    "a b",
    "a/b",
    "a\x00b",
    "a\nb",
    "\x7f",
    "\ud800",
    "é",
    "ａ",  # a wide letter, on purpose
    "a" * 65,
    "a" * 129,
    "a" * 100_000,
    "' OR 1=1 --",
    "${aws:username}",
    "%2e%2e",
    "{",
    "{}",
    "[]",
    "null",
    '{"Version": "2012-10-17"}',
    '{"Version": "2012-10-17", "Statement": []}',
    '{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": "a:b", "Resource": "*"}}',
    '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": {}}',
    TEXT.replace('"*"', '"arn:aws:s3::*"'),
    TEXT.replace("docs:Get", "docs"),
    TEXT.replace("2012-10-17", "2099-01-01"),
    TEXT + "x",
    TEXT.replace("}", ', "Extra": 1}'),
    "[" * 5000,
    '{"Version": "2012-10-17", "Statement": ' + "9" * 5000 + "}",
    TEXT.replace("docs:Get", "\\ud800"),
    "arn",
    "arn:aws:iam",
    "arn:aws:iam::1:user/x",
    f"arn:aws:iam::{ACCOUNT}:user/nobody",
    f"arn:aws:iam::{ACCOUNT}:policy/nobody",
    "arn:aws:iam::aws:policy/Nothing",
    "arn:aws:iam::999999999999:policy/other",
    "arn:other:iam::111122223333:policy/p",
    f"arn:aws:iam::{ACCOUNT}:policy/*",
    "arn:aws:docs::111122223333:",
    "12345678901",
    "1234567890123",
    "１１１１２２２２３３３３",  # digits that are no ASCII, on purpose
    "000000000000",
    "v0",
    "v999999999",
    "active",
    "AKIA" + "A" * 16,
    0,
    -1,
    10**30,
    1.5,
    True,
    (),
    {},
    b"bytes",
    ("x" * 500,),
    ("\x00",),
    ("\ud800",),
    ("arn:aws:docs::\ud800:doc/1",),
    ("arn:aws:docs::1:doc/*", "*", ""),
    {"": ""},
    {"aws:x": "y"},
    {"k": "v" * 300},
    {"k" * 200: "v"},
    {"k": "\x00"},
    {f"k{number}": "v" for number in range(60)},
    {"K": "1", "k": "2"},
    Secret(""),
    Secret("\x00" * 20),
    Secret("\ud800" * 20),
    Secret("x" * 100_000),
)


@pytest.fixture(scope="module")
def iam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IAM]:
    """A deployment with one of everything."""
    with IAM(
        tmp_path_factory.mktemp("bent") / "data",
        entry_points=False,
        password_cost=CHEAPEST,
        link_base="https://app.example/account",
    ) as iam:
        iam.initialize(account_id=ACCOUNT)
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret("three quiet otters"))
        desk.do(access_keys.create_access_key, user_name="ana")
        desk.do(groups.create_group, group_name="g")
        desk.do(groups.add_user_to_group, group_name="g", user_name="ana")
        desk.do(roles.create_role, role_name="r", assume_role_policy_document=TRUST)
        desk.do(policies.create_policy, policy_name="p", policy_document=TEXT)
        desk.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="known")
        desk.do(instance_profiles.create_instance_profile, instance_profile_name="box")
        desk.do(oidc_providers.create_open_id_connect_provider, url="https://id.example.org")
        desk.do(saml_providers.create_saml_provider, name="idp", saml_metadata_document=METADATA)
        desk.do(guardrails.create_guardrail, name="rail", policy_document=TEXT)
        yield iam


@pytest.fixture
def good(iam: IAM) -> dict[str, object]:
    """A good value for each parameter, by its name."""
    with iam.store.read() as reader:
        (key,) = reader.find(AccessKey, order="created_at", newest_first=True, limit=1)
        (root,) = reader.find(TreeNode, {"parent_id": ""})
    return {
        "user_name": "ana",
        "group_name": "g",
        "role_name": "r",
        "instance_profile_name": "box",
        "description": "what it is for",
        "caller_arn": f"arn:aws:iam::{ACCOUNT}:user/ana",
        "audience": ("api",),
        "signing_algorithm": "ES384",
        "web_identity_token": Secret("a.b.c"),
        "provider_id": "www.example.org",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/ana",
        "granularity": "ACTION_LEVEL",
        "job_id": "none",
        "service_namespace": "docs",
        "service_namespaces": ("docs",),
        "filter": ("User",),
        "url": "https://login.example.org",
        "open_id_connect_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/id.example.org",
        "client_id": "app",
        "client_id_list": ("app",),
        "thumbprint_list": ("ab" * 20,),
        "saml_provider_arn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp",
        "saml_metadata_document": METADATA,
        "policy_name": "p",
        "name": "rail",
        "guardrail": "rail",
        "policy_arn": f"arn:aws:iam::{ACCOUNT}:policy/p",
        "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/p",
        "policy_source_arn": f"arn:aws:iam::{ACCOUNT}:user/ana",
        "policy_document": TEXT,
        "assume_role_policy_document": TRUST,
        "resource_arn": f"arn:aws:docs::{ACCOUNT}:doc/1",
        "access_key_id": key.key_id,
        "status": "Active",
        "version_id": "v1",
        "target_id": ACCOUNT,
        "account_id": ACCOUNT,
        "account_name": "more",
        "account_alias": "alias",
        "parent_id": root.node_id,
        "node_id": root.node_id,
        "session_id": "s_none",
        "decision_id": "d_none",
        "password": Secret("four loud herons draw"),
        "old_password": Secret("three quiet otters"),
        "new_password": Secret("four loud herons draw"),
        "tags": {"team": "maps"},
        "tag_keys": ("team",),
        "action_names": ("docs:Get",),
        "action_name": "docs:Get",
        "policy_input_list": (TEXT,),
        "virtual_mfa_device_name": "phone",
        "serial_number": f"arn:aws:iam::{ACCOUNT}:mfa/known",
        "authentication_code1": Secret("123456"),
        "authentication_code2": Secret("654321"),
        "method": "totp",
        "certificate_body": (FILES / "first.pem").read_text(),
        "private_key": Secret((FILES / "first.key").read_text()),
        "certificate_id": "CERTIFICATENONE",
        "server_certificate_name": "site",
        "service_name": "docs",
        "service_specific_credential_id": "ACCANONE",
        "ssh_public_key_body": SSH_KEY,
        "ssh_public_key_id": "APKANONE",
        "content": Secret("ft-1,3132333435363738393031323334353637383930"),
        "token_id": "t_none",
        "email": "ana@example.org",
        "details": Secret('{"phone": "+491701234567"}'),
        "answer": Secret('{"code": "123456"}'),
        "users": (ImportedUser("eve"),),
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/r",
        "role_session_name": "work",
        "reason": "the release",
        "request_id": "r_none",
        "policy": TEXT,
        "encoded_message": "d_none",
        "global_endpoint_token_version": "v2Token",
    }


def state(iam: IAM) -> dict[str, list[str]]:
    """Everything in the store that a failed attempt must leave alone."""
    with iam.store.read() as reader:
        return {
            record_type(kind).name: sorted(repr(item) for item in reader.find(kind))
            for kind in declared()
            if record_type(kind).name not in TRACES
        }


def parameters_of(operation: Operation[..., object]) -> dict[str, inspect.Parameter]:
    """The keyword parameters of an operation."""
    parameters = inspect.signature(operation.run).parameters
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def attempt(desk: Desk, operation: Operation[..., object], given: dict[str, object]) -> bool:
    """Whether it was done. Raises what is no 4xx of the tree with a message of a bearable length."""
    try:
        desk.do(operation, **given)
    except IamkitError as fault:
        if not 400 <= fault.status < 500 or len(fault.message) > 4_000:
            raise
        return False
    return True


@pytest.mark.parametrize("action", OPERATIONS)
def test_bent_parameters_are_refused(action: str, iam: IAM, good: dict[str, object]) -> None:
    """With each parameter bent in every way; what raises leaves the store as it was."""
    operation = OPERATIONS[action]
    parameters = parameters_of(operation)
    required = {
        name: good[name]
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    desk = iam.desk(iam.operator())
    before = state(iam)
    strange: list[str] = []
    for name, parameter in parameters.items():
        for value in BENT:
            if not fits(value, str(parameter.annotation)):
                continue
            try:
                done = attempt(desk, operation, {**required, name: value})
            except Exception as fault:  # noqa: BLE001  # all are told at once
                strange.append(f"{name}={value!r:.60}: {type(fault).__name__}: {fault!s:.100}")
                done = False
            after = state(iam)
            if done:
                before = after
            elif after != before:
                strange.append(f"{name}={value!r:.60}: refused, and something changed")
                before = after

    assert not strange, f"{action}:\n" + "\n".join(strange)


def fits(value: object, annotation: str) -> bool:
    """Whether a caller that keeps to the types could pass this."""
    kinds = {str: "str", int: "int", bool: "bool", tuple: "tuple", dict: "Mapping", Secret: "Secret"}
    kind = "Sequence" if isinstance(value, tuple) and "Sequence" in annotation else kinds.get(type(value))
    if kind == "str" and any(word in annotation for word in ("tuple", "Sequence", "Mapping")):
        return False
    return kind is not None and kind in annotation


def test_the_sweep_reaches_every_operation(tmp_path: Path) -> None:
    """There are as many operations as the catalog has actions of iamkit's own."""
    assert len(OPERATIONS) > 60
