"""Every operation over the wire: boto3 through a real server, signed; the happy path and each modelled error.

`CASES` has the calls. `cannot.tsv` says which modelled errors cannot occur here, and why. `not_built.tsv`
lists the operations of the first two tiers that are not there yet, and only those: what is built needs a
case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from iamkit.api.bound import Bindings
from iamkit.api.model import Models

if TYPE_CHECKING:
    from tests.wire.conftest import World

DOCUMENT: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"docs:Get","Resource":"*"}}'
BROKEN: Final = '{"Version":"2012-10-17"}'
TRUST: Final = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},'
    '"Action":"sts:AssumeRole"}}'
)
PASSWORD: Final = "a quiet harbour at dawn"
NEXT_PASSWORD: Final = "another quiet harbour at dusk"
NOT_AN_ARN: Final = "this-is-no-amazon-resource-name"
NO_POLICY: Final = "arn:aws:iam::111122223333:policy/nobody-made-it"
GUARDRAIL: Final = "arn:aws:iam::aws:policy/guardrail/FullAccess"
NO_KEY: Final = "AKIAAAAAAAAAAAAAAAAA"
NO_DEVICE: Final = "arn:aws:iam::111122223333:mfa/nobody-made-it"
NO_OIDC: Final = "arn:aws:iam::111122223333:oidc-provider/nobody.example.org"
NO_SAML: Final = "arn:aws:iam::111122223333:saml-provider/nobody-made-it"
NO_ID: Final = "ACCAAAAAAAAAAAAAAAAAA" + "A" * 8
NO_JOB: Final = "12345678-1234-1234-1234-123456789012"
NO_SSH_KEY: Final = "APKAAAAAAAAAAAAAAAAA"
METADATA: Final = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'
    ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="urn:idp">'
    '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor>'
    "<ds:X509Certificate>MIIB</ds:X509Certificate></KeyDescriptor>"
    '<SingleSignOnService Binding="post" Location="https://idp.example.org/sso"/>'
    f"</IDPSSODescriptor><!-- {'x' * 1000} --></EntityDescriptor>"
)
WRONG_CODES: Final = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
TWICE: Final = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
STEP: Final = timedelta(seconds=30)
TAG: Final = [{"Key": "team", "Value": "red + blue"}]
NOBODY: Final = "nobody"

# Answers and arguments of boto3's, which has no types: Any.
Do = Callable[["World"], Any]


@dataclass(frozen=True)
class Case:
    """One operation: a call that succeeds, checked where it says something, and calls that fail by a code."""

    happy: Do
    errors: Mapping[str, Do] = field(default_factory=dict)


def _gone(call: Callable[[], Any], code: str = "NoSuchEntity") -> None:
    """What was removed is not there."""
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["Error"]["Code"] == code


# --- users and groups -------------------------------------------------------------------------------------


def _create_user(w: World) -> None:
    name = w.name("user")
    made = w.iam.create_user(UserName=name, Path="/app/", Tags=TAG, PermissionsBoundary=w.policy())["User"]
    assert (made["UserName"], made["Path"], made["Tags"]) == (name, "/app/", TAG)
    assert made["UserId"].startswith("AIDA")
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"].startswith(
        "arn:aws:iam::111122223333:policy/"
    )


def _get_user(w: World) -> None:
    name = w.user()
    assert w.iam.get_user(UserName=name)["User"]["Arn"] == w.arn("user", name)
    assert w.iam.get_user()["User"]["UserName"] == "administrator"


def _update_user(w: World) -> None:
    name = w.user()
    w.iam.update_user(UserName=name, NewUserName=f"{name}-b", NewPath="/b/")
    assert w.iam.get_user(UserName=f"{name}-b")["User"]["Path"] == "/b/"


def _delete_user(w: World) -> None:
    name = w.user()
    w.iam.delete_user(UserName=name)
    _gone(lambda: w.iam.get_user(UserName=name))


def _user_with_key(w: World) -> str:
    name = w.user()
    w.access_key(name)
    return name


def _list_users(w: World) -> None:
    name = w.user(Path="/listed/")
    assert [user["UserName"] for user in w.iam.list_users(PathPrefix="/listed/")["Users"]] == [name]


def _in_group(w: World) -> tuple[str, str]:
    user, group = w.user(), w.group()
    w.iam.add_user_to_group(UserName=user, GroupName=group)
    return user, group


def _get_group(w: World) -> None:
    user, group = _in_group(w)
    found = w.iam.get_group(GroupName=group)
    assert found["Group"]["GroupName"] == group
    assert [item["UserName"] for item in found["Users"]] == [user]


def _list_groups_for_user(w: World) -> None:
    user, group = _in_group(w)
    assert [item["GroupName"] for item in w.iam.list_groups_for_user(UserName=user)["Groups"]] == [group]


def _leave_group(w: World) -> None:
    user, group = _in_group(w)
    w.iam.remove_user_from_group(UserName=user, GroupName=group)
    assert w.iam.get_group(GroupName=group)["Users"] == []


def _list_groups(w: World) -> None:
    name = w.group()
    assert name in [
        item["GroupName"] for page in w.iam.get_paginator("list_groups").paginate() for item in page["Groups"]
    ]


def _update_group(w: World) -> None:
    name = w.group()
    w.iam.update_group(GroupName=name, NewGroupName=f"{name}-b")
    assert w.iam.get_group(GroupName=f"{name}-b")["Group"]["GroupName"] == f"{name}-b"


def _delete_group(w: World) -> None:
    name = w.group()
    w.iam.delete_group(GroupName=name)
    _gone(lambda: w.iam.get_group(GroupName=name))


# --- roles ------------------------------------------------------------------------------------------------


def _create_role(w: World) -> None:
    made = w.iam.create_role(
        RoleName=w.name("role"),
        AssumeRolePolicyDocument=TRUST,
        Description="for jobs",
        MaxSessionDuration=7200,
    )["Role"]
    assert made["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
    assert "MaxSessionDuration" not in made
    assert w.iam.get_role(RoleName=made["RoleName"])["Role"]["MaxSessionDuration"] == 7200


def _get_role(w: World) -> None:
    name = w.role(Tags=TAG)
    found = w.iam.get_role(RoleName=name)["Role"]
    assert (found["RoleName"], found["Tags"]) == (name, TAG)
    assert found["RoleId"].startswith("AROA")


def _list_roles(w: World) -> None:
    name = w.role(Path="/listed/")
    assert [role["RoleName"] for role in w.iam.list_roles(PathPrefix="/listed/")["Roles"]] == [name]


def _update_role(w: World) -> None:
    name = w.role(Description="kept")
    w.iam.update_role(RoleName=name, MaxSessionDuration=7200)
    found = w.iam.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("kept", 7200)


def _update_trust(w: World) -> None:
    name = w.role()
    w.iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=TRUST.replace("sts:AssumeRole", "sts:TagSession")
    )
    found = w.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert found["Statement"]["Action"] == "sts:TagSession"


def _delete_role(w: World) -> None:
    name = w.role()
    w.iam.delete_role(RoleName=name)
    _gone(lambda: w.iam.get_role(RoleName=name))


def _role_with_policy(w: World) -> str:
    name = w.role()
    w.iam.put_role_policy(RoleName=name, PolicyName="in", PolicyDocument=DOCUMENT)
    return name


# --- managed policies -------------------------------------------------------------------------------------


def _create_policy(w: World) -> None:
    name = w.name("policy")
    made = w.iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT, Description="told later")["Policy"]
    assert (made["PolicyName"], made["DefaultVersionId"], made["AttachmentCount"]) == (name, "v1", 0)
    assert "Description" not in made
    assert made["PolicyId"].startswith("ANPA")
    assert w.iam.get_policy(PolicyArn=made["Arn"])["Policy"]["Description"] == "told later"


def _get_policy(w: World) -> None:
    found = w.iam.get_policy(PolicyArn=w.policy())["Policy"]
    assert (found["Tags"], found["IsAttachable"]) == ([], True)
    shipped = w.iam.list_policies(Scope="AWS", MaxItems=1)["Policies"][0]
    assert w.iam.get_policy(PolicyArn=shipped["Arn"])["Policy"]["PolicyId"] == shipped["PolicyId"]


def _list_policies(w: World) -> None:
    arn, user = w.policy(Path="/listed/"), w.user()
    assert [item["Arn"] for item in w.iam.list_policies(PathPrefix="/listed/")["Policies"]] == [arn]
    assert w.iam.list_policies(PathPrefix="/listed/", OnlyAttached=True)["Policies"] == []
    w.iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=arn)
    bounding = w.iam.list_policies(PathPrefix="/listed/", PolicyUsageFilter="PermissionsBoundary")
    assert [item["PermissionsBoundaryUsageCount"] for item in bounding["Policies"]] == [1]


def _two_versions(w: World) -> str:
    arn = w.policy()
    w.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    return arn


def _create_version(w: World) -> None:
    arn = w.policy()
    made = w.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT, SetAsDefault=True)
    assert (made["PolicyVersion"]["VersionId"], made["PolicyVersion"]["IsDefaultVersion"]) == ("v2", True)
    assert "Document" not in made["PolicyVersion"]


def _get_version(w: World) -> None:
    found = w.iam.get_policy_version(PolicyArn=w.policy(), VersionId="v1")["PolicyVersion"]
    assert found["Document"]["Statement"]["Resource"] == "arn:aws:docs:::a+b c%20/*"
    assert found["IsDefaultVersion"]


def _list_versions(w: World) -> None:
    found = w.iam.list_policy_versions(PolicyArn=_two_versions(w))["Versions"]
    assert [(item["VersionId"], item["IsDefaultVersion"]) for item in found] == [("v1", True), ("v2", False)]


def _set_default(w: World) -> None:
    arn = _two_versions(w)
    w.iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert w.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"


def _delete_version(w: World) -> None:
    arn = _two_versions(w)
    w.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    _gone(lambda: w.iam.get_policy_version(PolicyArn=arn, VersionId="v2"))


def _too_many_versions(w: World) -> None:
    arn = w.policy()
    for _ in range(5):
        w.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)


def _delete_policy(w: World) -> None:
    arn = w.policy()
    w.iam.delete_policy(PolicyArn=arn)
    _gone(lambda: w.iam.get_policy(PolicyArn=arn))


def _attached(w: World) -> tuple[str, str]:
    user, arn = w.user(), w.policy()
    w.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    return user, arn


def _entities(w: World) -> None:
    user, arn = _attached(w)
    role, group = w.role(), w.group()
    w.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    w.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    bounded = w.user(PermissionsBoundary=arn)
    found = w.iam.list_entities_for_policy(PolicyArn=arn)
    assert sorted(item["UserName"] for item in found["PolicyUsers"]) == sorted([user, bounded])
    assert [item["RoleName"] for item in found["PolicyRoles"]] == [role]
    assert [item["GroupName"] for item in found["PolicyGroups"]] == [group]
    filtered = w.iam.list_entities_for_policy(
        PolicyArn=arn, EntityFilter="User", PolicyUsageFilter="PermissionsBoundary"
    )
    assert [item["UserName"] for item in filtered["PolicyUsers"]] == [bounded]
    assert filtered["PolicyRoles"] == []


# --- what hangs on users, groups and roles: the same for each ---------------------------------------------


@dataclass(frozen=True)
class Kind:
    """One of the three. `make` makes one; its name goes in under `parameter`."""

    word: str
    make: Callable[[World], str]

    @property
    def parameter(self) -> str:
        return f"{self.word}Name"

    def named(self, name: str) -> dict[str, str]:
        return {self.parameter: name}

    def call(self, client: Any, verb: str, name: str, noun: str, **more: Any) -> Any:
        """`put_user_policy` and the like."""
        return getattr(client, f"{verb}_{self.word.lower()}_{noun}")(**{self.parameter: name}, **more)


KINDS: Final = (
    Kind("User", lambda w: w.user()),
    Kind("Group", lambda w: w.group()),
    Kind("Role", lambda w: w.role()),
)


def _inline(kind: Kind) -> dict[str, Case]:
    """The four operations on inline policies."""
    inline: dict[str, Any] = {"PolicyName": "in"}
    document = {**inline, "PolicyDocument": DOCUMENT}

    def put(w: World) -> str:
        name = kind.make(w)
        kind.call(w.iam, "put", name, "policy", **document)
        return name

    def get(w: World) -> None:
        name = put(w)
        found = kind.call(w.iam, "get", name, "policy", **inline)
        assert (found[kind.parameter], found["PolicyName"]) == (name, "in")
        assert found["PolicyDocument"]["Statement"]["Action"] == "docs:Get"

    def listing(w: World) -> None:
        assert kind.call(w.iam, "list", put(w), "policies")["PolicyNames"] == ["in"]

    def delete(w: World) -> None:
        name = put(w)
        kind.call(w.iam, "delete", name, "policy", **inline)
        assert kind.call(w.iam, "list", name, "policies")["PolicyNames"] == []

    word = kind.word
    return {
        f"iam:Put{word}Policy": Case(
            put,
            {
                "NoSuchEntity": lambda w: kind.call(w.iam, "put", NOBODY, "policy", **document),
                "LimitExceeded": lambda w: kind.call(w.full, "put", kind.make(w), "policy", **document),
                "MalformedPolicyDocument": lambda w: kind.call(
                    w.iam, "put", kind.make(w), "policy", **inline, PolicyDocument=BROKEN
                ),
            },
        ),
        f"iam:Get{word}Policy": Case(
            get, {"NoSuchEntity": lambda w: kind.call(w.iam, "get", kind.make(w), "policy", **inline)}
        ),
        f"iam:List{word}Policies": Case(
            listing, {"NoSuchEntity": lambda w: kind.call(w.iam, "list", NOBODY, "policies")}
        ),
        f"iam:Delete{word}Policy": Case(
            delete, {"NoSuchEntity": lambda w: kind.call(w.iam, "delete", kind.make(w), "policy", **inline)}
        ),
    }


def _attachments(kind: Kind) -> dict[str, Case]:
    """The three operations on attachments."""

    def attach(w: World) -> tuple[str, str]:
        name, arn = kind.make(w), w.policy()
        kind.call(w.iam, "attach", name, "policy", PolicyArn=arn)
        return name, arn

    def listed(w: World, name: str, **more: Any) -> list[str]:
        word = kind.word.lower()
        found = getattr(w.iam, f"list_attached_{word}_policies")(**{kind.parameter: name}, **more)
        assert all(item["PolicyArn"].endswith(f"/{item['PolicyName']}") for item in found["AttachedPolicies"])
        return [item["PolicyArn"] for item in found["AttachedPolicies"]]

    def listing(w: World) -> None:
        name, arn = attach(w)
        assert listed(w, name) == [arn]
        assert listed(w, name, PathPrefix="/elsewhere/") == []

    def detach(w: World) -> None:
        name, arn = attach(w)
        kind.call(w.iam, "detach", name, "policy", PolicyArn=arn)
        assert listed(w, name) == []

    word = kind.word
    return {
        f"iam:Attach{word}Policy": Case(
            attach,
            {
                "NoSuchEntity": lambda w: kind.call(
                    w.iam, "attach", kind.make(w), "policy", PolicyArn=NO_POLICY
                ),
                "InvalidInput": lambda w: kind.call(
                    w.iam, "attach", kind.make(w), "policy", PolicyArn=NOT_AN_ARN
                ),
                "PolicyNotAttachable": lambda w: kind.call(
                    w.iam, "attach", kind.make(w), "policy", PolicyArn=GUARDRAIL
                ),
                "LimitExceeded": lambda w: kind.call(
                    w.full, "attach", kind.make(w), "policy", PolicyArn=w.policy()
                ),
            },
        ),
        f"iam:Detach{word}Policy": Case(
            detach,
            {
                "NoSuchEntity": lambda w: kind.call(
                    w.iam, "detach", kind.make(w), "policy", PolicyArn=w.policy()
                ),
                "InvalidInput": lambda w: kind.call(
                    w.iam, "detach", kind.make(w), "policy", PolicyArn=NOT_AN_ARN
                ),
            },
        ),
        f"iam:ListAttached{word}Policies": Case(listing, {"NoSuchEntity": lambda w: listed(w, NOBODY)}),
    }


def _boundaries(kind: Kind) -> dict[str, Case]:
    """The two operations on boundaries, of users and roles."""

    def put(w: World) -> str:
        name, arn = kind.make(w), w.policy()
        kind.call(w.iam, "put", name, "permissions_boundary", PermissionsBoundary=arn)
        found = getattr(w.iam, f"get_{kind.word.lower()}")(**kind.named(name))[kind.word]
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
        return name

    def delete(w: World) -> None:
        name = put(w)
        kind.call(w.iam, "delete", name, "permissions_boundary")
        assert (
            "PermissionsBoundary"
            not in getattr(w.iam, f"get_{kind.word.lower()}")(**kind.named(name))[kind.word]
        )

    def bad(arn: str) -> Do:
        return lambda w: kind.call(
            w.iam, "put", kind.make(w), "permissions_boundary", PermissionsBoundary=arn
        )

    return {
        f"iam:Put{kind.word}PermissionsBoundary": Case(
            put,
            {
                "NoSuchEntity": bad(NO_POLICY),
                "InvalidInput": bad(NOT_AN_ARN),
                "PolicyNotAttachable": bad(GUARDRAIL),
            },
        ),
        f"iam:Delete{kind.word}PermissionsBoundary": Case(
            delete, {"NoSuchEntity": lambda w: kind.call(w.iam, "delete", NOBODY, "permissions_boundary")}
        ),
    }


def _tags(
    word: str, parameter: str, make: Callable[[World], str], missing: str, noun: str, *, by_arn: bool = False
) -> dict[str, Case]:
    """The three operations on tags of something. `noun` is how boto3's methods name it."""

    def call(client: Any, verb: str, name: str, **more: Any) -> Any:
        method = f"list_{noun}_tags" if verb == "list" else f"{verb}_{noun}"
        return getattr(client, method)(**{parameter: name}, **more)

    def tag(w: World) -> str:
        name = make(w)
        call(w.iam, "tag", name, Tags=TAG)
        return name

    def listing(w: World) -> None:
        found = call(w.iam, "list", tag(w))
        assert (found["Tags"], found["IsTruncated"]) == (TAG, False)

    def untag(w: World) -> None:
        name = tag(w)
        call(w.iam, "untag", name, TagKeys=["team"])
        assert call(w.iam, "list", name)["Tags"] == []

    return {
        f"iam:Tag{word}": Case(
            tag,
            {
                "NoSuchEntity": lambda w: call(w.iam, "tag", missing, Tags=TAG),
                "InvalidInput": lambda w: call(w.iam, "tag", make(w), Tags=TWICE),
                "LimitExceeded": lambda w: call(w.full, "tag", make(w), Tags=TAG),
            },
        ),
        f"iam:Untag{word}": Case(
            untag,
            {
                "NoSuchEntity": lambda w: call(w.iam, "untag", missing, TagKeys=["team"]),
                **(
                    {"InvalidInput": lambda w: call(w.iam, "untag", NOT_AN_ARN, TagKeys=["a"])}
                    if by_arn
                    else {}
                ),
            },
        ),
        f"iam:List{word}Tags": Case(
            listing,
            {
                "NoSuchEntity": lambda w: call(w.iam, "list", missing),
                **({"InvalidInput": lambda w: call(w.iam, "list", NOT_AN_ARN)} if by_arn else {}),
            },
        ),
    }


