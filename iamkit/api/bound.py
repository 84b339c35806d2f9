"""Which operations of the models iamkit has: each bound to the management operation that does it, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.api.inputs import Arguments
from iamkit.api.model import Models, OperationModel
from iamkit.management.catalog import OPERATIONS

# What an operation that is not there would need.
NEEDS: Final[Mapping[str, str]] = {
    "sts:AssumeRoleWithSAML": "a plugin that verifies SAML assertions, and there is none yet"
}


@dataclass(frozen=True, slots=True)
class Bound:
    """An operation of a model and how it is done here."""

    model: OperationModel
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Bindings:
    """All of them, by action."""

    by_action: Mapping[str, Bound]

    @classmethod
    def of(cls, models: Models) -> Bindings:
        """By name: a management operation is bound as soon as it is there."""
        known = {operation.action: operation for operation in OPERATIONS}
        return cls(
            {
                model.action: Bound(model, Arguments.of(model, known[model.action]))
                for model in models
                if model.action in known
            }
        )

    def find(self, model: OperationModel) -> Bound | None:
        """How an operation is done, None if it is not."""
        return self.by_action.get(model.action)

    def __iter__(self) -> Iterator[Bound]:
        return iter(self.by_action.values())
