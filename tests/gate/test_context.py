"""The condition keys of a request: each present exactly when its row of SEM §7 says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import EvaluationError
from iamkit.gate.context import ContextBuilder, PluginKeys
from iamkit.gate.origin import Proxies
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy.request import Caller, CallerKind, Context, ContextValue

ACCOUNT = "111122223333"
ORGANIZATION = "o-example"
Make = Callable[..., Any]
Build = Callable[..., Context]

EVERY_KIND = pytest.mark.parametrize("kind", list(CallerKind))


def _nothing(request: HttpRequest | None, principal: Principal) -> tuple[()]:  # a plugin's signature
    return ()


@pytest.fixture
def build(clock: FrozenClock) -> Build:
    """Builds a context with the parts that a test names."""

    def made(
        principal: Principal,
        request: HttpRequest | None = None,
        *,
        told: Mapping[str, Any] | None = None,
        plugins: PluginKeys = _nothing,
        organization: str = ORGANIZATION,
        proxies: Proxies = Proxies(),  # noqa: B008  # frozen, and empty
        resource_account: str = ACCOUNT,
    ) -> Context:
        builder = ContextBuilder(clock, proxies, plugins, organization=organization)
        return builder.build(principal, request, resource_account=resource_account, told=told)

    return made


def _session(clock: FrozenClock, *, mfa_minutes_ago: int | None = None, **more: Any) -> Authentication:
    return Authentication(
        ACCOUNT,
        "AIDAJEFF",
        CredentialKind.SESSION,
        "S1",
        issued_at=clock.now() - timedelta(hours=1),
        mfa_at=None if mfa_minutes_ago is None else clock.now() - timedelta(minutes=mfa_minutes_ago),
        **more,
    )


# --- each row ---------------------------------------------------------------------------------------


@EVERY_KIND
def test_K1_K2_the_instant_is_always_there_and_one(
    build: Build, make_principal: Make, clock: FrozenClock, kind: CallerKind
) -> None:
    """CurrentTime and EpochTime are present for every caller and tell the same instant."""
    context = build(make_principal(kind))

    assert context["aws:CurrentTime"] == clock.now()
    assert context["aws:EpochTime"] == int(clock.now().timestamp())


def test_K1_the_clock_is_read_once(make_principal: Make, clock: FrozenClock) -> None:
    """A clock that moves at every reading still gives one instant, and ages that fit it."""

    class Ticking:
        readings = 0

        def now(self) -> datetime:
            self.readings += 1
            return clock.now() + timedelta(hours=self.readings)

    ticking = Ticking()
    principal = make_principal(authentication=_session(clock, mfa_minutes_ago=0))

    context = ContextBuilder(ticking, Proxies(), _nothing).build(principal, None, resource_account=ACCOUNT)

    assert ticking.readings == 1
    assert context["aws:MultiFactorAuthAge"] == 3600


def test_K3_a_session_tells_when_it_was_issued(
    build: Build, make_principal: Make, clock: FrozenClock
) -> None:
    """TokenIssueTime is present for sessions."""
    context = build(make_principal(authentication=_session(clock)))

    assert context["aws:TokenIssueTime"] == clock.now() - timedelta(hours=1)


def test_K3_K4_K5_a_long_term_key_has_no_token_and_no_second_factor(
    build: Build, make_principal: Make
) -> None:
    """With an access key the token and MFA keys are absent, not false (C-16)."""
    context = build(make_principal())

    for key in ("aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"):
        assert key not in context


def test_K4_a_session_without_second_factor_says_false(
    build: Build, make_principal: Make, clock: FrozenClock
) -> None:
    """A session always says whether a second factor was shown; without one there is no age."""
    context = build(make_principal(authentication=_session(clock)))

    assert context["aws:MultiFactorAuthPresent"] is False
    assert "aws:MultiFactorAuthAge" not in context
    assert "iamkit:MultiFactorMethod" not in context


def test_K4_K5_a_session_with_second_factor(build: Build, make_principal: Make, clock: FrozenClock) -> None:
    """The age counts from the factor, not from the session, and grows with the session."""
    principal = make_principal(authentication=_session(clock, mfa_minutes_ago=10, factors=("totp",)))

    before = build(principal)
    clock.advance(timedelta(seconds=90))
    after = build(principal)

    assert before["aws:MultiFactorAuthPresent"] is True
    assert before["aws:MultiFactorAuthAge"] == 600
    assert after["aws:MultiFactorAuthAge"] == 690
    assert before["iamkit:MultiFactorMethod"] == ("totp",)


def test_K6_transport(build: Build, make_principal: Make, make_request: Make) -> None:
    """SecureTransport is true over TLS and false otherwise, and never from an unnamed proxy's header."""
    principal = make_principal()

    assert build(principal, make_request(scheme="https"))["aws:SecureTransport"] is True
    assert build(principal, make_request(scheme="http"))["aws:SecureTransport"] is False
    spoofed = make_request(("X-Forwarded-Proto", "https"), scheme="http")
    assert build(principal, spoofed)["aws:SecureTransport"] is False


