"""The method `webauthn`: passkeys and security keys, as a second factor and as the first."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from iamkit import InputError
from iamkit.audit.text import one_line
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, MfaDevice, PasskeyAsking, Proof
from iamkit.ids import Ids
from iamkit.storage import Less, Unit
from iamkit_webauthn import client_data, options
from iamkit_webauthn.base64url import decoded, encoded
from iamkit_webauthn.relying_party import RelyingParty

if TYPE_CHECKING:
    from iamkit_webauthn.verification import Asserted

_log = logging.getLogger("iamkit.webauthn")
T = TypeVar("T")

NAME: Final = "webauthn"
_CHALLENGE_BYTES: Final = 32
_HANDLE_BYTES: Final = 32
# The longest answer that is read, in characters: certificates are in some.
_LONGEST: Final = 65_536
_DEVICE_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}", re.ASCII)
_LIFETIME: Final = timedelta(seconds=options.TIMEOUT_SECONDS)
# A key of nobody (the point that P-256 begins with), so that an unknown device takes as long as a known one.
_NOBODYS: Final = encoded(
    bytes.fromhex(
        "a5010203262001"
        "2158206b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "2258204fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
)


class WebAuthnMethod:
    """Answers are `{"credential": …}`, the browser's `toJSON()` as text; to enrol, also a `name`."""

    name = NAME

    def __init__(self, party: RelyingParty, ids: Ids) -> None:
        self._party = party
        self._ids = ids

    # --- enrolment --------------------------------------------------------------------------------

    def begin_enrolment(self, asking: Asking) -> Begun:
        """The options to create a credential with."""
        challenge, user = self._challenge(), self._user_handle(asking.devices)
        shown = options.creation(
            self._party,
            challenge=challenge,
            user_id=user,
            user_name=asking.subject.name,
            held=asking.devices,
        )
        return Begun(shown, json.dumps([challenge, user]).encode(), _LIFETIME)

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        """The device; None if the answer proves none. Raises InputError for a name that none can have."""
        from iamkit_webauthn import verification

        name = answer.get("name") or "passkey"
        if not _DEVICE_NAME.fullmatch(name):
            raise InputError(
                "the name of a device may have up to 64 letters, digits and `_+=,.@-`; choose another"
            )
        challenge, user = json.loads(kept)
        must = self._party.user_verification == "required"
        found = _tried(
            lambda: verification.registered(self._party, _said(answer), challenge=challenge, verified=must)
        )
        if found is None:
            return None
        number = base64.b32encode(self._ids.bytes(10)).decode("ascii")
        return Enrolled(
            resource=f"u2f/user/{asking.subject.name}/{name}-{number}",
            name=name,
            public={
                "public_key": found.public_key,
                "user_handle": user,
                "aaguid": found.aaguid,
                "transports": list(found.transports),
                "backup_eligible": found.backup_eligible,
                "backed_up": found.backed_up,
                "user_verified": found.user_verified,
            },
            counter=found.sign_count,
            handle=found.credential_id,
        )

    # --- the second factor ------------------------------------------------------------------------

    def begin(self, asking: Asking) -> Begun:
        """The options to ask one of the user's devices with."""
        challenge = self._challenge()
        shown = options.request(
            self._party,
            challenge=challenge,
            verification=self._party.user_verification,
            allow=options.allowed(asking.devices),
        )
        return Begun(shown, challenge.encode(), _LIFETIME)

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        """The proof, by one of the user's own devices."""
        if kept is None:
            return None
        handle = self.handle_of(answer)
        device = next((item for item in asking.devices if item.handle == handle), None)
        must = self._party.user_verification == "required"
        return self._proof(device, answer, kept, asking.now, verified=must, named=False)

    # --- the first factor -------------------------------------------------------------------------

    def begin_passkey(self, asking: PasskeyAsking) -> Begun:
        """The options to ask any device with, or those of a name."""
        challenge = self._challenge()
        allow = () if asking.seed is None else options.disguised(asking.devices, asking.seed)
        shown = options.request(self._party, challenge=challenge, verification="required", allow=allow)
        return Begun(shown, challenge.encode(), _LIFETIME)

    def handle_of(self, answer: Answer) -> str | None:
        """The credential's id."""
        return _tried(lambda: encoded(decoded(_said(answer).get("id"))))

    def verify_passkey(
        self, device: MfaDevice | None, answer: Answer, kept: bytes, *, now: datetime
    ) -> Proof | None:
        """The proof, by a device that verified its user and names them."""
        return self._proof(device, answer, kept, now, verified=True, named=True)

    # --- both -------------------------------------------------------------------------------------

    def _proof(
        self,
        device: MfaDevice | None,
        answer: Answer,
        kept: bytes,
        now: datetime,
        *,
        verified: bool,
        named: bool,
    ) -> Proof | None:
        """`named`: whether the device has to say whose it is, because nobody else did."""
        from iamkit_webauthn import verification

        facts = {} if device is None else device.facts
        key = str(facts.get("public_key", _NOBODYS))
        found = _tried(
            lambda: verification.asserted(
                self._party, _said(answer), challenge=kept.decode(), public_key=key, verified=verified
            )
        )
        if device is None or found is None:
            return None
        whose = facts.get("user_handle")
        if (found.user_handle is None and named) or found.user_handle not in (None, whose):
            _log.info("an answer was refused: the device is of another user handle")
            return None
        if found.backup_eligible is not facts.get("backup_eligible"):
            _log.warning("an answer was refused: `%s` changed its backup eligibility", device.serial)
            return None
        return self._counted(device, found, now)

    def _counted(self, device: MfaDevice, found: Asserted, now: datetime) -> Proof:
        """The proof by the rule for the counter: a sign of a copy, and no proof (WebAuthn 3, 6.1.1)."""
        rule = self._party.counter_synced if found.backup_eligible else self._party.counter_bound
        said = {"userVerified": found.user_verified}
        if found.sign_count == 0 and device.counter <= 0:
            # It does not count. That the challenge is answered once is all there is.
            return Proof(device.serial, _Settled(device, found, now), said)
        if found.sign_count > device.counter:
            return Proof(
                device.serial, _Settled(device, found, now, advance=True, strict=rule == "deny"), said
            )
        _log.warning("the counter of `%s` did not grow; its key may have been copied", device.serial)
        about = {
            **said,
            "counterDidNotGrow": device.serial,
            "counter": found.sign_count,
            "lastCounter": device.counter,
        }
        if rule == "deny":
            return Proof(device.serial, _never, about)
        return Proof(device.serial, _Settled(device, found, now), about)

    def _challenge(self) -> str:
        return encoded(self._ids.bytes(_CHALLENGE_BYTES))

    def _user_handle(self, devices: Sequence[MfaDevice]) -> str:
        """Random, and the same for all of a user's devices: an authenticator keeps one passkey for each."""
        for device in devices:
            found = device.facts.get("user_handle")
            if isinstance(found, str):
                return found
        return encoded(self._ids.bytes(_HANDLE_BYTES))