# --- keys, passwords, devices -----------------------------------------------------------------------------


def _create_key(w: World) -> None:
    user = w.user()
    made = w.access_key(user)
    assert (made["UserName"], made["Status"], len(made["SecretAccessKey"])) == (user, "Active", 40)


def _own_key(w: World) -> tuple[str, Mapping[str, str]]:
    user = w.user()
    return user, w.access_key(user)


def _three_keys(w: World) -> None:
    user = w.user()
    for _ in range(3):
        w.access_key(user)


def _list_keys(w: World) -> None:
    user, key = _own_key(w)
    found = w.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [(item["AccessKeyId"], item["Status"]) for item in found] == [(key["AccessKeyId"], "Active")]
    assert "SecretAccessKey" not in found[0]


def _update_key(w: World) -> None:
    user, key = _own_key(w)
    w.iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    _gone(lambda: w.client("sts", key=key).get_caller_identity(), "InvalidClientTokenId")


def _delete_key(w: World) -> None:
    user, key = _own_key(w)
    w.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    assert w.iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []


def _key_last_used(w: World) -> None:
    user, key = _own_key(w)
    never = w.iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert (never["UserName"], never["AccessKeyLastUsed"]["ServiceName"]) == (user, "N/A")
    mine = w.iam.get_access_key_last_used(AccessKeyId=w.key["AccessKeyId"])
    assert mine["UserName"] == "administrator"


def _login_profile(w: World) -> None:
    user = w.user()
    made = w.iam.create_login_profile(UserName=user, Password=PASSWORD, PasswordResetRequired=True)
    assert (made["LoginProfile"]["UserName"], made["LoginProfile"]["PasswordResetRequired"]) == (user, True)