def test_K7_the_source_address(build: Build, make_principal: Make, make_request: Make) -> None:
    """SourceIp is the socket's address; a header changes it only behind a named proxy."""
    request = make_request(("X-Forwarded-For", "192.0.2.1"), peer="::ffff:10.0.0.1")

    assert build(make_principal(), request)["aws:SourceIp"] == "10.0.0.1"
    proxies = Proxies((ip_network("10.0.0.1/32"),))
    assert build(make_principal(), request, proxies=proxies)["aws:SourceIp"] == "192.0.2.1"


def test_K7_no_address_no_key(build: Build, make_principal: Make, make_request: Make) -> None:
    """A request over a socket file has no SourceIp, and neither has a call outside HTTP."""
    assert "aws:SourceIp" not in build(make_principal(), make_request(peer=None))
    assert "aws:SourceIp" not in build(make_principal(), None)


@pytest.mark.parametrize(("key", "header"), [("aws:UserAgent", "User-Agent"), ("aws:Referer", "Referer")])
def test_K8_K9_what_the_client_says_of_itself(
    build: Build, make_principal: Make, make_request: Make, key: str, header: str
) -> None:
    """UserAgent and Referer are present if sent, and absent if not sent or empty."""
    assert build(make_principal(), make_request((header, "x/1")))[key] == "x/1"
    assert key not in build(make_principal(), make_request())
    assert key not in build(make_principal(), make_request((header, "")))


@pytest.mark.parametrize(("key", "header"), [("aws:UserAgent", "User-Agent"), ("aws:Referer", "Referer")])
def test_what_a_stranger_writes_is_kept_in_bounds(
    build: Build, make_principal: Make, make_request: Make, key: str, header: str
) -> None:
    """Every refusal is recorded with its condition keys, so a long header must not fill memory and disk."""
    assert build(make_principal(), make_request((header, "x" * 60_000)))[key] == "x" * 1024


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        (CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/family/jeff"),
        (CallerKind.ROOT, f"arn:aws:iam::{ACCOUNT}:root"),
        (CallerKind.ROLE_SESSION, f"arn:aws:iam::{ACCOUNT}:role/app/writer"),
        (CallerKind.FEDERATED_USER, f"arn:aws:sts::{ACCOUNT}:federated-user/guest"),
        (CallerKind.ANONYMOUS, None),
        (CallerKind.SERVICE, None),
        (CallerKind.PROVIDER, None),
    ],
)
def test_K11_the_callers_arn(build: Build, make_principal: Make, kind: CallerKind, arn: str | None) -> None:
    """PrincipalArn is the user's own, and for a role session the role's with its path; services have none."""
    assert build(make_principal(kind)).get("aws:PrincipalArn") == arn


