"""AssumeRoleWithWebIdentity: whose tokens open which role, and what the session is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from iamkit.audit.event import Event
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import TemporaryCredential
from iamkit.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidAction,
    InvalidIdentityToken,
    MalformedPolicyDocument,
    PackedPolicyTooLarge,
    ValidationError,
)
from iamkit.federation import oidc_provider
from iamkit.federation.claims import SOURCE_IDENTITY, TAGS
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.federation.web_identity import VerifiedToken
from iamkit.hookspecs import hookimpl
from iamkit.kit import IAM
from iamkit.management.desk import Desk
from iamkit.management.web_identity import AssumedByWebIdentity, assume_role_with_web_identity
from iamkit.memory import MemoryStore
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from iamkit.identity.principal import Principal
    from iamkit.identity.roles import Role
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
OTHER: Final = "444455556666"
URL: Final = "https://idp.example.org/team"
NAME: Final = "idp.example.org/team"
ARN: Final = f"arn:aws:iam::{HOME}:oidc-provider/{NAME}"
WEB: Final = "sts:AssumeRoleWithWebIdentity"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


@pytest.fixture
def known(realm: Realm) -> OidcProvider:
    """The provider is known in the home account."""
    return realm.write(
        lambda unit: oidc_provider.create(
            unit, arn=ARN, account=HOME, url=URL, now=realm.clock.now(), client_ids=("my-app",)
        )
    )


def trusting(action: object = WEB, provider: str = ARN, **equals: object) -> dict[str, object]:
    """A trust policy's statement; by default for `ana` of `my-app`."""
    claims = {f"{NAME}:aud": "my-app", f"{NAME}:sub": "ana", **equals}
    return {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": action,
        "Condition": {"StringEquals": claims},
    }


def token(**claims: object) -> Secret:
    """A token that verifies, see `PlainTokens`."""
    return Secret(json.dumps({"iss": URL, "sub": "ana", "aud": "my-app", **claims}))


def visit(
    realm: Realm, role: Role | str, shown: Secret | None = None, who: Principal | None = None, **more: Any
) -> AssumedByWebIdentity:
    """Come to a role with a token, without any credential unless `who` is given."""
    return realm.desk(who or realm.iam.principals.anonymous()).do(
        assume_role_with_web_identity,
        role_arn=role if isinstance(role, str) else role.arn,
        role_session_name=more.pop("name", "work"),
        web_identity_token=shown or token(),
        **more,
    )


@pytest.mark.usefixtures("known")
def test_a_token_opens_the_role_that_trusts_its_provider(realm: Realm) -> None:
    """Without any credential; the session is one of the role, as with AssumeRole (CAP-H2)."""
    role = realm.role("reader", trusting(), "doc:List", seconds=7200)

    made = visit(realm, role, duration_seconds=7200)
    session = realm.come(made.credentials)

    assert made.assumed_role_user.arn == f"arn:aws:sts::{HOME}:assumed-role/reader/work"
    assert made.assumed_role_user.assumed_role_id == f"{role.role_id}:work"
    assert (made.subject_from_web_identity_token, made.provider, made.audience) == ("ana", URL, "my-app")
    assert made.credentials.expiration == realm.clock.now() + timedelta(seconds=7200)
    assert session.caller.kind is CallerKind.ROLE_SESSION
    assert session.can("doc:List", NOTE)
    assert not session.can("doc:Put", NOTE)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "trust",
    [
        trusting(**{f"{NAME}:sub": "ben"}),
        trusting(**{f"{NAME}:aud": "other-app"}),
        trusting(**{f"{NAME}:groups": "admins"}),
        trusting(provider=f"arn:aws:iam::{HOME}:oidc-provider/idp.example.org"),
        trusting(provider=f"arn:aws:iam::{OTHER}:oidc-provider/{NAME}"),
        trusting(provider="idp.example.org"),
        trusting(action="sts:AssumeRoleWithSAML"),
        {**trusting(), "Effect": "Deny"},
        {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:*"},
        {"Effect": "Allow", "Principal": {"Service": "jobs.example.org"}, "Action": "sts:*"},
    ],
    ids=str,
)
def test_only_the_trust_policy_opens(realm: Realm, trust: dict[str, Any]) -> None:
    """Another subject, audience, claim, provider, account or action: denied (SEM-E19)."""
    statements = [trust, trusting()] if trust["Effect"] == "Deny" else [trust]
    if trust["Action"] == "sts:AssumeRoleWithSAML":
        statements[0]["Condition"] = {
            "StringEquals": {"saml:aud": "x", f"{NAME}:aud": "x", f"{NAME}:sub": "x"}
        }
    role = realm.role("reader", statements, "doc:List")

    with pytest.raises(AccessDenied):
        visit(realm, role)
    with realm.iam.store.read() as reader:
        assert reader.count(TemporaryCredential) == 0


