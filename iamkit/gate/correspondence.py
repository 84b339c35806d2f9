"""The correspondence of a deployment: its outbox, what it writes, and what the links are good for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from iamkit.clock import Clock
from iamkit.credentials.secret import Sealer
from iamkit.credentials.throttle import Throttle
from iamkit.gate.letters import Letters
from iamkit.gate.link_holders import LinkHolders
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.outbox import Deliver, Outbox
from iamkit.gate.recovery import TASK, Recovery
from iamkit.gate.sign_in_events import Recorder
from iamkit.ids import Ids
from iamkit.storage import Store


class Correspondence:
    """Puts the parts together; each is told where it is."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        new_passwords: NewPasswords,
        throttle: Throttle,
        home_account: Callable[[], str],
        deliver: Deliver,
        link_base: str,
        invitation_hours: int,
        root_recovery_hours: int = 24,
    ) -> None:
        self.outbox = Outbox(
            store=store,
            sealer=sealer,
            trail=trail,
            clock=clock,
            ids=ids,
            deliver=deliver,
            tasks={TASK: lambda unit, body: self.recovery.settle(unit, body)},
        )
        self.letters = Letters(
            outbox=self.outbox,
            clock=clock,
            ids=ids,
            base=link_base,
            invitation=timedelta(hours=invitation_hours),
        )
        self.recovery = Recovery(
            store=store,
            outbox=self.outbox,
            letters=self.letters,
            new_passwords=new_passwords,
            throttle=throttle,
            trail=trail,
            clock=clock,
            ids=ids,
            home_account=home_account,
            root_wait=timedelta(hours=root_recovery_hours),
        )
        self.links = LinkHolders(
            store=store,
            letters=self.letters,
            new_passwords=new_passwords,
            trail=trail,
            clock=clock,
            ids=ids,
        )
