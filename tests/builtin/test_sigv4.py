from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from iamkit.builtin.sigv4 import SigV4Authenticator
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials import access_keys
from iamkit.credentials.access_keys import AccessKey, NewAccessKey
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.sealing import Keyring
from iamkit.credentials.sigv4 import SigV4Rules
from iamkit.errors import (
    IncompleteSignature,
    InvalidClientTokenId,
    SignatureDoesNotMatch,
    StoreUnavailable,
)
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.plugins import plugin_manager
from iamkit.storage import Unit

ACCOUNT, USER = "123456789012", "AIDAONE"


class BusyStore(MemoryStore):
    """Counts writing units, and can refuse them."""

    writes = 0
    read_only = False

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self.read_only:
            raise StoreUnavailable("the disk is full")
        self.writes += 1
        with super().write() as unit:
            yield unit


@pytest.fixture
def store() -> BusyStore:
    return BusyStore()


@pytest.fixture
def key(store: BusyStore, keyring: Keyring, clock: FrozenClock) -> NewAccessKey:
    with store.write() as unit:
        return access_keys.create(unit, keyring, Ids(), account=ACCOUNT, user_id=USER, now=clock.now())


@pytest.fixture
def plugin(store: BusyStore, keyring: Keyring, clock: FrozenClock) -> SigV4Authenticator:
    return SigV4Authenticator(store, keyring, clock, Ids())


def signed(key: NewAccessKey, clock: FrozenClock, *, service: str = "iamkit") -> HttpRequest:
    signer = Signer(key.key.key_id, key.secret, service)
    added = signer.sign("GET", "http://localhost/documents", {}, b"", now=clock.now())
    return plain(*added.items())


def plain(*fields: tuple[str, str], query: str = "") -> HttpRequest:
    return HttpRequest(
        "GET", "http", "localhost", "/documents", "/documents", query, Headers(fields), body=b""
    )


def test_a_signed_request_is_its_keys_owner(
    plugin: SigV4Authenticator, key: NewAccessKey, clock: FrozenClock
) -> None:
    """The answer names account, user and key, through the plugin manager as any plugin's would."""
    manager = plugin_manager([plugin], entry_points=False)

    found = manager.hook.iamkit_authenticate(request=signed(key, clock))

    assert found == Authentication(ACCOUNT, USER, CredentialKind.ACCESS_KEY, key.key.key_id)
    assert not found.temporary


def test_other_credentials_are_somebody_elses(plugin: SigV4Authenticator) -> None:
    """No Authorization, or one of another scheme, is answered with None."""
    for fields in (
        (),
        (("Authorization", "Bearer x"),),
        (("Authorization", "Basic x"),),
        (("Cookie", "a=b"),),
    ):
        assert plugin.iamkit_authenticate(plain(*fields)) is None


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0",
        "X-Amz-Signature=0",
        "x-amz-signature=0",
        "a=1&%58-Amz-Signature=0",
        "X-Amz-Credential=x",
        "X-Amz-Signature",
        "+X-Amz-Signature=0",
    ],
)
def test_part_of_a_signature_in_the_query_is_refused_in_any_spelling(
    plugin: SigV4Authenticator, query: str
) -> None:
    """Less than a whole signature is never taken for an anonymous request; the error says what is wrong."""
    with pytest.raises(IncompleteSignature, match=r"the query lacks|must be spelt"):
        plugin.iamkit_authenticate(plain(query=query))


def test_a_signed_url_is_its_keys_owner(
    plugin: SigV4Authenticator, key: NewAccessKey, clock: FrozenClock
) -> None:
    """A URL signed for an hour is good for this hour, without any header field."""
    signer = Signer(key.key.key_id, key.secret)
    url = signer.presign("GET", "http://localhost/documents?a=1", lasts=timedelta(hours=1), now=clock.now())
    request = plain(("Host", "localhost"), query=urlsplit(url).query)

    found = plugin.iamkit_authenticate(request)
    assert isinstance(found, Authentication)
    assert found.credential_id == key.key.key_id

    clock.advance(timedelta(seconds=3601))
    with pytest.raises(SignatureDoesNotMatch, match="expired"):
        plugin.iamkit_authenticate(request)