@pytest.mark.usefixtures("known")
def test_conditions_see_the_claims(realm: Realm) -> None:
    """Texts, lists, numbers and truth, by `HOST/PATH:claim`."""
    statement = trusting()
    statement["Condition"] = {
        "StringEquals": {f"{NAME}:aud": "my-app"},
        "StringLike": {f"{NAME}:sub": "repo:acme/*"},
        "ForAnyValue:StringEquals": {f"{NAME}:groups": "admins"},
        "Bool": {f"{NAME}:email_verified": "true"},
        "NumericGreaterThan": {f"{NAME}:level": "2"},
    }
    role = realm.role("reader", statement, "doc:List")
    good: dict[str, object] = {
        "sub": "repo:acme/app",
        "groups": ["staff", "admins"],
        "email_verified": True,
        "level": 3,
    }

    visit(realm, role, token(**good))
    for name, other in (
        ("sub", "repo:evil/app"), ("groups", ["staff"]), ("email_verified", False), ("level", 2),
        ("groups", "admins-not"), ("groups", {"admins": 1}), ("groups", ["admins"] * 99),
    ):  # fmt: skip
        with pytest.raises(AccessDenied):
            visit(realm, role, token(**{**good, name: other}))


@pytest.mark.usefixtures("known")
def test_claims_whose_names_differ_only_by_case_mean_nothing(realm: Realm) -> None:
    """A condition ignores the case of its key: `Sub` is not `sub`, `groups` beside `Groups` is neither."""
    role = realm.role("reader", trusting(**{f"{NAME}:groups": "admins"}), "doc:List")

    visit(realm, role, token(groups="admins"))
    visit(realm, role, token(groups="admins", Sub="ben", AUD="x"))
    for claims in ({"groups": "admins", "Groups": "x"}, {"groups": "x", "Groups": "admins"}):
        with pytest.raises(AccessDenied):
            visit(realm, role, token(**claims))
    with pytest.raises(AccessDenied):
        visit(realm, role, token(sub="ben", Sub="ana", groups="admins"))


@pytest.mark.usefixtures("known")
def test_the_session_remembers_where_it_came_from(realm: Realm) -> None:
    """`aws:FederatedProvider`, `:sub`, `:aud`, `:amr`, also in what is narrowed from it (SEM-K20, K-27)."""
    allowed = {
        "Effect": "Allow",
        "Action": "doc:List",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:FederatedProvider": ARN, f"{NAME}:sub": "ana", f"{NAME}:aud": "my-app"},
            "ForAnyValue:StringEquals": {f"{NAME}:amr": "mfa"},
        },
    }
    trust = {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}
    role = realm.role("reader", [trusting(), trust], allowed, "sts:AssumeRole")
    plain = realm.come(realm.assume(realm.user("mia", "sts:AssumeRole"), role))

    first = realm.come(visit(realm, role, token(amr=["pwd", "mfa"])).credentials)
    second = realm.come(visit(realm, role, token(amr=["pwd"])).credentials)
    narrowed = first.session(policy={"Statement": {"Effect": "Allow", "Action": "doc:*", "Resource": "*"}})

    assert first.can("doc:List", NOTE)
    assert narrowed.can("doc:List", NOTE)
    assert not second.can("doc:List", NOTE)
    assert not plain.can("doc:List", NOTE)
    assert not realm.come(realm.assume(first, role)).can("doc:List", NOTE)


