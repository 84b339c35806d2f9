"""A code that comes with a call of the token service: of a device of the caller's, good once (CAP-D5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from iamkit.credentials import mfa, mfa_otp
from iamkit.credentials.authentication import Authentication
from iamkit.credentials.mfa import Proof, Subject
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import AccessDenied, ValidationError
from iamkit.gate.factors import asking_for
from iamkit.identity.principal import Principal
from iamkit.management.operation import Preparation, Work
from iamkit.policy.request import CallerKind


@dataclass(frozen=True, slots=True)
class ShownFactor:
    """A code that was right when it was looked at. It counts only once it is `spent`."""

    proof: Proof
    method: str
    at: datetime


def shown(
    preparation: Preparation, serial_number: str | None, token_code: Secret | None
) -> ShownFactor | None:
    """The factor that a call shows, None if it shows none; the attempt is counted before it is checked.

    Raises ValidationError for half of one, AccessDenied for a wrong code, Throttling.
    """
    if serial_number is None and token_code is None:
        return None
    if serial_number is None or token_code is None:
        raise ValidationError("give both `serial_number` and `token_code`, or neither")
    principal, services = preparation.principal, preparation.services
    subject = _subject(principal)
    now = preparation.house.now()
    devices = () if subject is None else mfa.of_subject(preparation.reader, subject.user_id)
    device = next((item for item in devices if item.serial == serial_number), None)
    if subject is None or device is None or device.method not in (mfa_otp.TOTP, mfa_otp.HOTP):
        raise _refused()
    services.factor_throttle(device.method).reserve(known_subject(subject.user_id))
    asking = asking_for(preparation.reader, services.sealer, subject, device.method, now=now)
    answer = {"code": token_code.reveal(), "serial": device.serial}
    proof = services.mfa_methods[device.method].verify(asking, answer, None)
    if proof is None:
        raise _refused()
    return ShownFactor(proof, device.method, now)


def caller_of(work: Work) -> Principal | None:
    """The caller with the factor that came with the call; None if none came."""
    factor, proof = work.prepared, work.principal.authentication
    if not isinstance(factor, ShownFactor) or proof is None:
        return None
    factors = tuple(dict.fromkeys((*proof.factors, factor.method)))
    return replace(work.principal, authentication=replace(proof, mfa_at=factor.at, factors=factors))


def spent(work: Work) -> Authentication | None:
    """The caller's proof, with the factor that came with the call, which is used up by this.

    Raises AccessDenied if it was used meanwhile.
    """
    factor = work.prepared
    if not isinstance(factor, ShownFactor):
        return work.principal.authentication
    if not factor.proof.settle(work.unit):
        raise _refused()
    subject = known_subject(work.principal.caller.unique_id)
    work.services.factor_throttle(factor.method).reset(work.unit, subject)
    return (caller_of(work) or work.principal).authentication


def _subject(principal: Principal) -> Subject | None:
    """The caller, if it is one that has devices: a user or root, never a session of a role."""
    caller = principal.caller
    if caller.kind not in (CallerKind.USER, CallerKind.ROOT):
        return None
    return Subject(caller.account, caller.unique_id, principal.name, caller.arn)


def _refused() -> AccessDenied:
    return AccessDenied("multi-factor authentication failed: the code is wrong, late, or not of your device")
