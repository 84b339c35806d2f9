"""Temporary credentials: three parts that belong together, and end with all that they were got by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamkit import epochs
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock, SystemClock
from iamkit.credentials import access_keys, sessions, temporary, tokens
from iamkit.credentials.access_keys import KeyStatus
from iamkit.credentials.authentication import Authentication, CredentialKind, TemporaryKind
from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.key_lookup import KeyLookup
from iamkit.credentials.sealing import Keyring
from iamkit.credentials.secret import Secret
from iamkit.credentials.service_credentials import ServiceCredential
from iamkit.credentials.signing_certificates import SigningCertificate
from iamkit.credentials.sigv4 import Signed, SigV4Verifier
from iamkit.credentials.temporary import NewTemporary, TemporaryCredential, Wanted
from iamkit.errors import ExpiredToken, InvalidClientTokenId, SignatureDoesNotMatch
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.storage import Unit

ACCOUNT, USER, ROLE, ARN = "111122223333", "AIDAONE", "AROAONE", "arn:aws:iam::111122223333:user/ana"
URL = "https://app.example/documents"
HOUR = timedelta(hours=1)


class Bench:
    """A store with one access key, and a verifier of what is signed."""

    def __init__(self, path: Path) -> None:
        self.clock, self.store, self.ids = FrozenClock(), MemoryStore(), Ids()
        self.keyring = Keyring(self.store, FileKeyProvider.create(path, self.ids), self.ids, self.clock)
        self.lookup = KeyLookup(self.store, self.keyring)
        self.verifier = SigV4Verifier(self.clock, self.ids)
        with self.store.write() as unit:
            self.key = access_keys.create(
                unit, self.keyring, self.ids, account=ACCOUNT, user_id=USER, now=self.clock.now()
            )
        self.proof = Authentication(ACCOUNT, USER, CredentialKind.ACCESS_KEY, self.key.key.key_id)

    def issue(
        self, parent: Authentication | None, *, subject: str = ROLE, life: timedelta = HOUR, arn: str = ARN
    ) -> NewTemporary:
        wanted = Wanted(account=ACCOUNT, subject=subject, kind=TemporaryKind.ROLE, life=life, name="work")
        with self.store.write() as unit:
            return temporary.issue(
                unit,
                self.keyring,
                self.ids,
                wanted,
                parent=parent,
                parent_arn=arn,
                now=self.clock.now(),
            )

    def sent(self, key_id: str, secret: Secret, token: str | None) -> Authentication:
        """Who a request is, signed by botocore."""
        asked = AWSRequest("GET", URL)
        SigV4Auth(Credentials(key_id, secret.reveal(), token), "iamkit", "global").add_auth(asked)
        return self.verified(request(URL, *((name, value) for name, value in asked.headers.items())))

    def verified(self, asked: HttpRequest) -> Authentication:
        found = self.verifier.verify(asked, self.lookup.find)
        assert isinstance(found, Signed)
        return found.credential.authentication

    def by(self, made: NewTemporary) -> Authentication:
        signer = Signer(made.kept.key_id, made.secret, token=made.token)
        added = signer.sign("GET", URL, {}, b"", now=self.clock.now())
        return self.verified(request(URL, *added.items()))

    def change(self, change: Callable[[Unit], object]) -> None:
        with self.store.write() as unit:
            change(unit)


def request(url: str, *fields: tuple[str, str]) -> HttpRequest:
    parts = urlsplit(url)
    headers = Headers((("host", parts.netloc), *(pair for pair in fields if pair[0].lower() != "host")))
    return HttpRequest("GET", "https", parts.netloc, parts.path, parts.path, parts.query, headers, body=b"")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "key")


@pytest.fixture
def now(bench: Bench) -> None:
    """botocore signs for the real instant."""
    bench.clock.advance(SystemClock().now() - bench.clock.now())


@pytest.mark.usefixtures("now")
def test_botocore_signs_with_all_three_parts(bench: Bench) -> None:
    """In the header and in the query; who it is, and by what, comes out."""
    made = bench.issue(bench.proof)
    asked = AWSRequest("GET", URL)
    credentials = Credentials(made.kept.key_id, made.secret.reveal(), made.token.reveal())
    SigV4QueryAuth(credentials, "iamkit", "global", expires=60).add_auth(asked)

    for found in (
        bench.sent(made.kept.key_id, made.secret, made.token.reveal()),
        bench.verified(request(str(asked.prepare().url))),
    ):
        assert (found.subject, found.kind) == (ROLE, CredentialKind.TEMPORARY)
        assert found.expires_at == made.kept.issued_at + HOUR
        assert found.session is not None
        assert found.session.chain == (ARN,)
        assert found.session.lineage == (bench.key.key.key_id,)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("token", [None, "", "other", "cut", "longer"])
def test_a_temporary_key_is_none_without_its_own_token(bench: Bench, token: str | None) -> None:
    """None, an empty one, another key's and a tampered one are refused alike (THR-K9)."""
    made, other = bench.issue(bench.proof), bench.issue(bench.proof)
    right = made.token.reveal()
    sent = {"other": other.token.reveal(), "cut": right[:-1], "longer": right + "A"}.get(token or "", token)

    with pytest.raises(InvalidClientTokenId):
        bench.sent(made.kept.key_id, made.secret, sent)


