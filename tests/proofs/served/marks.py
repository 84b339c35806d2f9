"""What a handler writes down when it runs, what the decision log says, and whether the two agree."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iamkit import current_principal
from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import IamkitError
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy.decision import Outcome
from iamkit.policy.request import ContextValue
from iamkit.web.templates import Template

PROBE: Final = "x-probe"
KEY: Final = "matrix:Probe"
OPEN: Final = "open"
SERVICE: Final = "docs:"

# The endpoints of every shape: action and resource. `open` is public, and `bare` declares nothing.
ENDPOINTS: Final[Mapping[str, tuple[str, str | None]]] = {
    "read": ("docs:Read", "doc/{id}"),
    "write": ("docs:Write", "doc/{id}"),
    "admin": ("docs:Admin", None),
    "item": ("docs:Item", "item/{id}"),
    "form": ("docs:Form", None),
    "live": ("docs:Watch", "doc/{id}"),
}

Mark = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a handler, or one allow that was recorded for it; the two are compared as equals."""

    probe: str
    action: str
    resource: str
    principal: str


def marker_into(path: Path) -> Mark:
    """A function for handlers: `mark(endpoint, probe, id)`. Written at once, so no crash loses a line."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def mark(endpoint: str, probe: str | None, number: str = "") -> None:
        try:
            name = current_principal().name
        except IamkitError:
            # Nobody's guard made it anybody's; that it ran is written all the same.
            name = ""
        line = json.dumps([endpoint, probe or "", number, name])
        os.write(file, line.encode() + b"\n")

    return mark


class ProbeContext:
    """A plugin: the probe of a request becomes a condition key, which every recorded decision keeps."""

    @hookimpl
    def iamkit_context(self, request: HttpRequest | None, principal: Principal) -> Mapping[str, ContextValue]:
        probe = "" if request is None else request.headers.get(PROBE, "")
        return {KEY: probe}


def ran_of(path: Path) -> list[tuple[str, Ran]]:
    """What handlers wrote: the endpoint and what an allow for it would say."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        endpoint, probe, number, principal = json.loads(line)
        action, template = ENDPOINTS.get(endpoint, (endpoint, None))
        resource = "*" if template is None else Template.parse(template).fill({"id": number})
        found.append((endpoint, Ran(probe, action, resource, principal)))
    return found


def allowed_of(records: Iterable[DecisionRecord]) -> list[Ran]:
    """The allows of a decision log that are about the apps; management is in it too."""
    return [
        Ran(
            json.loads(kept.context).get(KEY, ""),
            kept.action,
            kept.resource.split(":", 5)[-1],
            kept.principal,
        )
        for kept in records
        if kept.outcome == Outcome.ALLOWED and kept.action.startswith(SERVICE)
    ]


@dataclass(slots=True)
class Verdict:
    """The comparison of one cell: what is wrong, and how much there was to compare."""

    faults: list[str] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)
    allows: int = 0


def compared(
    ran: Iterable[tuple[str, Ran]], allowed: Iterable[Ran], callers: Mapping[str, frozenset[str]]
) -> Verdict:
    """Whether handlers ran exactly for the allows, and only for those who may by the matrix's own rules.

    `callers` are the users whose token was sent with a probe, so a log that lies is noticed as well.
    """
    verdict = Verdict()
    allows = set(allowed)
    verdict.allows = len(allows)
    seen: set[Ran] = set()
    for endpoint, run in ran:
        verdict.runs[endpoint] += 1
        if endpoint == OPEN:
            continue
        seen.add(run)
        if run not in allows:
            verdict.faults.append(f"ran without an allow: {run}")
        if run.principal not in callers.get(run.probe.partition(".")[0], frozenset()):
            verdict.faults.append(f"ran for one who was not asking: {run}")
        elif not _may(run):
            verdict.faults.append(f"ran for one who may not: {run}")
    verdict.faults += [f"allowed, and nothing ran: {allow}" for allow in allows - seen]
    return verdict


def _may(run: Ran) -> bool:
    """Who may what, said once more: alice all but document 9, bob to read document 2."""
    if run.principal == "bob":
        return (run.action, run.resource) == ("docs:Read", "doc/2")
    return run.principal == "alice" and run.resource != "doc/9"


POLICIES: Final[Mapping[str, Mapping[str, object]]] = {
    "alice": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "docs:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:docs:*:*:doc/9"},
        ],
    },
    "bob": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "docs:Read", "Resource": "arn:aws:docs:*:*:doc/2"}],
    },
}
