"""Everybody whose being there could show: one kind for each thing that a sign-in may do differently."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import bcrypt
from iamkit_webauthn import RelyingParty, WebAuthnPlugin
from iamkit_webauthn.testing import SoftAuthenticator

from iamkit.clock import FrozenClock
from iamkit.credentials import passwords
from iamkit.credentials.hashing import (
    DEFAULT,
    FOREIGN,
    STRONG,
    HashedPassword,
    Hasher,
    HashingGate,
    HashParameters,
)
from iamkit.credentials.message import Message
from iamkit.credentials.peppers import Peppers
from iamkit.credentials.secret import Secret
from iamkit.hookspecs import hookimpl
from iamkit.identity import users as user_records
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import mfa_enrolment, users

NOBODY: Final = "nobody"
PASSWORD: Final = "three quiet otters"
ORIGIN: Final = "https://app.example.org"
# What this software took for enough some years ago.
_OLD: Final = HashParameters("argon2id-t1-m9216-p1", passes=1, memory_kib=9216, lanes=1)

# What is done to a user who has a password of the kind.
Alter = Callable[[IAM, User], None]


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and the kind of people it is of."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class People:
    """All who are there."""

    somebody: tuple[Person, ...]

    def nobody(self, luck: random.Random) -> Person:
        """Somebody who is not there, with a name as others have."""
        return Person(_name(luck), NOBODY)


class _Postman:
    """Throws everything away."""

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool:
        return True


@contextmanager
def settled(folder: Path, many: int) -> Iterator[tuple[IAM, People]]:
    """A deployment with `many` people of each kind, at the cost that passwords have in earnest."""
    with IAM(
        folder,
        plugins=[WebAuthnPlugin(RelyingParty(rp_id="app.example.org")), _Postman()],
        clock=FrozenClock(),
        entry_points=False,
        link_base=ORIGIN,
        password_cost=DEFAULT,
    ) as iam:
        iam.initialize()
        yield iam, People(tuple(_people(iam, many, random.Random(many))))


def _people(iam: IAM, many: int, luck: random.Random) -> Iterator[Person]:
    def by(cost: HashParameters) -> HashedPassword:
        peppers = Peppers(iam.store, iam.keyring, iam.ids, iam.clock)
        return Hasher(peppers, iam.ids, HashingGate(at_once=1, waiting=1), cost).hash(PASSWORD)

    today = by(DEFAULT)
    kinds: dict[str, tuple[HashedPassword | None, Alter | None]] = {
        "with a password": (today, None),
        "disabled": (today, _disable),
        "to be changed": (today, None),
        "expired": (today, None),
        "without a password": (None, None),
        "federated": (None, None),
        "with a passkey": (today, _enrol),
        "with an old cost": (by(_OLD), None),
        "with a strong cost": (by(STRONG), None),
        "from Django, PBKDF2": (_foreign(_django()), None),
        "from Werkzeug, scrypt": (_foreign(_werkzeug()), None),
        "with bcrypt 10": (_foreign(bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()), None),
        "with bcrypt 12": (_foreign(bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode()), None),
    }
    desk = iam.desk(iam.operator())
    for _ in range(many):
        for kind, (hashed, alter) in kinds.items():
            path = "/sso/" if kind == "federated" else "/"
            user = desk.do(users.create_user, user_name=_name(luck), path=path)
            with iam.store.write() as unit:
                now = iam.clock.now()
                user_records.set_email(unit, user, email=f"{user.name}@example.org", verified_at=now)
                if hashed is not None:
                    passwords.put(
                        unit,
                        account=user.account,
                        user_id=user.user_id,
                        hashed=hashed,
                        must_change=kind == "to be changed",
                        now=now,
                        expires_at=now + timedelta(minutes=1) if kind == "expired" else None,
                    )
            if alter is not None:
                alter(iam, user)
            yield Person(user.name, kind)


def _name(luck: random.Random) -> str:
    return "".join(luck.choices("abcdefghijklmnopqrstuvwxyz", k=12))


def _disable(iam: IAM, user: User) -> None:
    iam.desk(iam.operator()).do(users.disable_user, user_name=user.name)


def _enrol(iam: IAM, user: User) -> None:
    desk = iam.desk(iam.operator())
    begun = desk.do(mfa_enrolment.begin_mfa_enrollment, method="webauthn", user_name=user.name)
    answer = json.dumps({"credential": SoftAuthenticator(ORIGIN).create(json.loads(begun.shown))})
    desk.do(
        mfa_enrolment.finish_mfa_enrollment, method="webauthn", answer=Secret(answer), user_name=user.name
    )


def _foreign(text: str) -> HashedPassword:
    return HashedPassword(text, FOREIGN, "", "")


def _django() -> str:
    rounds, salt = 870_000, "fourletterssalt"
    made = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(made).decode()}"


def _werkzeug() -> str:
    salt = "fourletterssalt"
    made = hashlib.scrypt(PASSWORD.encode(), salt=salt.encode(), n=2**15, r=8, p=1, maxmem=2**26, dklen=64)
    return f"scrypt:32768:8:1${salt}${made.hex()}"
