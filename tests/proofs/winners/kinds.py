"""What is good once: how each is made, answered with, and robbed of the condition that makes it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from iamkit_webauthn import RelyingParty, WebAuthnPlugin

from iamkit import hookimpl
from iamkit.clock import FrozenClock
from iamkit.credentials import sessions
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Message
from iamkit.credentials.mfa import Answer, Asking, MfaMethod, MfaServices, Proof
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind, SessionState
from iamkit.identity import users as user_records
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import login_profiles, users
from iamkit.storage import Unit

ORIGIN: Final = "https://app.example.org"
PASSWORD: Final = "correct horse battery"
# Longer than a step of a clock that shows codes, and than any of them is good for.
BETWEEN_ROUNDS: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Task:
    """One round: what all clients answer with (`shared`), or each of them (`each`), and when it is."""

    kind: str
    now: datetime
    user_id: str
    meet: bool = False
    shared: Mapping[str, str] = field(default_factory=dict)
    each: tuple[str, ...] = ()


class Always:
    """A method whose every proof counts, so that only the session stands between one and many."""

    name = "always"

    def begin(self, asking: Asking) -> None:
        return None

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof:
        return Proof("always", lambda unit: True)

    def begin_enrolment(self, asking: Asking) -> None:
        return None

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> None:
        return None


class Around:
    """The method above, and a postman who throws everything away."""

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> list[MfaMethod]:
        return [Always()]

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool:
        return True


@contextmanager
def opened(folder: Path, store: str | None) -> Iterator[IAM]:
    """The deployment, at the instant that every clock begins with."""
    with IAM(
        folder,
        store=store,
        plugins=[WebAuthnPlugin(RelyingParty(rp_id="app.example.org")), Around()],
        clock=FrozenClock(),
        password_cost=CHEAPEST,
        entry_points=False,
        link_base=ORIGIN,
    ) as iam:
        yield iam


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """`owner.name` is `value` for a while."""
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def first_answer(look: Callable[..., Any], place: int) -> Callable[..., Any]:
    """`look`, which says always what it said first of the same thing: nothing is read again."""
    kept: dict[object, Any] = {}

    def remembered(*given: Any, **named: Any) -> Any:
        if given[place] not in kept:
            kept[given[place]] = look(*given, **named)
        return kept[given[place]]

    return remembered


class Kind:
    """One thing that is good once. Each has a user of its own."""

    name: ClassVar[str]
    # How many sessions the one winner has in the end.
    sessions_won: ClassVar[int] = 1

    def prepare(self, iam: IAM) -> object:
        """What is needed once. The answer is handed to each `task`."""
        return self.user(iam)

    def task(self, iam: IAM, prepared: object, number: int, count: int, *, meet: bool) -> Task:
        """A new thing for a round of `count` clients."""
        raise NotImplementedError

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        """Use it. Raises an error of iamkit's unless it counted."""
        raise NotImplementedError

    def meeting(self, meet: Callable[[], None]) -> ExitStack:
        """Have `meet` called between the check and the write, where nothing is held."""
        return ExitStack()

    def sabotaged(self) -> ExitStack:
        """Take the condition away."""
        raise NotImplementedError

    def left_over(self, iam: IAM, task: Task) -> str | None:
        """What is there beside what the one winner has, if anything."""
        with iam.store.read() as reader:
            live = sessions.live_sessions(reader, task.user_id, now=task.now)
        active = [one for one in live if one.state == SessionState.ACTIVE and one.created_at == task.now]
        if len(active) != self.sessions_won:
            return f"there are {len(active)} sessions where there should be {self.sessions_won}"
        return None

    # --- what several need ---

    def user(self, iam: IAM) -> User:
        """A user with a password and a verified address."""
        desk = iam.desk(iam.operator())
        made = desk.do(users.create_user, user_name=self.name)
        desk.do(login_profiles.create_login_profile, user_name=self.name, password=Secret(PASSWORD))
        with iam.store.write() as unit:
            kept = user_records.get(unit, made.account, made.name)
            user_records.set_email(unit, kept, email=f"{self.name}@example.org", verified_at=iam.clock.now())
        with iam.store.read() as reader:
            return user_records.get(reader, made.account, made.name)

    def move(self, iam: IAM) -> datetime:
        """The next round's instant."""
        clock = iam.clock
        if not isinstance(clock, FrozenClock):
            raise TypeError("the clock does not stand still")
        clock.advance(BETWEEN_ROUNDS)
        return clock.now()

    def pending(self, iam: IAM, user: User, count: int, awaits: str = sessions.FACTOR) -> tuple[str, ...]:
        """Tokens of sessions as a password leaves them."""

        def one(unit: Unit) -> str:
            return sessions.start(
                unit,
                iam.ids,
                account=user.account,
                user_id=user.user_id,
                kind=SessionKind.COOKIE,
                factors=("password",),
                limits=sessions.MODERN,
                now=iam.clock.now(),
                awaits=(awaits,),
            ).token.reveal()

        with iam.store.write() as unit:
            return tuple(one(unit) for _ in range(count))


KINDS: Final[dict[str, Kind]] = {}


def kind(made: type[Kind]) -> type[Kind]:
    """Enter a kind by its name."""
    KINDS[made.name] = made()
    return made
