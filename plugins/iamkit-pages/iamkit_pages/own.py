"""What people do with what is their own, as fields that were sent: pages and JSON both do it here.

Each is a management operation that the caller asks for in its own name, so policies decide about it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.secret import Secret
from iamkit.errors import AccessDenied, ConflictError, EntityAlreadyExists, NoSuchEntity, ValidationError
from iamkit.management import (
    access_keys,
    login_profiles,
    mail_addresses,
    mfa,
    mfa_enrolment,
    root,
    sessions,
    tokens,
)
from iamkit.management.access_keys import AccessKeyFace
from iamkit.management.mfa import MfaDeviceFace, NewVirtualDevice
from iamkit.management.sessions import SessionFace
from iamkit.management.tokens import CreatedToken, TokenFace
from iamkit_pages.visit import Visit

# --- sessions -----------------------------------------------------------------------------------------


def list_sessions(visit: Visit) -> Sequence[SessionFace]:
    """The caller's own, oldest first."""
    return visit.do(sessions.list_sessions).items


def end_session(visit: Visit) -> None:
    """One of them. Raises NoSuchEntity."""
    visit.do(sessions.end_session, session_id=visit.needed("session_id"))


def end_sessions(visit: Visit) -> None:
    """All of them, this one too."""
    visit.do(sessions.end_sessions)


def end_other_sessions(visit: Visit) -> None:
    """All but this one."""
    visit.do(sessions.end_sessions, keep_current=True)


def rename_session(visit: Visit) -> None:
    """Give one a name; an empty one takes it away. Raises ValidationError, NoSuchEntity."""
    session_id, name = visit.needed("session_id"), visit.said("name").strip()
    visit.do(sessions.rename_session, session_id=session_id, name=name)


# --- password and address -----------------------------------------------------------------------------


def change_password(visit: Visit) -> None:
    """A new password, by the old one; ends all sessions. Raises InvalidCredentials and others."""
    old, new = Secret(visit.said("old_password")), Secret(visit.said("new_password"))
    visit.do(login_profiles.change_password, old_password=old, new_password=new)


def change_address(visit: Visit) -> None:
    """Send a link to another mail address. Raises ValidationError, StepUpRequired, Throttling."""
    email = visit.needed("email").strip()
    if visit.is_root:
        visit.do(root.change_root_email, email=email)
    else:
        visit.do(mail_addresses.change_user_email, email=email)


def verify_address(visit: Visit) -> None:
    """Send a link to the mail address that is kept. Raises NoSuchEntity, InputError, Throttling."""
    if visit.is_root:
        visit.do(root.verify_root_email)
    else:
        visit.do(mail_addresses.verify_user_email)


# --- access keys and personal tokens ------------------------------------------------------------------


def list_keys(visit: Visit) -> Sequence[AccessKeyFace]:
    """The caller's own, oldest first."""
    return visit.do(access_keys.list_access_keys).items


def create_key(visit: Visit) -> NewAccessKey:
    """A key with its secret, which is shown once. Raises LimitExceeded."""
    return visit.do(access_keys.create_access_key)


def update_key(visit: Visit) -> None:
    """Make a key active or inactive."""
    visit.do(
        access_keys.update_access_key,
        access_key_id=visit.needed("access_key_id"),
        status=visit.needed("status"),
    )


def delete_key(visit: Visit) -> None:
    """For good. Raises NoSuchEntity."""
    visit.do(access_keys.delete_access_key, access_key_id=visit.needed("access_key_id"))


def list_tokens(visit: Visit) -> Sequence[TokenFace]:
    """The caller's own, oldest first, expired ones included."""
    return visit.do(tokens.list_personal_tokens).items


