"""A holder: a user, group or role as something that policies hang on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iamkit import epochs


class HolderKind(StrEnum):
    """The kinds of holder, in the word that stands in their ARNs."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Holder:
    """Where policies hang. Grants are stored against `unique_id`, never against a name (CAP-B4)."""

    kind: HolderKind
    unique_id: str
    account: str
    name: str
    arn: str

    @property
    def scope(self) -> str:
        """The epoch to move when what hangs here changes: a group concerns all its members at once."""
        if self.kind is HolderKind.GROUP:
            return epochs.policies_of(self.account)
        return epochs.principal(self.unique_id)
