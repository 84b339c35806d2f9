"""Principals: who a credential stands for, with layers that are current on every resolve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import EvaluationError, InvalidClientTokenId, NoSuchEntity, StoreUnavailable
from iamkit.identity import accounts, attachments, groups, inline, managed, tree, users
from iamkit.identity.documents import PolicyDocument
from iamkit.identity.principals import Principals
from iamkit.policy.request import CallerKind
from iamkit.storage import Epochs, Reader, Unit

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"


class CountingStore:
    """A store that counts what is asked of it, and can fail."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self.reads = 0
        self.looks = 0
        self.broken = False

    @contextmanager
    def read(self) -> Iterator[Reader]:
        self.reads += 1
        with self._store.read() as reader:
            yield reader

    def write(self) -> AbstractContextManager[Unit]:
        return self._store.write()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        self.looks += 1
        if self.broken:
            raise StoreUnavailable("the store cannot be read")
        return self._store.epochs(scopes)

    def close(self) -> None:
        self._store.close()


def _proof(subject: str, kind: CredentialKind = CredentialKind.ACCESS_KEY) -> Authentication:
    return Authentication(HOME, subject, kind, "AKIAX")


def test_a_user_is_known_by_id_with_all_its_layers(world: World) -> None:
    """Own inline, own attached, then the groups'; with sources that name each."""
    user, group = world.user("jeff", "/family/"), world.group()
    world.grant(user, world.document(), "own")
    world.grant(group, world.document(), "shared")
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        policy = managed.create(unit, world.house, account=HOME, name="m", text=world.document())
        attachments.attach(unit, world.house, user.holder, policy.arn)
        attachments.attach(unit, world.house, group.holder, "arn:aws:iam::aws:policy/ReadOnlyAccess")
        users.tag(unit, world.house, user, {"team": "x"})
        root = tree.root(unit).node_id

    principal = world.principals.resolve(_proof(user.user_id))

    assert principal.caller.kind is CallerKind.USER
    assert (principal.arn, principal.name, principal.account) == (user.arn, "jeff", HOME)
    assert principal.caller.unique_id == user.user_id
    assert principal.tags == {"team": "x"}
    assert principal.org_path == (root,)
    sources = [item.source for item in principal.layers.identity]
    assert [(item.name, item.type, item.holder, item.version) for item in sources] == [
        ("own", "user", user.arn, ""),
        ("m", "user-managed", user.arn, "v1"),
        ("shared", "group", group.arn, ""),
        ("ReadOnlyAccess", "aws-managed", group.arn, ""),
    ]
    assert all(item.digest for item in sources)
    assert principal.layers.boundary is None


def test_root_has_guardrails_and_no_policies_and_the_anonymous_has_nothing(world: World) -> None:
    """SEM-E21, E-22."""
    root = world.principals.resolve(_proof(HOME, CredentialKind.SESSION))
    anonymous = world.principals.resolve(Authentication("", "", CredentialKind.ANONYMOUS, ""))

    assert root.caller.kind is CallerKind.ROOT
    assert root.arn == f"arn:aws:iam::{HOME}:root"
    assert root.layers.identity == ()
    assert len(root.layers.guardrails or ()) == 2
    assert anonymous.caller.kind is CallerKind.ANONYMOUS
    assert anonymous.layers.guardrails is None


def test_a_credential_of_nobody_is_refused(world: World) -> None:
    """Unknown ids, another account's, an unknown account, a role's id, and a claim to be the operator."""
    user = world.user()
    with world.store.write() as unit:
        accounts.create(unit, world.house, name="other", account_id="999900001111")
    for proof in (
        _proof("AIDANOBODY"),
        _proof(""),
        Authentication("999900001111", user.user_id, CredentialKind.SESSION, "s"),
        Authentication("999900002222", "999900002222", CredentialKind.SESSION, "s"),
        _proof(world.role().role_id),
        _proof(HOME, CredentialKind.OPERATOR),
    ):
        with pytest.raises(InvalidClientTokenId):
            world.principals.resolve(proof)
    # Not by way of what another account's proof has left in the cache either.
    assert world.principals.resolve(_proof(user.user_id)).name == "jeff"
    with pytest.raises(InvalidClientTokenId):
        world.principals.user("999900001111", user.user_id)