def test_a_query_that_only_talks_of_signatures_is_left_alone(plugin: SigV4Authenticator) -> None:
    """Values, and names that merely resemble, are the app's."""
    for query in ("q=X-Amz-Signature", "signature=1", "my-x-amz-signature=1", "%"):
        assert plugin.iamkit_authenticate(plain(query=query)) is None


@pytest.mark.parametrize(
    "header", ["AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256 x", "AWS key:proof", "aws4 x"]
)
def test_every_aws_scheme_is_ours_and_refused_in_words(plugin: SigV4Authenticator, header: str) -> None:
    """Older and newer signatures are told what is accepted; none of them passes as not ours."""
    with pytest.raises(IncompleteSignature):
        plugin.iamkit_authenticate(plain(("Authorization", header)))


def test_deactivation_is_seen_by_the_next_request(
    plugin: SigV4Authenticator, key: NewAccessKey, store: BusyStore, clock: FrozenClock
) -> None:
    """With everything warm, the request after the change is refused; so is a deleted key (THR-K15)."""
    request = signed(key, clock)
    assert plugin.iamkit_authenticate(request)

    with store.write() as unit:
        access_keys.set_status(unit, key.key.key_id, "Inactive", user_id=USER)
    with pytest.raises(InvalidClientTokenId):
        plugin.iamkit_authenticate(request)
    with store.write() as unit:
        access_keys.set_status(unit, key.key.key_id, "Active", user_id=USER)
    assert plugin.iamkit_authenticate(request)
    with store.write() as unit:
        access_keys.remove(unit, key.key.key_id, user_id=USER)
    with pytest.raises(InvalidClientTokenId):
        plugin.iamkit_authenticate(request)


def test_ten_thousand_calls_write_twice_at_most(
    plugin: SigV4Authenticator, key: NewAccessKey, store: BusyStore, clock: FrozenClock
) -> None:
    """Last use is noted once in fifteen minutes (CAP-C6)."""
    before = store.writes
    for _ in range(2):
        request = signed(key, clock)
        for _ in range(500):
            plugin.iamkit_authenticate(request)
        clock.advance(timedelta(minutes=15))

    assert store.writes - before == 2
    with store.read() as reader:
        kept = reader.get(AccessKey, (key.key.key_id,))
    assert kept is not None
    assert (kept.last_used_service, kept.last_used_region) == ("iamkit", "global")


def test_a_refused_request_is_no_use_of_the_key(
    plugin: SigV4Authenticator, key: NewAccessKey, store: BusyStore, clock: FrozenClock
) -> None:
    """A wrong signature writes nothing."""
    before = store.writes

    with pytest.raises(SignatureDoesNotMatch):
        plugin.iamkit_authenticate(replace(signed(key, clock), method="POST"))
    assert store.writes == before


def test_a_stamp_that_cannot_be_written_refuses_nobody(
    plugin: SigV4Authenticator, key: NewAccessKey, store: BusyStore, clock: FrozenClock
) -> None:
    """The key was read and is right."""
    store.read_only = True

    assert plugin.iamkit_authenticate(signed(key, clock))


def test_a_store_that_cannot_be_read_lets_nobody_in(
    plugin: SigV4Authenticator, key: NewAccessKey, store: BusyStore, clock: FrozenClock
) -> None:
    """Nothing is served from memory alone (THR-X9)."""
    plugin.iamkit_authenticate(signed(key, clock))
    store.close()

    with pytest.raises(StoreUnavailable):
        plugin.iamkit_authenticate(signed(key, clock))


def test_rules_are_the_ones_given(
    store: BusyStore, keyring: Keyring, key: NewAccessKey, clock: FrozenClock
) -> None:
    """The service names and the body limit are settings."""
    plugin = SigV4Authenticator(
        store, keyring, clock, Ids(), SigV4Rules(services=frozenset({"doc"}), body_limit=7)
    )

    request = signed(key, clock, service="doc")
    assert plugin.iamkit_authenticate(replace(request, body=None)) == NeedsBody(7)
    assert plugin.iamkit_authenticate(request)
    with pytest.raises(SignatureDoesNotMatch):
        plugin.iamkit_authenticate(signed(key, clock))
