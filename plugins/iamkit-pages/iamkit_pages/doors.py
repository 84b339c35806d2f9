"""The steps of coming in and going out, as fields that were sent: pages and JSON both do them here."""

from __future__ import annotations

from collections.abc import Mapping

from iamkit.credentials.sessions import NewSession
from iamkit.gate.factors import Offer
from iamkit.gate.passkeys import PasskeyBegun
from iamkit.gate.root_recovery import RecoveryUnderWay
from iamkit_pages import cookies
from iamkit_pages.visit import Visit


def sign_in(visit: Visit) -> NewSession:
    """The password. Raises InvalidCredentials, Throttling, PasswordExpired."""
    return visit.iam.sign_in(
        visit.said("user"),
        visit.said("password"),
        account=visit.said("account").strip() or None,
        source=visit.source,
        user_agent=visit.user_agent,
        device=visit.device,
    )


def sign_in_root(visit: Visit) -> NewSession:
    """The root user's password, by its mail address. Raises InvalidCredentials, Throttling."""
    return visit.iam.sign_in_root(
        visit.said("email").strip(),
        visit.said("password"),
        account=visit.said("account").strip() or None,
        source=visit.source,
        user_agent=visit.user_agent,
        device=visit.device,
    )


def offers(visit: Visit) -> tuple[Offer, ...]:
    """The factors that the session can be shown. Raises ExpiredToken."""
    return visit.iam.factors.offers(visit.token)


def begin_factor(visit: Visit, method: str) -> Mapping[str, object]:
    """Start a proof: what the method shows. Raises ExpiredToken, InputError, Throttling."""
    return visit.iam.factors.begin(visit.token, method, visit.answer(), source=visit.source)


def factor(visit: Visit) -> NewSession:
    """The second factor, at a sign-in or for a fresher one. Raises InvalidAuthenticationCode and others."""
    return visit.iam.factors.finish(
        visit.token,
        visit.needed("method"),
        visit.answer(),
        source=visit.source,
        user_agent=visit.user_agent,
        device=visit.device,
    )


def begin_passkey(visit: Visit) -> tuple[PasskeyBegun, str]:
    """Ask for a device that names its user; with the cookie that ties the answer to this browser."""
    begun = visit.iam.factors.begin_passkey()
    return begun, cookies.kept(visit.iam, cookies.PASSKEY, begun.token.reveal())


def passkey(visit: Visit) -> NewSession:
    """The device. Raises ExpiredToken, InvalidCredentials, Throttling."""
    token = cookies.value_of(visit.request, cookies.name_of(visit.iam, cookies.PASSKEY))
    return visit.iam.factors.finish_passkey(
        token,
        {"credential": visit.needed("credential")},
        source=visit.source,
        user_agent=visit.user_agent,
        device=visit.device,
    )


def new_password(visit: Visit) -> NewSession:
    """The password that a pending session awaits. Raises PasswordPolicyViolation, ExpiredToken."""
    return visit.iam.choose_password(
        visit.token, visit.said("new_password"), source=visit.source, user_agent=visit.user_agent
    )


def sign_out(visit: Visit) -> None:
    """End the session, whole or pending. Twice is no error."""
    visit.iam.sign_out(visit.token)


def forgot(visit: Visit) -> None:
    """Ask for a link. Tells nobody whether there is such a user. Raises Throttling."""
    visit.iam.recovery.request(
        visit.needed("who").strip(),
        account=visit.said("account").strip() or None,
        source=visit.source,
        user_agent=visit.user_agent,
    )


def link_token(visit: Visit) -> str:
    """The token of a link: as JSON says it, or as this browser keeps it."""
    return visit.said("token") or cookies.value_of(visit.request, cookies.name_of(visit.iam, cookies.LINK))


def reset_password(visit: Visit) -> None:
    """The new password by a link. Raises ExpiredToken, PasswordPolicyViolation."""
    visit.iam.recovery.finish(
        link_token(visit), visit.said("new_password"), source=visit.source, user_agent=visit.user_agent
    )


def accept_invitation(visit: Visit) -> None:
    """The first password by a link. Raises ExpiredToken, PasswordPolicyViolation."""
    visit.iam.links.accept(
        link_token(visit), visit.said("new_password"), source=visit.source, user_agent=visit.user_agent
    )


def confirm_address(visit: Visit) -> None:
    """A mail address by a link. Raises ExpiredToken."""
    visit.iam.links.confirm(link_token(visit), source=visit.source, user_agent=visit.user_agent)


# --- the root user --------------------------------------------------------------------------------------


def claim_setup(visit: Visit) -> NewSession:
    """Become the root user by a set-up link. Raises ExpiredToken, ValidationError and others."""
    return visit.iam.claim_setup(
        link_token(visit),
        visit.needed("email").strip(),
        visit.said("new_password"),
        source=visit.source,
        user_agent=visit.user_agent,
    )


def begin_root_recovery(visit: Visit) -> None:
    """Ask for a link to the root user's address. Tells nobody whether it is that."""
    visit.iam.begin_root_recovery(
        visit.needed("email").strip(),
        lost="factor" if visit.said("lost") == "factor" else "password",
        account=visit.said("account").strip() or None,
        source=visit.source,
        user_agent=visit.user_agent,
    )


def prove_root(visit: Visit) -> RecoveryUnderWay:
    """The second proof beside the link. Raises ExpiredToken, InvalidAuthenticationCode and others."""
    return visit.iam.root_recovery.prove(
        link_token(visit),
        visit.needed("method"),
        visit.answer(),
        source=visit.source,
        user_agent=visit.user_agent,
    )


def finish_root_recovery(visit: Visit) -> None:
    """The new password after the wait. Raises ExpiredToken, ConflictError while it lasts, and others."""
    visit.iam.root_recovery.finish(
        link_token(visit), visit.said("new_password"), source=visit.source, user_agent=visit.user_agent
    )