@pytest.mark.parametrize(
    ("kind", "account"),
    [
        (CallerKind.USER, ACCOUNT),
        (CallerKind.ROOT, ACCOUNT),
        (CallerKind.ROLE_SESSION, ACCOUNT),
        (CallerKind.ANONYMOUS, "anonymous"),
        (CallerKind.SERVICE, None),
    ],
)
def test_K12_the_callers_account(
    build: Build, make_principal: Make, kind: CallerKind, account: str | None
) -> None:
    """PrincipalAccount is the account id, `anonymous` for unsigned callers, and never empty."""
    assert build(make_principal(kind)).get("aws:PrincipalAccount") == account


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (CallerKind.ROOT, "Account"),
        (CallerKind.USER, "User"),
        (CallerKind.ROLE_SESSION, "AssumedRole"),
        (CallerKind.FEDERATED_USER, "FederatedUser"),
        (CallerKind.ANONYMOUS, "Anonymous"),
    ],
)
def test_K13_the_callers_type(build: Build, make_principal: Make, kind: CallerKind, word: str) -> None:
    """PrincipalType has AWS's five words, and is a plain text."""
    value = build(make_principal(kind))["aws:PrincipalType"]

    assert value == word
    assert type(value) is str


@pytest.mark.parametrize(
    ("kind", "userid"),
    [
        (CallerKind.USER, "AIDAJEFF"),
        (CallerKind.ROLE_SESSION, "AROAWRITER:monday"),
        (CallerKind.ROOT, ACCOUNT),
        (CallerKind.FEDERATED_USER, f"{ACCOUNT}:guest"),
        (CallerKind.ANONYMOUS, "anonymous"),
        (CallerKind.SERVICE, None),
    ],
)
def test_K14_the_userid(build: Build, make_principal: Make, kind: CallerKind, userid: str | None) -> None:
    """Each kind of caller has its own form of aws:userid."""
    assert build(make_principal(kind)).get("aws:userid") == userid


@EVERY_KIND
def test_K15_only_users_have_a_username(build: Build, make_principal: Make, kind: CallerKind) -> None:
    """aws:username is absent for roles, root, federated users and everybody else (V-5)."""
    expected = "jeff" if kind is CallerKind.USER else None

    assert build(make_principal(kind)).get("aws:username") == expected


def test_K16_the_callers_tags(build: Build, make_principal: Make) -> None:
    """Each tag is a key, found without case; a tag that is not there, or is empty, is missing."""
    context = build(make_principal(tags={"Team": "blue", "Void": ""}))

    assert context["aws:PrincipalTag/Team"] == "blue"
    assert context["AWS:principaltag/team"] == "blue"
    assert "aws:PrincipalTag/Other" not in context
    assert "aws:PrincipalTag/Void" not in context


def test_K17_K18_tags_are_told_by_those_who_know_them(build: Build, make_principal: Make) -> None:
    """The app and the operations name the tags of the request and of the resource."""
    told = {
        "aws:RequestTag/team": "blue",
        "aws:TagKeys": ("team",),
        "aws:ResourceTag/owner": "jeff",
        "iam:ResourceTag/owner": "jeff",
    }

    context = build(make_principal(), told=told)

    assert {key: context[key] for key in told} == told
    assert not any("Tag" in key for key in build(make_principal()))


def test_K17_one_tag_is_still_a_list(build: Build, make_principal: Make) -> None:
    """TagKeys stays a list when it holds one key (C-18)."""
    assert build(make_principal(), told={"aws:TagKeys": ("team",)})["aws:TagKeys"] == ("team",)


def test_K21_the_owner_of_the_resource(build: Build, make_principal: Make) -> None:
    """ResourceAccount is present whenever an account owns the resource."""
    context = build(make_principal(), resource_account="444455556666")

    assert context["aws:ResourceAccount"] == "444455556666"
    assert context["aws:ResourceOrgID"] == ORGANIZATION
    assert "aws:ResourceAccount" not in build(make_principal(), resource_account="")


