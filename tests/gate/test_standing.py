"""Whether an answer still holds: the mark moves with what it rests on, and ended proofs are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import ExpiredToken
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import inline, login_profiles, users
from iamkit.memory import MemoryStore

PASSWORD = "three quiet otters read maps"
ALLOW = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "docs:Read", "Resource": "*"}]}'
)


@pytest.fixture
def clock() -> FrozenClock:
    """The deployment's time."""
    return FrozenClock()


@pytest.fixture
def iam(tmp_path: Path, clock: FrozenClock) -> Iterator[IAM]:
    """A deployment in memory with ana, who has a password."""
    with IAM(tmp_path / "data", store=MemoryStore(), clock=clock, entry_points=False) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        yield iam


def request(token: str = "") -> HttpRequest:
    fields = (("authorization", f"Bearer {token}"),) if token else ()
    return HttpRequest("GET", "https", "app", "/", "/", "", Headers(fields), kind="websocket")


def admitted(iam: IAM, asked: HttpRequest) -> Principal:
    principal = iam.gate.admit(asked)
    assert isinstance(principal, Principal)
    return principal


def signed_in(iam: IAM) -> HttpRequest:
    return request(iam.sign_in("ana", PASSWORD, kind=SessionKind.BEARER).token.reveal())


def test_it_moves_with_policies_and_with_time(iam: IAM, clock: FrozenClock) -> None:
    """Equal while nothing changed; another one after a change or half a minute; the principal is new then."""
    asked = signed_in(iam)
    principal, standing = admitted(iam, asked), iam.gate.standing()
    first = standing.mark(principal, asked)

    assert standing.mark(principal, asked) == first
    clock.advance(timedelta(seconds=31))
    later = standing.mark(principal, asked)
    assert later != first
    iam.desk(iam.operator()).do(
        inline.put_user_policy, user_name="ana", policy_name="read", policy_document=ALLOW
    )
    assert standing.mark(principal, asked) != later
    assert not principal.can("docs:Read")
    assert standing.renewed(principal, asked).can("docs:Read")


def test_nobody_stays_nobody(iam: IAM) -> None:
    """Who came without a credential has none that could end."""
    asked = request()
    principal, standing = admitted(iam, asked), iam.gate.standing()

    assert standing.mark(principal, asked) == standing.mark(principal, asked)
    assert standing.renewed(principal, asked).name == "anonymous"


def test_an_ended_session_is_told_at_once(iam: IAM, clock: FrozenClock) -> None:
    """Signed out, or past its time, though nothing else moved."""
    first, second = signed_in(iam), signed_in(iam)
    standing = iam.gate.standing()
    callers = [admitted(iam, first), admitted(iam, second)]

    iam.sign_out(first.headers["authorization"].partition(" ")[2])
    with pytest.raises(ExpiredToken):
        standing.mark(callers[0], first)
    standing.mark(callers[1], second)
    clock.advance(timedelta(days=400))
    with pytest.raises(ExpiredToken):
        standing.mark(callers[1], second)