@pytest.mark.usefixtures("known")
def test_tags_come_in_the_token(realm: Realm) -> None:
    """In AWS's two forms, if the trust policy allows `sts:TagSession`; transitive ones go on (CAP-G5)."""
    mine = {
        "Effect": "Allow",
        "Action": "doc:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    }
    role = realm.role("tagged", trusting([WEB, "sts:TagSession"]), mine, "sts:AssumeRole")
    untaggable = realm.role("plain", trusting(), mine)
    nested = token(
        **{TAGS: {"principal_tags": {"team": ["red"], "Site": ["x"]}, "transitive_tag_keys": ["Team"]}}
    )
    flat = token(**{f"{TAGS}/principal_tags/team": "red", f"{TAGS}/transitive_tag_keys": ["team"]})

    for shown in (nested, flat):
        made = visit(realm, role, shown)
        assert realm.come(made.credentials).can("doc:Put", NOTE)
        assert made.packed_policy_size
        with realm.iam.store.read() as reader:
            kept = reader.get(TemporaryCredential, (made.credentials.access_key_id,))
        assert kept is not None
        assert kept.transitive == ("team",)
        with pytest.raises(AccessDenied, match="sts:TagSession"):
            visit(realm, untaggable, shown)
    strange: tuple[object, ...] = (
        "x", {"principal_tags": "x"}, {"principal_tags": {"team": "red", "x": ["a", "b"]}},
        {"principal_tags": {"a": [1]}}, {"principal_tags": {"a": []}}, {"transitive_tag_keys": ["team"]},
        {"principal_tags": {"a": ["b"]}, "transitive_tag_keys": "c"},
        {"principal_tags": {"a": ["b"]}, "transitive_tag_keys": {"a": 1}},
    )  # fmt: skip
    for odd in strange:
        with pytest.raises(InvalidIdentityToken):
            visit(realm, role, token(**{TAGS: odd}))
    for bad in ({"aws:team": ["red"]}, {"a" * 200: ["x"]}, {f"k{n}": ["x"] for n in range(60)}):
        with pytest.raises(Exception, match=r"tag|quota|limit"):
            visit(realm, role, token(**{TAGS: {"principal_tags": bad}}))


@pytest.mark.usefixtures("known")
def test_the_source_identity_comes_in_the_token(realm: Realm) -> None:
    """If the trust policy allows it to be set; it stays in the chain (CAP-B13)."""
    role = realm.role("open", trusting([WEB, "sts:SetSourceIdentity"]), "doc:List")
    closed = realm.role("closed", trusting(), "doc:List")
    shown = token(**{SOURCE_IDENTITY: "ana@example.org"})

    made = visit(realm, role, shown)

    assert made.source_identity == "ana@example.org"
    proof = realm.come(made.credentials).authentication
    assert proof is not None
    assert proof.session is not None
    assert proof.session.source_identity == "ana@example.org"
    with pytest.raises(AccessDenied, match="sts:SetSourceIdentity"):
        visit(realm, closed, shown)
    for bad in ("aws:x", "x" * 65, "a b"):
        with pytest.raises(ValidationError):
            visit(realm, role, token(**{SOURCE_IDENTITY: bad}))
    for odd in ("", 7, ["x"]):
        with pytest.raises(InvalidIdentityToken):
            visit(realm, role, token(**{SOURCE_IDENTITY: odd}))


@pytest.mark.usefixtures("known")
def test_session_policies_narrow_it(realm: Realm) -> None:
    """As with AssumeRole."""
    role = realm.role("reader", trusting(), "doc:*")
    narrow = json.dumps({"Statement": {"Effect": "Allow", "Action": "doc:List", "Resource": "*"}})

    session = realm.come(visit(realm, role, policy=narrow).credentials)

    assert session.can("doc:List", NOTE)
    assert not session.can("doc:Put", NOTE)
    with pytest.raises(MalformedPolicyDocument):
        visit(realm, role, policy="{}")
    with pytest.raises((PackedPolicyTooLarge, ValidationError)):
        visit(realm, role, policy=narrow + " " * 3000)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("seconds", [899, 3601, 0, -1, 10**9])
def test_it_lasts_as_long_as_the_role_lets_it(realm: Realm, seconds: int) -> None:
    """900 seconds to the role's longest; an hour unless something is said."""
    role = realm.role("reader", trusting(), "doc:List")

    with pytest.raises(ValidationError, match="duration"):
        visit(realm, role, duration_seconds=seconds)
    made = visit(realm, role)
    assert made.credentials.expiration == realm.clock.now() + timedelta(hours=1)
    realm.clock.advance(timedelta(hours=1))
    with pytest.raises(ExpiredToken):
        realm.come(made.credentials)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""}, {"sub": 7}, {"sub": None}, {"sub": "a" * 256}, {"sub": "a\nb"}, {"aud": "other"},
        {"aud": []}, {"aud": ["x"]}, {"iss": "https://idp.example.org"},
    ],
    ids=str,
)  # fmt: skip
def test_a_verifier_that_forgets_something_opens_nothing(realm: Realm, claims: dict[str, object]) -> None:
    """Issuer, audience and subject are looked at once more."""
    role = realm.role("reader", trusting(), "doc:List")

    with pytest.raises(InvalidIdentityToken):
        visit(realm, role, token(**claims))


