"""The methods `totp` and `hotp`: devices that show a code, made from a seed and the time or a count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from iamkit.credentials import mfa, otp
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, MfaDevice, Proof
from iamkit.credentials.otp import OtpParameters

TOTP: Final = "totp"
HOTP: Final = "hotp"

# Decision 17: how far enabling and resynchronising look, in steps, for a clock that is off.
_DRIFT: Final = 20
# THR-M8: how many presses of the button ahead a sign-in looks, and how many a resynchronisation.
_AHEAD: Final = 10
_RESYNC_AHEAD: Final = 100


@dataclass(frozen=True, slots=True)
class Pair:
    """What two consecutive codes tell of a device: the counter of the second, and its clock's offset."""

    counter: int
    offset: int


def parameters_of(device: MfaDevice) -> OtpParameters:
    """How the device makes codes."""
    facts = device.facts
    return OtpParameters(
        algorithm=str(facts.get("algorithm", "SHA1")),
        digits=int(str(facts.get("digits", 6))),
        period=int(str(facts.get("period", 30))),
    )


def facts_of(parameters: OtpParameters) -> dict[str, object]:
    """`parameters` as a device keeps them."""
    return {
        "algorithm": parameters.algorithm,
        "digits": parameters.digits,
        "period": parameters.period,
    }


def pair_matches(device: MfaDevice, seed: bytes, first: str, second: str, now: datetime) -> Pair | None:
    """Whether two codes are consecutive ones of this device, and newer than what it was last used with."""
    parameters = parameters_of(device)
    if device.method == HOTP:
        ahead = range(device.counter + 1, device.counter + 1 + _RESYNC_AHEAD)
        counter = otp.matching_pair(seed, first, second, ahead, parameters)
        return None if counter is None else Pair(counter, 0)
    present = otp.step_at(now, parameters)
    # The nearest to the present first: a clock is rather right than wrong.
    near = sorted(range(present - _DRIFT, present + _DRIFT + 1), key=lambda step: abs(step - present))
    counter = otp.matching_pair(
        seed, first, second, (step for step in near if step > max(device.counter, -1)), parameters
    )
    if counter is None:
        return None
    # A code that arrives just after its step says nothing of the clock, and what is one step slow is let in
    # as it is: to take it for a slow one would lock out whose clock is right.
    return Pair(counter, 0 if counter == present - 1 else counter - present)


class _Codes:
    """What both methods share: nothing is begun, and devices come by `iam:EnableMFADevice`."""

    name: str

    def begin(self, asking: Asking) -> Begun | None:  # noqa: ARG002  # the protocol's shape
        return None

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:  # noqa: ARG002
        code, wanted = answer.get("code", ""), answer.get("serial")
        found: Proof | None = None
        for device in asking.devices:
            if wanted is not None and device.serial != wanted:
                continue
            counter = self._counter(device, asking.secret_of(device), code, asking.now)
            if counter is not None and found is None:
                settle = partial(mfa.advance, serial=device.serial, counter=counter, now=asking.now)
                found = Proof(device.serial, settle)
        return found

    def begin_enrolment(self, asking: Asking) -> Begun | None:  # noqa: ARG002
        return None

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:  # noqa: ARG002
        return None

    def _counter(self, device: MfaDevice, seed: bytes, code: str, now: datetime) -> int | None:
        raise NotImplementedError


class TotpMethod(_Codes):
    """RFC 6238: the present step or the one before, by the device's own clock, and each only once."""

    name = TOTP

    def _counter(self, device: MfaDevice, seed: bytes, code: str, now: datetime) -> int | None:
        parameters = parameters_of(device)
        present = otp.step_at(now, parameters) + device.offset
        counter = otp.matching(seed, code, (present, present - 1), parameters)
        return counter if counter is not None and counter > device.counter else None


class HotpMethod(_Codes):
    """RFC 4226: one of the next ten counts."""

    name = HOTP

    def _counter(self, device: MfaDevice, seed: bytes, code: str, now: datetime) -> int | None:  # noqa: ARG002
        ahead = range(device.counter + 1, device.counter + 1 + _AHEAD)
        return otp.matching(seed, code, ahead, parameters_of(device))
