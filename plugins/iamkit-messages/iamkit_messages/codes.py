"""Codes that are sent: the methods `email` and `sms`. Six digits, good once, for five minutes, three tries.

They are weak factors: whoever reads the mail or takes over the number has them. A policy that wants more says
so by `iamkit:MultiFactorMethod`. A device is the address or number as it was proven when it was enrolled;
a user who changes the mail address enrols anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, MfaDevice, Proof
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError
from iamkit.identity import accounts
from iamkit.ids import Ids
from iamkit.storage import Unit
from iamkit_messages import telephone

LIFETIME: Final = timedelta(minutes=5)
TRIES: Final = 3
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Way:
    """One way for a code to go. `wanted` is the address to enrol, `holds` whether one may still be used."""

    channel: Channel
    wanted: Callable[[Asking], str]
    holds: Callable[[Asking, str], bool]
    masked: Callable[[str], str]


class CodeMethod:
    """See the module. `name` is that of the channel."""

    def __init__(self, way: Way, ids: Ids) -> None:
        self._way = way
        self._ids = ids
        self.name = str(way.channel)

    def begin(self, asking: Asking) -> Begun | None:
        device = self._device(asking)
        address = asking.secret_of(device).decode()
        if not self._way.holds(asking, address):
            raise InputError("the address of this device is no longer the user's; use another factor")
        return self._begun(asking, address, Kind.SIGN_IN_CODE, {"serial": device.serial})

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        facts = _right(answer, kept)
        device = next((item for item in asking.devices if item.serial == facts.get("serial")), None)
        if device is None:
            return None
        serial, owner, now = device.serial, device.user_id, asking.now

        def settle(unit: Unit) -> bool:
            # The code itself is spent with its challenge; the device has to be still the user's.
            return unit.change(MfaDevice, (serial,), {"last_used_at": now}, where={"user_id": owner})

        return Proof(serial, settle)

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        address = self._way.wanted(asking)
        return self._begun(asking, address, Kind.ENROLMENT_CODE, {"address": address})

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        address = _right(answer, kept).get("address")
        if address is None or not self._way.holds(asking, address):
            return None
        resource = f"{self.name}/{asking.subject.user_id}/{self._ids.handle('x')}"
        return Enrolled(resource, self._way.masked(address), secret=address.encode())

    def _device(self, asking: Asking) -> MfaDevice:
        wanted = asking.given.get("serial")
        found = [item for item in asking.devices if wanted in (None, item.serial)]
        if not found:
            raise InputError("the user has no such device; leave `serial` out, or give one that is offered")
        return found[0]

    def _begun(self, asking: Asking, address: str, kind: Kind, facts: dict[str, str]) -> Begun:
        code = f"{int.from_bytes(self._ids.bytes(8), 'big') % 1_000_000:06d}"
        salt = self._ids.bytes(16)
        kept = {**facts, "salt": salt.hex(), "digest": _digest(salt, code)}
        account = accounts.find(asking.reader, asking.subject.account)
        message = Message(
            kind=kind,
            channel=self._way.channel,
            address=address,
            account=asking.subject.account,
            good_until=asking.now + LIFETIME,
            values={
                "user": asking.subject.name,
                "account": asking.subject.account if account is None else account.name,
                "minutes": str(int(LIFETIME.total_seconds()) // 60),
            },
            secret=Secret(code),
        )
        shown = {"sent_to": self._way.masked(address)}
        return Begun(shown, json.dumps(kept).encode(), LIFETIME, TRIES, message)


def email_method(ids: Ids) -> CodeMethod:
    """Codes to the user's verified mail address."""
    return CodeMethod(Way(Channel.EMAIL, _own_address, _is_own_address, _masked_address), ids)


def sms_method(ids: Ids) -> CodeMethod:
    """Codes to a telephone number, said as `phone` when it is enrolled."""
    return CodeMethod(Way(Channel.SMS, _said_number, lambda asking, number: True, _masked_number), ids)  # noqa: ARG005


def _own_address(asking: Asking) -> str:
    if asking.subject.email is None:
        raise InputError("the user has no verified mail address; verify one first")
    return asking.subject.email


def _is_own_address(asking: Asking, address: str) -> bool:
    return asking.subject.email == address


def _said_number(asking: Asking) -> str:
    return telephone.checked(asking.given.get("phone", ""))


def _masked_address(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local[:1]}…@{domain}"


def _masked_number(number: str) -> str:
    return f"…{number[-2:]}"


def _right(answer: Answer, kept: bytes | None) -> dict[str, str]:
    """What was kept with the code, if the answer has that code; otherwise nothing."""
    code = answer.get("code", "")
    if kept is None or not _CODE.fullmatch(code):
        return {}
    facts: dict[str, str] = json.loads(kept)
    same = hmac.compare_digest(_digest(bytes.fromhex(facts["salt"]), code), facts["digest"])
    return facts if same else {}


def _digest(salt: bytes, code: str) -> str:
    # The challenge is sealed; the salt is there so that equal codes do not show as equal.
    return hmac.digest(salt, code.encode("ascii"), hashlib.sha256).hex()
