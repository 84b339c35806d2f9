"""AssumeRole: who may, with what, for how long, and what the session is."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from iamkit.credentials import mfa, mfa_otp, otp
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import TemporaryCredential
from iamkit.errors import (
    AccessDenied,
    IamkitError,
    InputError,
    MalformedPolicyDocument,
    NoSuchEntity,
    PackedPolicyTooLarge,
    ValidationError,
)
from iamkit.identity import boundaries, managed
from iamkit.management.roles import get_role
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from iamkit.identity.principal import Principal
    from iamkit.identity.roles import Role
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
OTHER: Final = "444455556666"
ASSUME: Final = "sts:AssumeRole"
EVERY: Final = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


def trusting(who: str, action: object = ASSUME, **condition: Any) -> dict[str, object]:
    found: dict[str, object] = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": action}
    return {**found, "Condition": condition} if condition else found


def test_a_session_is_a_principal_of_its_own(realm: Realm) -> None:
    """With the role's permissions in place of the user's, and AWS's names for all of it (CAP-B6)."""
    ana = realm.user("ana", "doc:*")
    role = realm.role("reader", trusting(ana.arn), "doc:List", path="/team/")

    made = realm.assume(ana, role)
    session = realm.come(made)

    assert made.assumed_role_user.arn == f"arn:aws:sts::{HOME}:assumed-role/reader/work"
    assert made.assumed_role_user.assumed_role_id == f"{role.role_id}:work"
    assert made.credentials.access_key_id.startswith("ASIA")
    assert made.packed_policy_size is None
    assert made.source_identity is None
    assert session.caller.kind is CallerKind.ROLE_SESSION
    assert (session.arn, session.name) == (made.assumed_role_user.arn, "reader/work")
    assert session.can("doc:List", NOTE)
    assert not session.can("doc:Put", NOTE)
    assert ana.can("doc:Put", NOTE)


@pytest.mark.parametrize("home", [HOME, OTHER])
@pytest.mark.parametrize("trusted", ["user", "account", "neither"])
@pytest.mark.parametrize("permitted", [True, False])
def test_who_may_assume_by_trust_and_own_policy(
    realm: Realm, home: str, trusted: str, permitted: bool
) -> None:
    """CAP-B7's twelve cells: inside an account it is enough to be named, across accounts both are needed."""
    ana = realm.user("ana", *([(ASSUME, "*")] if permitted else []), account=home)
    mia = realm.user("mia")
    who = {"user": ana.arn, "account": home, "neither": mia.arn}[trusted]
    role = realm.role("reader", trusting(who), "doc:List")
    expected = {
        "user": permitted or home == HOME,
        "account": permitted,
        "neither": False,
    }[trusted]

    if expected:
        assert realm.become(ana, role).account == HOME
        return
    with pytest.raises(AccessDenied, match="sts:AssumeRole on resource"):
        realm.assume(ana, role)


def test_root_assumes_no_role_and_neither_does_nobody(realm: Realm) -> None:
    """Whatever a trust policy says."""
    role = realm.role("reader", trusting(HOME), "doc:List")

    for who in (realm.iam.principals.root(HOME), realm.iam.operator()):
        with pytest.raises(AccessDenied, match="root"):
            realm.assume(who, role)
    with pytest.raises(IamkitError, match="caller"):
        realm.assume(realm.iam.principals.anonymous(), role)


def test_a_role_that_is_not_there_is_denied_like_one_that_does_not_trust(realm: Realm) -> None:
    """Nobody learns from it what exists, in any account."""
    ana = realm.user("ana", (ASSUME, "*"))
    closed = realm.role("closed", trusting(OTHER))
    told = []
    for arn in (closed.arn, f"arn:aws:iam::{HOME}:role/gone", f"arn:aws:iam::{OTHER}:role/closed"):
        with pytest.raises(AccessDenied) as denied:
            realm.assume(ana, arn)
        told.append(denied.value.message.replace(arn, "ROLE"))

    assert len(set(told)) == 1


def test_an_explicit_deny_of_the_caller_stands(realm: Realm) -> None:
    """Also where the trust policy names the user itself."""
    ana = realm.user("ana", {"Effect": "Deny", "Action": "sts:*", "Resource": "*"})
    role = realm.role("reader", trusting(ana.arn))

    with pytest.raises(AccessDenied, match="explicit deny"):
        realm.assume(ana, role)


