"""Short ways to ask the policy language a question, shared by the tests of its rules.

`read` completes a statement given as a mapping: Effect Allow, Action `doc:Get`, Resource `*` and, in kinds
that need one, Principal `*`, unless the statement says otherwise. A text is taken as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import pytest

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import EvaluationOptions, evaluate, parse
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.request import ANONYMOUS, AccessRequest, Caller, CallerKind, Context, ContextValue
from iamkit.policy.validate import findings

Document = str | Mapping[str, object] | Sequence[Mapping[str, object]]

ACCOUNT: Final = "111122223333"
USER_ARN: Final = f"arn:aws:iam::{ACCOUNT}:user/app/jeff"
RESOURCE_ARN: Final = f"arn:aws:doc:eu-west-1:{ACCOUNT}:notes/a"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/app/writer"

CALLERS: Final[Mapping[str, Caller]] = {
    "user": Caller(CallerKind.USER, USER_ARN, ACCOUNT, unique_id="AIDAJEFF"),
    "session": Caller(
        CallerKind.ROLE_SESSION,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday",
        ACCOUNT,
        issuer_arn=ROLE_ARN,
        unique_id="AROAWRITER",
    ),
    "federated-user": Caller(
        CallerKind.FEDERATED_USER,
        f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
        ACCOUNT,
        issuer_arn=USER_ARN,
        unique_id="AIDAJEFF",
    ),
    "root": Caller(CallerKind.ROOT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, unique_id=ACCOUNT),
    "anonymous": ANONYMOUS,
    "service": Caller(CallerKind.SERVICE, "lambda.amazonaws.com"),
    "provider": Caller(CallerKind.PROVIDER, "accounts.google.com"),
}

_WITH_PRINCIPAL: Final = {
    PolicyKind.RESOURCE,
    PolicyKind.TRUST,
    PolicyKind.RESOURCE_GUARDRAIL,
    PolicyKind.ENDPOINT,
}


def _complete(statement: Mapping[str, object], kind: PolicyKind) -> dict[str, object]:
    whole: dict[str, object] = {"Effect": "Allow", **statement}
    if "NotAction" not in whole:
        whole.setdefault("Action", "sts:AssumeRole" if kind is PolicyKind.TRUST else "doc:Get")
    if "NotResource" not in whole and kind is not PolicyKind.TRUST:
        whole.setdefault("Resource", "*")
    if "NotPrincipal" not in whole and kind in _WITH_PRINCIPAL:
        whole.setdefault("Principal", "*")
    return whole


def _text(document: Document, kind: PolicyKind, version: str | None) -> str:
    if isinstance(document, str):
        return document
    if isinstance(document, Mapping):
        if "Statement" in document:
            return json.dumps(document)
        document = [document]
    whole: dict[str, object] = {"Statement": [_complete(statement, kind) for statement in document]}
    if version is not None:
        whole = {"Version": version, **whole}
    return json.dumps(whole)


def _read(
    document: Document,
    kind: PolicyKind = PolicyKind.IDENTITY,
    *,
    stored: bool = False,
    managed: bool = False,
    version: str | None = "2012-10-17",
) -> Policy:
    return _parsed(_text(document, kind, version), kind, stored=stored, managed=managed)


# Many tests ask about the same few documents.
_parsed: Final = lru_cache(maxsize=None)(parse)


def _refused(
    document: Document,
    kind: PolicyKind = PolicyKind.IDENTITY,
    *,
    managed: bool = False,
    version: str | None = "2012-10-17",
) -> str:
    """The messages and suggestions with which the document is refused at write; fails if it is accepted."""
    text = _text(document, kind, version)
    with pytest.raises(MalformedPolicyDocument) as caught:
        parse(text, kind, managed=managed)
    assert caught.value.problems, text
    return "\n".join(str(problem) for problem in caught.value.problems)


def _codes(
    document: Document, kind: PolicyKind = PolicyKind.IDENTITY, *, version: str | None = "2012-10-17"
) -> set[str]:
    """The codes of the findings about an accepted document."""
    return {str(finding.code) for finding in findings(_read(document, kind, version=version))}


def _attach(
    documents: Document | tuple[Document, ...],
    kind: PolicyKind,
    *,
    stored: bool,
    version: str | None,
    principal_ids: Mapping[str, str] | None = None,
) -> Policies:
    several = documents if isinstance(documents, tuple) else (documents,)
    return tuple(
        AttachedPolicy(
            _read(document, kind, stored=stored, version=version),
            PolicySource(f"{kind}-{number}"),
            principal_ids or {},
        )
        for number, document in enumerate(several, start=1)
    )


def _ask(
    *,
    caller: str | Caller = "user",
    action: str | None = None,
    on: str | None = None,
    owner: str = ACCOUNT,
    context: Mapping[str, ContextValue] | None = None,
    explicit_trust: bool = False,
    identity: Document | tuple[Document, ...] = (),
    boundary: Document | tuple[Document, ...] | None = None,
    session: Document | tuple[Document, ...] | None = None,
    scps: tuple[Document | tuple[Document, ...], ...] | None = None,
    resource: Document | tuple[Document, ...] = (),
    trust: Document | tuple[Document, ...] | None = None,
    rcps: tuple[Document | tuple[Document, ...], ...] | None = None,
    endpoint: Document | tuple[Document, ...] | None = None,
    stored: bool = False,
    version: str | None = "2012-10-17",
    principal_ids: Mapping[str, str] | None = None,
    options: EvaluationOptions | None = None,
) -> Decision:
    """Decide `doc:Get` on one note, or `sts:AssumeRole` on one role when `trust` is given."""

    def attach(documents: Document | tuple[Document, ...], kind: PolicyKind) -> Policies:
        return _attach(documents, kind, stored=stored, version=version, principal_ids=principal_ids)

    # A guard rail that allows everything is shipped, not written: it is read as a document at rest.
    def levels(
        documents: tuple[Document | tuple[Document, ...], ...] | None, kind: PolicyKind
    ) -> tuple[Policies, ...] | None:
        if documents is None:
            return None
        return tuple(_attach(level, kind, stored=True, version=version) for level in documents)

    who = CALLERS[caller] if isinstance(caller, str) else caller
    request = AccessRequest(
        caller=who,
        action=action or ("sts:AssumeRole" if trust is not None else "doc:Get"),
        resource=on or (ROLE_ARN if trust is not None else RESOURCE_ARN),
        context=Context(context),
        resource_account=owner,
        explicit_trust=explicit_trust or trust is not None,
    )
    mine = CallerLayers(
        identity=attach(identity, PolicyKind.IDENTITY),
        boundary=None if boundary is None else attach(boundary, PolicyKind.BOUNDARY),
        session=None if session is None else attach(session, PolicyKind.SESSION),
        guardrails=levels(scps, PolicyKind.GUARDRAIL),
    )
    theirs = ResourceLayers(
        policies=attach(resource, PolicyKind.RESOURCE) if trust is None else attach(trust, PolicyKind.TRUST),
        guardrails=levels(rcps, PolicyKind.RESOURCE_GUARDRAIL),
        endpoint=None if endpoint is None else attach(endpoint, PolicyKind.ENDPOINT),
    )
    return evaluate(request, mine, theirs, options=options or EvaluationOptions())


def _verdict(
    condition: Mapping[str, object],
    context: Mapping[str, ContextValue] | None = None,
    *,
    stored: bool = False,
    version: str | None = "2012-10-17",
) -> str:
    """`holds`, `fails` or `error`: what a Condition block comes to, the same under Allow and under Deny."""
    allow = _ask(identity={"Condition": condition}, context=context, stored=stored, version=version)
    deny = _ask(
        identity=[{"Sid": "all"}, {"Effect": "Deny", "Condition": condition}],
        context=context,
        stored=stored,
        version=version,
    )
    if allow.error is not None or deny.error is not None:
        assert allow.error is not None
        assert deny.error is not None
        assert not allow
        assert not deny
        return "error"
    assert allow.allowed == (deny.outcome is Outcome.EXPLICIT_DENY), (condition, context)
    return "holds" if allow else "fails"


@pytest.fixture(scope="session")
def read() -> Callable[..., Policy]:
    """Parse a document, given as text or as statements to complete."""
    return _read


@pytest.fixture(scope="session")
def refused() -> Callable[..., str]:
    """Expect a document to be refused at write; the messages."""
    return _refused


@pytest.fixture(scope="session")
def codes() -> Callable[..., set[str]]:
    """The codes of the findings about a document."""
    return _codes


@pytest.fixture(scope="session")
def ask() -> Callable[..., Decision]:
    """Decide one request."""
    return _ask


@pytest.fixture(scope="session")
def verdict() -> Callable[..., str]:
    """What a Condition block comes to."""
    return _verdict


@pytest.fixture(scope="session")
def callers() -> Mapping[str, Caller]:
    """One caller of each kind, by name."""
    return CALLERS
