"""Second factors and passkeys that are good once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from iamkit_webauthn.testing import SoftAuthenticator

from iamkit.credentials import challenges, mfa, mfa_otp, otp, recovery_codes, sessions, ssh_key_forms
from iamkit.credentials.challenges import Open
from iamkit.credentials.recovery_codes import RecoveryMethod
from iamkit.credentials.secret import Secret
from iamkit.gate.factors import Factors
from iamkit.gate.ssh_sign_in import NAMESPACE
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import mfa_enrolment, ssh_keys
from tests.proofs.winners.kinds import ORIGIN, Kind, Task, first_answer, kind, replaced


@dataclass(frozen=True, slots=True)
class Holder:
    """A user, and the seed of the device."""

    user: User
    seed: bytes


@dataclass(frozen=True, slots=True)
class SshHolder:
    """A user, and the private half of the SSH key."""

    user: User
    key: Ed25519PrivateKey


def signed(key: Ed25519PrivateKey, message: str) -> str:
    """What `ssh-keygen -Y sign` would print."""

    def string(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    blob = base64.b64decode(ssh_key_forms.body_of(key.public_key()).split(" ")[1])
    parts = [NAMESPACE.encode(), b"", b"sha512"]
    digest = hashlib.sha512(message.encode()).digest()
    made = key.sign(b"SSHSIG" + b"".join(map(string, [*parts, digest])))
    inner = string(b"ssh-ed25519") + string(made)
    raw = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(string, [blob, *parts, inner]))
    text = base64.b64encode(raw).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A user, and the security key. It does not count its uses, so that no counter tells them apart."""

    user: User
    key: SoftAuthenticator


class Factor(Kind):
    """A second factor. Each client has a session of its own that waits for it."""

    def meeting(self, meet: Callable[[], None]) -> ExitStack:
        write = Factors._go_on

        def after_all(*given: Any, **named: Any) -> Any:
            meet()
            return write(*given, **named)

        changed = ExitStack()
        changed.enter_context(replaced(Factors, "_go_on", after_all))
        return changed

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        token = task.each[client % len(task.each)]
        iam.factors.finish(token, task.shared["method"], task.shared)


class Code(Factor):
    """A code of a device."""

    method: str

    def prepare(self, iam: IAM) -> Holder:
        user, seed = self.user(iam), iam.ids.bytes(otp.SEED_BYTES)
        with iam.store.write() as unit:
            mfa.add(
                unit,
                iam.keyring,
                serial=f"device of {self.name}",
                account=user.account,
                method=self.method,
                name=self.name,
                now=iam.clock.now(),
                secret=seed,
                public=mfa_otp.facts_of(otp.STANDARD),
                user_id=user.user_id,
                counter=0,
            )
        return Holder(user, seed)

    def sabotaged(self) -> ExitStack:
        advance = mfa.advance

        def always(*given: Any, **named: Any) -> bool:
            advance(*given, **named)
            return True

        changed = ExitStack()
        changed.enter_context(replaced(mfa, "advance", always))
        return changed

    def made(self, iam: IAM, holder: Holder, counter: int, count: int, *, meet: bool) -> Task:
        shared = {"method": self.method, "code": otp.code_at(holder.seed, counter)}
        each = self.pending(iam, holder.user, count)
        return Task(self.name, iam.clock.now(), holder.user.user_id, meet, shared, each)


@kind
class Totp(Code):
    """A code of a device with a clock: another step each round."""

    name = "totp"
    method = mfa_otp.TOTP

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        step = otp.step_at(self.move(iam))
        return self.made(iam, prepared, step, count, meet=meet)


@kind
class Hotp(Code):
    """A code of a device with a button: another press each round."""

    name = "hotp"
    method = mfa_otp.HOTP

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        self.move(iam)
        return self.made(iam, prepared, number + 1, count, meet=meet)


@kind
class RecoveryCode(Factor):
    """A code on paper: another set each round."""

    name = "recovery"

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now, codes = self.move(iam), recovery_codes.new_codes(iam.ids)
        hashed = tuple(iam._hasher.hash(recovery_codes.plain(code.reveal())) for code in codes)
        with iam.store.write() as unit:
            recovery_codes.put(unit, prepared.user_id, hashed, now=now)
        shared = {"method": recovery_codes.RECOVERY, "code": codes[number % len(codes)].reveal()}
        each = self.pending(iam, prepared, count)
        return Task(self.name, now, prepared.user_id, meet, shared, each)

    def sabotaged(self) -> ExitStack:
        verify = RecoveryMethod.verify

        def always(*given: Any, **named: Any) -> Any:
            proof = verify(*given, **named)
            return None if proof is None else mfa.Proof(proof.serial, lambda unit: True)

        changed = ExitStack()
        changed.enter_context(replaced(RecoveryMethod, "verify", always))
        return changed


