"""Steps: what is done to make an account what its entries say, each an operation of the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Any

from iamkit.management.operation import Operation


class Stage(IntEnum):
    """When a step is taken. What takes something away comes before what gives, a ceiling before what is
    under it, and a thing before what names it; what is deleted goes last, when nothing hangs on it.
    """

    SETTINGS = auto()
    DISABLE = auto()
    NEW_POLICIES = auto()
    GROUPS = auto()
    USERS = auto()
    ROLES = auto()
    BOUNDARIES = auto()
    REVOKE = auto()
    TRUST = auto()
    DOCUMENTS = auto()
    GRANT = auto()
    RESOURCES = auto()
    PROFILES = auto()
    UNBOUND = auto()
    ENABLE = auto()
    DELETE_RESOURCES = auto()
    DELETE_PROFILES = auto()
    DELETE_ROLES = auto()
    DELETE_USERS = auto()
    DELETE_GROUPS = auto()
    DELETE_POLICIES = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One operation with its parameters; `summary` is one line for people.

    `was` is the document that is replaced by the one in the parameters.
    """

    stage: Stage
    # Any: steps are of every operation there is; what each takes is checked where it is made and when run.
    operation: Operation[..., Any]
    params: Mapping[str, object]
    summary: str
    was: str = ""

    @property
    def document(self) -> str:
        """The document that the step saves, or nothing."""
        texts = (self.params.get(name) for name in ("policy_document", "assume_role_policy_document"))
        return next((text for text in texts if isinstance(text, str)), "")

    @property
    def deletes(self) -> bool:
        """Whether it is part of pruning."""
        return self.stage >= Stage.DELETE_RESOURCES


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in order.

    `obstacles` are differences that no operation can mend; `surplus` is what the account has and the entries
    do not, where that is not to be deleted.
    """

    steps: tuple[Step, ...] = ()
    obstacles: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether account and entries say the same."""
        return not (self.steps or self.obstacles or self.surplus)


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    steps: list[Step] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    def add(self, steps: Iterable[Step]) -> None:
        """Put down steps, once each."""
        self.steps.extend(steps)

    def done(self) -> Plan:
        """The plan: steps by stage, and within one as they were put down."""
        once: dict[tuple[str, str], Step] = {}
        for step in sorted(self.steps, key=lambda step: step.stage):
            once.setdefault((step.operation.action, repr(sorted(step.params.items()))), step)
        return Plan(tuple(once.values()), tuple(self.obstacles), tuple(self.surplus))