def _get_login_profile(w: World) -> None:
    user = w.password(w.user())
    assert w.iam.get_login_profile(UserName=user)["LoginProfile"]["UserName"] == user


def _update_login_profile(w: World) -> None:
    user = w.password(w.user())
    w.iam.update_login_profile(UserName=user, PasswordResetRequired=True)
    assert w.iam.get_login_profile(UserName=user)["LoginProfile"]["PasswordResetRequired"]


def _delete_login_profile(w: World) -> None:
    user = w.password(w.user())
    w.iam.delete_login_profile(UserName=user)
    _gone(lambda: w.iam.get_login_profile(UserName=user))


def _may(w: World, *actions: str, password: bool = True) -> Any:
    """A client of a user who may do these actions and nothing else."""
    user = w.password(w.user()) if password else w.user()
    listed = '","'.join(actions)
    document = DOCUMENT.replace('"docs:Get"', f'["{listed}"]')
    w.iam.put_user_policy(UserName=user, PolicyName="may", PolicyDocument=document)
    return w.client("iam", key=w.access_key(user))


def _change_password(w: World) -> None:
    _may(w, "iam:ChangePassword").change_password(OldPassword=PASSWORD, NewPassword=NEXT_PASSWORD)


def _weak_change(w: World) -> None:
    _may(w, "iam:ChangePassword").change_password(OldPassword=PASSWORD, NewPassword="short")


def _password_policy(w: World) -> None:
    w.iam.update_account_password_policy(MinimumPasswordLength=16, RequireNumbers=False, MaxPasswordAge=90)
    found = w.iam.get_account_password_policy()["PasswordPolicy"]
    assert (found["MinimumPasswordLength"], found["ExpirePasswords"], found["MaxPasswordAge"]) == (
        16,
        True,
        90,
    )
    w.iam.delete_account_password_policy()
    _gone(w.iam.get_account_password_policy)


def _create_device(w: World) -> None:
    name = w.name("device")
    made = w.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    assert made["SerialNumber"] == w.arn("mfa", name)
    assert len(made["Base32StringSeed"]) >= 32


def _enable_device(w: World) -> None:
    user = w.user()
    serial, _ = w.enabled_device(user)
    assert [item["SerialNumber"] for item in w.iam.list_mfa_devices(UserName=user)["MFADevices"]] == [serial]


def _enable_twice(w: World) -> None:
    serial, seed = w.device()
    shown, now = w.totp(seed), w.deployment.clock.now()
    w.iam.enable_mfa_device(
        UserName=w.user(),
        SerialNumber=serial,
        AuthenticationCode1=shown.at(now - 3 * STEP),
        AuthenticationCode2=shown.at(now - 2 * STEP),
    )
    w.iam.enable_mfa_device(UserName=w.user(), SerialNumber=serial, **w.codes(seed))


def _nine_devices(w: World) -> None:
    user = w.user()
    for _ in range(9):
        w.enabled_device(user)


def _enable_wrong(w: World) -> None:
    serial, _ = w.device()
    w.iam.enable_mfa_device(UserName=w.user(), SerialNumber=serial, **WRONG_CODES)


def _resync(w: World) -> None:
    """By codes that come after those that were spent by enabling."""
    user = w.user()
    serial, seed = w.device()
    shown, now = w.totp(seed), w.deployment.clock.now()
    w.iam.enable_mfa_device(
        UserName=user,
        SerialNumber=serial,
        AuthenticationCode1=shown.at(now - 3 * STEP),
        AuthenticationCode2=shown.at(now - 2 * STEP),
    )
    w.iam.resync_mfa_device(UserName=user, SerialNumber=serial, **w.codes(seed))


def _resync_wrong(w: World) -> None:
    user = w.user()
    serial, _ = w.enabled_device(user)
    w.iam.resync_mfa_device(UserName=user, SerialNumber=serial, **WRONG_CODES)


def _deactivate(w: World) -> None:
    user = w.user()
    serial, _ = w.enabled_device(user)
    w.iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)
    assert w.iam.list_mfa_devices(UserName=user)["MFADevices"] == []


def _get_device(w: World) -> None:
    user = w.user()
    serial, _ = w.enabled_device(user)
    found = w.iam.get_mfa_device(SerialNumber=serial, UserName=user)
    assert (found["SerialNumber"], found["UserName"]) == (serial, user)
    assert found["EnableDate"]


def _list_virtual(w: World) -> None:
    user = w.user()
    serial, _ = w.enabled_device(user)
    free, _ = w.device()
    assigned = _all(w, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Assigned")
    assert [item["User"]["UserName"] for item in assigned if item["SerialNumber"] == serial] == [user]
    assert free in [
        item["SerialNumber"]
        for item in _all(w, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Unassigned")
    ]


def _all(w: World, method: str, member: str, **more: Any) -> list[Any]:
    return [item for page in w.iam.get_paginator(method).paginate(**more) for item in page[member]]


def _delete_device(w: World) -> None:
    serial, _ = w.device()
    w.iam.delete_virtual_mfa_device(SerialNumber=serial)
    _gone(lambda: w.iam.delete_virtual_mfa_device(SerialNumber=serial))


# --- the account, simulation, STS -------------------------------------------------------------------------


def _alias(w: World) -> None:
    alias = w.name("acme")
    w.iam.create_account_alias(AccountAlias=alias)
    assert w.iam.list_account_aliases()["AccountAliases"] == [alias]
    w.iam.delete_account_alias(AccountAlias=alias)
    assert w.iam.list_account_aliases()["AccountAliases"] == []


def _taken_alias(w: World) -> None:
    alias = w.name("taken")
    w.other_account(alias)
    w.iam.create_account_alias(AccountAlias=alias)


def _summary(w: World) -> None:
    found = w.iam.get_account_summary()["SummaryMap"]
    assert found["Users"] >= 1
    assert len(found) >= 30


def _simulate_custom(w: World) -> None:
    conditional = DOCUMENT.replace(
        '"Resource"', '"Condition":{"StringEquals":{"aws:username":"ana"}},"Resource"'
    )
    asked = {"PolicyInputList": [conditional], "ActionNames": ["docs:Get", "docs:Put"]}
    context = [{"ContextKeyName": "aws:username", "ContextKeyValues": ["ana"], "ContextKeyType": "string"}]
    found = w.iam.simulate_custom_policy(**asked, ContextEntries=context)["EvaluationResults"]
    assert [item["EvalDecision"] for item in found] == ["allowed", "implicitDeny"]
    missing = w.iam.simulate_custom_policy(**asked)["EvaluationResults"]
    assert missing[0]["MissingContextValues"] == ["aws:username"]


def _simulate_principal(w: World) -> None:
    user = w.user()
    w.iam.put_user_policy(UserName=user, PolicyName="in", PolicyDocument=DOCUMENT)
    found = w.iam.simulate_principal_policy(PolicySourceArn=w.arn("user", user), ActionNames=["docs:Get"])
    result = found["EvaluationResults"][0]
    assert (result["EvalActionName"], result["EvalDecision"]) == ("docs:Get", "allowed")
    assert result["MatchedStatements"][0]["StartPosition"]["Line"] == 1


def _keys_of_custom(w: World) -> None:
    text = DOCUMENT.replace('"*"', '"arn:aws:docs:::${aws:username}/*"')
    found = w.iam.get_context_keys_for_custom_policy(PolicyInputList=[text])
    assert found["ContextKeyNames"] == ["aws:username"]


def _keys_of_principal(w: World) -> None:
    user = w.user()
    found = w.iam.get_context_keys_for_principal_policy(PolicySourceArn=w.arn("user", user))
    assert found["ContextKeyNames"] == []


def _caller(w: World) -> None:
    found = w.sts.get_caller_identity()
    assert (found["Account"], found["Arn"]) == ("111122223333", w.arn("user", "administrator"))


# --- instance profiles, identity providers, SSH keys ------------------------------------------------------


def _profile(w: World, **more: Any) -> str:
    name = w.name("profile")
    made = w.iam.create_instance_profile(InstanceProfileName=name, **more)["InstanceProfile"]
    assert (made["InstanceProfileName"], made["Roles"]) == (name, [])
    return name


def _filled_profile(w: World) -> tuple[str, str]:
    profile, role = _profile(w), w.role()
    w.iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
    return profile, role


def _get_profile(w: World) -> None:
    profile, role = _filled_profile(w)
    found = w.iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    assert [item["RoleName"] for item in found["Roles"]] == [role]
    assert found["InstanceProfileId"].startswith("AIPA")


def _list_profiles(w: World) -> None:
    name = _profile(w, Path="/listed/")
    found = w.iam.list_instance_profiles(PathPrefix="/listed/")["InstanceProfiles"]
    assert [item["InstanceProfileName"] for item in found] == [name]


def _profiles_of_role(w: World) -> None:
    profile, role = _filled_profile(w)
    found = w.iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    assert [item["InstanceProfileName"] for item in found] == [profile]


def _empty_profile(w: World) -> None:
    profile, role = _filled_profile(w)
    w.iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role)
    assert w.iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"] == []


def _delete_profile(w: World) -> None:
    name = _profile(w)
    w.iam.delete_instance_profile(InstanceProfileName=name)
    _gone(lambda: w.iam.get_instance_profile(InstanceProfileName=name))


def _oidc(w: World, **more: Any) -> str:
    url = f"https://{w.name('idp')}.example.org"
    made = w.iam.create_open_id_connect_provider(Url=url, ClientIDList=["one"], **more)
    return str(made["OpenIDConnectProviderArn"])


def _get_oidc(w: World) -> None:
    arn = _oidc(w, ThumbprintList=["a" * 40], Tags=TAG)
    found = w.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert arn.endswith(f"oidc-provider/{found['Url']}")
    assert (found["ClientIDList"], found["ThumbprintList"], found["Tags"]) == (["one"], ["a" * 40], TAG)


def _list_oidc(w: World) -> None:
    arn = _oidc(w)
    assert {"Arn": arn} in w.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def _client_ids(w: World) -> None:
    arn = {"OpenIDConnectProviderArn": _oidc(w)}
    w.iam.add_client_id_to_open_id_connect_provider(**arn, ClientID="two")
    assert w.iam.get_open_id_connect_provider(**arn)["ClientIDList"] == ["one", "two"]
    w.iam.remove_client_id_from_open_id_connect_provider(**arn, ClientID="one")
    assert w.iam.get_open_id_connect_provider(**arn)["ClientIDList"] == ["two"]


def _thumbprint(w: World) -> None:
    arn = {"OpenIDConnectProviderArn": _oidc(w)}
    w.iam.update_open_id_connect_provider_thumbprint(**arn, ThumbprintList=["b" * 40])
    assert w.iam.get_open_id_connect_provider(**arn)["ThumbprintList"] == ["b" * 40]


def _delete_oidc(w: World) -> None:
    arn = {"OpenIDConnectProviderArn": _oidc(w)}
    w.iam.delete_open_id_connect_provider(**arn)
    _gone(lambda: w.iam.get_open_id_connect_provider(**arn))


def _saml(w: World, **more: Any) -> str:
    made = w.iam.create_saml_provider(Name=w.name("saml"), SAMLMetadataDocument=METADATA, **more)
    return str(made["SAMLProviderArn"])


def _get_saml(w: World) -> None:
    found = w.iam.get_saml_provider(SAMLProviderArn=_saml(w, Tags=TAG, AssertionEncryptionMode="Allowed"))
    assert (found["SAMLMetadataDocument"], found["Tags"]) == (METADATA, TAG)
    assert (found["AssertionEncryptionMode"], found["PrivateKeyList"]) == ("Allowed", [])


def _list_saml(w: World) -> None:
    arn = _saml(w)
    assert arn in [item["Arn"] for item in w.iam.list_saml_providers()["SAMLProviderList"]]


def _update_saml(w: World) -> None:
    arn = _saml(w)
    changed = METADATA.replace("urn:idp", "urn:idp2")
    made = w.iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=changed)
    assert made["SAMLProviderArn"] == arn
    assert w.iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == changed


