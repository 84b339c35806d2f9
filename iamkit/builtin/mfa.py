"""The second factors that iamkit has by itself, as a plugin: `totp`, `hotp` and `recovery`."""

from __future__ import annotations

from collections.abc import Sequence

from iamkit.credentials.mfa import MfaMethod, MfaServices
from iamkit.credentials.mfa_otp import HotpMethod, TotpMethod
from iamkit.credentials.recovery_codes import RecoveryMethod
from iamkit.hookspecs import hookimpl


class CoreMethods:
    """See the module."""

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        return (TotpMethod(), HotpMethod(), RecoveryMethod(services.hasher))