class _Settled:
    """The write by which a proof counts: the counter grows, the device is noted as used."""

    def __init__(
        self,
        device: MfaDevice,
        found: Asserted,
        now: datetime,
        *,
        advance: bool = False,
        strict: bool = False,
    ) -> None:
        self._device = device
        self._found = found
        self._now = now
        self._advance = advance
        self._strict = strict

    def __call__(self, unit: Unit) -> bool:
        facts = {**self._device.facts, "backed_up": self._found.backed_up}
        values: dict[str, object] = {
            "last_used_at": self._now,
            "public": json.dumps(facts, sort_keys=True),
        }
        key, count = (self._device.serial,), self._found.sign_count
        if self._advance:
            grown = unit.change(MfaDevice, key, {**values, "counter": count}, where={"counter": Less(count)})
            if grown or self._strict:
                return grown
        elif count == 0 and self._device.counter <= 0:
            # Unless it began to count meanwhile.
            return unit.change(MfaDevice, key, values, where={"counter": Less(1)})
        return unit.change(MfaDevice, key, values)


def _never(unit: Unit) -> bool:  # noqa: ARG001  # the shape of a settling
    return False


def _said(answer: Answer) -> Mapping[str, object]:
    """The credential that a browser sent. Raises Refused."""
    text = answer.get("credential", "")
    if len(text) > _LONGEST:
        raise client_data.Refused("the credential is longer than any")
    return client_data.read_object(text)


def _tried(step: Callable[[], T]) -> T | None:
    """What `step` gives, or None: whatever a stranger's bytes break is a wrong answer, said in the log."""
    try:
        return step()
    except Exception as fault:  # noqa: BLE001  # parsers of CBOR and of keys raise all kinds
        _log.info("an answer was refused: %s", one_line(f"{type(fault).__name__}: {fault}", 300))
        return None