@pytest.mark.usefixtures("now")
def test_a_permanent_key_takes_no_token(bench: Bench) -> None:
    """Nor does one that is added to a request after it was signed."""
    made = bench.issue(bench.proof)
    with pytest.raises(InvalidClientTokenId):
        bench.sent(bench.key.key.key_id, bench.key.secret, made.token.reveal())

    added = Signer(made.kept.key_id, made.secret).sign("GET", URL, {}, b"", now=bench.clock.now())
    with pytest.raises(SignatureDoesNotMatch, match="unsigned"):
        bench.verified(request(URL, *added.items(), ("X-Amz-Security-Token", made.token.reveal())))


def test_another_deployment_does_not_know_it(bench: Bench, tmp_path: Path) -> None:
    """Whatever it is signed with."""
    made = bench.issue(bench.proof)

    with pytest.raises(InvalidClientTokenId):
        Bench(tmp_path / "other").by(made)


def test_it_ends_at_its_expiration(bench: Bench) -> None:
    """To the microsecond, and with the code by which clients get another."""
    made = bench.issue(bench.proof)
    bench.clock.advance(HOUR - timedelta(microseconds=1))
    assert bench.by(made).subject == ROLE
    bench.clock.advance(timedelta(microseconds=1))

    with pytest.raises(ExpiredToken):
        bench.by(made)


def test_nothing_shows_the_secret_parts(bench: Bench) -> None:
    """Neither the row nor what was just made, whichever way it is printed."""
    made = bench.issue(bench.proof)
    with bench.store.read() as reader:
        shown = repr(reader.find(TemporaryCredential)) + repr(made) + repr(bench.by(made))

    assert made.secret.reveal() not in shown
    assert made.token.reveal() not in shown
    assert made.kept.token_hash not in shown


def test_a_child_never_outlives_its_parent(bench: Bench) -> None:
    """Down a chain of twenty, each asking for a day (THR-S7)."""
    first = bench.issue(bench.proof)
    proof = bench.by(first)
    for number in range(20):
        bench.clock.advance(timedelta(minutes=1))
        made = bench.issue(proof, subject=f"AROA{number}", life=timedelta(days=1))
        assert made.kept.expires_at == first.kept.expires_at
        proof = bench.by(made)

    assert proof.session is not None
    assert proof.session.origin == USER
    assert len(proof.session.lineage) == 21


@pytest.mark.parametrize("which", ["itself", "parent", "key inactive", "key deleted", "role", "user"])
def test_what_is_taken_back_is_refused_at_once(bench: Bench, which: str) -> None:
    """With everything that was got by it, and nothing else."""
    first = bench.issue(bench.proof)
    second = bench.issue(bench.by(first), subject="AROATWO")
    apart = bench.issue(None, subject="AROATHREE")
    for made in (first, second, apart):
        bench.by(made)
    end: dict[str, Callable[[Unit], object]] = {
        "itself": lambda unit: temporary.end(unit, second.kept),
        "parent": lambda unit: temporary.end(unit, first.kept),
        "key inactive": lambda unit: access_keys.set_status(
            unit, bench.key.key.key_id, KeyStatus.INACTIVE, user_id=USER
        ),
        "key deleted": lambda unit: access_keys.remove(unit, bench.key.key.key_id, user_id=USER),
        "role": lambda unit: temporary.end_all_as(unit, ROLE),
        "user": lambda unit: temporary.end_all_from(unit, USER),
    }

    bench.change(end[which])

    with pytest.raises(InvalidClientTokenId):
        bench.by(second)
    if which == "itself":
        assert bench.by(first).subject == ROLE
    else:
        with pytest.raises(InvalidClientTokenId):
            bench.by(first)
    assert bench.by(apart).subject == "AROATHREE"