@pytest.mark.parametrize("given", [None, "tenant-8", "tenant-7"])
def test_the_external_id_keeps_a_deputy_from_being_confused(realm: Realm, given: str | None) -> None:
    """CAP-B11: without, with a wrong one, with the right one."""
    vendor = realm.user("vendor", (ASSUME, "*"), account=OTHER)
    role = realm.role("tenant", trusting(OTHER, StringEquals={"sts:ExternalId": "tenant-7"}), "doc:List")
    more: dict[str, Any] = {} if given is None else {"external_id": given}

    if given == "tenant-7":
        assert realm.become(vendor, role, **more).can("doc:List", NOTE)
        return
    with pytest.raises(AccessDenied):
        realm.assume(vendor, role, **more)


@pytest.mark.parametrize(
    ("seconds", "longest", "good"),
    [
        (None, 3600, True),
        (899, 3600, False),
        (900, 3600, True),
        (3600, 3600, True),
        (3601, 3600, False),
        (43200, 43200, True),
        (43201, 43200, False),
        (0, 3600, False),
        (-1, 3600, False),
    ],
)
def test_how_long_a_session_may_be(realm: Realm, seconds: int | None, longest: int, good: bool) -> None:
    """From 900 seconds to the role's longest, an hour if nothing is said (CAP-G1)."""
    ana = realm.user("ana")
    role = realm.role("reader", trusting(ana.arn), "doc:List", seconds=longest)
    more: dict[str, Any] = {} if seconds is None else {"duration_seconds": seconds}

    if not good:
        with pytest.raises(ValidationError, match="duration_seconds"):
            realm.assume(ana, role, **more)
        return
    made = realm.assume(ana, role, **more)
    assert made.credentials.expiration == realm.clock.now() + timedelta(seconds=seconds or 3600)


def test_a_chained_session_lasts_an_hour_at_most(realm: Realm) -> None:
    """Asking for more fails, whatever the role admits (CAP-B12), and the first one's end is its end too."""
    ana = realm.user("ana")
    first = realm.role("first", trusting(ana.arn), (ASSUME, "*"), seconds=43200)
    second = realm.role("second", trusting(HOME), "doc:List", seconds=43200)
    session = realm.become(ana, first, duration_seconds=43200)

    with pytest.raises(ValidationError, match="from another role"):
        realm.assume(session, second, duration_seconds=3601)
    made = realm.assume(session, second, duration_seconds=3600)
    assert made.credentials.expiration == realm.clock.now() + timedelta(hours=1)

    realm.clock.advance(timedelta(hours=11, minutes=30))
    late = realm.assume(session, second)
    assert late.credentials.expiration == realm.clock.now() + timedelta(minutes=30)
    (event, *_) = realm.events("AssumeRole")
    assert event["iamkit"]["chain"] == [ana.arn, session.arn]
    assert realm.come(late).authentication.session.chain == (ana.arn, session.arn)  # type: ignore[union-attr]  # there


def test_session_policies_narrow_and_never_widen(realm: Realm) -> None:
    """An inline one and managed ones are one layer, which the role's has to meet (SEM-E24)."""
    ana = realm.user("ana")
    role = realm.role("editor", trusting(ana.arn), "doc:Get", "doc:Put")
    shelf = realm.write(
        lambda unit: managed.create(unit, realm.iam.house, account=HOME, name="put", text=allow("doc:Put"))
    )

    narrow = realm.assume(ana, role, policy=allow("doc:Get", "doc:Drop"))
    both = realm.assume(ana, role, policy=allow("doc:Get"), policy_arns=(shelf.arn,))
    only = realm.come(narrow)

    assert narrow.packed_policy_size is not None
    assert 0 < narrow.packed_policy_size <= 100
    assert [only.can(f"doc:{verb}", NOTE) for verb in ("Get", "Put", "Drop")] == [True, False, False]
    assert [realm.come(both).can(f"doc:{verb}", NOTE) for verb in ("Get", "Put")] == [True, True]

    realm.write(
        lambda unit: managed.add_version(
            unit, realm.iam.house, shelf, text=allow("doc:Get"), set_as_default=True
        )
    )
    assert not realm.come(both).can("doc:Put", NOTE)


def test_a_boundary_of_the_role_limits_its_sessions(realm: Realm) -> None:
    """From the next request on, as for users."""
    ana = realm.user("ana")
    role = realm.role("editor", trusting(ana.arn), "doc:*")
    made = realm.assume(ana, role)
    assert realm.come(made).can("doc:Put", NOTE)

    def bound(unit: Any) -> None:
        found = managed.create(unit, realm.iam.house, account=HOME, name="cap", text=allow("doc:Get"))
        boundaries.put(unit, realm.iam.house, role, found.arn)

    realm.write(bound)

    session = realm.come(made)
    assert session.can("doc:Get", NOTE)
    assert not session.can("doc:Put", NOTE)


