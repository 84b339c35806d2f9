"""That lists and decisions agree, for an app's own models and policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from iamkit.identity.principal import Principal
from iamkit.kit import IAM


def assert_lists_agree(
    iam: IAM, model: Any, session: Any, actions: Iterable[str], principals: Iterable[Principal]
) -> int:
    """Ask for every row both ways: whether a list holds it, and whether a decision allows it.

    `session` is a SQLAlchemy Session, None for Django. The rows are those that are there, so put odd ones
    among them: NULL, the empty text, `*`, other cases. The number of decisions compared. Raises
    AssertionError with the first rows that differ.
    """
    if session is None:
        rows = list(model._default_manager.all())
        key = model._meta.pk.attname
    else:
        from sqlalchemy import inspect, select

        rows = list(session.scalars(select(model)))
        (column,) = inspect(model).primary_key
        key = inspect(model).get_property_by_column(column).key
    compared = 0
    people = tuple(principals)
    for action in actions:
        for principal in people:
            found = iam.condition(model, action, principal=principal)
            if session is None:
                listed = set(model._default_manager.filter(found).values_list(key, flat=True))
            else:
                listed = set(session.scalars(select(getattr(model, key)).where(found)))
            decided = {getattr(row, key) for row in rows if iam.can_row(action, row, principal=principal)}
            compared += len(rows)
            if listed != decided:
                raise AssertionError(
                    f"`{action}` for {principal.name}: "
                    f"listed but denied: {sorted(listed - decided, key=str)[:5]}, "
                    f"allowed but not listed: {sorted(decided - listed, key=str)[:5]}"
                )
    return compared