def _third_private_key(w: World) -> None:
    arn = _saml(w)
    for _ in range(3):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        w.iam.update_saml_provider(SAMLProviderArn=arn, AddPrivateKey=pem)


def _delete_saml(w: World) -> None:
    arn = _saml(w)
    w.iam.delete_saml_provider(SAMLProviderArn=arn)
    _gone(lambda: w.iam.get_saml_provider(SAMLProviderArn=arn))


def _ssh_line() -> str:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _ssh_key(w: World) -> dict[str, str]:
    """A user with a key, as the arguments of boto3 name them."""
    user, line = w.user(), _ssh_line()
    made = w.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=line)["SSHPublicKey"]
    assert (made["UserName"], made["SSHPublicKeyBody"].split()[:2]) == (user, line.split()[:2])
    assert made["SSHPublicKeyId"].startswith("APKA")
    return {"UserName": user, "SSHPublicKeyId": made["SSHPublicKeyId"]}


def _get_ssh(w: World) -> None:
    found = w.iam.get_ssh_public_key(**_ssh_key(w), Encoding="PEM")["SSHPublicKey"]
    assert found["SSHPublicKeyBody"].startswith("-----BEGIN PUBLIC KEY-----")


def _list_ssh(w: World) -> None:
    key = _ssh_key(w)
    found = w.iam.list_ssh_public_keys(UserName=key["UserName"])["SSHPublicKeys"]
    assert [(item["SSHPublicKeyId"], item["Status"]) for item in found] == [(key["SSHPublicKeyId"], "Active")]


def _update_ssh(w: World) -> None:
    key = _ssh_key(w)
    w.iam.update_ssh_public_key(**key, Status="Inactive")
    assert w.iam.get_ssh_public_key(**key, Encoding="SSH")["SSHPublicKey"]["Status"] == "Inactive"


def _delete_ssh(w: World) -> None:
    key = _ssh_key(w)
    w.iam.delete_ssh_public_key(**key)
    _gone(lambda: w.iam.get_ssh_public_key(**key, Encoding="SSH"))


def _six_ssh_keys(w: World) -> None:
    user = w.user()
    for _ in range(6):
        w.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=_ssh_line())


def _same_ssh_key(w: World) -> None:
    user, line = w.user(), _ssh_line()
    for _ in range(2):
        w.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=line)


def _describe_role(w: World) -> None:
    name = w.role(Description="before")
    assert w.iam.update_role_description(RoleName=name, Description="after")["Role"]["Description"] == "after"


# --- certificates, service-specific credentials, reports, temporary credentials --------------------------


def _certificate(*, days: int = 30, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[str, str]:
    """A certificate and its private key, as PEM. With negative `days` it has ended."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return made.public_bytes(Encoding.PEM).decode(), pem


def _signing(w: World) -> dict[str, str]:
    user, (body, _) = w.user(), _certificate()
    made = w.iam.upload_signing_certificate(UserName=user, CertificateBody=body)["Certificate"]
    assert (made["UserName"], made["Status"]) == (user, "Active")
    assert made["CertificateBody"].strip() == body.strip()
    return {"UserName": user, "CertificateId": made["CertificateId"]}


def _list_signing(w: World) -> None:
    made = _signing(w)
    found = w.iam.list_signing_certificates(UserName=made["UserName"])["Certificates"]
    assert [item["CertificateId"] for item in found] == [made["CertificateId"]]


def _update_signing(w: World) -> None:
    made = _signing(w)
    w.iam.update_signing_certificate(**made, Status="Inactive")
    found = w.iam.list_signing_certificates(UserName=made["UserName"])["Certificates"]
    assert [item["Status"] for item in found] == ["Inactive"]


def _delete_signing(w: World) -> None:
    made = _signing(w)
    w.iam.delete_signing_certificate(**made)
    assert w.iam.list_signing_certificates(UserName=made["UserName"])["Certificates"] == []


def _same_signing(w: World) -> None:
    body, _ = _certificate()
    for user in (w.user(), w.user()):
        w.iam.upload_signing_certificate(UserName=user, CertificateBody=body)


def _server_certificate(w: World, client: Any = None, **more: Any) -> str:
    name = w.name("server")
    body, key = _certificate()
    arguments = {"ServerCertificateName": name, "CertificateBody": body, "PrivateKey": key, **more}
    made = (client or w.iam).upload_server_certificate(**arguments)["ServerCertificateMetadata"]
    assert (made["ServerCertificateName"], made["Path"]) == (name, more.get("Path", "/"))
    return name


def _get_server(w: World) -> None:
    found = w.iam.get_server_certificate(ServerCertificateName=_server_certificate(w, Tags=TAG))
    assert found["ServerCertificate"]["CertificateBody"].startswith("-----BEGIN CERTIFICATE-----")
    assert found["ServerCertificate"]["Tags"] == TAG
    assert "PrivateKey" not in str(found)


def _list_server(w: World) -> None:
    name = _server_certificate(w, Path="/listed/")
    found = w.iam.list_server_certificates(PathPrefix="/listed/")["ServerCertificateMetadataList"]
    assert [item["ServerCertificateName"] for item in found] == [name]


def _update_server(w: World) -> None:
    name = _server_certificate(w)
    w.iam.update_server_certificate(ServerCertificateName=name, NewServerCertificateName=f"{name}-b")
    assert w.iam.get_server_certificate(ServerCertificateName=f"{name}-b")


def _delete_server(w: World) -> None:
    name = _server_certificate(w)
    w.iam.delete_server_certificate(ServerCertificateName=name)
    _gone(lambda: w.iam.get_server_certificate(ServerCertificateName=name))


def _service_credential(w: World) -> dict[str, str]:
    user = w.user()
    made = w.iam.create_service_specific_credential(UserName=user, ServiceName="docs.amazonaws.com")
    found = made["ServiceSpecificCredential"]
    assert (found["UserName"], found["Status"]) == (user, "Active")
    assert found["ServicePassword"]
    return {"UserName": user, "ServiceSpecificCredentialId": found["ServiceSpecificCredentialId"]}


def _list_service(w: World) -> None:
    made = _service_credential(w)
    found = w.iam.list_service_specific_credentials(UserName=made["UserName"])["ServiceSpecificCredentials"]
    assert [item["ServiceSpecificCredentialId"] for item in found] == [made["ServiceSpecificCredentialId"]]
    assert "ServicePassword" not in found[0]


def _reset_service(w: World) -> None:
    made = _service_credential(w)
    found = w.iam.reset_service_specific_credential(**made)["ServiceSpecificCredential"]
    assert found["ServicePassword"]


def _update_service(w: World) -> None:
    made = _service_credential(w)
    w.iam.update_service_specific_credential(**made, Status="Inactive")
    found = w.iam.list_service_specific_credentials(UserName=made["UserName"])["ServiceSpecificCredentials"]
    assert [item["Status"] for item in found] == ["Inactive"]


def _delete_service(w: World) -> None:
    made = _service_credential(w)
    w.iam.delete_service_specific_credential(**made)
    found = w.iam.list_service_specific_credentials(UserName=made["UserName"])["ServiceSpecificCredentials"]
    assert found == []


def _three_service_credentials(w: World) -> None:
    user = w.user()
    for _ in range(3):
        w.iam.create_service_specific_credential(UserName=user, ServiceName="docs")


def _credential_report(w: World) -> None:
    assert w.iam.generate_credential_report()["State"] in ("STARTED", "COMPLETE")
    found = w.iam.get_credential_report()
    assert found["Content"].startswith(b"user,arn,user_creation_time,")
    assert found["ReportFormat"] == "text/csv"


def _no_report(w: World) -> None:
    """In a deployment of its own, where nobody had one made."""
    w.fresh().get_credential_report()


def _old_report(w: World) -> None:
    """Five hours after it was made."""
    client = w.fresh(reported_hours_ago=5)
    client.get_credential_report()


def _issuing(w: World, *, on: bool = True) -> None:
    """The deployment's account issues identity tokens, or does not."""
    try:
        info = w.iam.get_outbound_web_identity_federation_info()
        now = info["JwtVendingEnabled"]
    except w.iam.exceptions.FeatureDisabledException:
        now = False
    if on and not now:
        w.iam.enable_outbound_web_identity_federation()
    if now and not on:
        w.iam.disable_outbound_web_identity_federation()


def _enable_issuing(w: World) -> None:
    client = w.fresh()
    made = client.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    info = client.get_outbound_web_identity_federation_info()
    assert (info["IssuerIdentifier"], info["JwtVendingEnabled"]) == (made, True)
    client.disable_outbound_web_identity_federation()
    assert client.get_outbound_web_identity_federation_info()["JwtVendingEnabled"] is False


def _enabled_twice(w: World) -> None:
    _issuing(w)
    w.iam.enable_outbound_web_identity_federation()


def _identity_token(w: World, **more: Any) -> Any:
    _issuing(w)
    asked = {"Audience": ["https://api.example"], "SigningAlgorithm": "ES384"} | more
    found = w.sts.get_web_identity_token(**asked)
    assert found["WebIdentityToken"].count(".") == 2
    return found


def _issuing_nothing(w: World) -> None:
    _issuing(w, on=False)
    w.sts.get_web_identity_token(Audience=["a"], SigningAlgorithm="RS256")


def _token_too_long(w: World) -> None:
    """A session of a quarter of an hour asks for an hour."""
    _issuing(w)
    role = w.role()
    allow = DOCUMENT.replace("docs:Get", "sts:GetWebIdentityToken")
    w.iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=allow)
    found = w.sts.assume_role(RoleArn=w.arn("role", role), RoleSessionName="s1", DurationSeconds=900)
    w.session(found["Credentials"]).get_web_identity_token(
        Audience=["a"], SigningAlgorithm="ES384", DurationSeconds=3600
    )