def create_token(visit: Visit) -> CreatedToken:
    """A token with its text, which is shown once. Raises ValidationError, LimitExceeded and others."""
    days = visit.said("days")
    if days and not (days.isascii() and days.isdigit() and len(days) < 8):
        raise ValidationError("`days` is a number")
    policy = visit.said("policy_document").strip() or None
    name = visit.needed("name")
    if not days:
        return visit.do(tokens.create_personal_token, name=name, policy_document=policy)
    return visit.do(tokens.create_personal_token, name=name, policy_document=policy, days=int(days))


def reset_token(visit: Visit) -> CreatedToken:
    """Another text for a token; the old one is void at once. Raises NoSuchEntity."""
    return visit.do(tokens.reset_personal_token, token_id=visit.needed("token_id"))


def delete_token(visit: Visit) -> None:
    """For good. Raises NoSuchEntity."""
    visit.do(tokens.delete_personal_token, token_id=visit.needed("token_id"))


# --- second factors -----------------------------------------------------------------------------------


def list_devices(visit: Visit) -> Sequence[MfaDeviceFace]:
    """The caller's own, oldest first."""
    return visit.do(mfa.list_mfa_devices).items


def create_app_device(visit: Visit) -> NewVirtualDevice:
    """A device for an authenticator app, to be enabled by two codes.

    It stands on a path of the user's name, as the shipped policies want it. One of the same name that
    was never enabled, because somebody left the page, makes room. Raises DeleteConflict, ValidationError.
    """
    name, path = visit.needed("name").strip(), f"/{visit.principal.name}/"
    try:
        return visit.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name=name, path=path)
    except EntityAlreadyExists:
        house = visit.iam.house
        serial = house.arn(visit.principal.account, "mfa", path, name)
        visit.do(mfa.delete_virtual_mfa_device, serial_number=serial)
        return visit.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name=name, path=path)


def enable_device(visit: Visit) -> None:
    """Take a device that shows codes, by two of them. Raises InvalidAuthenticationCode and others."""
    visit.do(
        mfa.enable_mfa_device,
        serial_number=visit.needed("serial_number").strip(),
        authentication_code1=Secret(visit.said("code1").strip()),
        authentication_code2=Secret(visit.said("code2").strip()),
    )


def begin_enrolment(visit: Visit) -> dict[str, object]:
    """Start with a method of a plugin: what it shows. Raises InputError, StepUpRequired, Throttling."""
    details = visit.answer()
    begun = visit.do(
        mfa_enrolment.begin_mfa_enrollment,
        method=visit.needed("method"),
        details=Secret(json.dumps(details)) if details else None,
    )
    shown: dict[str, object] = json.loads(begun.shown)
    return shown


def finish_enrolment(visit: Visit) -> MfaDeviceFace:
    """Prove the new device. Raises InvalidAuthenticationCode and others."""
    answer = visit.answer()
    if visit.said("name"):
        answer["name"] = visit.said("name").strip()
    return visit.do(
        mfa_enrolment.finish_mfa_enrollment,
        method=visit.needed("method"),
        answer=Secret(json.dumps(answer)),
    )


def remove_device(visit: Visit) -> None:
    """Give a device up; a virtual one is forgotten too, where that is allowed. Raises NoSuchEntity."""
    serial = visit.needed("serial_number")
    visit.do(mfa.deactivate_mfa_device, serial_number=serial)
    _, _, resource = serial.rpartition(":")
    if resource.startswith(f"mfa/{visit.principal.name}/"):
        _forget(visit, serial)


def _forget(visit: Visit, serial: str) -> None:
    """A virtual device that nobody has is of no use; hardware that was given out is somebody else's care."""
    try:
        visit.do(mfa.delete_virtual_mfa_device, serial_number=serial)
    except (AccessDenied, ConflictError, NoSuchEntity):
        return


def create_recovery_codes(visit: Visit) -> tuple[str, ...]:
    """Ten codes, shown once; older ones are void. Raises InputError without a device."""
    made = visit.do(mfa_enrolment.create_recovery_codes)
    return tuple(code.reveal() for code in made.codes)
