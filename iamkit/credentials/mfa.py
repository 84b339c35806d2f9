"""Second factors: the devices that users hold, and what a method of proving one has to be.

A method is a plugin (hook `iamkit_mfa_methods`). It knows how one kind of device proves itself and says so
with facts; it opens no session and decides nothing. What makes a proof count once is a conditional write
that the method hands back with it (THR-M1, M3), done in the unit that starts the session.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, Protocol, runtime_checkable

from iamkit import epochs
from iamkit.credentials.hashing import HashedPassword, Verification
from iamkit.credentials.message import Message
from iamkit.credentials.secret import Sealer
from iamkit.errors import ConfigurationError, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from iamkit.ids import Ids
from iamkit.storage import Less, Reader, Unit, record

DEVICES_PER_USER: Final = 8
PURPOSE: Final = "mfa-device"
BEGUN_FOR: Final = timedelta(minutes=5)

Answer = Mapping[str, str]
"""What the user sends back, such as `{"code": "123456"}`. Values are never kept or logged."""


@record("mfa_device", key=("serial",), unique=(("handle",),), index=(("user_id",), ("account",)))
@dataclass(frozen=True, slots=True)
class MfaDevice:
    """One device. `serial` is an ARN: `mfa/NAME`, `mfa/NUMBER` of a hardware token, `u2f/user/NAME/ID`.

    `user_id` is the owner (the account id for root), None while a device is not assigned. `sealed` is what
    the method must keep secret, `public` what it need not, as JSON. `counter` is the last step or count that
    was accepted, which only grows; `offset` how far the device's clock is off, in steps. `handle` is what a
    device is found by where nobody has said who is asking: a WebAuthn credential id.
    """

    serial: str
    account: str
    method: str
    user_id: str | None
    name: str
    sealed: bytes | None = field(repr=False)
    public: str
    counter: int
    offset: int
    created_at: datetime
    enabled_at: datetime | None = None
    last_used_at: datetime | None = None
    handle: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, object]:
        """`public`, read."""
        read: dict[str, object] = json.loads(self.public)
        return read

    @property
    def hardware(self) -> bool:
        """Whether it is a token whose seed its maker gave."""
        return self.facts.get("hardware") is True


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose factor is asked for: a user, or root, whose `user_id` is the account id."""

    account: str
    user_id: str
    name: str
    arn: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What a method is told when a factor is asked for. `devices` are the subject's of that method.

    `given` is what the client said when it began: a telephone number to enrol, which device to send to.
    """

    subject: Subject
    devices: tuple[MfaDevice, ...]
    now: datetime
    reader: Reader
    sealer: Sealer
    given: Answer = field(default_factory=dict, repr=False)

    def secret_of(self, device: MfaDevice) -> bytes:
        """What the device keeps secret. Raises SealBroken."""
        return opened(self.sealer, device)


@dataclass(frozen=True, slots=True)
class Begun:
    """A challenge. `shown` goes to the client as JSON; `kept` comes back with an answer, `tries` times.

    `message` is sent once the challenge is kept, and counted: sending costs.
    """

    shown: Mapping[str, object]
    kept: bytes = field(default=b"", repr=False)
    lifetime: timedelta = BEGUN_FOR
    tries: int = 1
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """That a device was shown. `settle` is the conditional write by which this proof counts once: it returns
    False if another had it first, and the proof is then none. `facts` go into the event.
    """

    serial: str
    settle: Callable[[Unit], bool]
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device as a method wants it kept. `resource` is the end of its ARN, such as `mfa/phone`."""

    resource: str
    name: str
    public: Mapping[str, object] = field(default_factory=dict)
    secret: bytes | None = field(default=None, repr=False)
    counter: int = -1
    handle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaServices:
    """What a plugin may build its methods with.

    `settings` are those of all plugins, as `SECTION.NAME`. In `development` plain http on one's own machine
    is no error.
    """

    ids: Ids
    hasher: CodeHasher
    settings: Mapping[str, str] = field(default_factory=dict)
    development: bool = False


class CodeHasher(Protocol):
    """Slow hashing for what could be guessed; `iamkit.credentials.hashing.Hasher` is one."""

    def hash(self, password: str) -> HashedPassword: ...

    def verify(self, kept: HashedPassword | None, password: str) -> Verification: ...


class MfaMethod(Protocol):
    """One way to prove a second factor. Called outside of any writing unit; may take its time."""

    @property
    def name(self) -> str:
        """The value of `iamkit:MultiFactorMethod`, such as `totp`."""

    def begin(self, asking: Asking) -> Begun | None:
        """Start a proof: send a code, or make a challenge. None if there is nothing to begin."""

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        """Check an answer; None if it is wrong. `kept` is what `begin` had kept, None if nothing or late."""

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        """Start the enrolment of a new device; None if devices of this method come another way."""

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        """The new device, if the answer proves that the subject holds it."""


@dataclass(frozen=True, slots=True)
class PasskeyAsking:
    """What a method is told when a device is asked for by itself, before anybody said a password.

    With a name said, `seed` is 32 bytes that are the same for that name every time and that nobody else can
    work out, and `devices` are those of whoever has it: none, if nobody has. What is shown must not tell the
    two apart, so it is filled up with what looks like devices, made of the seed.
    """

    now: datetime
    devices: tuple[MfaDevice, ...] = ()
    seed: bytes | None = field(default=None, repr=False)