def allow(*actions: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    )


def test_what_a_session_is_told_of_itself(realm: Realm) -> None:
    """The condition keys of a role's session (SEM-K3 to K-19, P-13)."""
    ana = realm.user("ana")
    role = realm.role(
        "reader", trusting(ana.arn, EVERY), "doc:*", path="/team/", tags={"Project": "star", "cost": "1"}
    )
    session = realm.become(ana, role, tags={"project": "moon"}, source_identity="ana.b")

    verdict = realm.iam.check("doc:Get", NOTE, principal=session)
    found = realm.iam.why(verdict.id).explanation

    assert found is not None
    keys = found.request.context
    assert keys["aws:PrincipalArn"] == role.arn
    assert keys["aws:userid"] == f"{role.role_id}:work"
    assert keys["aws:PrincipalType"] == "AssumedRole"
    assert keys["aws:PrincipalTag/project"] == "moon"
    assert keys["aws:PrincipalTag/cost"] == "1"
    assert keys["aws:SourceIdentity"] == "ana.b"
    assert keys["aws:TokenIssueTime"] == realm.clock.now()
    assert keys["aws:MultiFactorAuthPresent"] is False
    assert keys["iamkit:CredentialKind"] == "temporary"
    assert "aws:username" not in keys
    assert "aws:MultiFactorAuthAge" not in keys


def test_a_trust_policy_can_force_the_session_name(realm: Realm) -> None:
    """CAP-B13: it is the caller's name, or nothing."""
    ana = realm.user("ana")
    role = realm.role("reader", trusting(ana.arn, StringEquals={"sts:RoleSessionName": "${aws:username}"}))

    assert realm.become(ana, role, "ana").name == "reader/ana"
    with pytest.raises(AccessDenied):
        realm.assume(ana, role, "mia")


# --- tags ---------------------------------------------------------------------------------------


def test_tags_need_the_permission_to_tag(realm: Realm) -> None:
    """In the trust policy as well as the right to assume (SEM-E18)."""
    ana = realm.user("ana")
    plain = realm.role("plain", trusting(ana.arn))
    tagging = realm.role("tagging", trusting(ana.arn, EVERY[:2], StringLike={"aws:RequestTag/team": "t*"}))

    with pytest.raises(AccessDenied, match="sts:TagSession"):
        realm.assume(ana, plain, tags={"team": "tx"})
    assert realm.become(ana, tagging, tags={"team": "tx"}).tags == {"team": "tx"}
    with pytest.raises(AccessDenied):
        realm.assume(ana, tagging, tags={"team": "other"})


def test_the_chain_of_star_heart_and_sun(realm: Realm) -> None:
    """CAP-G5's table: transitive tags go on, others do not, and one that goes on is not set again."""
    ana = realm.user("ana")
    first = realm.role("first", trusting(ana.arn, EVERY), (EVERY, "*"), tags={"Star": "0"})
    second = realm.role("second", trusting(HOME, EVERY), (EVERY, "*"), tags={"Heart": "2"})
    third = realm.role("third", trusting(HOME, EVERY), tags={"Sun": "3"})

    one = realm.become(ana, first, tags={"Star": "1", "Heart": "1"}, transitive_tag_keys=("Star",))
    two = realm.become(one, second, tags={"Sun": "2"}, transitive_tag_keys=("sun",))
    three = realm.become(two, third)

    assert one.tags == {"Star": "1", "Heart": "1"}
    assert two.tags == {"Star": "1", "Heart": "2", "Sun": "2"}
    assert three.tags == {"Star": "1", "Sun": "2"}
    with pytest.raises(ValidationError, match="handed on"):
        realm.assume(two, third, tags={"star": "9"})
    with pytest.raises(ValidationError, match="not among"):
        realm.assume(ana, first, tags={"Star": "1"}, transitive_tag_keys=("Sun",))


