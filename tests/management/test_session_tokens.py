"""GetSessionToken and GetFederationToken: never more than whom they are of, and never for longer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from iamkit.credentials import mfa, mfa_otp, otp
from iamkit.credentials import tokens as personal_tokens
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.errors import AccessDenied, IamkitError, ValidationError
from iamkit.identity import documents, resource_policies
from iamkit.management.access_keys import create_access_key
from iamkit.management.accounts import get_caller_identity
from iamkit.management.roles import get_role
from iamkit.management.session_tokens import FederationToken, get_federation_token, get_session_token
from iamkit.management.tokens import create_personal_token
from iamkit.management.users import get_user
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from iamkit.identity.principal import Principal
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
SEED: Final = b"\x07" * otp.SEED_BYTES
SERIAL: Final = f"arn:aws:iam::{HOME}:mfa/ana"


def allow(*actions: str, effect: str = "Allow", resource: object = "*") -> str:
    statement = {"Effect": effect, "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def token_of(realm: Realm, who: Principal, **more: Any) -> Principal:
    return realm.come(realm.desk(who).do(get_session_token, **more).credentials)


def federated(realm: Realm, who: Principal, name: str = "guest", **more: Any) -> FederationToken:
    return realm.desk(who).do(get_federation_token, name=name, **more)


def with_device(realm: Realm, who: Principal) -> dict[str, object]:
    """Give the user a device; what to show of it now."""
    realm.write(
        lambda unit: mfa.add(
            unit,
            realm.iam.keyring,
            serial=SERIAL,
            account=HOME,
            method="totp",
            name="ana",
            now=realm.clock.now(),
            secret=SEED,
            public=mfa_otp.facts_of(otp.STANDARD),
            user_id=who.caller.unique_id,
        )
    )
    return {
        "serial_number": SERIAL,
        "token_code": Secret(otp.code_at(SEED, otp.step_at(realm.clock.now()))),
    }


# --- session tokens -------------------------------------------------------------------------------------


def test_a_session_token_is_the_user_without_its_power_over_identities(realm: Realm) -> None:
    """Without a second factor: no iam, no iamkit, of sts only AssumeRole and GetCallerIdentity (CAP-G2)."""
    ana = realm.user("ana", "*")
    role = realm.role("reader", {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"})

    session = token_of(realm, ana)

    assert (session.caller.kind, session.arn) == (CallerKind.USER, ana.arn)
    assert session.can("doc:Put", NOTE)
    assert realm.desk(session).do(get_caller_identity).user_id == ana.caller.unique_id
    assert realm.become(session, role).name == "reader/work"
    for call in (
        lambda: realm.desk(session).do(get_user, user_name="ana"),
        lambda: realm.desk(session).do(create_access_key, user_name="ana"),
        lambda: realm.desk(session).do(create_personal_token, name="more", user_name="ana"),
        lambda: realm.desk(session).do(get_session_token),
        lambda: federated(realm, session),
    ):
        with pytest.raises(AccessDenied):
            call()


def test_with_a_second_factor_it_is_the_user_whole(realm: Realm) -> None:
    """And its requests say so; further tokens it gets none."""
    ana = realm.user("ana", "*")

    session = token_of(realm, ana, **with_device(realm, ana))

    assert realm.desk(session).do(get_user, user_name="ana").name == "ana"
    assert session.authentication is not None
    assert session.authentication.mfa_at == realm.clock.now()
    with pytest.raises(AccessDenied, match="session credentials"):
        realm.desk(session).do(get_session_token)


def test_no_policy_is_needed_or_helps(realm: Realm) -> None:
    """It proves a factor; what its bearer may do is what the user may."""
    ana = realm.user("ana", {"Effect": "Deny", "Action": "sts:*", "Resource": "*"})

    assert not token_of(realm, ana).can("doc:Get", NOTE)
    with pytest.raises(AccessDenied, match="multi-factor"):
        token_of(realm, ana, serial_number=SERIAL, token_code=Secret("123456"))


@pytest.mark.parametrize(
    ("seconds", "longest"), [(None, 43_200), (900, 900), (129_600, 129_600), (899, 0), (129_601, 0)]
)
def test_how_long_a_session_token_lives(realm: Realm, seconds: int | None, longest: int) -> None:
    """900 to 129600 seconds, twelve hours if nothing is said."""
    ana = realm.user("ana")
    more: dict[str, Any] = {} if seconds is None else {"duration_seconds": seconds}
    if not longest:
        with pytest.raises(ValidationError, match="duration_seconds"):
            realm.desk(ana).do(get_session_token, **more)
        return

    made = realm.desk(ana).do(get_session_token, **more)

    assert made.credentials.expiration == realm.clock.now() + timedelta(seconds=longest)


def test_of_root_it_lives_an_hour(realm: Realm) -> None:
    """And root hands out no federated users."""
    root = realm.iam.principals.root(HOME)

    made = realm.desk(root).do(get_session_token)
    assert made.credentials.expiration == realm.clock.now() + timedelta(hours=1)
    session = realm.come(made.credentials)
    assert session.caller.kind is CallerKind.ROOT
    assert root.can("doc:Get", NOTE)
    assert not session.can("doc:Get", NOTE)  # root does nothing without a second factor
    with pytest.raises(AccessDenied):
        realm.desk(session).do(get_user, user_name="ana")
    with pytest.raises(ValidationError):
        realm.desk(root).do(get_session_token, duration_seconds=3601)
    with pytest.raises(AccessDenied):
        federated(realm, root)


# --- narrowed credentials -------------------------------------------------------------------------------


def narrowed(realm: Realm, who: Principal, policy: str) -> Principal:
    """The user with a personal token that this policy narrows."""

    def make(unit: Any) -> str:
        digest = documents.keep(unit, policy)
        made = personal_tokens.create(
            unit,
            realm.iam.ids,
            account=HOME,
            user_id=who.caller.unique_id,
            name="cli",
            now=realm.clock.now(),
            policy=digest,
        )
        return f"{made.kept.public_id} {digest}"

    token_id, digest = realm.write(make).split()
    proof = Authentication(HOME, who.caller.unique_id, CredentialKind.TOKEN, token_id, ceilings=(digest,))
    return realm.iam.principals.resolve(proof)


def test_nothing_that_was_narrowed_gets_more(realm: Realm) -> None:
    """Not by a session token, a federated user, a role, nor where a resource names the user (THR-K10)."""
    ana = realm.user("ana", "*")
    realm.write(
        lambda unit: resource_policies.put(
            unit,
            realm.iam.house,
            account=HOME,
            resource_arn=NOTE,
            text=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "doc:Drop"},
                }
            ),
        )
    )
    role = realm.role(
        "boss", {"Effect": "Allow", "Principal": {"AWS": ana.arn}, "Action": "sts:AssumeRole"}, "doc:*"
    )
    token = narrowed(realm, ana, allow("doc:Get", "sts:Get*"))
    assert ana.can("doc:Drop", NOTE)

    reach = [
        token,
        token_of(realm, token),
        realm.come(federated(realm, token, policy=allow("*")).credentials),
    ]

    for who in reach:
        assert [who.can(f"doc:{verb}", NOTE) for verb in ("Get", "Put", "Drop")] == [True, False, False]
        with pytest.raises(AccessDenied):
            realm.assume(who, role)
    may = narrowed(realm, realm.user("ben", "*"), allow("sts:AssumeRole"))
    trusting = realm.role(
        "guest", {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}, "doc:List"
    )
    assert realm.become(may, trusting).can("doc:List", NOTE)


@pytest.mark.parametrize("kind", [CredentialKind.SERVICE, CredentialKind.TOKEN])
def test_what_an_authenticator_narrows_by_is_handed_down(realm: Realm, kind: CredentialKind) -> None:
    """Also where it says so by session policies, as a plugin's may: each of them stays."""
    ana = realm.user("ana", "*")
    digests = realm.write(
        lambda unit: tuple(
            documents.keep(unit, allow(*verbs)) for verbs in (("doc:Get", "sts:*"), ("doc:Put",))
        )
    )
    proof = Authentication(HOME, ana.caller.unique_id, kind, "elsewhere", session_policies=digests)
    tool = realm.iam.principals.resolve(proof)

    for who in (
        token_of(realm, tool),
        tool.session(policy=allow("doc:*")),
        realm.come(federated(realm, tool, policy=allow("*")).credentials),
    ):
        assert not who.can("doc:Drop", NOTE)
        assert not (who.can("doc:Get", NOTE) and who.can("doc:Put", NOTE))