def test_a_warm_resolve_looks_at_the_epochs_once_and_reads_nothing(world: World) -> None:
    """Decision 9, strict mode: one look per resolve; the layers are the very same object."""
    user = world.user()
    store = CountingStore(world)
    principals = Principals(store, world.house)
    first = principals.resolve(_proof(user.user_id))
    store.reads = store.looks = 0

    again = principals.resolve(_proof(user.user_id))

    assert (store.looks, store.reads) == (1, 0)
    assert again.layers is first.layers


def test_what_another_process_changed_is_seen_at_once(world: World) -> None:
    """Issue, shown by 3: a second resolver over the same store is current without being told."""
    user, group = world.user(), world.group()
    elsewhere = Principals(world.store, world.house)
    assert not world.decide(elsewhere.resolve(_proof(user.user_id)))

    world.grant(group, world.document())
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
    assert world.decide(elsewhere.resolve(_proof(user.user_id)))

    with world.store.write() as unit:
        inline.delete(unit, group.holder, "p")
    assert not world.decide(elsewhere.resolve(_proof(user.user_id)))

    with world.store.write() as unit:
        users.set_enabled(unit, user, enabled=False)
    with pytest.raises(InvalidClientTokenId):
        elsewhere.resolve(_proof(user.user_id))


def test_a_document_that_no_longer_parses_refuses_the_request(world: World) -> None:
    """SEM-F2: never left out; another user's requests go on."""
    user, other = world.user("a"), world.user("b")
    world.grant(user, world.document(), "good")
    world.grant(user, world.document("Deny"), "bad")
    with world.store.write() as unit:
        digest = inline.get(unit, user.holder, "bad").digest
        unit.change(PolicyDocument, (digest,), {"text": '{"Statement": 1}'})
    fresh = Principals(world.store, world.house)

    with pytest.raises(EvaluationError):
        fresh.resolve(_proof(user.user_id))
    assert fresh.resolve(_proof(other.user_id)).name == "b"


def test_a_policy_that_vanished_from_under_its_attachment_refuses_the_request(world: World) -> None:
    """Whatever broke the store, nothing is decided without the policy."""
    user = world.user()
    with world.store.write() as unit:
        policy = managed.create(unit, world.house, account=HOME, name="m", text=world.document())
        attachments.attach(unit, world.house, user.holder, policy.arn)
        unit.remove(managed.ManagedPolicy, (policy.policy_id,))

    with pytest.raises(EvaluationError, match="is not there"):
        world.principal(user)


def test_a_store_that_cannot_be_read_is_no_cached_answer(world: World) -> None:
    """Strict mode: without the epochs nobody is resolved, however warm the cache."""
    user = world.user()
    store = CountingStore(world)
    principals = Principals(store, world.house)
    principals.resolve(_proof(user.user_id))
    store.broken = True

    with pytest.raises(StoreUnavailable):
        principals.resolve(_proof(user.user_id))


def test_the_cache_is_bounded(world: World) -> None:
    """Resolving many costs no more memory than its size; answers stay right."""
    people = [world.user(f"u{number}") for number in range(5)]
    principals = Principals(world.store, world.house, cache_size=2)

    for user in [*people, *people]:
        assert principals.resolve(_proof(user.user_id)).name == user.name


def test_people_are_found_by_name_arn_or_as_root(world: World) -> None:
    """What `--as` takes."""
    user = world.user("jeff", "/family/")
    find = world.principals.find

    assert find(HOME, "JEFF").caller.unique_id == user.user_id
    assert find(HOME, user.arn).arn == user.arn
    assert find(HOME, "root").caller.kind is CallerKind.ROOT
    assert find(HOME, f"arn:aws:iam::{HOME}:root").caller.kind is CallerKind.ROOT
    for name in ("nobody", f"arn:aws:iam::{HOME}:user/jeff", "arn:aws:iam::1:root"):
        with pytest.raises(NoSuchEntity):
            find(HOME, name)