def _last_accessed(w: World) -> str:
    user = w.user()
    w.iam.put_user_policy(UserName=user, PolicyName="in", PolicyDocument=DOCUMENT)
    job = w.iam.generate_service_last_accessed_details(Arn=w.arn("user", user))["JobId"]
    found = w.iam.get_service_last_accessed_details(JobId=job)
    assert (found["JobStatus"], found["JobType"]) == ("COMPLETED", "SERVICE_LEVEL")
    assert [item["ServiceNamespace"] for item in found["ServicesLastAccessed"]] == ["docs"]
    return str(job)


def _last_accessed_by(w: World) -> None:
    found = w.iam.get_service_last_accessed_details_with_entities(
        JobId=_last_accessed(w), ServiceNamespace="docs"
    )
    assert found["JobStatus"] == "COMPLETED"
    assert isinstance(found["EntityDetailsList"], list)


def _granting(w: World) -> None:
    user = w.user()
    w.iam.put_user_policy(UserName=user, PolicyName="in", PolicyDocument=DOCUMENT)
    found = w.iam.list_policies_granting_service_access(
        Arn=w.arn("user", user), ServiceNamespaces=["docs", "iam"]
    )["PoliciesGrantingServiceAccess"]
    assert [item["ServiceNamespace"] for item in found] == ["docs", "iam"]
    assert [item["PolicyName"] for item in found[0]["Policies"]] == ["in"]
    assert found[1]["Policies"] == []


def _authorization_details(w: World) -> None:
    user, role, group, arn = w.user(), w.role(), w.group(), w.policy()
    w.iam.put_user_policy(UserName=user, PolicyName="in", PolicyDocument=DOCUMENT)
    w.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    found: dict[str, list[Any]] = {}
    for page in w.iam.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": 50}
    ):
        for key in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            found.setdefault(key, []).extend(page[key])
    (mine,) = [item for item in found["UserDetailList"] if item["UserName"] == user]
    assert mine["UserPolicyList"][0]["PolicyDocument"]["Statement"]["Action"] == "docs:Get"
    (held,) = [item for item in found["RoleDetailList"] if item["RoleName"] == role]
    assert [item["PolicyArn"] for item in held["AttachedManagedPolicies"]] == [arn]
    assert group in [item["GroupName"] for item in found["GroupDetailList"]]
    (policy,) = [item for item in found["Policies"] if item["Arn"] == arn]
    assert policy["PolicyVersionList"][0]["Document"]["Version"] == "2012-10-17"


def _assumed(w: World, **more: Any) -> Any:
    """What AssumeRole answers to a user who may assume a role that trusts the account."""
    user, role = w.user(), w.role()
    document = DOCUMENT.replace('"docs:Get"', '["sts:AssumeRole","sts:TagSession"]')
    w.iam.put_user_policy(UserName=user, PolicyName="may", PolicyDocument=document)
    w.iam.update_assume_role_policy(
        RoleName=role,
        PolicyDocument=TRUST.replace('"sts:AssumeRole"', '["sts:AssumeRole","sts:TagSession"]'),
    )
    client = w.client("sts", key=w.access_key(user))
    return client.assume_role(RoleArn=w.arn("role", role), RoleSessionName="jobs", **more)


def _assume_role(w: World) -> None:
    made = _assumed(w, PolicyArns=[{"arn": w.policy()}], Tags=TAG, TransitiveTagKeys=["team"])
    assert made["AssumedRoleUser"]["Arn"].endswith("/jobs")
    assert made["PackedPolicySize"] >= 1
    assert w.session(made["Credentials"]).get_caller_identity()["Arn"] == made["AssumedRoleUser"]["Arn"]


def _visited(w: World, **more: Any) -> Any:
    """What AssumeRoleWithWebIdentity answers to somebody with a token, and with nothing else."""
    given = {
        "RoleArn": w.visited_role(),
        "RoleSessionName": "jobs",
        "WebIdentityToken": w.idp.token(),
        **more,
    }
    return w.stranger.assume_role_with_web_identity(**given)


def _web_identity(w: World) -> None:
    made = _visited(w, PolicyArns=[{"arn": w.policy()}], DurationSeconds=900)
    assert made["AssumedRoleUser"]["Arn"].endswith("/jobs")
    assert made["SubjectFromWebIdentityToken"] == "ana"
    assert (made["Provider"], made["Audience"]) == (w.idp.issuer, "my-app")
    assert made["PackedPolicySize"] >= 1
    assert w.session(made["Credentials"]).get_caller_identity()["Arn"] == made["AssumedRoleUser"]["Arn"]


def _down(w: World) -> None:
    url = "https://down.example.org"
    _visited(w, RoleArn=w.visited_role(url), WebIdentityToken=w.idp.token(iss=url))


def _session_token(w: World) -> None:
    user = w.user()
    made = w.client("sts", key=w.access_key(user)).get_session_token(DurationSeconds=900)
    assert w.session(made["Credentials"]).get_caller_identity()["Arn"] == w.arn("user", user)


def _federated(w: World, **more: Any) -> None:
    client = _may_sts(w, "sts:GetFederationToken", "sts:TagSession")
    made = client.get_federation_token(Name="visitor", **more)
    assert made["FederatedUser"]["Arn"].endswith(":federated-user/visitor")
    assert w.session(made["Credentials"]).get_caller_identity()["Arn"] == made["FederatedUser"]["Arn"]


def _may_sts(w: World, *actions: str) -> Any:
    user = w.user()
    listed = '","'.join(actions)
    document = DOCUMENT.replace('"docs:Get"', f'["{listed}"]')
    w.iam.put_user_policy(UserName=user, PolicyName="may", PolicyDocument=document)
    return w.client("sts", key=w.access_key(user))


def _key_info(w: World) -> None:
    assert w.sts.get_access_key_info(AccessKeyId=w.key["AccessKeyId"])["Account"] == "111122223333"


def _decoded(w: World) -> None:
    client = w.client("iam", key=w.access_key(w.user()))
    with pytest.raises(ClientError) as refused:
        client.list_users()
    message = refused.value.response["ResponseMetadata"]["HTTPHeaders"]["x-iamkit-decision"]
    found = json.loads(w.sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
    assert (found["allowed"], found["context"]["action"]) == (False, "iam:ListUsers")


def _role_changes_password(w: World) -> None:
    """A session of a role is no user."""
    made = _assumed(w)["Credentials"]
    w.session(made, "iam").change_password(OldPassword=PASSWORD, NewPassword=NEXT_PASSWORD)


LARGE: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "docs:Get", "Resource": f"arn:aws:docs:::{number * 7919:x}"}
            for number in range(22)
        ],
    },
    separators=(",", ":"),
)
MANY_TAGS: Final = [{"Key": f"{number}", "Value": f"{number**80}"[:250]} for number in range(101, 140)]
TAGGED_CLAIMS: Final[dict[str, Any]] = {
    "https://aws.amazon.com/tags": {"principal_tags": {tag["Key"]: [tag["Value"]] for tag in MANY_TAGS}}
}


def _arn_errors(call: Callable[[World, str], Any]) -> dict[str, Do]:
    """For operations on a policy: one that nobody made, and a text that is no ARN."""
    return {"NoSuchEntity": lambda w: call(w, NO_POLICY), "InvalidInput": lambda w: call(w, NOT_AN_ARN)}


def _provider_errors(missing: str, call: Callable[[World, str], Any]) -> dict[str, Do]:
    """For operations on a provider: one that nobody made, and a text that is no ARN."""
    return {"NoSuchEntity": lambda w: call(w, missing), "InvalidInput": lambda w: call(w, NOT_AN_ARN)}


