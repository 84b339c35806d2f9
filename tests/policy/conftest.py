"""What the tests of the policy language share: callers, and short ways to attach documents and to ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from iamkit.policy import AttachedPolicy, Caller, CallerKind, PolicyKind, PolicySource, parse

ACCOUNT: Final = "123456789012"


@pytest.fixture
def jeff() -> Caller:
    """An IAM user."""
    return Caller(CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/family/jeff", ACCOUNT, unique_id="AIDAJEFF")


@pytest.fixture
def session() -> Caller:
    """A session of a role on a path."""
    return Caller(
        CallerKind.ROLE_SESSION,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday",
        ACCOUNT,
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/app/writer",
        unique_id="AROAWRITER",
    )


@pytest.fixture
def attach() -> Callable[..., AttachedPolicy]:
    """Makes an attached policy of some statements."""

    def attached(
        *statements: Mapping[str, object],
        kind: PolicyKind = PolicyKind.IDENTITY,
        name: str = "policy",
        version: str = "2012-10-17",
        stored: bool = False,
    ) -> AttachedPolicy:
        text = json.dumps({"Version": version, "Statement": list(statements)})
        return AttachedPolicy(parse(text, kind, stored=stored), PolicySource(name))

    return attached