@runtime_checkable
class PasskeyMethod(MfaMethod, Protocol):
    """A method whose devices name their user by themselves, and so can be the first factor.

    A proof has to stand for two factors: that the device is there, and that it knew its user (a PIN, a
    finger). Without the second there is none.
    """

    def begin_passkey(self, asking: PasskeyAsking) -> Begun:
        """Make a challenge for whoever holds a device."""

    def handle_of(self, answer: Answer) -> str | None:
        """The `handle` of the device that the answer says to be of; None if it says none."""

    def verify_passkey(
        self, device: MfaDevice | None, answer: Answer, kept: bytes, *, now: datetime
    ) -> Proof | None:
        """Check an answer. For no device it takes as long as for one, and the answer is None."""


def set_tags(unit: Unit, device: MfaDevice, tags: Mapping[str, str]) -> None:
    """Replace the tags of a device."""
    unit.change(MfaDevice, (device.serial,), {"tags": tags})


def opened(sealer: Sealer, device: MfaDevice) -> bytes:
    """What a device keeps secret. Raises SealBroken; NoSuchEntity if it keeps nothing."""
    if device.sealed is None:
        raise NoSuchEntity(f"device `{device.serial}` keeps no secret")
    return sealer.unseal(device.sealed, purpose=PURPOSE, account=device.account, record_id=device.serial)


def add(
    unit: Unit,
    sealer: Sealer,
    *,
    serial: str,
    account: str,
    method: str,
    name: str,
    now: datetime,
    secret: bytes | None = None,
    public: Mapping[str, object] | None = None,
    user_id: str | None = None,
    counter: int = -1,
    handle: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> MfaDevice:
    """Keep a device, enabled if it has an owner. Raises EntityAlreadyExists, LimitExceeded at eight."""
    if unit.get(MfaDevice, (serial,)) is not None:
        raise EntityAlreadyExists(f"there is a device `{serial}` already; choose another name")
    if user_id is not None:
        _room(unit, user_id)
    sealed = (
        None if secret is None else sealer.seal(secret, purpose=PURPOSE, account=account, record_id=serial)
    )
    made = MfaDevice(
        serial=serial,
        account=account,
        method=method,
        user_id=user_id,
        name=name,
        sealed=sealed,
        public=json.dumps(dict(public or {}), sort_keys=True),
        counter=counter,
        offset=0,
        created_at=now,
        enabled_at=None if user_id is None else now,
        handle=handle,
        tags=tags or {},
    )
    unit.add(made)
    if user_id is not None:
        unit.bump(epochs.principal(user_id))
    return made


def find(reader: Reader, serial: str) -> MfaDevice | None:
    """The device of that serial number."""
    return reader.get(MfaDevice, (serial,))


def by_handle(reader: Reader, method: str, handle: str) -> MfaDevice | None:
    """The enabled device of that method which is found by `handle`."""
    found = reader.find(MfaDevice, {"handle": handle}, limit=1)
    return found[0] if found and found[0].method == method and found[0].user_id is not None else None


def get(reader: Reader, account: str, serial: str) -> MfaDevice:
    """The account's device of that serial number. Raises NoSuchEntity."""
    device = find(reader, serial)
    if device is None or device.account != account:
        raise NoSuchEntity(f"there is no device `{serial[:256]}`")
    return device


def of_subject(reader: Reader, user_id: str) -> list[MfaDevice]:
    """The enabled devices of a user, oldest first."""
    return reader.find(MfaDevice, {"user_id": user_id}, order="created_at")


def assign(unit: Unit, device: MfaDevice, *, user_id: str, counter: int, offset: int, now: datetime) -> None:
    """Give an unassigned device to a user. Raises EntityAlreadyExists if somebody has it, LimitExceeded."""
    _room(unit, user_id)
    values = {"user_id": user_id, "counter": counter, "offset": offset, "enabled_at": now}
    if not unit.change(MfaDevice, (device.serial,), values, where={"user_id": None}):
        raise EntityAlreadyExists(f"device `{device.serial}` is in use; deactivate it first")
    unit.bump(epochs.principal(user_id))


def advance(unit: Unit, serial: str, counter: int, *, now: datetime, offset: int | None = None) -> bool:
    """Accept a counter, if it is greater than the last: one of many callers gets True (THR-M1, M3)."""
    values: dict[str, object] = {"counter": counter, "last_used_at": now}
    if offset is not None:
        values["offset"] = offset
    return unit.change(MfaDevice, (serial,), values, where={"counter": Less(counter)})


def release(unit: Unit, device: MfaDevice) -> None:
    """Take a device from its owner. One that can be given again stays; the others go."""
    if device.user_id is not None:
        unit.bump(epochs.principal(device.user_id))
    if device.sealed is None:
        unit.remove(MfaDevice, (device.serial,))
    else:
        unit.change(MfaDevice, (device.serial,), {"user_id": None, "enabled_at": None})


def remove(unit: Unit, device: MfaDevice) -> None:
    """Forget a device for good."""
    if device.user_id is not None:
        unit.bump(epochs.principal(device.user_id))
    unit.remove(MfaDevice, (device.serial,))


def release_all(unit: Unit, user_id: str) -> None:
    """Take every device from a user who goes."""
    for device in of_subject(unit, user_id):
        release(unit, device)


def by_name(groups: Iterable[Iterable[MfaMethod]]) -> dict[str, MfaMethod]:
    """The methods of all plugins by name. Raises ConfigurationError if two have the same."""
    found: dict[str, MfaMethod] = {}
    for method in chain.from_iterable(groups):
        if method.name in found:
            raise ConfigurationError(f"two plugins give the factor `{method.name}`; uninstall one")
        found[method.name] = method
    return found


def _room(reader: Reader, user_id: str) -> None:
    if len(of_subject(reader, user_id)) >= DEVICES_PER_USER:
        raise LimitExceeded(f"a user has at most {DEVICES_PER_USER} devices; deactivate one first")