FEDERATION: Final[dict[str, Case]] = {
    "iam:CreateInstanceProfile": Case(
        _profile,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_instance_profile(InstanceProfileName=_profile(w)),
            "InvalidInput": lambda w: _profile(w, Tags=TWICE),
            "LimitExceeded": lambda w: w.full.create_instance_profile(InstanceProfileName=w.name("profile")),
        },
    ),
    "iam:GetInstanceProfile": Case(
        _get_profile, {"NoSuchEntity": lambda w: w.iam.get_instance_profile(InstanceProfileName=NOBODY)}
    ),
    "iam:ListInstanceProfiles": Case(_list_profiles),
    "iam:ListInstanceProfilesForRole": Case(
        _profiles_of_role, {"NoSuchEntity": lambda w: w.iam.list_instance_profiles_for_role(RoleName=NOBODY)}
    ),
    "iam:AddRoleToInstanceProfile": Case(
        _filled_profile,
        {
            "NoSuchEntity": lambda w: w.iam.add_role_to_instance_profile(
                InstanceProfileName=_profile(w), RoleName=NOBODY
            ),
            "LimitExceeded": lambda w: w.iam.add_role_to_instance_profile(
                InstanceProfileName=_filled_profile(w)[0], RoleName=w.role()
            ),
        },
    ),
    "iam:RemoveRoleFromInstanceProfile": Case(
        _empty_profile,
        {
            "NoSuchEntity": lambda w: w.iam.remove_role_from_instance_profile(
                InstanceProfileName=_profile(w), RoleName=w.role()
            )
        },
    ),
    "iam:DeleteInstanceProfile": Case(
        _delete_profile,
        {
            "DeleteConflict": lambda w: w.iam.delete_instance_profile(
                InstanceProfileName=_filled_profile(w)[0]
            ),
            "NoSuchEntity": lambda w: w.iam.delete_instance_profile(InstanceProfileName=NOBODY),
        },
    ),
    "iam:CreateOpenIDConnectProvider": Case(
        _get_oidc,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_open_id_connect_provider(
                Url=f"https://{_oidc(w).split('/', 1)[1]}"
            ),
            "InvalidInput": lambda w: w.iam.create_open_id_connect_provider(Url="http://idp.example.org"),
            "LimitExceeded": lambda w: w.full.create_open_id_connect_provider(Url="https://idp.example.org"),
        },
    ),
    "iam:GetOpenIDConnectProvider": Case(
        _get_oidc,
        _provider_errors(
            NO_OIDC, lambda w, arn: w.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        ),
    ),
    "iam:ListOpenIDConnectProviders": Case(_list_oidc),
    "iam:AddClientIDToOpenIDConnectProvider": Case(
        _client_ids,
        {
            **_provider_errors(
                NO_OIDC,
                lambda w, arn: w.iam.add_client_id_to_open_id_connect_provider(
                    OpenIDConnectProviderArn=arn, ClientID="two"
                ),
            ),
            "LimitExceeded": lambda w: w.full.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=_oidc(w), ClientID="two"
            ),
        },
    ),
    "iam:RemoveClientIDFromOpenIDConnectProvider": Case(
        _client_ids,
        _provider_errors(
            NO_OIDC,
            lambda w, arn: w.iam.remove_client_id_from_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID="two"
            ),
        ),
    ),
    "iam:UpdateOpenIDConnectProviderThumbprint": Case(
        _thumbprint,
        _provider_errors(
            NO_OIDC,
            lambda w, arn: w.iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40]
            ),
        ),
    ),
    "iam:DeleteOpenIDConnectProvider": Case(
        _delete_oidc,
        {
            "InvalidInput": lambda w: w.iam.delete_open_id_connect_provider(
                OpenIDConnectProviderArn=NOT_AN_ARN
            )
        },
    ),
    "iam:CreateSAMLProvider": Case(
        _get_saml,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_saml_provider(
                Name=_saml(w).rsplit("/", 1)[1], SAMLMetadataDocument=METADATA
            ),
            "InvalidInput": lambda w: w.iam.create_saml_provider(
                Name=w.name("saml"), SAMLMetadataDocument="x" * 1000
            ),
            "LimitExceeded": lambda w: w.full.create_saml_provider(
                Name=w.name("saml"), SAMLMetadataDocument=METADATA
            ),
        },
    ),
    "iam:GetSAMLProvider": Case(
        _get_saml, _provider_errors(NO_SAML, lambda w, arn: w.iam.get_saml_provider(SAMLProviderArn=arn))
    ),
    "iam:ListSAMLProviders": Case(_list_saml),
    "iam:UpdateSAMLProvider": Case(
        _update_saml,
        {
            **_provider_errors(
                NO_SAML,
                lambda w, arn: w.iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=METADATA),
            ),
            "LimitExceeded": _third_private_key,
        },
    ),
    "iam:DeleteSAMLProvider": Case(
        _delete_saml,
        _provider_errors(NO_SAML, lambda w, arn: w.iam.delete_saml_provider(SAMLProviderArn=arn)),
    ),
    "iam:UploadSSHPublicKey": Case(
        _ssh_key,
        {
            "DuplicateSSHPublicKey": _same_ssh_key,
            "InvalidPublicKey": lambda w: w.iam.upload_ssh_public_key(
                UserName=w.user(), SSHPublicKeyBody="ssh-ed25519 AAAA"
            ),
            "LimitExceeded": _six_ssh_keys,
            "NoSuchEntity": lambda w: w.iam.upload_ssh_public_key(
                UserName=NOBODY, SSHPublicKeyBody=_ssh_line()
            ),
            "UnrecognizedPublicKeyEncoding": lambda w: w.iam.upload_ssh_public_key(
                UserName=w.user(), SSHPublicKeyBody="nonsense"
            ),
        },
    ),
    "iam:GetSSHPublicKey": Case(
        _get_ssh,
        {
            "NoSuchEntity": lambda w: w.iam.get_ssh_public_key(
                UserName=w.user(), SSHPublicKeyId=NO_SSH_KEY, Encoding="SSH"
            )
        },
    ),
    "iam:ListSSHPublicKeys": Case(
        _list_ssh, {"NoSuchEntity": lambda w: w.iam.list_ssh_public_keys(UserName=NOBODY)}
    ),
    "iam:UpdateSSHPublicKey": Case(
        _update_ssh,
        {
            "NoSuchEntity": lambda w: w.iam.update_ssh_public_key(
                UserName=w.user(), SSHPublicKeyId=NO_SSH_KEY, Status="Inactive"
            )
        },
    ),
    "iam:DeleteSSHPublicKey": Case(
        _delete_ssh,
        {"NoSuchEntity": lambda w: w.iam.delete_ssh_public_key(UserName=w.user(), SSHPublicKeyId=NO_SSH_KEY)},
    ),
    "iam:UpdateRoleDescription": Case(
        _describe_role,
        {"NoSuchEntity": lambda w: w.iam.update_role_description(RoleName=NOBODY, Description="after")},
    ),
    **_tags("InstanceProfile", "InstanceProfileName", _profile, NOBODY, "instance_profile"),
    **_tags(
        "OpenIDConnectProvider",
        "OpenIDConnectProviderArn",
        _oidc,
        NO_OIDC,
        "open_id_connect_provider",
        by_arn=True,
    ),
    **_tags("SAMLProvider", "SAMLProviderArn", _saml, NO_SAML, "saml_provider", by_arn=True),
    **_tags("MFADevice", "SerialNumber", lambda w: w.device()[0], NO_DEVICE, "mfa_device"),
}

CERTIFICATES: Final[dict[str, Case]] = {
    "iam:UploadSigningCertificate": Case(
        _signing,
        {
            "DuplicateCertificate": _same_signing,
            "InvalidCertificate": lambda w: w.iam.upload_signing_certificate(
                UserName=w.user(), CertificateBody=_certificate(days=-1)[0]
            ),
            "LimitExceeded": lambda w: w.full.upload_signing_certificate(
                UserName=w.user(), CertificateBody=_certificate()[0]
            ),
            "MalformedCertificate": lambda w: w.iam.upload_signing_certificate(
                UserName=w.user(), CertificateBody="nonsense"
            ),
            "NoSuchEntity": lambda w: w.iam.upload_signing_certificate(
                UserName=NOBODY, CertificateBody=_certificate()[0]
            ),
        },
    ),
    "iam:ListSigningCertificates": Case(
        _list_signing, {"NoSuchEntity": lambda w: w.iam.list_signing_certificates(UserName=NOBODY)}
    ),
    "iam:UpdateSigningCertificate": Case(
        _update_signing,
        {
            "NoSuchEntity": lambda w: w.iam.update_signing_certificate(
                UserName=w.user(), CertificateId=NO_ID, Status="Inactive"
            )
        },
    ),
    "iam:DeleteSigningCertificate": Case(
        _delete_signing,
        {"NoSuchEntity": lambda w: w.iam.delete_signing_certificate(UserName=w.user(), CertificateId=NO_ID)},
    ),
    "iam:UploadServerCertificate": Case(
        _server_certificate,
        {
            "EntityAlreadyExists": lambda w: _server_certificate(
                w, ServerCertificateName=_server_certificate(w)
            ),
            "InvalidInput": lambda w: _server_certificate(w, Tags=TWICE),
            "KeyPairMismatch": lambda w: _server_certificate(w, PrivateKey=_certificate()[1]),
            "LimitExceeded": lambda w: _server_certificate(w, w.full),
            "MalformedCertificate": lambda w: _server_certificate(w, CertificateBody="nonsense"),
        },
    ),
    "iam:GetServerCertificate": Case(
        _get_server, {"NoSuchEntity": lambda w: w.iam.get_server_certificate(ServerCertificateName=NOBODY)}
    ),
    "iam:ListServerCertificates": Case(_list_server),
    "iam:UpdateServerCertificate": Case(
        _update_server,
        {
            "EntityAlreadyExists": lambda w: w.iam.update_server_certificate(
                ServerCertificateName=_server_certificate(w), NewServerCertificateName=_server_certificate(w)
            ),
            "NoSuchEntity": lambda w: w.iam.update_server_certificate(ServerCertificateName=NOBODY),
        },
    ),
    "iam:DeleteServerCertificate": Case(
        _delete_server,
        {"NoSuchEntity": lambda w: w.iam.delete_server_certificate(ServerCertificateName=NOBODY)},
    ),
    **_tags("ServerCertificate", "ServerCertificateName", _server_certificate, NOBODY, "server_certificate"),
    "iam:CreateServiceSpecificCredential": Case(
        _service_credential,
        {
            "LimitExceeded": _three_service_credentials,
            "NoSuchEntity": lambda w: w.iam.create_service_specific_credential(
                UserName=NOBODY, ServiceName="docs"
            ),
            "NotSupportedService": lambda w: w.iam.create_service_specific_credential(
                UserName=w.user(), ServiceName="iam.amazonaws.com"
            ),
        },
    ),
    "iam:ListServiceSpecificCredentials": Case(
        _list_service,
        {
            "NoSuchEntity": lambda w: w.iam.list_service_specific_credentials(UserName=NOBODY),
            "NotSupportedService": lambda w: w.iam.list_service_specific_credentials(
                UserName=w.user(), ServiceName="iam.amazonaws.com"
            ),
        },
    ),
    "iam:ResetServiceSpecificCredential": Case(
        _reset_service,
        {
            "NoSuchEntity": lambda w: w.iam.reset_service_specific_credential(
                UserName=w.user(), ServiceSpecificCredentialId=NO_ID
            )
        },
    ),
    "iam:UpdateServiceSpecificCredential": Case(
        _update_service,
        {
            "NoSuchEntity": lambda w: w.iam.update_service_specific_credential(
                UserName=w.user(), ServiceSpecificCredentialId=NO_ID, Status="Inactive"
            )
        },
    ),
    "iam:DeleteServiceSpecificCredential": Case(
        _delete_service,
        {
            "NoSuchEntity": lambda w: w.iam.delete_service_specific_credential(
                UserName=w.user(), ServiceSpecificCredentialId=NO_ID
            )
        },
    ),
    "iam:GenerateCredentialReport": Case(_credential_report),
    "iam:GetCredentialReport": Case(
        _credential_report, {"ReportNotPresent": _no_report, "ReportExpired": _old_report}
    ),
    "iam:GenerateServiceLastAccessedDetails": Case(
        _last_accessed,
        {
            "InvalidInput": lambda w: w.iam.generate_service_last_accessed_details(Arn=NOT_AN_ARN),
            "NoSuchEntity": lambda w: w.iam.generate_service_last_accessed_details(Arn=w.arn("user", NOBODY)),
        },
    ),
    "iam:GetServiceLastAccessedDetails": Case(
        _last_accessed, {"NoSuchEntity": lambda w: w.iam.get_service_last_accessed_details(JobId=NO_JOB)}
    ),
    "iam:GetServiceLastAccessedDetailsWithEntities": Case(
        _last_accessed_by,
        {
            "NoSuchEntity": lambda w: w.iam.get_service_last_accessed_details_with_entities(
                JobId=NO_JOB, ServiceNamespace="docs"
            )
        },
    ),
    "iam:ListPoliciesGrantingServiceAccess": Case(
        _granting,
        {
            "InvalidInput": lambda w: w.iam.list_policies_granting_service_access(
                Arn=NOT_AN_ARN, ServiceNamespaces=["docs"]
            ),
            "NoSuchEntity": lambda w: w.iam.list_policies_granting_service_access(
                Arn=w.arn("user", NOBODY), ServiceNamespaces=["docs"]
            ),
        },
    ),
    "iam:GetAccountAuthorizationDetails": Case(_authorization_details),
    "iam:SetSecurityTokenServicePreferences": Case(
        lambda w: w.iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
    ),
    "sts:AssumeRole": Case(
        _assume_role,
        {
            "MalformedPolicyDocument": lambda w: _assumed(w, Policy=BROKEN),
            "PackedPolicyTooLarge": lambda w: _assumed(w, Policy=LARGE, Tags=MANY_TAGS),
        },
    ),
    "sts:AssumeRoleWithWebIdentity": Case(
        _web_identity,
        {
            "MalformedPolicyDocument": lambda w: _visited(w, Policy=BROKEN),
            "PackedPolicyTooLarge": lambda w: _visited(
                w,
                Policy=LARGE,
                WebIdentityToken=w.idp.token(**TAGGED_CLAIMS),
            ),
            "InvalidIdentityToken": lambda w: _visited(w, WebIdentityToken=w.idp.token(aud="stranger")),
            "ExpiredTokenException": lambda w: _visited(w, WebIdentityToken=w.idp.token(exp=1)),
            "IDPCommunicationError": _down,
        },
    ),
    "sts:GetSessionToken": Case(_session_token),
    "sts:GetFederationToken": Case(
        _federated,
        {
            "MalformedPolicyDocument": lambda w: _federated(w, Policy=BROKEN),
            "PackedPolicyTooLarge": lambda w: _federated(w, Policy=LARGE, Tags=MANY_TAGS),
        },
    ),
    "sts:GetAccessKeyInfo": Case(_key_info),
    "iam:EnableOutboundWebIdentityFederation": Case(_enable_issuing, {"FeatureEnabled": _enabled_twice}),
    "iam:DisableOutboundWebIdentityFederation": Case(
        _enable_issuing,
        {"FeatureDisabled": lambda w: w.fresh().disable_outbound_web_identity_federation()},
    ),
    "iam:GetOutboundWebIdentityFederationInfo": Case(
        _enable_issuing,
        {"FeatureDisabled": lambda w: w.fresh().get_outbound_web_identity_federation_info()},
    ),
    "sts:GetWebIdentityToken": Case(
        _identity_token,
        {
            "OutboundWebIdentityFederationDisabledException": _issuing_nothing,
            "SessionDurationEscalationException": _token_too_long,
            "JWTPayloadSizeExceededException": lambda w: _identity_token(
                w, Tags=[{"Key": f"k{number}", "Value": "v" * 250} for number in range(20)]
            ),
        },
    ),
    "sts:DecodeAuthorizationMessage": Case(
        _decoded,
        {
            "InvalidAuthorizationMessageException": lambda w: w.sts.decode_authorization_message(
                EncodedMessage="nonsense"
            )
        },
    ),
}

