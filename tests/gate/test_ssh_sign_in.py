"""Signing in with an SSH key: once, for its user, and silent about everything else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from iamkit.clock import FrozenClock
from iamkit.credentials import otp, ssh_key_forms
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionState
from iamkit.errors import (
    DuplicateSSHPublicKey,
    ExpiredToken,
    IamkitError,
    InputError,
    InvalidCredentials,
    LimitExceeded,
    Throttling,
    ValidationError,
)
from iamkit.gate.ssh_sign_in import NAMESPACE, SshBegun
from iamkit.http import Headers, HttpRequest
from iamkit.kit import IAM
from iamkit.management import mfa, records, users
from iamkit.management import ssh_keys as operations


def _string(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def signature(key: Ed25519PrivateKey, message: str, namespace: str = NAMESPACE) -> str:
    """What `ssh-keygen -Y sign` would print."""
    blob = base64.b64decode(ssh_key_forms.body_of(key.public_key()).split(" ")[1])
    parts = [namespace.encode(), b"", b"sha512"]
    digest = hashlib.sha512(message.encode()).digest()
    made = key.sign(b"SSHSIG" + b"".join(map(_string, [*parts, digest])))
    inner = _string(b"ssh-ed25519") + _string(made)
    raw = b"SSHSIG\x00\x00\x00\x01" + b"".join(map(_string, [blob, *parts, inner]))
    text = base64.b64encode(raw).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


@dataclass
class Place:
    """A deployment with `ana`, who has a key, and `bob`, who has none."""

    iam: IAM
    clock: FrozenClock
    key: Ed25519PrivateKey
    key_id: str

    def signed(self, begun: SshBegun) -> str:
        return signature(self.key, begun.message)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FrozenClock()
    with IAM(tmp_path / "iam", clock=clock, password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        for name in ("ana", "bob"):
            desk.do(users.create_user, user_name=name)
        key = Ed25519PrivateKey.generate()
        body = ssh_key_forms.body_of(key.public_key())
        made = desk.do(operations.upload_ssh_public_key, user_name="ana", ssh_public_key_body=body)
        yield Place(iam, clock, key, made.ssh_public_key_id)


def test_a_signed_challenge_opens_a_bearer_session(place: Place) -> None:
    """The session is ana's, by that factor, and has its event with the key's id."""
    door = place.iam.ssh_sign_in
    begun = door.begin("ana")

    session = door.finish(begun.token, place.signed(begun), source="203.0.113.9")

    fields = (("host", "a"), ("authorization", f"Bearer {session.token.reveal()}"))
    request = HttpRequest("GET", "https", "a", "/", "/", "", Headers(fields))
    principal = place.iam.gate.admit(request)
    assert getattr(principal, "name", None) == "ana"
    events = place.iam.desk(place.iam.operator()).do(records.lookup_events, event_name="ConsoleLogin").items
    assert place.key_id in str(events[0].as_data())


def test_a_challenge_opens_once(place: Place) -> None:
    """Also when many come with the same answer at once, and also after a wrong one."""
    door = place.iam.ssh_sign_in
    begun = door.begin("ana")
    answer = place.signed(begun)

    def attempt(_: int) -> bool:
        try:
            door.finish(begun.token, answer)
        except ExpiredToken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    begun = door.begin("ana")
    with pytest.raises(InvalidCredentials):
        door.finish(begun.token, answer)
    with pytest.raises(ExpiredToken):
        door.finish(begun.token, place.signed(begun))


def test_all_who_may_not_enter_are_answered_alike(place: Place) -> None:
    """Nobody, another's key, an inactive one, a disabled user, another challenge, another namespace."""
    door, desk = place.iam.ssh_sign_in, place.iam.desk(place.iam.operator())
    said = []

    def refused(name: str, answer: str | None = None, account: str | None = None) -> None:
        begun = door.begin(name, account=account)
        with pytest.raises(InvalidCredentials) as caught:
            door.finish(begun.token, answer or place.signed(begun))
        said.append(caught.value.message)

    refused("nobody")
    refused("bob")
    refused("ana", signature(Ed25519PrivateKey.generate(), "x"))
    refused("ana", place.signed(door.begin("bob")))
    refused("ana", account="999999999999")
    begun = door.begin("ana")
    refused("ana", signature(place.key, begun.message, "git"))
    desk.do(
        operations.update_ssh_public_key,
        user_name="ana",
        ssh_public_key_id=place.key_id,
        status="Inactive",
    )
    refused("ana")
    desk.do(
        operations.update_ssh_public_key, user_name="ana", ssh_public_key_id=place.key_id, status="Active"
    )
    desk.do(users.disable_user, user_name="ana")
    refused("ana")
    assert len(set(said)) == 1
    assert len({len(door.begin(name).token.reveal()) for name in ("ana", "bob", "eve")}) == 1


