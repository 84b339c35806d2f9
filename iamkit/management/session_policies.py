"""Session policies and tags as a call gives them: checked, kept, and how much room they take."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iamkit.arn import Arn
from iamkit.errors import InputError, NoSuchEntity, PackedPolicyTooLarge, ValidationError
from iamkit.identity import documents, managed
from iamkit.identity.house import House
from iamkit.management.operation import Work
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader

MANAGED: Final = 10
# Characters of an inline session policy.
INLINE: Final = 2048
# Bytes of policies, ARNs and tags together, once they are deflated.
ROOM: Final = 2048


@dataclass(frozen=True, slots=True)
class SessionPolicies:
    """The policies of one call, not kept yet."""

    inline: str | None
    managed: tuple[str, ...]

    def keep(self, work: Work) -> tuple[str, ...]:
        """What stands for them in a credential: the digest of the text, and the ARNs of the others."""
        kept = () if self.inline is None else (documents.keep(work.unit, self.inline),)
        return (*kept, *self.managed)


def checked(
    reader: Reader, house: House, account: str, policy: str | None, policy_arns: Sequence[str]
) -> SessionPolicies:
    """The policies of a call, if they can narrow a session of `account`.

    Raises MalformedPolicyDocument, ValidationError, and NoSuchEntity for a managed policy that is not there.
    """
    if policy is not None:
        if not 1 <= len(policy) <= INLINE:
            raise ValidationError(f"a session policy must have 1 to {INLINE} characters")
        house.accept(documents.checked(policy, PolicyKind.SESSION, house.operators))
    if len(policy_arns) > MANAGED:
        raise ValidationError(f"a session takes at most {MANAGED} managed policies")
    for arn in policy_arns:
        _require(reader, house, account, arn)
    return SessionPolicies(policy, tuple(dict.fromkeys(policy_arns)))


def packed_size(policies: SessionPolicies, tags: Mapping[str, str]) -> int | None:
    """The per cent of a session's room that policies and tags take, None without any (CAP-G1).

    Raises PackedPolicyTooLarge above 100.
    """
    if policies.inline is None and not policies.managed and not tags:
        return None
    parts = ["" if policies.inline is None else " ".join(policies.inline.split())]
    parts += policies.managed
    parts += [text for pair in tags.items() for text in pair]
    packed = zlib.compress("\0".join(parts).encode("utf-8", "surrogatepass"), 9)
    size = max(1, -(-100 * len(packed) // ROOM))
    if size > 100:
        raise PackedPolicyTooLarge(
            f"session policies and tags take {size} per cent of the room there is; use fewer or shorter ones"
        )
    return size


def _require(reader: Reader, house: House, account: str, arn: str) -> None:
    Arn.parse(arn)
    shipped = house.shipped.get(arn)
    if shipped is not None:
        if shipped.kind is not PolicyKind.IDENTITY:
            raise InputError(f"`{arn[:200]}` is a {shipped.kind}, which narrows no session")
    elif managed.find(reader, account, arn) is None:
        raise NoSuchEntity(f"there is no managed policy `{arn[:200]}` in account `{account}`")
