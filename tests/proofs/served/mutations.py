"""The seeded requests: the same seed and number give the same bytes, but for the tokens."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.proofs.served.drafts import Draft, Tokens, drawn
from tests.proofs.served.fields import FIELDS
from tests.proofs.served.framing import FRAMING
from tests.proofs.served.targets import TARGETS


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent over one connection. `callers` are the users whose valid token is somewhere in it."""

    number: int
    data: bytes
    replies: int
    ambiguous: bool
    waits: bool
    keep: bool
    socket: bool
    head: bool
    callers: frozenset[str]
    done: tuple[str, ...]


def stream(seed: int, number: int, tokens: Tokens, *, sockets: bool) -> Stream:
    """Request number `number`. One in nine is in order; the others have one to three mutations."""
    rng = random.Random(f"{seed}/{number}")
    draft = drawn(rng, str(number), tokens, sockets=sockets)
    draft.keep = not draft.socket and rng.random() < 0.3
    if number % 9:
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            _mutate(rng, draft)
    if draft.ambiguous and draft.replies == 1:
        draft.keep = False
    # Some servers send the body that some apps give to HEAD; what follows on that connection cannot be read.
    kept = draft.keep and not draft.ambiguous and draft.method.upper() != b"HEAD"
    return Stream(
        number,
        draft.render(),
        draft.replies,
        draft.ambiguous,
        draft.waits,
        kept,
        draft.socket,
        draft.method == b"HEAD",
        frozenset(draft.callers),
        tuple(draft.done),
    )


def _mutate(rng: random.Random, draft: Draft) -> None:
    # One change of framing is enough: two may leave a server waiting, rightly.
    kinds = ((TARGETS, 10), (FIELDS, 9), (FRAMING, 0 if draft.ambiguous else 2))
    name, mutation = rng.choice(rng.choices([kind for kind, _ in kinds], [often for _, often in kinds])[0])
    mutation(rng, draft)
    draft.done.append(name)