def test_K22_the_callers_place_in_the_tree(build: Build, make_principal: Make) -> None:
    """PrincipalOrgPaths is a list of one path that ends with a slash."""
    context = build(make_principal(org_path=("r-1", "ou-a")))

    assert context["aws:PrincipalOrgID"] == ORGANIZATION
    assert context["aws:PrincipalOrgPaths"] == (f"{ORGANIZATION}/r-1/ou-a/",)


@pytest.mark.parametrize("kind", [CallerKind.ANONYMOUS, CallerKind.SERVICE, CallerKind.USER])
def test_K22_outside_the_tree_there_is_no_organization(
    build: Build, make_principal: Make, kind: CallerKind
) -> None:
    """Callers without an account in the tree have neither key, and no placeholder."""
    context = build(make_principal(kind))

    assert "aws:PrincipalOrgID" not in context
    assert "aws:PrincipalOrgPaths" not in context


def test_K23_a_service_names_itself(build: Build, make_principal: Make) -> None:
    """Only a service caller is one, and has a name."""
    service = build(make_principal(CallerKind.SERVICE))
    user = build(make_principal())

    assert service["aws:PrincipalIsAWSService"] is True
    assert service["aws:PrincipalServiceName"] == "mail.example"
    assert service["aws:PrincipalServiceNamesList"] == ("mail.example",)
    assert user["aws:PrincipalIsAWSService"] is False
    assert not user.keys() & {"aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"}


@EVERY_KIND
def test_K24_nobody_calls_through_a_service_yet(build: Build, make_principal: Make, kind: CallerKind) -> None:
    """ViaAWSService is false and present; the chain of services is absent."""
    context = build(make_principal(kind))

    assert context["aws:ViaAWSService"] is False
    assert not any(key.startswith("aws:CalledVia") for key in context)


# --- K-29: nobody else sets these keys ----------------------------------------------------------------

SHADOWS = pytest.mark.parametrize(
    "name",
    [
        "aws:username",
        "AWS:UserName",
        "aWs:SourceIp",
        "aws:PrincipalTag/team",
        "aws:MultiFactorAuthPresent",
        "aws:Whatever",
        "aws:",
        "AWS:TAGKEYSX",
        "aws:TagKeys/x",
        "aws:ResourceTag/",
        "aws:RequestTag",
        "iamkit:CredentialKind",
        "IAMKIT:Anything",
        "iam\u212ait:Anything",
    ],
)


@SHADOWS
@EVERY_KIND
def test_K29_the_app_cannot_set_a_reserved_key(
    build: Build, make_principal: Make, kind: CallerKind, name: str
) -> None:
    """A told `aws:` or `iamkit:` key is refused in any case, whether or not it is present for this caller."""
    with pytest.raises(EvaluationError, match=re.escape(name)):
        build(make_principal(kind), told={name: "x"})


@pytest.mark.parametrize("name", ["aws:username", "AWS:TagKeys", "aws:ResourceTag/x", "Iamkit:x"])
def test_K29_a_plugin_cannot_set_a_reserved_key(build: Build, make_principal: Make, name: str) -> None:
    """A plugin has no reserved key at all, told ones included."""
    with pytest.raises(EvaluationError, match="a plugin set"):
        build(make_principal(), plugins=lambda *_: [{name: "x"}])


def test_K29_nobody_overwrites_what_another_gave(build: Build, make_principal: Make) -> None:
    """A plugin cannot replace the app's key, nor another plugin's, nor its own in another case."""
    with pytest.raises(EvaluationError, match="a plugin gave"):
        build(make_principal(), told={"app:Plan": "free"}, plugins=lambda *_: [{"APP:plan": "paid"}])
    with pytest.raises(EvaluationError, match="a plugin gave"):
        build(make_principal(), plugins=lambda *_: [{"x:A": "1"}, {"x:a": "2"}])
    with pytest.raises(EvaluationError, match="the app gave"):
        build(make_principal(), told={"app:Plan": "free", "App:Plan": "paid"})


