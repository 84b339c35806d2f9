"""Links and tokens by which a password is chosen once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from iamkit.credentials import links, passwords, sessions
from iamkit.credentials.links import Purpose
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.password_change import PasswordChange
from iamkit.gate.recovery import Recovery
from iamkit.kit import IAM
from tests.proofs.winners.kinds import Kind, Task, first_answer, kind, replaced


class Choice(Kind):
    """A password is chosen, each client another one."""

    def meeting(self, meet: Callable[[], None]) -> ExitStack:
        hashed = NewPasswords.hashed

        def before_all(*given: Any, **named: Any) -> Any:
            made = hashed(*given, **named)
            meet()
            return made

        changed = ExitStack()
        changed.enter_context(replaced(NewPasswords, "hashed", before_all))
        return changed

    def sabotaged(self) -> ExitStack:
        put = passwords.put

        def always(*given: Any, **named: Any) -> Any:
            return put(*given, **{**named, "expected": None})

        changed = ExitStack()
        changed.enter_context(replaced(passwords, "put", always))
        return changed

    def chosen(self, task: Task, client: int) -> str:
        return f"{client} quiet otters at {task.now:%H:%M:%S}"


@kind
class ResetLink(Choice):
    """A link that replaces a forgotten password."""

    name = "reset-link"
    sessions_won = 0

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        with iam.store.write() as unit:
            kept = passwords.find(unit, prepared.user_id)
            if kept is None or prepared.email is None:
                raise RuntimeError("there is nothing to replace")
            token = links.make(
                unit,
                iam.ids,
                account=prepared.account,
                user_id=prepared.user_id,
                purpose=Purpose.RESET_PASSWORD,
                address=prepared.email,
                generation=kept.generation,
                now=now,
            )
        return Task(self.name, now, prepared.user_id, meet, {"token": token.reveal()})

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        iam.recovery.finish(task.shared["token"], self.chosen(task, client))

    def sabotaged(self) -> ExitStack:
        def used(unit: object, kept: object) -> None:
            pass

        changed = super().sabotaged()
        changed.enter_context(replaced(Recovery, "_linked", first_answer(Recovery._linked, 2)))
        changed.enter_context(replaced(links, "use", used))
        return changed


@kind
class PendingPassword(Choice):
    """The token of a session that waits for a new password."""

    name = "new-password"

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        (token,) = self.pending(iam, prepared, 1, sessions.NEW_PASSWORD)
        return Task(self.name, now, prepared.user_id, meet, {"token": token})

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        iam.choose_password(task.shared["token"], self.chosen(task, client))

    def sabotaged(self) -> ExitStack:
        changed = super().sabotaged()
        changed.enter_context(
            replaced(PasswordChange, "_choosing", first_answer(PasswordChange._choosing, 2))
        )
        return changed
