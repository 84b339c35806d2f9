"""The WWW-Authenticate values of a refusal (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9470 §3)."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Final

from iamkit.errors import (
    AuthenticationError,
    MissingAuthenticationToken,
    StepUpRequired,
    UnclassifiedRoute,
)
from iamkit.gate.verdict import Refusal

_log = logging.getLogger("iamkit.authenticate")

# What `acr_values` asks for; policies see it as `aws:MultiFactorAuthPresent`.
MFA: Final = "urn:iamkit:acr:mfa"

_ANY: Final = 'Bearer realm="iamkit"'
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?: [\x20-\x7e]+)?")
# RFC 6750 §3: what a scope may be made of.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def usable(named: Sequence[object]) -> tuple[str, ...]:
    """The challenges that authenticators named, without malformed ones; never empty."""
    kept = [text for text in named if isinstance(text, str) and _CHALLENGE.fullmatch(text)]
    if len(kept) != len(named):
        _log.error("a plugin named a challenge that is malformed; it is left out")
    return tuple(dict.fromkeys(kept)) or (_ANY,)


def bearer_of(challenges: Sequence[str]) -> str | None:
    """The challenge for bearer tokens, if there is one."""
    return next((text for text in challenges if text.split(" ", 1)[0].lower() == "bearer"), None)


def challenges_of(refusal: Refusal) -> tuple[str, ...]:
    """The WWW-Authenticate values of this refusal; none unless a credential, or another one, would help.

    401: every authenticator's. A bearer token that was sent is called invalid, one that was not is not
    mentioned. A denial that a fresh sign-in with MFA would lift asks for just that. 403 for a bearer token
    names the action that it does not reach.
    """
    if refusal.hidden:
        return ()
    error, given = refusal.error, refusal.challenges or (_ANY,)
    bearer = bearer_of(given)
    if isinstance(error, StepUpRequired) and bearer is not None:
        age = "" if error.max_age is None else f', max_age="{error.max_age}"'
        return (
            f'{_with_parameters(bearer)}error="insufficient_user_authentication", '
            f'error_description="sign in again with MFA", acr_values="{MFA}"{age}',
        )
    sent = refusal.request.headers.get("authorization", "")[:7].lower() == "bearer "
    if refusal.status == 401:
        invalid = isinstance(error, AuthenticationError) and not isinstance(error, MissingAuthenticationToken)
        if not (sent and invalid):
            return given
        return tuple(
            _with_parameters(text) + 'error="invalid_token"' if text == bearer else text for text in given
        )
    if refusal.status != 403 or not sent or bearer is None or isinstance(error, UnclassifiedRoute):
        return ()
    scope = ""
    if refusal.action is not None and _SCOPE.fullmatch(refusal.action):
        scope = f', scope="{refusal.action}"'
    return (f'{_with_parameters(bearer)}error="insufficient_scope"{scope}',)


def _with_parameters(challenge: str) -> str:
    """The challenge, ready for one more parameter."""
    return challenge + (", " if " " in challenge else " ")