def _sessions_live_on() -> ExitStack:
    """A session that was ended is taken for one that lives."""
    end = sessions.end

    def always(*given: Any, **named: Any) -> bool:
        end(*given, **named)
        return True

    changed = ExitStack()
    changed.enter_context(replaced(sessions, "end", always))
    changed.enter_context(replaced(sessions, "of_token", first_answer(sessions.of_token, 1)))
    return changed


@kind
class PendingFactor(Factor):
    """The token of one session that waits for a factor, which counts for everybody."""

    name = "pending"

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        each = self.pending(iam, prepared, 1)
        return Task(self.name, now, prepared.user_id, meet, {"method": "always"}, each)

    def sabotaged(self) -> ExitStack:
        return _sessions_live_on()


class Challenge(Kind):
    """A challenge, and one answer to it."""

    def prepare(self, iam: IAM) -> KeyHolder:
        user, key = self.user(iam), SoftAuthenticator(ORIGIN, counts=False, synced=True)
        desk = iam.desk(iam.operator())
        begun = desk.do(mfa_enrolment.begin_mfa_enrollment, method="webauthn", user_name=user.name)
        answer = json.dumps({"credential": key.create(json.loads(begun.shown)), "name": "key"})
        desk.do(
            mfa_enrolment.finish_mfa_enrollment,
            method="webauthn",
            answer=Secret(answer),
            user_name=user.name,
        )
        return KeyHolder(user, key)


@kind
class SecondChallenge(Challenge, Factor):
    """A challenge for a second factor, in one session."""

    name = "webauthn"

    # A try is taken before the answer is looked at, so nobody but one comes as far as the write.
    def meeting(self, meet: Callable[[], None]) -> ExitStack:
        return ExitStack()

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        each = self.pending(iam, prepared.user, 1)
        options = iam.factors.begin(each[0], "webauthn")
        shared = {"method": "webauthn", "credential": prepared.key.get(options)}
        return Task(self.name, now, prepared.user.user_id, meet, shared, each)

    def sabotaged(self) -> ExitStack:
        take = challenges.take_try_alone

        def settle(unit: object, taken: Open) -> bool:
            return True

        changed = _sessions_live_on()
        changed.enter_context(replaced(challenges, "take_try_alone", _by_session(take)))
        changed.enter_context(replaced(challenges, "settle", settle))
        return changed


def _by_session(take: Callable[..., Any]) -> Callable[..., Any]:
    """Every try at a challenge is the first."""
    kept: dict[object, Any] = {}

    def taken(store: object, sealer: object, key: object, **named: Any) -> Any:
        if key not in kept:
            found = take(store, sealer, key, **named)
            if found is not None:
                kept[key] = found
        return kept.get(key)

    return taken


@kind
class SshKey(Kind):
    """A challenge that the client carries, signed with an SSH key."""

    name = "ssh-key"

    def prepare(self, iam: IAM) -> SshHolder:
        user, key = self.user(iam), Ed25519PrivateKey.generate()
        body = ssh_key_forms.body_of(key.public_key())
        desk = iam.desk(iam.operator())
        desk.do(ssh_keys.upload_ssh_public_key, user_name=user.name, ssh_public_key_body=body)
        return SshHolder(user, key)

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        begun = iam.ssh_sign_in.begin(prepared.user.name)
        shared = {"token": begun.token.reveal(), "signature": signed(prepared.key, begun.message)}
        return Task(self.name, now, prepared.user.user_id, meet, shared)

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        iam.ssh_sign_in.finish(task.shared["token"], task.shared["signature"])

    def sabotaged(self) -> ExitStack:
        return _answers_count_again()


@kind
class Passkey(Challenge):
    """A challenge that the client carries, for a device that signs in alone."""

    name = "passkey"

    def task(self, iam: IAM, prepared: Any, number: int, count: int, *, meet: bool) -> Task:
        now = self.move(iam)
        begun = iam.factors.begin_passkey()
        shared = {"token": begun.token.reveal(), "credential": prepared.key.get(begun.shown)}
        return Task(self.name, now, prepared.user.user_id, meet, shared)

    def attempt(self, iam: IAM, task: Task, client: int) -> None:
        answer = {"credential": task.shared["credential"]}
        iam.factors.finish_passkey(task.shared["token"], answer)

    def sabotaged(self) -> ExitStack:
        return _answers_count_again()


def _answers_count_again() -> ExitStack:
    """A challenge that was answered is taken for one that was not."""
    spend = challenges.spend

    def always(*given: Any, **named: Any) -> bool:
        spend(*given, **named)
        return True

    changed = ExitStack()
    changed.enter_context(replaced(challenges, "spend", always))
    return changed
