"""What is told of plans and rehearsals: lines for people, JSON for programs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from iamkit.analysis.changes import Change, Reached
from iamkit.analysis.witnesses import EVERYTHING
from iamkit.manifest.outsiders import OUTSIDERS
from iamkit.manifest.rehearsal import Rehearsal
from iamkit.manifest.steps import Plan, Step

_MOST_EXCEPTIONS: Final = 8


def step_lines(plan: Plan, *, documents: bool = False) -> Iterator[str]:
    """The steps, one a line; with `documents` the difference of each text below it."""
    for step in plan.steps:
        yield f"  {_sign(step)} {step.summary}"
        if documents and step.document:
            yield from (f"      {line}" for line in _text_lines(step.was, step.document))


def _sign(step: Step) -> str:
    verb = step.summary.split(" ", 1)[0]
    if step.deletes or verb in ("detach", "delete", "remove", "take", "disable"):
        return "-"
    return "~" if verb in ("replace", "change", "move", "set", "put") and step.was else "+"


def _text_lines(was: str, now: str) -> Iterator[str]:
    lines = difflib.unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=2)
    return (line for line in lines if not line.startswith(("---", "+++", "@@")))


def change_lines(changes: Iterable[Change]) -> list[str]:
    """Who can do what, and could not before, or no more: actions that change alike in one line."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for change in changes:
        before, after = _words(change)
        alike.setdefault((who(change), before, after + _but(change)), []).append(_action(change.action))
    return [
        f"{name} {before} {', '.join(actions)} {after}"
        for (name, before, after), actions in sorted(alike.items())
    ]


def _action(text: str) -> str:
    return "everything" if text == EVERYTHING else text


def _but(change: Change) -> str:
    """What is excepted; an action that is the change's own is not said again, nor its resource."""
    told = [
        " ".join(
            part
            for part in (
                _action(action) if action != change.action else "",
                f"on {resource}" if resource not in (change.resource, EVERYTHING) else "",
            )
            if part
        )
        for action, resource in change.but[:_MOST_EXCEPTIONS]
    ]
    more = len(change.but) - len(told)
    if more > 0:
        told.append(f"{more} more")
    return f", but not {', '.join(told)}" if told else ""


def who(change: Change) -> str:
    """A principal in words."""
    if change.kind == OUTSIDERS:
        return "whoever is let in from outside the account"
    if not change.principal:
        return "everybody, also without signing in,"
    name = change.principal.rsplit("/", 1)[-1]
    return "the root user" if change.kind == "root" else f"{change.kind} {name}"


def _words(change: Change) -> tuple[str, str]:
    """What stands before and after the actions."""
    on = "on everything" if change.resource == EVERYTHING else f"on {change.resource}"
    depending = f", depending on {', '.join(change.keys)}" if change.keys else ", under conditions"
    match change.before, change.after:
        case _ if change.open:
            return "may have more or less of", f"{on}: no example was found"
        case Reached.NO, Reached.YES:
            return "gains", on
        case Reached.NO, Reached.CONDITIONAL:
            return "gains", on + depending
        case Reached.CONDITIONAL, Reached.YES:
            return "gains", f"{on} without conditions"
        case _, Reached.NO:
            return "loses", on
        case Reached.YES, Reached.CONDITIONAL:
            return "keeps", on + depending
        case _:
            return "has", f"{on} under other conditions{depending.removeprefix(', under conditions')}"


def as_data(plan: Plan, rehearsal: Rehearsal, *, withheld: str = "") -> dict[str, object]:
    """A plan and what it would do, for programs. `withheld` is why changes of access are not told."""
    stopped = rehearsal.stopped
    return {
        "different": not plan.is_empty,
        "steps": [step_data(step) for step in plan.steps],
        "obstacles": list(plan.obstacles),
        "not_in_folder": list(plan.surplus),
        "refused": None
        if stopped is None or rehearsal.fault is None
        else {
            "step": stopped.summary,
            "code": rehearsal.fault.code,
            "message": rehearsal.fault.message,
        },
        "access": None if withheld else [_change_data(change) for change in rehearsal.changes],
        "access_withheld": withheld or None,
        "principals_not_looked_at": rehearsal.unasked,
        "resources_not_looked_at": rehearsal.unasked_places,
    }


def step_data(step: Step) -> dict[str, object]:
    """A step for programs."""
    return {
        "summary": step.summary,
        "action": step.operation.action,
        "parameters": dict(step.params),
        "deletes": step.deletes,
    }


def _change_data(change: Change) -> dict[str, object]:
    return {
        "principal": change.principal or None,
        "action": change.action,
        "resource": change.resource,
        "before": change.before.name.lower(),
        "after": change.after.name.lower(),
        "depends_on": list(change.keys),
        "except": [{"action": action, "resource": resource} for action, resource in change.but],
        "unknown": change.open,
        "widens": change.widens,
    }
