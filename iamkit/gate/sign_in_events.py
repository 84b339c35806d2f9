"""The audit events of signing in, as CAP-J4 and the console's own records have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from iamkit.audit.event import Actor, Event, Origin, new_event
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Unit

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
SOURCE: Final = "signin.amazonaws.com"


class Recorder(Protocol):
    """Where sign-in events go; `iamkit.audit.trail.Trail` is one."""

    def record(self, unit: Unit, event: Event) -> None: ...

    def announce(self, event: Event) -> None: ...

    def record_alone(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step of signing in ended. `device` is the serial number of the factor that was shown."""

    error_code: str | None = None
    device: str | None = None
    iamkit: Mapping[str, object] | None = None


SUCCESS: Final = Outcome()


def actor_of(account: str, user: User | None, *, as_root: bool = False) -> Actor:
    """Who tried. A name that nobody has may be a misplaced password: it is not kept."""
    if user is None:
        return Actor("Root" if as_root else "IAMUser", account=account, user_name=HIDDEN)
    if people.is_root(user):
        return Actor("Root", user.user_id, user.arn, user.account)
    return Actor("IAMUser", user.user_id, user.arn, user.account, user_name=user.name)


def sign_in_event(
    ids: Ids, name: str, actor: Actor, origin: Origin, outcome: Outcome = SUCCESS, *, at: datetime
) -> Event:
    """An event such as ConsoleLogin, CheckMfa or PasswordUpdated."""
    additional: dict[str, object] = {
        "LoginTo": "",
        "MobileVersion": "No",
        "MFAUsed": "No" if outcome.device is None else "Yes",
    }
    if outcome.device is not None:
        additional["MFAIdentifier"] = outcome.device
    return new_event(
        ids,
        at=at,
        account=actor.account,
        actor=actor,
        source=SOURCE,
        name=name,
        read_only=False,
        origin=origin,
        event_type="AwsConsoleSignIn",
        response_elements={name: "Failure" if outcome.error_code else "Success"},
        additional=additional,
        error_code=outcome.error_code,
        error_message="Failed authentication" if outcome.error_code else None,
        iamkit=outcome.iamkit,
    )