def test_of_a_web_session_it_ends_with_the_session(bench: Bench) -> None:
    """Signed out, or all sessions ended at once; and it lives no longer than the session may."""
    for by_all in (False, True):
        with bench.store.write() as unit:
            session = sessions.start(
                unit,
                bench.ids,
                account=ACCOUNT,
                user_id=USER,
                kind=sessions.SessionKind.COOKIE,
                factors=("password",),
                limits=sessions.PCI,
                now=bench.clock.now(),
            )
        proof = Authentication(
            ACCOUNT,
            USER,
            CredentialKind.SESSION,
            session.public_id,
            issued_at=bench.clock.now(),
            expires_at=session.expires_at,
        )
        made = bench.issue(proof, life=timedelta(days=1))
        assert made.kept.expires_at == session.expires_at
        assert bench.by(made).subject == ROLE
        stored = sessions.session_id_of(session.token.reveal())
        assert stored is not None

        if by_all:
            bench.change(lambda unit: sessions.end_all(unit, account=ACCOUNT, user_id=USER))
        else:
            bench.change(lambda unit, found=stored: sessions.end(unit, found, now=bench.clock.now()))  # type: ignore[misc]  # bound now

        with pytest.raises(InvalidClientTokenId):
            bench.by(made)


def test_of_a_personal_token_it_ends_with_the_token(bench: Bench) -> None:
    """A token that is deleted takes what was got by it along."""
    with bench.store.write() as unit:
        token = tokens.create(
            unit, bench.ids, account=ACCOUNT, user_id=USER, name="cli", now=bench.clock.now()
        ).kept
    made = bench.issue(Authentication(ACCOUNT, USER, CredentialKind.TOKEN, token.public_id))
    assert bench.by(made).subject == ROLE

    bench.change(lambda unit: tokens.remove(unit, token))

    with pytest.raises(InvalidClientTokenId):
        bench.by(made)


def test_nothing_is_got_by_what_has_ended(bench: Bench) -> None:
    """A request that was admitted before its key went gets nothing that lives on after it."""
    bench.change(lambda unit: access_keys.remove(unit, bench.key.key.key_id, user_id=USER))

    with pytest.raises(ExpiredToken):
        bench.issue(bench.proof)

    late = replace(bench.proof, credential_id="elsewhere", expires_at=bench.clock.now())
    with pytest.raises(ExpiredToken):
        bench.issue(late)


def test_rows_that_ended_long_ago_are_cleared_away(bench: Bench) -> None:
    """When the same origin gets another; for a day they are still told from what never was."""
    bench.issue(bench.proof)
    bench.clock.advance(timedelta(days=1))
    bench.issue(bench.proof)
    with bench.store.read() as reader:
        assert reader.count(TemporaryCredential) == 2
    bench.clock.advance(timedelta(days=2))
    bench.issue(bench.proof)

    with bench.store.read() as reader:
        assert reader.count(TemporaryCredential) == 1


@pytest.mark.parametrize("kind", ["service", "certificate"])
def test_of_a_tools_credential_it_ends_with_that(bench: Bench, kind: str) -> None:
    """A service-specific credential, a client certificate: deleted, or made inactive."""
    row: ServiceCredential | SigningCertificate
    now = bench.clock.now()
    if kind == "service":
        row = ServiceCredential(
            "ACCA" + "A" * 17, ACCOUNT, USER, "doc", "ana-at-1", "d", "p", "Active", now, None
        )
        proof = Authentication(ACCOUNT, USER, CredentialKind.SERVICE, row.credential_id)
        key = row.credential_id
    else:
        row = SigningCertificate("abc", ACCOUNT, USER, "d", "pem", "Active", now, now, now + HOUR)
        proof = Authentication(ACCOUNT, USER, CredentialKind.CERTIFICATE, row.certificate_id)
        key = row.certificate_id
    bench.change(lambda unit: unit.add(row))
    made = bench.issue(proof)
    assert bench.by(made).subject == ROLE

    def end(unit: Unit) -> None:
        unit.change(type(row), (key,), {"status": "Inactive"})
        unit.bump(epochs.principal(USER))

    bench.change(end)

    with pytest.raises(InvalidClientTokenId):
        bench.by(made)
    with pytest.raises(ExpiredToken):
        bench.issue(proof)
