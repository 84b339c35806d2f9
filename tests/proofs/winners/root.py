"""What makes a root user, or gives one back: the set-up link, and the end of a recovery."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from iamkit.credentials import links, passwords
from iamkit.credentials.links import Purpose
from iamkit.gate.root_recovery import RootRecovery
from iamkit.gate.root_setup import RootSetup, make_link
from iamkit.identity import accounts
from iamkit.kit import IAM
from tests.proofs.winners.kinds import Task, first_answer, kind, replaced
from tests.proofs.winners.passwords import Choice

OWNER = "owner@example.org"


def _used(unit: object, kept: object) -> None:
    pass


class OfRoot(Choice):
    """It is of an account of its own."""

    def prepare(self, iam: IAM) -> str:
        with iam.store.write() as unit:
            return accounts.create(unit, iam.house, name=self.name).account_id


@kind
class SetupLink(OfRoot):
    """A link by which somebody becomes the root user."""

    name = "set-up-link"

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        with iam.store.write() as unit:
            passwords.forget(unit, prepared)
            token = make_link(unit, iam.house, prepared)
        return Task(self.name, now, prepared, meet, {"token": token.reveal()})

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        iam.claim_setup(task.shared["token"], f"owner{client}@example.org", self.chosen(task, client))

    def sabotaged(self) -> ExitStack:
        changed = super().sabotaged()
        changed.enter_context(replaced(RootSetup, "_open", first_answer(RootSetup._open, 2)))
        changed.enter_context(replaced(links, "use", _used))
        return changed


@kind
class RootRecovered(OfRoot):
    """The token that ends a root user's recovery."""

    name = "root-recovery"
    sessions_won = 0

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        with iam.store.write() as unit:
            accounts.set_email(unit, prepared, email=OWNER, verified_at=now)
            token = links.make(
                unit,
                iam.ids,
                account=prepared,
                user_id=prepared,
                purpose=Purpose.FINISH_RECOVERY,
                address=OWNER,
                generation=(now - timedelta(hours=1)).isoformat(),
                now=now,
            )
        return Task(self.name, now, prepared, meet, {"token": token.reveal()})

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        iam.root_recovery.finish(task.shared["token"], self.chosen(task, client))

    def sabotaged(self) -> ExitStack:
        changed = super().sabotaged()
        changed.enter_context(replaced(RootRecovery, "_waiting", first_answer(RootRecovery._waiting, 2)))
        changed.enter_context(replaced(links, "use", _used))
        return changed
