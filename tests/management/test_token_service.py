"""Questions to the token service: whose a key is, what a denial was about, and a preference told back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, InputError, InvalidAuthorizationMessage, NoSuchEntity, ValidationError
from iamkit.management.accounts import get_account_summary, get_caller_identity
from iamkit.management.token_service import (
    decode_authorization_message,
    get_access_key_info,
    set_security_token_service_preferences,
)

if TYPE_CHECKING:
    from tests.management.conftest import Realm

HOME: Final = "111122223333"
OTHER: Final = "444455556666"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
NOTHING: Final = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def test_whoever_is_somebody_may_ask_whose_a_key_is(realm: Realm) -> None:
    """Explicit denies do not count for it, nor for asking who one is (CAP-G4)."""
    ana, ben = realm.user("ana", NOTHING), realm.user("ben", account=OTHER)
    role = realm.role("r", {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"})
    may = realm.user("may", "sts:AssumeRole", account=OTHER)
    session = realm.assume(may, role)
    assert ben.authentication is not None

    desk = realm.desk(ana)

    assert desk.do(get_access_key_info, access_key_id=ben.authentication.credential_id).account == OTHER
    assert desk.do(get_access_key_info, access_key_id=session.credentials.access_key_id).account == HOME
    assert desk.do(get_caller_identity).arn == ana.arn
    told = realm.desk(realm.come(session)).do(get_caller_identity)
    assert (told.user_id, told.account, told.arn) == (
        f"{role.role_id}:work",
        HOME,
        session.assumed_role_user.arn,
    )
    root = realm.desk(realm.iam.principals.root(HOME)).do(get_caller_identity)
    assert (root.user_id, root.arn) == (HOME, f"arn:aws:iam::{HOME}:root")


@pytest.mark.parametrize("key_id", ["", "AKIA", "A" * 129, "AKIA AKIA AKIA AKIA", "é" * 20])
def test_what_is_no_key_id_is_refused(realm: Realm, key_id: str) -> None:
    """And one that is not known here is not found."""
    desk = realm.desk(realm.user("ana"))

    with pytest.raises(ValidationError):
        desk.do(get_access_key_info, access_key_id=key_id)
    with pytest.raises(NoSuchEntity):
        desk.do(get_access_key_info, access_key_id="AKIA" + "B" * 16)


def test_a_denial_is_told_to_whoever_may_ask(realm: Realm) -> None:
    """Who, what, on what, under which conditions, in AWS's form; by the id that the denied one was given."""
    ana = realm.user("ana", {"Effect": "Deny", "Action": "doc:Put", "Resource": "*", "Sid": "Never"})
    support = realm.user("support", "sts:DecodeAuthorizationMessage")
    verdict = realm.iam.check("doc:Put", NOTE, principal=ana)

    found = realm.desk(support).do(decode_authorization_message, encoded_message=verdict.id)

    told = json.loads(found.decoded_message)
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    assert told["context"]["principal"] == {"id": ana.caller.unique_id, "name": "ana", "arn": ana.arn}
    assert (told["context"]["action"], told["context"]["resource"]) == ("doc:Put", NOTE)
    keys = {
        item["key"]: item["values"]["items"][0]["value"] for item in told["context"]["conditions"]["items"]
    }
    assert keys["aws:username"] == "ana"
    assert keys["aws:PrincipalIsAWSService"] == "false"
    with pytest.raises(AccessDenied):
        realm.desk(ana).do(decode_authorization_message, encoded_message=verdict.id)


def test_only_denials_of_the_own_account_are_told(realm: Realm) -> None:
    """Neither what was allowed, nor what happens elsewhere, nor what never was."""
    ana = realm.user("ana", "doc:Get")
    support = realm.user("support", "sts:DecodeAuthorizationMessage")
    stranger = realm.user("stranger", account=OTHER)
    messages = (
        realm.iam.check("doc:Get", NOTE, principal=ana).id,
        realm.iam.check("doc:Get", f"arn:aws:doc::{OTHER}:notes/a", principal=stranger).id,
        realm.iam.check("doc:Get", NOTE, principal=stranger).id,
        "d_nothing",
        "",
        "x" * 100_000,
    )

    for message in messages:
        with pytest.raises(InvalidAuthorizationMessage):
            realm.desk(support).do(decode_authorization_message, encoded_message=message)
    with pytest.raises(InputError):
        realm.desk(support).do(decode_authorization_message, encoded_message="\ud800")


def test_the_version_of_tokens_is_told_back(realm: Realm) -> None:
    """It changes nothing else."""
    desk = realm.desk(realm.user("ana", "iam:*"))

    assert desk.do(get_account_summary)["GlobalEndpointTokenVersion"] == 2
    desk.do(set_security_token_service_preferences, global_endpoint_token_version="v1Token")
    assert desk.do(get_account_summary)["GlobalEndpointTokenVersion"] == 1
    for other in ("v3Token", "", "V1TOKEN"):
        with pytest.raises(ValidationError):
            desk.do(set_security_token_service_preferences, global_endpoint_token_version=other)