def test_what_comes_too_late_or_is_none_is_refused(place: Place) -> None:
    """Five minutes; a token of another purpose; no signature at all; no name at all."""
    door = place.iam.ssh_sign_in
    begun = door.begin("ana")
    place.clock.advance(timedelta(minutes=5))
    with pytest.raises(ExpiredToken):
        door.finish(begun.token, place.signed(begun))
    for token in ("", "x", "A" * 5000, begun.token.reveal()[:-4]):
        with pytest.raises(ExpiredToken):
            door.finish(token, place.signed(begun))
    with pytest.raises(InputError):
        door.finish(door.begin("ana").token, "hello")
    for name in ("", "a b", "ana\nuser root", "é"):
        with pytest.raises(ValidationError):
            door.begin(name)


def test_failures_count_for_their_network(place: Place) -> None:
    """Thirty, and then not even the right key from there; elsewhere it opens, so nobody is locked out."""
    door = place.iam.ssh_sign_in
    for _ in range(30):
        with pytest.raises(InvalidCredentials):
            door.finish(door.begin("ana").token, signature(place.key, "x"), source="203.0.113.9")
    begun = door.begin("ana")
    with pytest.raises(Throttling):
        door.finish(begun.token, place.signed(begun), source="203.0.113.9")
    begun = door.begin("ana")
    assert door.finish(begun.token, place.signed(begun), source="198.51.100.1").state is SessionState.ACTIVE


def test_a_second_factor_is_still_shown(place: Place) -> None:
    """The session is pending until then: a key is one factor."""
    desk, door = place.iam.desk(place.iam.operator()), place.iam.ssh_sign_in
    made = desk.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="phone")
    seed = otp.seed_of(made.base32_seed.reveal())
    step = otp.step_at(place.clock.now())
    desk.do(
        mfa.enable_mfa_device,
        user_name="ana",
        serial_number=made.serial_number,
        authentication_code1=Secret(otp.code_at(seed, step - 1)),
        authentication_code2=Secret(otp.code_at(seed, step)),
    )
    place.clock.advance(timedelta(seconds=30))
    begun = door.begin("ana")

    session = door.finish(begun.token, place.signed(begun))

    assert session.awaits == ("factor",)
    code = otp.code_at(seed, step + 1)
    full = place.iam.factors.finish(session.token.reveal(), "totp", {"code": code})
    assert full.state is SessionState.ACTIVE


def test_a_user_has_at_most_five_keys_and_each_once(place: Place) -> None:
    """The sixth and a second of the same are refused, by AWS's names; deletion makes room."""
    desk = place.iam.desk(place.iam.operator())

    def upload(key: Ed25519PrivateKey) -> str:
        body = ssh_key_forms.body_of(key.public_key())
        return desk.do(
            operations.upload_ssh_public_key, user_name="ana", ssh_public_key_body=body
        ).ssh_public_key_id

    with pytest.raises(DuplicateSSHPublicKey):
        upload(place.key)
    more = [upload(Ed25519PrivateKey.generate()) for _ in range(4)]
    with pytest.raises(LimitExceeded):
        upload(Ed25519PrivateKey.generate())
    desk.do(operations.delete_ssh_public_key, user_name="ana", ssh_public_key_id=more[0])
    upload(Ed25519PrivateKey.generate())
    with pytest.raises(IamkitError):
        desk.do(users.delete_user, user_name="ana")
    desk.do(users.delete_user, user_name="ana", cascade=True)
