"""The grid of decisions: accounts, callers, resource policies, boundaries and session policies, all combined.

`expected` is a literal transcription of the pseudo-code of SEM §8.7; each cell is asked of the real
evaluator with real documents. The grid's data is the five axes below, each also with an identity policy that
allows or is silent, and with a resource that needs explicit trust or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Final

import pytest

from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.request import Caller

Ask = Callable[..., Decision]
Callers = Mapping[str, Caller]

ACCOUNT: Final = "111122223333"
OTHER: Final = "444455556666"

KINDS: Final = ["user", "session", "federated-user", "root", "anonymous", "service"]
LEVELS: Final = ["none", "account", "role", "direct", "any"]
LIMITS: Final = ["none", "allow", "silent", "deny"]

# What a resource policy of each level names for each kind of caller, and at which level that matches. Root
# cannot be named other than by its account, and a user is named by no role.
DIRECT: Final = {
    "user": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/app/jeff"},
    "session": {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday"},
    "federated-user": {"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/guest"},
    "root": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "anonymous": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/app/jeff"},
    "service": {"Service": "lambda.amazonaws.com"},
}
ROLE: Final = {
    "federated-user": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/app/jeff"},
}
ROLE_ARN: Final = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app/writer"}

STATEMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "allow": {},
    "silent": {"Action": "doc:Put"},
    "deny": {"Effect": "Deny"},
}


def principal(kind: str, level: str) -> object:
    """The Principal element of a resource policy at that level."""
    if level == "any":
        return "*"
    if level == "account":
        return {"AWS": ACCOUNT}
    return DIRECT[kind] if level == "direct" else ROLE.get(kind, ROLE_ARN)


def matched(kind: str, level: str) -> set[str]:
    """The level at which that element matches that kind of caller (SEM-P14)."""
    if level == "any":
        return {"ANY"}
    if level == "none" or kind == "anonymous":
        return set()
    if kind == "service":
        return {"DIRECT"} if level == "direct" else set()
    if level == "account" or (level == "direct" and kind == "root"):
        return {"ACCOUNT"}
    if level == "direct":
        return {"DIRECT"}
    return {"session": {"ROLE"}, "federated-user": {"FEDUSER"}}.get(kind, set())


def expected(
    *, same: bool, kind: str, level: str, boundary: str, session: str, identity: bool, trust: bool
) -> Outcome:
    """SEM §8.7, line by line, for the layers that the grid has."""
    rp = matched(kind, level)
    special = kind in {"anonymous", "service"}
    if not special and "deny" in {boundary, session}:
        return Outcome.EXPLICIT_DENY
    if kind == "anonymous":
        return Outcome.ALLOWED if "ANY" in rp else Outcome.IMPLICIT_DENY
    if kind == "service":
        return Outcome.ALLOWED if rp & {"DIRECT", "ANY"} else Outcome.IMPLICIT_DENY
    b = boundary in {"none", "allow"}
    s = session in {"none", "allow"}
    # Without a session policy the identity path of a federated user is closed (SEM-E11).
    path_s = session == "allow" if kind == "federated-user" else s
    path = (identity or kind == "root") and b and path_s
    if kind == "root" and same:
        path = True
    if same:
        if rp & {"DIRECT", "ANY"}:
            return Outcome.ALLOWED
        if rp & {"ROLE", "FEDUSER"} and b and s:
            return Outcome.ALLOWED
        if path and (not trust or "ACCOUNT" in rp):
            return Outcome.ALLOWED
    elif rp and path:
        return Outcome.ALLOWED
    return Outcome.IMPLICIT_DENY


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("same", [True, False], ids=["same-account", "cross-account"])
def test_every_cell_of_the_grid(ask: Ask, callers: Callers, same: bool, kind: str, level: str) -> None:
    """Each boundary, session policy, identity policy and trust comes to what the pseudo-code says."""
    wrong: list[tuple[str, str, bool, bool, str, str]] = []

    for boundary, session, identity, trust in product(LIMITS, LIMITS, (True, False), (True, False)):
        decision = ask(
            caller=replace(callers[kind], bounded=boundary != "none"),
            owner=ACCOUNT if same else OTHER,
            identity=STATEMENTS["allow" if identity else "silent"],
            boundary=STATEMENTS.get(boundary),
            session=STATEMENTS.get(session),
            resource=() if level == "none" else {"Principal": principal(kind, level)},
            explicit_trust=trust,
        )
        want = expected(
            same=same,
            kind=kind,
            level=level,
            boundary=boundary,
            session=session,
            identity=identity,
            trust=trust,
        )
        if decision.outcome is not want:
            wrong.append((boundary, session, identity, trust, want, decision.outcome))

    assert wrong == []


def test_an_explicit_deny_of_the_resource_wins_in_every_cell(ask: Ask, callers: Callers) -> None:
    """With a Deny for everybody beside it, no resource policy and no other layer allows anybody."""
    deny = {"Effect": "Deny", "Principal": "*"}

    for kind, level, boundary, session in product(KINDS, LEVELS, LIMITS, LIMITS):
        grant = [] if level == "none" else [{"Principal": principal(kind, level)}]
        decision = ask(
            caller=replace(callers[kind], bounded=boundary != "none"),
            identity=STATEMENTS["allow"],
            boundary=STATEMENTS.get(boundary),
            session=STATEMENTS.get(session),
            resource=[*grant, deny],
        )
        assert decision.outcome is Outcome.EXPLICIT_DENY, (kind, level, boundary, session)