def test_tags_that_are_handed_on_need_the_permission_to_tag(realm: Realm) -> None:
    """Or they would go before the tags of a role whose trust policy lets nobody set any."""
    ana = realm.user("ana")
    first = realm.role("first", trusting(ana.arn, EVERY), (EVERY, "*"))
    plain = realm.role("plain", trusting(HOME), tags={"team": "ops"})
    some = realm.role("some", trusting(HOME, EVERY, StringEquals={"aws:RequestTag/team": "ops"}))

    one = realm.become(ana, first, tags={"team": "admin"}, transitive_tag_keys=("team",))

    for role in (plain, some):
        with pytest.raises(AccessDenied, match="sts:"):
            realm.become(one, role)
    two = realm.become(ana, first, tags={"team": "ops"}, transitive_tag_keys=("team",))
    assert realm.become(two, some).tags == {"team": "ops"}
    assert realm.become(realm.become(ana, first, tags={"team": "admin"}), plain).tags == {"team": "ops"}


def test_tags_take_room_too(realm: Realm) -> None:
    """The limit is on what is packed, tags and policies together; and fifty tags are the most."""
    ana = realm.user("ana")
    role = realm.role("tagging", trusting(ana.arn, EVERY))
    assert realm.assume(ana, role, tags={"a": "b"}).packed_policy_size == 1
    noise = {f"{number:03}" + "ÀÁÂÃÄÅÆÇÈÉ"[number % 10] * 20: _noise(number) for number in range(50)}

    with pytest.raises(PackedPolicyTooLarge):
        realm.assume(ana, role, tags=noise)
    with pytest.raises(IamkitError, match="tags"):
        realm.assume(ana, role, tags={f"k{number}": "v" for number in range(51)})


def _noise(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "".join(random.Random(number).choices(letters, k=256))


# --- source identity ----------------------------------------------------------------------------


def test_a_source_identity_stays_down_the_chain(realm: Realm) -> None:
    """It needs a permission on each hop, cannot be changed, and is in each event (CAP-B13)."""
    ana = realm.user("ana")
    first = realm.role("first", trusting(ana.arn, EVERY), (EVERY, "*"))
    second = realm.role("second", trusting(HOME, EVERY), "doc:*", "iam:GetRole")
    third = realm.role("third", trusting(HOME))

    one = realm.become(ana, first, source_identity="ana")
    made = realm.assume(one, second)

    assert made.source_identity == "ana"
    with pytest.raises(AccessDenied, match="changed"):
        realm.assume(one, second, source_identity="mia")
    with pytest.raises(AccessDenied, match="sts:SetSourceIdentity"):
        realm.assume(one, third)
    told = [event["userIdentity"].get("sessionContext", {}) for event in realm.events("AssumeRole")]
    assert [found.get("sourceIdentity") for found in told].count("ana") == 3


# --- a second factor ----------------------------------------------------------------------------


@pytest.fixture
def device(realm: Realm) -> tuple[Principal, str, bytes]:
    """A user with a device: who, its serial, its seed."""
    ana = realm.user("ana")
    serial, seed = f"arn:aws:iam::{HOME}:mfa/ana", b"\x07" * otp.SEED_BYTES
    realm.write(
        lambda unit: mfa.add(
            unit,
            realm.iam.keyring,
            serial=serial,
            account=HOME,
            method="totp",
            name="ana",
            now=realm.clock.now(),
            secret=seed,
            public=mfa_otp.facts_of(otp.STANDARD),
            user_id=ana.caller.unique_id,
        )
    )
    return ana, serial, seed


def guarded(realm: Realm, who: Principal) -> Role:
    condition: Any = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return realm.role("guarded", trusting(who.arn, **condition), "doc:*")


def test_a_code_comes_with_the_call(realm: Realm, device: tuple[Principal, str, bytes]) -> None:
    """Once each; and the session knows that a factor was shown, and when."""
    ana, serial, seed = device
    role = guarded(realm, ana)
    code = Secret(otp.code_at(seed, otp.step_at(realm.clock.now())))

    with pytest.raises(AccessDenied):
        realm.assume(ana, role)
    session = realm.become(ana, role, serial_number=serial, token_code=code)

    assert session.authentication is not None
    assert session.authentication.mfa_at == realm.clock.now()
    assert session.authentication.factors == ("totp",)
    with pytest.raises(AccessDenied, match="multi-factor"):
        realm.assume(ana, role, serial_number=serial, token_code=code)


@pytest.mark.parametrize("what", ["wrong", "somebody else's", "half", "other half", "unknown", "a role's"])
def test_a_code_that_is_no_proof(realm: Realm, device: tuple[Principal, str, bytes], what: str) -> None:
    """Nothing is given for it, and nothing says which part was wrong."""
    ana, serial, seed = device
    mia = realm.user("mia")
    first = realm.role("first", trusting(ana.arn), (ASSUME, "*"))
    role = realm.role("guarded", trusting(HOME, Bool={"aws:MultiFactorAuthPresent": "true"}))
    code = Secret(otp.code_at(seed, otp.step_at(realm.clock.now())))
    given: dict[str, tuple[Principal, dict[str, Any]]] = {
        "wrong": (ana, {"serial_number": serial, "token_code": Secret("000000")}),
        "somebody else's": (mia, {"serial_number": serial, "token_code": code}),
        "half": (ana, {"token_code": code}),
        "other half": (ana, {"serial_number": serial}),
        "unknown": (ana, {"serial_number": serial + "x", "token_code": code}),
        "a role's": (realm.become(ana, first), {"serial_number": serial, "token_code": code}),
    }
    who, more = given[what]

    with pytest.raises((AccessDenied, ValidationError)) as refused:
        realm.assume(who, role, **more)
    if "half" not in what:
        assert refused.value.message.startswith("multi-factor authentication failed")


# --- what is sent wrongly -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "bent",
    [
        {"role_session_name": "a"},
        {"role_session_name": "a" * 65},
        {"role_session_name": "a b"},
        {"role_session_name": "ä1"},
        {"role_session_name": "a/b"},
        {"role_arn": "reader"},
        {"role_arn": f"arn:aws:iam::{HOME}:user/ana"},
        {"role_arn": f"arn:aws:sts::{HOME}:assumed-role/reader/x"},
        {"external_id": "a"},
        {"external_id": "a b"},
        {"external_id": "a" * 1225},
        {"source_identity": "a"},
        {"source_identity": "aws:ana"},
        {"tags": {"aws:x": "y"}},
        {"tags": {"K": "1", "k": "2"}},
        {"policy": ""},
        {"policy": "{"},
        {"policy": " " * 2049},
        {"policy_arns": (f"arn:aws:iam::{HOME}:policy/gone",)},
        {"policy_arns": ("policy",)},
        {"policy_arns": tuple(f"arn:aws:iam::{HOME}:policy/p{number}" for number in range(11))},
    ],
)
def test_bent_parameters_give_nothing(realm: Realm, bent: dict[str, Any]) -> None:
    """An error of the tree, and no credential."""
    ana = realm.user("ana", (EVERY, "*"))
    role = realm.role("reader", trusting(HOME, EVERY), "doc:List")
    given = {"role_arn": role.arn, "role_session_name": "work", **bent}

    with pytest.raises((InputError, NoSuchEntity, MalformedPolicyDocument)):
        realm.assume(ana, given.pop("role_arn"), given.pop("role_session_name"), **given)
    assert not realm.write(lambda unit: unit.count(TemporaryCredential))