def test_K29_an_absent_key_cannot_be_claimed_by_another(build: Build, make_principal: Make) -> None:
    """What the app said to be empty stays missing; a plugin cannot fill it in."""
    with pytest.raises(EvaluationError, match="a plugin gave"):
        build(make_principal(), told={"app:Plan": ""}, plugins=lambda *_: [{"app:Plan": "paid"}])


def test_K29_tag_keys_that_differ_by_case_only_are_no_way_to_choose(
    build: Build, make_principal: Make
) -> None:
    """Two told tags that are the same key are refused, not silently one of them."""
    with pytest.raises(EvaluationError):
        build(make_principal(), told={"aws:ResourceTag/Team": "a", "aws:ResourceTag/team": "b"})


# --- what may be a value --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["x", True, 0, 1.5, Decimal("0.1"), b"x", ("a",), (), datetime(2026, 1, 1, tzinfo=UTC)]
)
def test_a_value_is_passed_on_as_it_is(build: Build, make_principal: Make, value: ContextValue) -> None:
    """Every type that a condition can be about goes through unchanged."""
    found = build(make_principal(), told={"app:K": value})["app:K"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_missing(build: Build, make_principal: Make, value: str | None) -> None:
    """None and the empty text are a missing key, never an empty one (C-17)."""
    assert "app:K" not in build(make_principal(), told={"app:K": value})


@pytest.mark.parametrize(
    "value",
    [["a"], {"a"}, {"a": "b"}, object(), ("a", 1), (None,), datetime(2026, 1, 1)],  # noqa: DTZ001
)
def test_a_value_that_no_condition_is_about_is_refused(
    build: Build, make_principal: Make, value: object
) -> None:
    """What could not be kept for the explanation is not decided on either."""
    with pytest.raises(EvaluationError, match="app:K"):
        build(make_principal(), told={"app:K": value})


@pytest.mark.parametrize("name", ["", "plan", "/x"])
def test_a_key_has_a_prefix(build: Build, make_principal: Make, name: str) -> None:
    """A key without a colon could be meant for anything."""
    with pytest.raises(EvaluationError, match="prefix"):
        build(make_principal(), told={name: "x"})


@EVERY_KIND
def test_nothing_is_ever_empty(
    build: Build, make_principal: Make, make_request: Make, kind: CallerKind
) -> None:
    """No kind of caller and no bare request makes a key with an empty value (C-17)."""
    bare = replace(make_request(peer=None), host="", method="GET")
    unnamed = replace(make_principal(kind), caller=Caller(kind), name="")

    for context in (build(make_principal(kind), bare), build(unnamed, bare)):
        assert all(value not in ("", None, (), ("",)) for value in context.values())


def test_plugins_see_the_request_and_the_caller(
    build: Build, make_principal: Make, make_request: Make
) -> None:
    """A plugin gets what it is asked about, and None outside HTTP."""
    seen: list[object] = []
    principal, request = make_principal(), make_request()

    def keys(asked: HttpRequest | None, who: Principal) -> list[Mapping[str, ContextValue]]:
        seen.extend((asked, who))
        return [{"weather:Sky": "blue"}]

    assert build(principal, request, plugins=keys)["weather:Sky"] == "blue"
    build(principal, None, plugins=keys)
    assert seen == [request, principal, None, principal]


def test_the_kind_of_credential(
    build: Build, make_principal: Make, make_request: Make, clock: FrozenClock
) -> None:
    """What AWS has no key for has one of iamkit's, a plain text."""
    request = make_request()
    session = build(make_principal(authentication=_session(clock)), request)

    assert session["iamkit:CredentialKind"] == "session"
    assert type(session["iamkit:CredentialKind"]) is str
    assert session["iamkit:SessionAge"] == 3600
    assert session["iamkit:HttpMethod"] == "GET"
    assert session["iamkit:HttpHost"] == "app.example"
    anonymous = build(make_principal(CallerKind.ANONYMOUS), request)
    assert anonymous["iamkit:CredentialKind"] == "anonymous"
    assert "iamkit:SessionAge" not in anonymous
