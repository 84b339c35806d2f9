"""Steps: what has to be done at a desk so that an account becomes as a blueprint says, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from iamkit.arn import iam_arn
from iamkit.errors import InputError
from iamkit.management.desk import Desk

CREATE: Final = "create"
CHANGE: Final = "change"
DELETE: Final = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `verb` is `create`, `change` or `delete`; `subject` such as `user ana`."""

    verb: str
    subject: str
    what: str
    run: Callable[[Desk], object] = field(repr=False, compare=False)


# Any: operations of all kinds with their arguments; the desk checks them as it does everybody's.
class Book:
    """Where steps are written down. ARNs are of the account and partition that it is for."""

    def __init__(self, partition: str, account: str) -> None:
        self._partition = partition
        self.account = account
        self.steps: list[Step] = []

    def arn(self, kind: str, path: str, name: str) -> str:
        """The ARN of an entity of the account."""
        return iam_arn(self._partition, self.account, kind, path, name)

    def write(self, verb: str, subject: str, what: str, run: Callable[[Desk], object]) -> None:
        """One more step, whatever it does."""
        self.steps.append(Step(verb, subject, what, run))

    def do(self, verb: str, subject: str, what: str, operation: Any, **arguments: Any) -> None:
        """One more step, which is one operation."""
        self.write(verb, subject, what, lambda desk: desk.do(operation, **arguments))

    def tags(
        self,
        subject: str,
        now: Mapping[str, str],
        wanted: Mapping[str, str],
        put: Any,
        remove: Any,
        **name: str,
    ) -> None:
        """What makes one set of tags of another."""
        gone = tuple(sorted({*now} - {*wanted}))
        if gone:
            self.do(CHANGE, subject, f"no tags {', '.join(gone)}", remove, **name, tag_keys=gone)
        new = {key: value for key, value in wanted.items() if now.get(key) != value}
        if new:
            self.do(CHANGE, subject, f"tags {', '.join(sorted(new))}", put, **name, tags=new)


def must_be_same(subject: str, part: str, now: str, wanted: str) -> None:
    """Raise InputError for a change that no operation makes."""
    if now != wanted:
        raise InputError(
            f"the {part} of {subject} is `{now[:80]}` and cannot become `{wanted[:80]}`;"
            " delete it first, or take another name"
        )


def equal(one: str, two: str) -> bool:
    """Whether two documents say the same, however they are printed."""
    if one == two:
        return True
    try:
        return bool(json.loads(one) == json.loads(two))
    except ValueError:
        return False
