"""A real server over a real directory, and boto3 as its client: what the tests of the wire share."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import boto3
import pyotp
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from iamkit_oidc import OidcPlugin, Place
from iamkit_oidc.testing import LocalProvider
from waitress.server import create_server

from iamkit.api.app import ManagementAPI
from iamkit.clock import FrozenClock
from iamkit.credentials.hashing import CHEAPEST
from iamkit.identity.quotas import Quotas
from iamkit.kit import IAM
from iamkit.management import accounts, reports, tree

ACCOUNT: Final = "111122223333"
DOWN: Final = "down.example.org"
DOCUMENT: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "docs:Read", "Resource": "arn:aws:docs:::a+b c%20/*"},
    }
)
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        },
    }
)
ISSUER: Final = "https://iam.example"
PASSWORD: Final = "a quiet harbour at dawn"
STEP: Final = timedelta(seconds=30)
# Nothing is tried again: an answer that clients would wait for is a fault.
ONCE: Final = Config(retries={"max_attempts": 0})
# Nothing more fits in anywhere; two keys are what a user may have in any case.
FULL: Final = Quotas(
    **{
        name: 0
        for name in Quotas.__dataclass_fields__
        if name not in ("access_keys_per_user", "policy_versions")
    }
)


class World:
    """A deployment with its clients. Clients are boto3's, which have no types: Any.

    `full` speaks to a second server over the same directory whose quotas admit nothing more.
    """

    def __init__(
        self,
        iam: IAM,
        key: Mapping[str, str],
        url: str,
        full_url: str,
        ends: ExitStack,
        idp: LocalProvider,
    ) -> None:
        self.deployment = iam
        self.idp = idp
        self.ends = ends
        self.url = url
        self.key = key
        self._numbers = itertools.count(1)
        self.iam: Any = self.client("iam")
        self.sts: Any = self.client("sts")
        self.stranger: Any = boto3.client(
            "sts",
            endpoint_url=url,
            region_name="us-east-1",
            config=ONCE.merge(Config(signature_version=UNSIGNED)),
        )
        self.full: Any = self.client("iam", url=full_url)

    def client(self, service: str, *, key: Mapping[str, str] | None = None, url: str | None = None) -> Any:
        """A client of boto3's with a key, by default the administrator's."""
        key = key or self.key
        return boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=ONCE,
        )

    def name(self, kind: str) -> str:
        """A name that nothing has yet."""
        return f"{kind}-{next(self._numbers)}"

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"

    def user(self, **more: Any) -> str:
        name = self.name("user")
        self.iam.create_user(UserName=name, **more)
        return name

    def group(self) -> str:
        name = self.name("group")
        self.iam.create_group(GroupName=name)
        return name

    def role(self, **more: Any) -> str:
        name = self.name("role")
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)
        return name

    def visited_role(self, url: str | None = None) -> str:
        """The ARN of a role that trusts `ana` of `my-app` by the provider's word; the provider is known."""
        url = url or self.idp.issuer
        host = url.removeprefix("https://")
        arn = self.arn("oidc-provider", host)
        known = self.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        if arn not in [item["Arn"] for item in known]:
            self.iam.create_open_id_connect_provider(Url=url, ClientIDList=["my-app"])
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {"StringEquals": {f"{host}:aud": "my-app", f"{host}:sub": "ana"}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        made = self.iam.create_role(RoleName=self.name("visited"), AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])

    def policy(self, **more: Any) -> str:
        """The ARN of a new policy."""
        made = self.iam.create_policy(PolicyName=self.name("policy"), PolicyDocument=DOCUMENT, **more)
        return str(made["Policy"]["Arn"])

    def access_key(self, user: str) -> Mapping[str, str]:
        found: Mapping[str, str] = self.iam.create_access_key(UserName=user)["AccessKey"]
        return found

    def password(self, user: str) -> str:
        self.iam.create_login_profile(UserName=user, Password=PASSWORD)
        return user

    def device(self) -> tuple[str, str]:
        """A virtual device that is nobody's: its serial number and its seed."""
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=self.name("device"))
        found = made["VirtualMFADevice"]
        return str(found["SerialNumber"]), found["Base32StringSeed"].decode()

    def codes(self, seed: str) -> dict[str, str]:
        """Two consecutive codes, as a device shows them now."""
        shown, now = pyotp.TOTP(seed), self.deployment.clock.now()
        return {
            "AuthenticationCode1": shown.at(now - STEP),
            "AuthenticationCode2": shown.at(now),
        }

    def totp(self, seed: str) -> Any:
        """What the device shows."""
        return pyotp.TOTP(seed)

    def enabled_device(self, user: str) -> tuple[str, str]:
        """A virtual device that is the user's."""
        serial, seed = self.device()
        self.iam.enable_mfa_device(UserName=user, SerialNumber=serial, **self.codes(seed))
        return serial, seed

    def session(self, credentials: Mapping[str, str], service: str = "sts") -> Any:
        """A client with temporary credentials."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=ONCE,
        )

    def fresh(self, *, reported_hours_ago: int | None = None) -> Any:
        """A client of a deployment of its own, whose credential report is so old, if it has one."""
        clock = FrozenClock(self.deployment.clock.now())
        iam = self.ends.enter_context(
            IAM(
                self.deployment.settings.directory.parent / self.name("fresh"),
                entry_points=False,
                password_cost=CHEAPEST,
                clock=clock,
                issuer_base=ISSUER,
            )
        )
        first = iam.initialize(account_id=ACCOUNT)
        if reported_hours_ago is not None:
            clock.advance(timedelta(hours=-reported_hours_ago))
            iam.desk(iam.operator()).do(reports.generate_credential_report)
            clock.advance(timedelta(hours=reported_hours_ago))
        key = {"AccessKeyId": first.key.key.key_id, "SecretAccessKey": first.key.secret.reveal()}
        return self.client("iam", key=key, url=serve(ManagementAPI(iam), self.ends))

    def other_account(self, alias: str) -> None:
        """A second account of the deployment that has an alias."""
        desk = self.deployment.desk(self.deployment.operator())
        made = desk.do(tree.create_account, account_name=self.name("other"))
        root = self.deployment.principals.root(made.account_id)
        self.deployment.desk(root).do(accounts.create_account_alias, account_alias=alias)


def serve(api: ManagementAPI, ends: ExitStack) -> str:
    """Serve an API until `ends` does; its URL."""
    server = create_server(api.wsgi, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=False)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def end() -> None:
        server.close()
        thread.join(timeout=10)

    ends.callback(end)
    return f"http://127.0.0.1:{server.effective_port}"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One deployment for all tests of the wire; each makes entities of its own."""
    directory: Path = tmp_path_factory.mktemp("wire") / "data"
    with ExitStack() as ends:
        idp = ends.enter_context(LocalProvider(tmp_path_factory.mktemp("idp")))
        # Another that does not answer.
        places = {idp.host: idp.place, DOWN: Place("127.0.0.1", 1)}
        plugin = OidcPlugin(idp.configuration(connect_to=places))
        iam = ends.enter_context(
            IAM(
                directory,
                entry_points=False,
                password_cost=CHEAPEST,
                issuer_base=ISSUER,
                plugins=[plugin],
            )
        )
        first = iam.initialize(account_id=ACCOUNT)
        full = ends.enter_context(IAM(directory, entry_points=False, password_cost=CHEAPEST, quotas=FULL))
        key = {"AccessKeyId": first.key.key.key_id, "SecretAccessKey": first.key.secret.reveal()}
        yield World(iam, key, serve(ManagementAPI(iam), ends), serve(ManagementAPI(full), ends), ends, idp)
