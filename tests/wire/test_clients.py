"""What clients make of the answers: pages, waiters, exceptions, presigned URLs, and the `aws` command."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from iamkit.audit.event import Event

if TYPE_CHECKING:
    from tests.wire.conftest import World

PASSWORD = "a quiet harbour at dawn"
# What boto3 finds in the environment must not be somebody's real account.
ELSEWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
AWS = shutil.which("aws")


def _names(world: World, method: str, member: str, key: str, size: int, **more: Any) -> list[str]:
    pages = world.iam.get_paginator(method).paginate(PaginationConfig={"PageSize": size}, **more)
    return [item[key] for page in pages for item in page[member]]


def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    """Each once and in order, whatever the size of a page, by operations that page and by others."""
    users = sorted(world.user(Path="/paged/") for _ in range(5))
    for size in (1, 2, 5, 7):
        assert _names(world, "list_users", "Users", "UserName", size, PathPrefix="/paged/") == users

    group = world.group()
    for user in users:
        world.iam.add_user_to_group(UserName=user, GroupName=group)
    assert _names(world, "get_group", "Users", "UserName", 2, GroupName=group) == users

    tags = {f"key {number}": str(number) for number in range(7)}
    world.iam.tag_user(UserName=users[0], Tags=[{"Key": key, "Value": tags[key]} for key in tags])
    assert _names(world, "list_user_tags", "Tags", "Key", 3, UserName=users[0]) == sorted(tags)


def test_pages_over_several_lists_share_one_marker(world: World) -> None:
    """Who has a policy: users, groups and roles, one entity at a time."""
    arn, user, group, role = world.policy(), world.user(), world.group(), world.role()
    world.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    world.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    world.iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    pages = list(
        world.iam.get_paginator("list_entities_for_policy").paginate(
            PolicyArn=arn, PaginationConfig={"PageSize": 1}
        )
    )

    assert [len(page["PolicyUsers"] + page["PolicyGroups"] + page["PolicyRoles"]) for page in pages] == [
        1,
        1,
        1,
    ]
    found = {item["UserName"] for page in pages for item in page["PolicyUsers"]}
    assert found == {user}


def test_what_is_written_between_two_pages_shifts_nothing(world: World) -> None:
    """An earlier entity that goes, and one that comes, change nothing of the pages that follow."""
    group = world.group()
    users = sorted(world.user() for _ in range(4))
    for user in users:
        world.iam.add_user_to_group(UserName=user, GroupName=group)
    first = world.iam.get_group(GroupName=group, MaxItems=2)
    world.iam.remove_user_from_group(UserName=users[0], GroupName=group)

    second = world.iam.get_group(GroupName=group, Marker=first["Marker"])

    assert [item["UserName"] for item in first["Users"]] == users[:2]
    assert [item["UserName"] for item in second["Users"]] == users[2:]
    assert not second["IsTruncated"]
    assert "Marker" not in second


@pytest.mark.parametrize("marker", ["nonsense", "e30", "WzFd", "%00", "//8"])
def test_a_marker_that_was_not_given_out_is_refused(world: World, marker: str) -> None:
    """Or read as a name that the listing goes on behind; never a fault."""
    group = world.group()
    with pytest.raises(ClientError) as refused:
        world.iam.get_group(GroupName=group, Marker=marker)

    assert refused.value.response["Error"]["Code"] == "ValidationError"
    with contextlib.suppress(world.iam.exceptions.ClientError):
        assert world.iam.list_users(Marker=marker)["Users"] is not None


def test_waiters_end_at_once(world: World) -> None:
    """What was made is there: nobody waits for it. What is not there is waited for as often as was asked."""
    fast = {"Delay": 0, "MaxAttempts": 1}
    world.iam.get_waiter("user_exists").wait(UserName=world.user(), WaiterConfig=fast)
    world.iam.get_waiter("role_exists").wait(RoleName=world.role(), WaiterConfig=fast)
    world.iam.get_waiter("policy_exists").wait(PolicyArn=world.policy(), WaiterConfig=fast)
    profile = world.name("profile")
    world.iam.create_instance_profile(InstanceProfileName=profile)
    world.iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=profile, WaiterConfig=fast)

    for name, missing in (
        ("user_exists", {"UserName": "nobody"}),
        ("instance_profile_exists", {"InstanceProfileName": "nobody"}),
    ):
        with pytest.raises(WaiterError, match="Max attempts exceeded"):
            world.iam.get_waiter(name).wait(**missing, WaiterConfig={"Delay": 0, "MaxAttempts": 2})


def test_a_refusal_names_caller_action_and_resource(world: World) -> None:
    """In AWS's words, with the decision's id in the header; and nothing is there afterwards."""
    nobody = world.user()
    client = world.client("iam", key=world.access_key(nobody))
    wanted = world.name("user")

    with pytest.raises(ClientError) as refused:
        client.create_user(UserName=wanted)

    response = refused.value.response
    assert response["Error"]["Code"] == "AccessDenied"
    assert response["Error"]["Message"] == (
        f"User: {world.arn('user', nobody)} is not authorized to perform: iam:CreateUser on resource:"
        f" {world.arn('user', wanted)} because no identity-based policy allows the iam:CreateUser action"
    )
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-iamkit-decision"].startswith("d")
    with pytest.raises(world.iam.exceptions.NoSuchEntityException):
        world.iam.get_user(UserName=wanted)


def test_the_request_id_is_the_same_everywhere(world: World) -> None:
    """In the body, in the header, in the event."""
    user = world.user()
    metadata = world.iam.get_user(UserName=user)["ResponseMetadata"]

    with world.deployment.store.read() as reader:
        events = reader.find(Event, {"event_name": "GetUser"}, order="event_time", newest_first=True, limit=1)
    told = json.loads(events[0].body)
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"] == told["requestID"]
    assert told["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in told["userAgent"]


def test_when_a_password_and_a_role_were_last_used_is_told(world: World) -> None:
    """Nothing before the first time; a role's by the requests of its sessions."""
    user = world.password(world.user())
    role = world.role()
    assert "PasswordLastUsed" not in world.iam.get_user(UserName=user)["User"]
    assert world.iam.get_role(RoleName=role)["Role"]["RoleLastUsed"] == {}

    world.deployment.sign_in(user, PASSWORD)

    assert world.iam.get_user(UserName=user)["User"]["PasswordLastUsed"]
    assert "RoleLastUsed" not in world.iam.list_roles(MaxItems=1)["Roles"][0]