CASES: Final[dict[str, Case]] = {
    **FEDERATION,
    **CERTIFICATES,
    "iam:CreateUser": Case(
        _create_user,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_user(UserName=w.user().upper()),
            "InvalidInput": lambda w: w.iam.create_user(UserName=w.name("user"), Tags=TWICE),
            "LimitExceeded": lambda w: w.full.create_user(UserName=w.name("user")),
            "NoSuchEntity": lambda w: w.iam.create_user(
                UserName=w.name("user"), PermissionsBoundary=NO_POLICY
            ),
        },
    ),
    "iam:GetUser": Case(_get_user, {"NoSuchEntity": lambda w: w.iam.get_user(UserName=NOBODY)}),
    "iam:ListUsers": Case(_list_users),
    "iam:UpdateUser": Case(
        _update_user,
        {
            "EntityAlreadyExists": lambda w: w.iam.update_user(UserName=w.user(), NewUserName=w.user()),
            "NoSuchEntity": lambda w: w.iam.update_user(UserName=NOBODY, NewUserName="somebody"),
        },
    ),
    "iam:DeleteUser": Case(
        _delete_user,
        {
            "DeleteConflict": lambda w: w.iam.delete_user(UserName=_user_with_key(w)),
            "NoSuchEntity": lambda w: w.iam.delete_user(UserName=NOBODY),
        },
    ),
    "iam:CreateGroup": Case(
        lambda w: w.group(),
        {
            "EntityAlreadyExists": lambda w: w.iam.create_group(GroupName=w.group()),
            "LimitExceeded": lambda w: w.full.create_group(GroupName=w.name("group")),
        },
    ),
    "iam:GetGroup": Case(_get_group, {"NoSuchEntity": lambda w: w.iam.get_group(GroupName=NOBODY)}),
    "iam:ListGroups": Case(_list_groups),
    "iam:ListGroupsForUser": Case(
        _list_groups_for_user, {"NoSuchEntity": lambda w: w.iam.list_groups_for_user(UserName=NOBODY)}
    ),
    "iam:UpdateGroup": Case(
        _update_group,
        {
            "EntityAlreadyExists": lambda w: w.iam.update_group(GroupName=w.group(), NewGroupName=w.group()),
            "NoSuchEntity": lambda w: w.iam.update_group(GroupName=NOBODY, NewGroupName="somebody"),
        },
    ),
    "iam:DeleteGroup": Case(
        _delete_group,
        {
            "DeleteConflict": lambda w: w.iam.delete_group(GroupName=_in_group(w)[1]),
            "NoSuchEntity": lambda w: w.iam.delete_group(GroupName=NOBODY),
        },
    ),
    "iam:AddUserToGroup": Case(
        _in_group,
        {
            "NoSuchEntity": lambda w: w.iam.add_user_to_group(UserName=NOBODY, GroupName=w.group()),
            "LimitExceeded": lambda w: w.full.add_user_to_group(UserName=w.user(), GroupName=w.group()),
        },
    ),
    "iam:RemoveUserFromGroup": Case(
        _leave_group,
        {"NoSuchEntity": lambda w: w.iam.remove_user_from_group(UserName=NOBODY, GroupName=w.group())},
    ),
    "iam:CreateRole": Case(
        _create_role,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_role(
                RoleName=w.role(), AssumeRolePolicyDocument=TRUST
            ),
            "InvalidInput": lambda w: w.role(Tags=TWICE),
            "LimitExceeded": lambda w: w.full.create_role(
                RoleName=w.name("role"), AssumeRolePolicyDocument=TRUST
            ),
            "MalformedPolicyDocument": lambda w: w.iam.create_role(
                RoleName=w.name("role"), AssumeRolePolicyDocument=BROKEN
            ),
        },
    ),
    "iam:GetRole": Case(_get_role, {"NoSuchEntity": lambda w: w.iam.get_role(RoleName=NOBODY)}),
    "iam:ListRoles": Case(_list_roles),
    "iam:UpdateRole": Case(_update_role, {"NoSuchEntity": lambda w: w.iam.update_role(RoleName=NOBODY)}),
    "iam:UpdateAssumeRolePolicy": Case(
        _update_trust,
        {
            "NoSuchEntity": lambda w: w.iam.update_assume_role_policy(RoleName=NOBODY, PolicyDocument=TRUST),
            "MalformedPolicyDocument": lambda w: w.iam.update_assume_role_policy(
                RoleName=w.role(), PolicyDocument=BROKEN
            ),
            "LimitExceeded": lambda w: w.full.update_assume_role_policy(
                RoleName=w.role(), PolicyDocument=TRUST
            ),
        },
    ),
    "iam:DeleteRole": Case(
        _delete_role,
        {
            "DeleteConflict": lambda w: w.iam.delete_role(RoleName=_role_with_policy(w)),
            "NoSuchEntity": lambda w: w.iam.delete_role(RoleName=NOBODY),
        },
    ),
    "iam:CreatePolicy": Case(
        _create_policy,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_policy(
                PolicyName=w.policy().rsplit("/", 1)[1], PolicyDocument=DOCUMENT
            ),
            "InvalidInput": lambda w: w.policy(Tags=TWICE),
            "LimitExceeded": lambda w: w.full.create_policy(
                PolicyName=w.name("policy"), PolicyDocument=DOCUMENT
            ),
            "MalformedPolicyDocument": lambda w: w.iam.create_policy(
                PolicyName=w.name("policy"), PolicyDocument=BROKEN
            ),
        },
    ),
    "iam:GetPolicy": Case(_get_policy, _arn_errors(lambda w, arn: w.iam.get_policy(PolicyArn=arn))),
    "iam:ListPolicies": Case(_list_policies),
    "iam:DeletePolicy": Case(
        _delete_policy,
        {
            **_arn_errors(lambda w, arn: w.iam.delete_policy(PolicyArn=arn)),
            "DeleteConflict": lambda w: w.iam.delete_policy(PolicyArn=_attached(w)[1]),
        },
    ),
    "iam:CreatePolicyVersion": Case(
        _create_version,
        {
            **_arn_errors(lambda w, arn: w.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)),
            "MalformedPolicyDocument": lambda w: w.iam.create_policy_version(
                PolicyArn=w.policy(), PolicyDocument=BROKEN
            ),
            "LimitExceeded": _too_many_versions,
        },
    ),
    "iam:GetPolicyVersion": Case(
        _get_version, _arn_errors(lambda w, arn: w.iam.get_policy_version(PolicyArn=arn, VersionId="v1"))
    ),
    "iam:ListPolicyVersions": Case(
        _list_versions, _arn_errors(lambda w, arn: w.iam.list_policy_versions(PolicyArn=arn))
    ),
    "iam:SetDefaultPolicyVersion": Case(
        _set_default,
        _arn_errors(lambda w, arn: w.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")),
    ),
    "iam:DeletePolicyVersion": Case(
        _delete_version,
        {
            **_arn_errors(lambda w, arn: w.iam.delete_policy_version(PolicyArn=arn, VersionId="v1")),
            "DeleteConflict": lambda w: w.iam.delete_policy_version(PolicyArn=w.policy(), VersionId="v1"),
        },
    ),
    "iam:ListEntitiesForPolicy": Case(
        _entities, _arn_errors(lambda w, arn: w.iam.list_entities_for_policy(PolicyArn=arn))
    ),
    **{action: case for kind in KINDS for action, case in {**_inline(kind), **_attachments(kind)}.items()},
    **{action: case for kind in (KINDS[0], KINDS[2]) for action, case in _boundaries(kind).items()},
    **_tags("User", "UserName", lambda w: w.user(), NOBODY, "user"),
    **_tags("Role", "RoleName", lambda w: w.role(), NOBODY, "role"),
    **_tags("Policy", "PolicyArn", lambda w: w.policy(), NO_POLICY, "policy", by_arn=True),
    "iam:CreateAccessKey": Case(
        _create_key,
        {
            "NoSuchEntity": lambda w: w.iam.create_access_key(UserName=NOBODY),
            "LimitExceeded": _three_keys,
        },
    ),
    "iam:ListAccessKeys": Case(
        _list_keys, {"NoSuchEntity": lambda w: w.iam.list_access_keys(UserName=NOBODY)}
    ),
    "iam:UpdateAccessKey": Case(
        _update_key,
        {
            "NoSuchEntity": lambda w: w.iam.update_access_key(
                UserName=w.user(), AccessKeyId=NO_KEY, Status="Inactive"
            )
        },
    ),
    "iam:DeleteAccessKey": Case(
        _delete_key,
        {"NoSuchEntity": lambda w: w.iam.delete_access_key(UserName=w.user(), AccessKeyId=NO_KEY)},
    ),
    "iam:GetAccessKeyLastUsed": Case(_key_last_used),
    "iam:CreateLoginProfile": Case(
        _login_profile,
        {
            "EntityAlreadyExists": lambda w: w.password(w.password(w.user())),
            "NoSuchEntity": lambda w: w.password(NOBODY),
            "PasswordPolicyViolation": lambda w: w.iam.create_login_profile(
                UserName=w.user(), Password="short"
            ),
        },
    ),
    "iam:GetLoginProfile": Case(
        _get_login_profile, {"NoSuchEntity": lambda w: w.iam.get_login_profile(UserName=w.user())}
    ),
    "iam:UpdateLoginProfile": Case(
        _update_login_profile,
        {
            "NoSuchEntity": lambda w: w.iam.update_login_profile(UserName=w.user(), Password=PASSWORD),
            "PasswordPolicyViolation": lambda w: w.iam.update_login_profile(
                UserName=w.password(w.user()), Password="short"
            ),
        },
    ),
    "iam:DeleteLoginProfile": Case(
        _delete_login_profile, {"NoSuchEntity": lambda w: w.iam.delete_login_profile(UserName=w.user())}
    ),
    "iam:ChangePassword": Case(
        _change_password,
        {"InvalidUserType": _role_changes_password, "PasswordPolicyViolation": _weak_change},
    ),
    "iam:UpdateAccountPasswordPolicy": Case(_password_policy),
    "iam:GetAccountPasswordPolicy": Case(
        _password_policy, {"NoSuchEntity": lambda w: w.iam.get_account_password_policy()}
    ),
    "iam:DeleteAccountPasswordPolicy": Case(
        _password_policy, {"NoSuchEntity": lambda w: w.iam.delete_account_password_policy()}
    ),
    "iam:CreateVirtualMFADevice": Case(
        _create_device,
        {
            "EntityAlreadyExists": lambda w: w.iam.create_virtual_mfa_device(
                VirtualMFADeviceName=w.device()[0].rsplit("/", 1)[1]
            ),
            "InvalidInput": lambda w: w.iam.create_virtual_mfa_device(
                VirtualMFADeviceName=w.name("device"), Tags=TWICE
            ),
            "LimitExceeded": lambda w: w.full.create_virtual_mfa_device(
                VirtualMFADeviceName=w.name("device"), Tags=TAG
            ),
        },
    ),
    "iam:EnableMFADevice": Case(
        _enable_device,
        {
            "EntityAlreadyExists": _enable_twice,
            "InvalidAuthenticationCode": _enable_wrong,
            "LimitExceeded": _nine_devices,
            "NoSuchEntity": lambda w: w.iam.enable_mfa_device(
                UserName=w.user(), SerialNumber=NO_DEVICE, **WRONG_CODES
            ),
        },
    ),
    "iam:ResyncMFADevice": Case(
        _resync,
        {
            "InvalidAuthenticationCode": _resync_wrong,
            "NoSuchEntity": lambda w: w.iam.resync_mfa_device(
                UserName=w.user(), SerialNumber=NO_DEVICE, **WRONG_CODES
            ),
        },
    ),
    "iam:DeactivateMFADevice": Case(
        _deactivate,
        {
            "NoSuchEntity": lambda w: w.iam.deactivate_mfa_device(UserName=w.user(), SerialNumber=NO_DEVICE),
        },
    ),
    "iam:GetMFADevice": Case(
        _get_device,
        {"NoSuchEntity": lambda w: w.iam.get_mfa_device(UserName=w.user(), SerialNumber=NO_DEVICE)},
    ),
    "iam:ListMFADevices": Case(
        _enable_device, {"NoSuchEntity": lambda w: w.iam.list_mfa_devices(UserName=NOBODY)}
    ),
    "iam:ListVirtualMFADevices": Case(_list_virtual),
    "iam:DeleteVirtualMFADevice": Case(
        _delete_device,
        {
            "DeleteConflict": lambda w: w.iam.delete_virtual_mfa_device(
                SerialNumber=w.enabled_device(w.user())[0]
            ),
            "NoSuchEntity": lambda w: w.iam.delete_virtual_mfa_device(SerialNumber=NO_DEVICE),
        },
    ),
    "iam:CreateAccountAlias": Case(_alias, {"EntityAlreadyExists": _taken_alias}),
    "iam:DeleteAccountAlias": Case(
        _alias, {"NoSuchEntity": lambda w: w.iam.delete_account_alias(AccountAlias="not-there")}
    ),
    "iam:ListAccountAliases": Case(_alias),
    "iam:GetAccountSummary": Case(_summary),
    "iam:SimulateCustomPolicy": Case(
        _simulate_custom,
        {
            "InvalidInput": lambda w: w.iam.simulate_custom_policy(
                PolicyInputList=[BROKEN], ActionNames=["docs:Get"]
            )
        },
    ),
    "iam:SimulatePrincipalPolicy": Case(
        _simulate_principal,
        {
            "InvalidInput": lambda w: w.iam.simulate_principal_policy(
                PolicySourceArn=NOT_AN_ARN, ActionNames=["docs:Get"]
            ),
            "NoSuchEntity": lambda w: w.iam.simulate_principal_policy(
                PolicySourceArn=w.arn("user", NOBODY), ActionNames=["docs:Get"]
            ),
        },
    ),
    "iam:GetContextKeysForCustomPolicy": Case(
        _keys_of_custom,
        {"InvalidInput": lambda w: w.iam.get_context_keys_for_custom_policy(PolicyInputList=[BROKEN])},
    ),
    "iam:GetContextKeysForPrincipalPolicy": Case(
        _keys_of_principal,
        {
            "InvalidInput": lambda w: w.iam.get_context_keys_for_principal_policy(PolicySourceArn=NOT_AN_ARN),
            "NoSuchEntity": lambda w: w.iam.get_context_keys_for_principal_policy(
                PolicySourceArn=w.arn("user", NOBODY)
            ),
        },
    ),
    "sts:GetCallerIdentity": Case(_caller),
}