# --- what is told -------------------------------------------------------------------------------


def test_both_accounts_are_told_of_one_call(realm: Realm) -> None:
    """CAP-B10: one shared id, and to the owner no name of the other account's user."""
    ana = realm.user("ana", (ASSUME, "*"), account=OTHER)
    role = realm.role("reader", trusting(OTHER))

    made = realm.assume(ana, role)

    (theirs,), (ours,) = realm.events("AssumeRole", OTHER), realm.events("AssumeRole", HOME)
    assert theirs["sharedEventID"] == ours["sharedEventID"]
    assert theirs["userIdentity"]["userName"] == "ana"
    assert ours["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": ana.caller.unique_id,
        "accountId": OTHER,
    }
    for event in (theirs, ours):
        text = str(event)
        assert made.credentials.secret_access_key.reveal() not in text
        assert made.credentials.session_token.reveal() not in text
        assert event["responseElements"]["credentials"]["accessKeyId"] == made.credentials.access_key_id
        assert event["responseElements"]["assumedRoleUser"]["arn"] == made.assumed_role_user.arn


def test_an_event_of_a_session_names_its_role(realm: Realm) -> None:
    """CloudTrail's sessionIssuer, beside the session's own name."""
    ana = realm.user("ana")
    role = realm.role("reader", trusting(ana.arn), "iam:*")
    session = realm.become(ana, role)

    realm.desk(session).do(get_role, role_name="reader")

    (event,) = realm.events("GetRole")
    assert event["userIdentity"]["principalId"] == f"{role.role_id}:work"
    assert event["userIdentity"]["type"] == "AssumedRole"
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role.arn
    assert event["userIdentity"]["accessKeyId"].startswith("ASIA")