def test_what_a_listing_leaves_out_is_told_one_by_one(world: World) -> None:
    """Tags and boundaries, as AWS does it."""
    tags = [{"Key": "team", "Value": "red"}]
    world.user(Path="/left-out/", Tags=tags, PermissionsBoundary=world.policy())
    world.role(Path="/left-out/", Tags=tags, PermissionsBoundary=world.policy())

    (user,) = world.iam.list_users(PathPrefix="/left-out/")["Users"]
    (role,) = world.iam.list_roles(PathPrefix="/left-out/")["Roles"]

    for found in (user, role):
        assert not {"Tags", "PermissionsBoundary"} & found.keys()
    told = world.iam.get_user(UserName=user["UserName"])["User"]
    assert told["Tags"] == tags
    assert told["PermissionsBoundary"]["PermissionsBoundaryType"] == "PermissionsBoundaryPolicy"


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        ("aws:SourceIp", "127.0.0.0/8", True),
        ("aws:SourceIp", "192.0.2.0/24", False),
        ("iamkit:CredentialKind", "access-key", True),
        ("iamkit:CredentialKind", "session", False),
    ],
)
def test_a_policy_sees_the_request_behind_the_operation(
    world: World, key: str, value: str, good: bool
) -> None:
    """Where it came from and how its sender proved who it is."""
    user = world.user()
    operator = "IpAddress" if key == "aws:SourceIp" else "StringEquals"
    statement = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": {**statement, "Condition": {operator: {key: value}}}}
    world.iam.put_user_policy(UserName=user, PolicyName="in", PolicyDocument=json.dumps(document))
    client = world.client("iam", key=world.access_key(user))

    if good:
        assert client.list_users()["Users"]
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.list_users()


def test_a_presigned_url_says_who_signed_it(world: World) -> None:
    """`generate_presigned_url` of GetCallerIdentity, sent by anybody: the trick of EKS and Vault."""
    for method in ("GET", "POST"):
        url = world.sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod=method)

        answer = httpx2.request(method, url)
        altered = httpx2.request(method, url.replace("GetCallerIdentity", "GetSessionToken"))
        stuffed = httpx2.request("POST", url, data={"Action": "GetSessionToken"})

        assert f"<Arn>{world.arn('user', 'administrator')}</Arn>" in answer.text
        assert (altered.status_code, stuffed.status_code) == (403, 403)


