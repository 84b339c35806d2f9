"""Making a user an administrator again: everything that refuses it something is taken away (CAP-A7)."""

from __future__ import annotations

from collections.abc import Callable

from iamkit.errors import EvaluationError
from iamkit.identity import administrators, attachments, boundaries, groups, inline, users
from iamkit.identity.holder import Holder
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.policy.layers import Policies
from iamkit.policy.model import Effect
from iamkit.storage import Reader, Unit

# Reads what hangs on a holder; raises EvaluationError for what cannot be read, which refuses everything.
ReadsHeld = Callable[[Reader, Holder], Policies]


def restore(unit: Unit, house: House, user: User, held: ReadsHeld) -> tuple[str, ...]:
    """Enable a user and give it AdministratorAccess, without boundary and without any policy that denies.

    Policies of its own that deny are taken off, inline ones deleted, and groups that have one are left. What
    was taken is told. Guardrails stay.
    """
    taken: list[str] = []
    if not user.enabled:
        user = users.set_enabled(unit, user, enabled=True)
    if user.boundary is not None:
        taken.append(user.boundary)
        boundaries.remove(unit, user)
    for group in groups.of_user(unit, user.user_id):
        if _refuses(unit, group.holder, held):
            groups.leave(unit, group, user)
            taken.append(group.arn)
    if _refuses(unit, user.holder, held):
        taken += _strip(unit, user.holder)
    attachments.attach(unit, house, user.holder, administrators.policy_arn(house.partition))
    return tuple(taken)


def _refuses(reader: Reader, holder: Holder, held: ReadsHeld) -> bool:
    try:
        found = held(reader, holder)
    except EvaluationError:
        return True
    return any(
        statement.effect is Effect.DENY for attached in found for statement in attached.policy.statements
    )


def _strip(unit: Unit, holder: Holder) -> list[str]:
    """Take everything off: which of them it is may not be readable, and AdministratorAccess allows it all."""
    inlined = [kept.name for kept in inline.of_holder(unit, holder)]
    for name in inlined:
        inline.delete(unit, holder, name)
    attached = attachments.of_holder(unit, holder)
    for arn in attached:
        attachments.detach(unit, holder, arn)
    return [*inlined, *attached]