# --- what cannot occur, and what is not there -------------------------------------------------------------

# Modelled for nearly everything, and never an answer here.
NEVER: Final = {
    "ServiceFailure": "a decision or a bad request is never answered 5xx, which clients would try again",
    "PolicyEvaluation": "what cannot be evaluated is simulated as the denial that it would be",
    "ConcurrentModification": "writers are served one after the other, so none sees another's half",
    "EntityTemporarilyUnmodifiable": "a name that was given up is free at once",
}


def _table(name: str) -> list[list[str]]:
    text = Path(__file__).with_name(name).read_text(encoding="ascii")
    return [line.split("\t") for line in text.splitlines()]


# Operation and code, with the reason.
CANNOT: Final = {(action, code): reason for action, code, reason in _table("cannot.tsv")}
# Operations, with the reason. Shrinks: what is bound needs a case.
NOT_BUILT: Final = {row[0]: row[1] for row in _table("not_built.tsv")}

MODELS: Final = Models.load()
BOUND: Final = {bound.model.action: bound.model for bound in Bindings.of(MODELS)}
TIERS: Final = {f"{service}:{name}": tier for tier, service, name in _table("operations.tsv")}


@pytest.mark.parametrize("action", sorted(CASES))
def test_an_operation_does_what_it_says(world: World, action: str) -> None:
    """Called by boto3, signed, through a server."""
    CASES[action].happy(world)


@pytest.mark.parametrize(
    ("action", "code"), [(action, code) for action in sorted(CASES) for code in sorted(CASES[action].errors)]
)
def test_an_error_comes_as_the_model_has_it(world: World, action: str, code: str) -> None:
    """The modelled code with its status, as the exception that boto3 makes of it."""
    service, name = action.split(":")
    with pytest.raises(ClientError) as refused:
        CASES[action].errors[code](world)

    response = refused.value.response
    assert response["Error"]["Code"] == code, response
    assert response["Error"]["Type"] == "Sender"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == MODELS.services[service].statuses[code]
    assert refused.value.operation_name == name
    assert type(refused.value) is getattr(world, service).exceptions.from_code(code)


@pytest.mark.parametrize("action", sorted(BOUND))
def test_every_modelled_error_is_called_for_or_cannot_occur(action: str) -> None:
    """No error of the model is left out in silence, and none that is called for is said not to occur."""
    case = CASES.get(action)
    assert case is not None, f"`{action}` is bound and has no case"
    cannot = {code for each, code in CANNOT if each == action} | NEVER.keys()

    assert BOUND[action].errors - case.errors.keys() <= cannot
    assert case.errors.keys() <= BOUND[action].errors - cannot


def test_what_is_not_built_is_listed() -> None:
    """Each operation of the first two tiers is bound, or in the table of those that are not, with why."""
    wanted = {action for action, tier in TIERS.items() if tier in ("T1", "T2")}

    assert len(wanted) == 166
    assert NOT_BUILT.keys() == wanted - BOUND.keys()
    assert all(NOT_BUILT.values())
    assert all(CANNOT.values())
    assert BOUND.keys() <= TIERS.keys() | {model.action for model in MODELS}