@pytest.mark.usefixtures("known")
def test_a_provider_counts_in_its_account_only(realm: Realm) -> None:
    """A role of another account is not opened, although its policy names the provider."""
    role = realm.role("reader", trusting(), "doc:List", account=OTHER)

    with pytest.raises(InvalidIdentityToken, match="no provider"):
        visit(realm, role)


def test_what_was_verified_meanwhile_was_changed(realm: Realm, known: OidcProvider) -> None:
    """The provider, or the client, is taken away while the token is verified: it opens nothing."""

    class Slow:
        def verify(self, text: str, providers: Sequence[OidcProvider]) -> VerifiedToken:
            realm.write(lambda unit: oidc_provider.set_client_ids(unit, known, ("other",)))
            return VerifiedToken(providers[0], json.loads(text))

    role = realm.role("reader", trusting(), "doc:List")
    services = realm.iam.services
    desk = Desk(
        realm.iam.store, realm.iam.gate, realm.iam.trail, realm.iam.house,
        replace(services, web_identities=Slow), realm.iam.principals.anonymous(),
    )  # fmt: skip
    with pytest.raises(InvalidIdentityToken, match="changed"):
        desk.do(
            assume_role_with_web_identity,
            role_arn=role.arn,
            role_session_name="work",
            web_identity_token=token(),
        )


@pytest.mark.usefixtures("known")
def test_the_trail_tells_who_came(realm: Realm) -> None:
    """As CloudTrail does, in the role's account; the token is nowhere (CAP-H1)."""
    role = realm.role("reader", trusting(), "doc:List")
    visit(realm, role)
    with pytest.raises(AccessDenied):
        visit(realm, role, token(sub="ben"))

    told = {bool(event.get("errorCode")): event for event in realm.events("AssumeRoleWithWebIdentity")}

    assert told[False]["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{NAME}:my-app:ana",
        "userName": "ana",
        "identityProvider": ARN,
    }
    assert told[False]["responseElements"]["subjectFromWebIdentityToken"] == "ana"
    assert told[True]["errorCode"] == "AccessDenied"
    assert told[True]["userIdentity"]["userName"] == "ben"
    for event in told.values():
        assert event["requestParameters"]["webIdentityToken"] == "HIDDEN_DUE_TO_SECURITY_REASONS"