@pytest.mark.parametrize(("service", "other"), [("iam", "sts"), ("sts", "iam")])
def test_a_signature_is_for_one_service(world: World, service: str, other: str) -> None:
    """What was signed for STS is nothing for IAM, nor the other way; nor is an app's signature."""
    methods = {"iam": "list_users", "sts": "get_caller_identity"}
    for scope in (other, "iamkit", "s3"):
        client = world.client(service)
        client.meta.events.register("choose-signer.*", lambda scope=scope, **_kept: "v4")
        client.meta.events.register(
            "before-sign.*",
            lambda request, scope=scope, **_kept: request.context.update(signing={"signing_name": scope}),
        )
        client._request_signer._signing_name = scope
        with pytest.raises(ClientError) as refused:
            getattr(client, methods[service])()
        assert refused.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ({"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA", "SecretAccessKey": "x" * 40}, "InvalidClientTokenId"),
        ({"SecretAccessKey": "x" * 40}, "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_key_is_refused_as_aws_does(world: World, key: Mapping[str, str], code: str) -> None:
    """403 and the code that tells an unknown key from a wrong secret."""
    with pytest.raises(ClientError) as refused:
        world.client("sts", key={**world.key, **key}).get_caller_identity()

    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_nothing_is_tried_again_but_throttling(world: World) -> None:
    """With boto3's own habits: a denial, a conflict, a malformed request and an unknown action come once."""
    sent: list[None] = []
    client = boto3.client(
        "iam",
        endpoint_url=world.url,
        region_name="us-east-1",
        aws_access_key_id=world.key["AccessKeyId"],
        aws_secret_access_key=world.key["SecretAccessKey"],
        config=Config(retries={"mode": "standard", "max_attempts": 5}),
    )
    client.meta.events.register("before-send.*", lambda **_kept: sent.append(None))
    taken = world.user()

    calls: list[Callable[[], object]] = [
        lambda: client.create_user(UserName=taken),
        lambda: client.get_user(UserName="nobody"),
        lambda: client.create_policy(PolicyName=world.name("policy"), PolicyDocument="{}"),
        client.list_organizations_features,
    ]
    for call in calls:
        sent.clear()
        with pytest.raises(ClientError):
            call()
        assert len(sent) == 1


def test_an_operation_that_is_not_built_says_so(world: World) -> None:
    """400 InvalidAction, which no client waits for."""
    with pytest.raises(ClientError) as refused:
        world.iam.create_service_linked_role(AWSServiceName="elasticbeanstalk.amazonaws.com")

    assert refused.value.response["Error"]["Code"] == "InvalidAction"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.skipif(AWS is None, reason="no `aws` command: install AWS CLI, for example the wheel `awscli`")
def test_the_aws_command_manages_a_deployment(world: World) -> None:
    """Users, policies from files, queries, pages and errors, as on its manual page."""

    def aws(*arguments: str, fails: bool = False) -> Any:
        done = subprocess.run(
            ["aws", *arguments, "--output", "json"],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                **ELSEWHERE,
                "AWS_ENDPOINT_URL": world.url,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": world.key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": world.key["SecretAccessKey"],
            },
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout or "null")

    user = world.name("user")
    document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"docs:*","Resource":"*"}}'

    assert aws("sts", "get-caller-identity")["Account"] == "111122223333"
    assert aws("iam", "create-user", "--user-name", user, "--path", "/cli/")["User"]["UserName"] == user
    policy = aws("iam", "create-policy", "--policy-name", world.name("policy"), "--policy-document", document)
    aws("iam", "attach-user-policy", "--user-name", user, "--policy-arn", policy["Policy"]["Arn"])
    named = aws(
        "iam", "list-users", "--path-prefix", "/cli/", "--query", "Users[].UserName", "--page-size", "1"
    )
    assert named == [user]
    version = ("--policy-arn", policy["Policy"]["Arn"], "--version-id", "v1")
    assert aws("iam", "get-policy-version", *version)["PolicyVersion"]["Document"] == json.loads(document)
    assert "(DeleteConflict)" in aws("iam", "delete-user", "--user-name", user, fails=True)
    assert "(NoSuchEntity)" in aws("iam", "get-user", "--user-name", "nobody", fails=True)