# --- federated users ------------------------------------------------------------------------------------


def test_a_federated_user_may_what_both_allow(realm: Realm) -> None:
    """The user's policies and the given ones; nothing of identities or tokens but who it is (CAP-G3)."""
    ana = realm.user("ana", "*")

    made = federated(realm, ana, policy=allow("doc:Get", "iam:*", "sts:*"), tags={"team": "x"})
    guest = realm.come(made.credentials)

    assert made.federated_user.arn == f"arn:aws:sts::{HOME}:federated-user/guest"
    assert made.federated_user.federated_user_id == f"{HOME}:guest"
    assert made.packed_policy_size is not None
    assert (guest.caller.kind, guest.arn) == (CallerKind.FEDERATED_USER, made.federated_user.arn)
    assert guest.tags == {"team": "x"}
    assert guest.can("doc:Get", NOTE)
    assert not guest.can("doc:Put", NOTE)
    assert realm.desk(guest).do(get_caller_identity).user_id == f"{HOME}:guest"
    role = realm.role("r", {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"})
    for call in (
        lambda: realm.desk(guest).do(get_role, role_name="r"),
        lambda: realm.assume(guest, role),
        lambda: federated(realm, guest),
    ):
        with pytest.raises(AccessDenied):
            call()
    (event,) = realm.events("GetRole")
    assert event["userIdentity"]["type"] == "FederatedUser"
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == ana.arn


def test_without_a_policy_it_may_nothing_but_what_names_it(realm: Realm) -> None:
    """A resource that names the federated user, or its user, speaks for itself (SEM-E9, E-11)."""
    ana = realm.user("ana", "*")
    arn = f"arn:aws:sts::{HOME}:federated-user/guest"
    policy = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "doc:Get"}
    realm.write(
        lambda unit: resource_policies.put(
            unit,
            realm.iam.house,
            account=HOME,
            resource_arn=NOTE,
            text=json.dumps({"Version": "2012-10-17", "Statement": policy}),
        )
    )

    guest = realm.come(federated(realm, ana).credentials)

    assert guest.can("doc:Get", NOTE)
    assert not guest.can("doc:Get", NOTE + "b")
    assert not guest.can("doc:Put", NOTE)


def test_a_federated_user_needs_the_permission_to_be_made(realm: Realm) -> None:
    """On its own ARN, and tags theirs; names have 2 to 32 characters."""
    ana = realm.user("ana", ("sts:GetFederationToken", f"arn:aws:sts::{HOME}:federated-user/g*"))

    federated(realm, ana, "guest")
    with pytest.raises(AccessDenied):
        federated(realm, ana, "other")
    with pytest.raises(AccessDenied, match="sts:TagSession"):
        federated(realm, ana, "guest", tags={"a": "b"})
    for name in ("g", "g" * 33, "g t", "g/t", ""):
        with pytest.raises(IamkitError):
            federated(realm, ana, name)
