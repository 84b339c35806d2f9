"""Operations by which a user gets a factor of a plugin's method, and recovery codes (CAP-D3, D4).

What a method does takes its time (it hashes, sends mail) and is done in the preparing step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.credentials import challenges, mfa, recovery_codes, sendings, sources
from iamkit.credentials.challenges import Open
from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.message import Channel
from iamkit.credentials.mfa import Enrolled
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import InputError
from iamkit.gate.factors import asking_for, method_named, subject_of
from iamkit.gate.letters import codes_for
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.freshness import recent_user
from iamkit.management.mfa import MfaDeviceFace, face, wrong
from iamkit.management.operation import Asks, Preparation, Work, operation

_ENROL: Final = "enrol"


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the client needs to go on with an enrolment, such as WebAuthn's options, as JSON."""

    shown: str


def _begin_prepare(
    preparation: Preparation, *, method: str, user_name: str | None = None, details: Secret | None = None
) -> mfa.Begun:
    user = targets.person(preparation, user_name)
    if method == Channel.EMAIL and people.is_root(user):
        # Its password is replaced by mail: both would be whose the mail is (CAP-A7).
        raise InputError("codes by mail are no factor of a root user; take a device")
    found = method_named(preparation.services.mfa_methods, method)
    given = {} if details is None else _answer(details)
    begun = found.begin_enrolment(_asking(preparation, user, method, given))
    if begun is None:
        raise InputError(f"devices of the factor `{method[:40]}` are not enrolled this way")
    return begun


def _begin_asks(work: Work, *, method: str, user_name: str | None = None, **_others: object) -> Asks:  # noqa: ARG001
    return targets.user(work, user_name)


@operation(
    "iamkit:BeginMFAEnrollment", access="Write", on=("user",), asks=_begin_asks, prepare=_begin_prepare
)
def begin_mfa_enrollment(
    work: Work,
    *,
    method: str,
    user_name: str | None = None,
    details: Secret | None = None,  # noqa: ARG001  # prepared
) -> Beginning:
    """Start to enrol a device by a method of a plugin: a passkey, an address to send codes to.

    `details` is what the method wants to know first (JSON: an object of texts), as a telephone number.
    """
    user = recent_user(work, user_name)
    begun = work.prepared
    if not isinstance(begun, mfa.Begun):
        raise TypeError("the enrolment was not prepared")
    house = work.house
    key = (_ENROL, user.user_id, method)
    challenges.begin(work.unit, work.services.sealer, house.ids, key, begun, now=house.now())
    if begun.message is not None:
        if work.network is not None:
            # Sending costs, and a code to a stranger's address is a nuisance: counted as failures are.
            sources.reserve(work.unit, work.network, now=house.now())
        work.services.letters.code(work.unit, begun.message, user_id=user.user_id, proven=False)
    return Beginning(json.dumps(dict(begun.shown)))


@dataclass(frozen=True, slots=True)
class _Finishing:
    """A new device as its method wants it kept, or nothing, and the challenge that it answers."""

    enrolled: Enrolled | None
    taken: Open


def _finish_prepare(
    preparation: Preparation, *, method: str, answer: Secret, user_name: str | None = None
) -> _Finishing:
    user = targets.person(preparation, user_name)
    found = method_named(preparation.services.mfa_methods, method)
    given = _answer(answer)
    services = preparation.services
    services.factor_throttle(method).reserve(known_subject(user.user_id), preparation.network)
    taken = services.take_try((_ENROL, user.user_id, method))
    if taken is None:
        raise wrong()
    enrolled = found.finish_enrolment(_asking(preparation, user, method), given, taken.kept)
    return _Finishing(enrolled, taken)


def _finish_asks(work: Work, *, method: str, answer: Secret, user_name: str | None = None) -> Asks:  # noqa: ARG001
    return targets.user(work, user_name)


@operation(
    "iamkit:FinishMFAEnrollment", access="Write", on=("user",), asks=_finish_asks, prepare=_finish_prepare
)
def finish_mfa_enrollment(
    work: Work,
    *,
    method: str,
    answer: Secret,  # noqa: ARG001  # prepared
    user_name: str | None = None,
) -> MfaDeviceFace:
    """Keep the device that the answer (JSON: an object of texts) proves. Raises InvalidAuthenticationCode."""
    user = recent_user(work, user_name)
    finishing = work.prepared
    if not isinstance(finishing, _Finishing):
        raise TypeError("the enrolment was not prepared")
    enrolled = finishing.enrolled
    if enrolled is None or not challenges.settle(work.unit, finishing.taken):
        raise wrong()
    kind, _, rest = enrolled.resource.partition("/")
    made = mfa.add(
        work.unit,
        work.services.sealer,
        serial=work.house.arn(work.account, kind, "/", rest),
        account=work.account,
        method=method,
        name=enrolled.name,
        now=work.house.now(),
        secret=enrolled.secret,
        public=enrolled.public,
        user_id=user.user_id,
        counter=enrolled.counter,
        handle=enrolled.handle,
    )
    work.services.factor_throttle(method).reset(work.unit, known_subject(user.user_id), work.network)
    sendings.forget(work.unit, codes_for(user.user_id))
    return face(work, made)


@dataclass(frozen=True, slots=True)
class NewRecoveryCodes:
    """Recovery codes that were just made: the only time that they are at hand."""

    codes: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class _Hashed:
    codes: tuple[Secret, ...]
    hashed: tuple[HashedPassword, ...]


def _recovery_prepare(preparation: Preparation, *, user_name: str | None = None) -> _Hashed:  # noqa: ARG001
    codes = recovery_codes.new_codes(preparation.house.ids)
    hasher = preparation.services.hasher
    return _Hashed(codes, tuple(hasher.hash(recovery_codes.plain(code.reveal())) for code in codes))


@operation(
    "iamkit:CreateRecoveryCodes", access="Write", on=("user",), asks=_own_asks, prepare=_recovery_prepare
)
def create_recovery_codes(work: Work, *, user_name: str | None = None) -> NewRecoveryCodes:
    """Ten codes, each good once instead of a device. Older ones are void. Without a device, InputError."""
    user = recent_user(work, user_name)
    prepared = work.prepared
    if not isinstance(prepared, _Hashed):
        raise TypeError("the codes were not prepared")
    if not mfa.of_subject(work.unit, user.user_id):
        raise InputError("recovery codes stand in for a device; enable one first")
    recovery_codes.put(work.unit, user.user_id, prepared.hashed, now=work.house.now())
    return NewRecoveryCodes(prepared.codes)


def _answer(answer: Secret) -> Mapping[str, str]:
    try:
        read = json.loads(answer.reveal())
    except ValueError:
        read = None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise InputError("the answer has to be JSON: an object whose values are texts")
    return read


def _asking(
    preparation: Preparation, user: User, method: str, given: Mapping[str, str] | None = None
) -> mfa.Asking:
    return asking_for(
        preparation.reader,
        preparation.services.sealer,
        subject_of(user),
        method,
        now=preparation.house.now(),
        given=given,
    )
