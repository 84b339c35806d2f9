"""Whether this process can answer requests: the store is there, holds an account, and can be read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, final

from iamkit.audit.decision_log import DecisionLog
from iamkit.errors import IamkitError, kind_and_place

_log = logging.getLogger("iamkit.health")

# Who may do this learns the details, which are about the log of decisions too.
READS_DETAILS: Final = "iamkit:ListDecisions"


@final
@dataclass(frozen=True, slots=True)
class Health:
    """`ready` is what strangers may know; `details` are for operators. Truthy exactly when ready."""

    ready: bool
    details: Mapping[str, str | int | bool] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return self.ready


def examined(parts: Callable[[], object], log: DecisionLog, *, report_only: bool) -> Health:
    """How things are now. Never raises."""
    details: dict[str, str | int | bool] = {
        "decisions_waiting": log.waiting,
        "decisions_dropped": log.dropped,
        "report_only": report_only,
        "store": "ok",
    }
    try:
        parts()
        log.reach()
    except Exception as fault:  # noqa: BLE001  # whatever it is, this process is not ready
        words = fault.code if isinstance(fault, IamkitError) else kind_and_place(fault)
        _log.warning("not ready: %s", words)
        return Health(False, {**details, "store": words})
    return Health(True, details)