@pytest.mark.usefixtures("known")
def test_who_proves_nothing_leaves_nothing(realm: Realm) -> None:
    """A stranger fills neither the trail nor the log of decisions."""
    role = realm.role("reader", trusting(), "doc:List")
    with realm.iam.store.read() as reader:
        before = reader.count(Event)

    for bad in (token(iss="https://evil.example.org"), token(aud="x"), Secret("x" * 20_001), Secret("")):
        with pytest.raises((InvalidIdentityToken, ValidationError)):
            visit(realm, role, bad)
    with pytest.raises(ValidationError, match="provider_id"):
        visit(realm, role, provider_id="www.amazon.com")
    with pytest.raises(ValidationError):
        visit(realm, f"arn:aws:iam::{HOME}:user/ana")
    with realm.iam.store.read() as reader:
        assert reader.count(Event) == before


@pytest.mark.usefixtures("known")
def test_whoever_sends_the_token_is_not_asked_about(realm: Realm) -> None:
    """The token says who comes; a user with every permission, and root, come no further by theirs."""
    role = realm.role("reader", trusting(), "doc:List")
    everything = realm.user("boss", "*")

    for who in (everything, realm.iam.principals.root(HOME), realm.iam.operator()):
        assert visit(realm, role, who=who).subject_from_web_identity_token == "ana"
        with pytest.raises(AccessDenied):
            visit(realm, role, token(sub="ben"), who=who)


@pytest.mark.usefixtures("known")
def test_a_role_that_is_not_there_is_denied_like_one_that_does_not_trust(realm: Realm) -> None:
    """Nobody learns from it what exists."""
    realm.role("closed", {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"})
    told = []
    for name in ("closed", "gone"):
        arn = f"arn:aws:iam::{HOME}:role/{name}"
        with pytest.raises(AccessDenied) as denied:
            visit(realm, arn)
        told.append(denied.value.message.replace(arn, "ROLE"))

    assert len(set(told)) == 1


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[IAM]:
    with IAM(tmp_path / "bare", store=MemoryStore(), entry_points=False) as iam:
        iam.initialize(account_id=HOME)
        yield iam


def test_without_a_plugin_it_is_not_available(bare: IAM) -> None:
    """A 400 that says what to install."""
    with pytest.raises(InvalidAction, match="iamkit-oidc") as refused:
        bare.desk(bare.principals.anonymous()).do(
            assume_role_with_web_identity,
            role_arn=f"arn:aws:iam::{HOME}:role/reader",
            role_session_name="work",
            web_identity_token=token(),
        )

    assert refused.value.status == 400


def test_the_plugin_is_asked_for_once(tmp_path: Path) -> None:
    """When the first token comes, with the clock and the settings."""
    asked: list[object] = []

    class Plugin:
        @hookimpl
        def iamkit_web_identities(self, services: object) -> None:
            asked.append(services)

    with IAM(tmp_path / "asked", store=MemoryStore(), entry_points=False, plugins=[Plugin()]) as iam:
        iam.initialize(account_id=HOME)
        assert asked == []
        for _ in range(2):
            assert iam.services.web_identities() is None
    assert len(asked) == 1


def test_a_host_of_one_word_names_no_keys(realm: Realm) -> None:
    """Its claims would be called `aws:…` or `sts:…`, which are iamkit's."""
    for url in ("https://aws", "https://sts"):
        arn = f"arn:aws:iam::{HOME}:oidc-provider/{url[8:]}"
        realm.write(
            lambda unit, arn=arn, url=url: oidc_provider.create(  # type: ignore[misc]  # bound now
                unit, arn=arn, account=HOME, url=url, now=realm.clock.now(), client_ids=("my-app",)
            )
        )
        role = realm.role(url[8:], trusting(provider=arn), "doc:List")
        with pytest.raises(InvalidIdentityToken, match="one-word"):
            visit(realm, role, token(iss=url))
