"""Principals, requests and policies made by hand, for the tests of the gate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy import parse
from iamkit.policy.layers import AttachedPolicy, CallerLayers, PolicySource
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import ANONYMOUS, Caller, CallerKind

ACCOUNT: Final = "111122223333"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)

_NAMES: Final = {
    CallerKind.USER: "jeff",
    CallerKind.ROOT: "root",
    CallerKind.ROLE_SESSION: "writer/monday",
    CallerKind.FEDERATED_USER: "guest",
    CallerKind.ANONYMOUS: "anonymous",
    CallerKind.SERVICE: "mail.example",
    CallerKind.PROVIDER: "accounts.example",
}
_CALLERS: Final = {
    CallerKind.USER: Caller(
        CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/family/jeff", ACCOUNT, unique_id="AIDAJEFF"
    ),
    CallerKind.ROOT: Caller(CallerKind.ROOT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, unique_id=ACCOUNT),
    CallerKind.ROLE_SESSION: Caller(
        CallerKind.ROLE_SESSION,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday",
        ACCOUNT,
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/app/writer",
        unique_id="AROAWRITER",
    ),
    CallerKind.FEDERATED_USER: Caller(
        CallerKind.FEDERATED_USER,
        f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
        ACCOUNT,
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/family/jeff",
        unique_id="AIDAJEFF",
    ),
    CallerKind.ANONYMOUS: ANONYMOUS,
    CallerKind.SERVICE: Caller(CallerKind.SERVICE, "mail.example"),
    CallerKind.PROVIDER: Caller(CallerKind.PROVIDER, "accounts.example"),
}


class MakesPrincipal(Protocol):
    """Makes a principal of a kind; `kind` alone gives jeff, a user with an access key."""

    def __call__(
        self,
        kind: CallerKind = ...,
        *,
        layers: CallerLayers = ...,
        tags: Mapping[str, str] = ...,
        org_path: tuple[str, ...] = ...,
        authentication: Authentication | None = ...,
    ) -> Principal: ...


class MakesRequest(Protocol):
    """Makes a request for `/doc/1` with these header fields."""

    def __call__(
        self, *headers: tuple[str, str], peer: str | None = ..., scheme: str = ..., path: str = ...
    ) -> HttpRequest: ...


class MakesPolicy(Protocol):
    """Makes an attached policy of one statement."""

    def __call__(
        self, effect: str = ..., *, kind: PolicyKind = ..., digest: str | None = ..., **members: object
    ) -> AttachedPolicy: ...


KEY: Final = Authentication(ACCOUNT, "AIDAJEFF", CredentialKind.ACCESS_KEY, "AKIAJEFF")


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at noon."""
    return FrozenClock(START)


@pytest.fixture
def make_principal() -> MakesPrincipal:
    def make(
        kind: CallerKind = CallerKind.USER,
        *,
        layers: CallerLayers = CallerLayers(),  # noqa: B008  # frozen, and empty
        tags: Mapping[str, str] = MappingProxyType({}),
        org_path: tuple[str, ...] = (),
        authentication: Authentication | None = KEY,
    ) -> Principal:
        caller = _CALLERS[kind]
        return Principal(
            caller=caller,
            name=_NAMES[kind],
            account=caller.account,
            layers=layers,
            tags=tags,
            org_path=org_path,
            authentication=None if kind is CallerKind.ANONYMOUS else authentication,
        )

    return make


@pytest.fixture
def make_request() -> MakesRequest:
    def make(
        *headers: tuple[str, str],
        peer: str | None = "203.0.113.9",
        scheme: str = "https",
        path: str = "/doc/1",
    ) -> HttpRequest:
        return HttpRequest(
            method="GET",
            scheme=scheme,
            host="app.example",
            raw_path=path,
            path=path,
            query="",
            headers=Headers(headers),
            peer=peer,
        )

    return make


@pytest.fixture
def make_policy() -> MakesPolicy:
    def make(
        effect: str = "Allow",
        *,
        kind: PolicyKind = PolicyKind.IDENTITY,
        digest: str | None = None,
        **members: object,
    ) -> AttachedPolicy:
        statement = {"Effect": effect, "Action": "doc:*", "Resource": "*", **members}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        named = hashlib.sha256(text.encode()).hexdigest() if digest is None else digest
        return AttachedPolicy(parse(text, kind), PolicySource("p", "user", digest=named))

    return make


@pytest.fixture
def allowing(make_principal: MakesPrincipal, make_policy: MakesPolicy) -> Callable[[], Principal]:
    """jeff, who may do everything with documents."""
    return lambda: make_principal(layers=CallerLayers(identity=(make_policy(),)))
