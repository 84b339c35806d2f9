"""Events of management attempts: who is named, and what is never told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from iamkit.audit.event import Origin
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.management.scribe import HIDDEN, EventDraft, actor_of, event_of

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"


def test_the_operator_is_named_by_the_system_user(office: Office) -> None:
    """Decision 30: root of the account, and who sat at the machine."""
    proof = Authentication(HOME, HOME, CredentialKind.OPERATOR, "operator:mia")
    principal = replace(office.principals.root(HOME), name="operator:mia", authentication=proof)

    assert office.principals.current(principal) is principal
    assert actor_of(principal).as_data() == {
        "type": "Root",
        "principalId": HOME,
        "arn": f"arn:aws:iam::{HOME}:root",
        "accountId": HOME,
        "invokedBy": "operator:mia",
    }


def test_a_session_is_told_with_its_start_and_factor_and_without_its_id_as_key(office: Office) -> None:
    """CloudTrail's sessionContext; a session is no access key."""
    user, now = office.person("ana"), office.clock.now()
    proof = Authentication(
        HOME, user.user_id, CredentialKind.SESSION, "s_1", now, now + timedelta(hours=1), mfa_at=now
    )

    data = actor_of(office.principals.resolve(proof)).as_data()

    assert data["sessionContext"] == {
        "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "true"}
    }
    assert "accessKeyId" not in data


def test_secrets_are_hidden_however_deep_they_lie(office: Office) -> None:
    """A Secret is never spelt out, and what is absent is left out."""
    draft = EventDraft(
        name="X",
        service="iam",
        read_only=False,
        principal=office.principals.root(HOME),
        account=HOME,
        parameters={
            "new_password": Secret("hunter2"),
            "deep": {"list": [Secret("hunter2"), 1]},
            "absent": None,
        },
    )

    event = event_of(draft, office.house, Origin()).as_data()

    assert event["requestParameters"] == {"newPassword": HIDDEN, "deep": {"list": [HIDDEN, 1]}}
    assert "hunter2" not in json.dumps(event)


def test_a_secret_that_nobody_wrapped_is_hidden_too(office: Office) -> None:
    """A forgotten Secret fails, and the event of the failure must not keep the password for ever."""
    draft = EventDraft(
        name="X",
        service="iam",
        read_only=False,
        principal=office.principals.root(HOME),
        account=HOME,
        parameters={"password": "hunter2", "old_password": "hunter2", "password_reset_required": True},
        error=AttributeError("hunter2"),
    )

    event = event_of(draft, office.house, Origin()).as_data()

    assert event["requestParameters"] == {
        "password": HIDDEN,
        "oldPassword": HIDDEN,
        "passwordResetRequired": True,
    }
    assert "hunter2" not in json.dumps(event)


def test_a_misplaced_private_key_is_hidden_and_a_long_text_is_cut(office: Office) -> None:
    """People upload the wrong one of two files; and a chain of certificates is no event."""
    key = "-----BEGIN EC PRIVATE KEY-----\nhunter2"
    draft = EventDraft(
        name="X",
        service="iam",
        read_only=False,
        principal=office.principals.root(HOME),
        account=HOME,
        parameters={"body": key, "raw": key.encode(), "list": (key,), "chain": "x" * 30_000},
    )

    event = event_of(draft, office.house, Origin()).as_data()

    told = event["requestParameters"]
    assert isinstance(told, dict)
    assert (told["body"], told["raw"], told["list"]) == (HIDDEN, HIDDEN, [HIDDEN])
    assert told["chain"] == "x" * 200 + "… (30000 characters)"
    assert "hunter2" not in json.dumps(event)
