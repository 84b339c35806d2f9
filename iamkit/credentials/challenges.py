"""Challenges: what was begun and waits for an answer, sealed, for some minutes and a few tries.

There is one for a purpose, an owner and a method; a new one takes the place of the old. A try is counted
before the answer is looked at, and the one who removes the challenge is the one whose answer counts.

Where nobody has said yet who is asking, the client carries the challenge, sealed: a page that anybody may
open writes nothing. What is kept then is which of them were answered, until they end by themselves.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from iamkit.credentials import sources
from iamkit.credentials.mfa import Begun
from iamkit.credentials.sealing import SealBroken
from iamkit.credentials.secret import Sealer, Secret
from iamkit.errors import EntityAlreadyExists, ExpiredToken
from iamkit.ids import Ids
from iamkit.storage import Less, Plus, Store, Unit, record

PURPOSE: Final = "mfa-challenge"
_CARRIED: Final = "mfa-carried-challenge"
# The longest that is read at all, in characters.
_LONGEST: Final = 4096


@record("mfa_challenge", key=("challenge_id",), index=(("expires_at",),))
@dataclass(frozen=True, slots=True)
class Challenge:
    """One that was begun. `begun_id` tells it from an earlier one with the same key."""

    challenge_id: str
    begun_id: str
    sealed: bytes = field(repr=False)
    tries: int
    most_tries: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A challenge with a try taken. `kept` is what the method had kept."""

    challenge_id: str
    begun_id: str
    kept: bytes = field(repr=False)


def begin(
    unit: Unit, sealer: Sealer, ids: Ids, key: tuple[str, str, str], begun: Begun, *, now: datetime
) -> None:
    """Keep a challenge for (purpose, owner, method), in the place of an earlier one."""
    challenge_id = _id(key)
    unit.remove_all(Challenge, {"expires_at": Less(now)})
    unit.remove(Challenge, (challenge_id,))
    sealed = sealer.seal(begun.kept, purpose=PURPOSE, account="", record_id=challenge_id)
    unit.add(Challenge(challenge_id, ids.handle("c"), sealed, 0, begun.tries, now + begun.lifetime))


def take_try(unit: Unit, sealer: Sealer, key: tuple[str, str, str], *, now: datetime) -> Open | None:
    """Count a try. None if nothing was begun, it is too late, or the tries are used up."""
    challenge_id = _id(key)
    found = unit.get(Challenge, (challenge_id,))
    if found is None or now >= found.expires_at or found.tries >= found.most_tries:
        return None
    unit.change(Challenge, (challenge_id,), {"tries": Plus()})
    kept = sealer.unseal(found.sealed, purpose=PURPOSE, account="", record_id=challenge_id)
    return Open(challenge_id, found.begun_id, kept)


def take_try_alone(store: Store, sealer: Sealer, key: tuple[str, str, str], *, now: datetime) -> Open | None:
    """Count a try in a unit of its own, which no later failure takes back."""
    with store.write() as unit:
        return take_try(unit, sealer, key, now=now)


def settle(unit: Unit, taken: Open) -> bool:
    """Remove the challenge that was answered: one of many callers gets True."""
    found = unit.get(Challenge, (taken.challenge_id,))
    return (
        found is not None
        and found.begun_id == taken.begun_id
        and unit.remove(Challenge, (taken.challenge_id,))
    )


@dataclass(frozen=True, slots=True)
class Carried:
    """A challenge that its client carries. `about` is what it is for, `kept` what the method had kept."""

    challenge_id: str
    method: str
    about: str
    kept: bytes = field(repr=False)
    expires_at: datetime


def hand_out(sealer: Sealer, ids: Ids, method: str, about: str, begun: Begun, *, now: datetime) -> Secret:
    """A challenge for its client to carry, as a token. Its length tells the lengths of the parts only."""
    parts = (ids.token(), method, about, begun.kept.hex(), (now + begun.lifetime).isoformat())
    sealed = sealer.seal(json.dumps(parts).encode(), purpose=_CARRIED, account="", record_id="")
    return Secret(base64.urlsafe_b64encode(sealed).decode("ascii"))


def handed_back(sealer: Sealer, token: str, *, now: datetime) -> Carried:
    """What `hand_out` gave. Raises ExpiredToken, whatever is wrong with it."""
    late = ExpiredToken("the sign-in has ended or took too long; start again")
    try:
        if len(token) > _LONGEST:
            raise late
        sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        plain = sealer.unseal(sealed, purpose=_CARRIED, account="", record_id="")
    except (ValueError, SealBroken):
        raise late from None
    challenge_id, method, about, kept, until = json.loads(plain)
    found = Carried(challenge_id, method, about, bytes.fromhex(kept), datetime.fromisoformat(until))
    if now >= found.expires_at:
        raise late
    return found


def spend(unit: Unit, ids: Ids, carried: Carried, *, now: datetime) -> bool:
    """Note that a carried challenge is being answered: one of many callers gets True, once for all."""
    challenge_id = _id((_CARRIED, carried.challenge_id, carried.method))
    unit.remove_all(Challenge, {"expires_at": Less(now)})
    try:
        unit.add(Challenge(challenge_id, ids.handle("c"), b"", 1, 1, carried.expires_at))
    except EntityAlreadyExists:
        return False
    return True


def take(store: Store, ids: Ids, carried: Carried, network: str | None, *, now: datetime) -> None:
    """Count an attempt of `network`, and spend what was carried, before the answer is looked at.

    Raises Throttling, and ExpiredToken if it was answered already.
    """
    with store.write() as unit:
        if network is not None:
            sources.reserve(unit, network, now=now)
        spent = spend(unit, ids, carried, now=now)
    if not spent:
        raise ExpiredToken("this sign-in was answered already; start again")


def _id(key: tuple[str, str, str]) -> str:
    return hashlib.sha256("\x00".join(key).encode()).hexdigest()
