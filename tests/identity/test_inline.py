"""Inline policies (CAP-E4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iamkit.errors import LimitExceeded, MalformedPolicyDocument, NoSuchEntity, ValidationError
from iamkit.identity import documents, inline
from iamkit.identity.quotas import Quotas

if TYPE_CHECKING:
    from tests.identity.conftest import World


def test_the_quota_is_over_all_documents_without_white_space(world: World) -> None:
    """CAP-E4: two that fit together, a third that does not; replacing one counts it once."""
    user, text = world.user(), world.document()
    size = documents.size_of(text)
    house = replace(world.house, quotas=Quotas(user_inline_size=2 * size))
    with world.store.write() as unit:
        inline.put(unit, house, user.holder, name="a", text=text)
        inline.put(unit, house, user.holder, name="b", text=text.replace(" ", "\n   "))
        with pytest.raises(LimitExceeded, match="`user_inline_size`"):
            inline.put(unit, house, user.holder, name="c", text=text)
        inline.put(unit, house, user.holder, name="b", text=text)
        with pytest.raises(LimitExceeded):
            inline.put(unit, house, user.holder, name="b", text=world.document(action="doc:GetMore"))


@pytest.mark.parametrize(("kind", "quota"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_each_kind_of_holder_has_its_own_quota(world: World, kind: str, quota: int) -> None:
    """App. D: at the value it is saved, one character beyond it is not."""
    holders = {"user": world.user().holder, "group": world.group().holder, "role": world.role().holder}
    holder = holders[kind]
    frame = documents.size_of(world.document(action="doc:"))
    fits = world.document(action="doc:" + "x" * (quota - frame))
    assert documents.size_of(fits) == quota

    with world.store.write() as unit:
        with pytest.raises(LimitExceeded, match=f"is {quota}"):
            inline.put(unit, world.house, holder, name="p", text=fits.replace("doc:", "doc:y"))
        inline.put(unit, world.house, holder, name="p", text=fits)


def test_putting_replaces_and_the_text_is_kept_as_given(world: World) -> None:
    """The document comes back to the letter."""
    user = world.user()
    text = world.document().replace(" ", "  ")
    world.grant(user, world.document("Deny"))
    world.grant(user, text)

    with world.store.read() as reader:
        kept = inline.get(reader, user.holder, "p")
        assert documents.text_of(reader, kept.digest) == text
        assert [item.name for item in inline.of_holder(reader, user.holder)] == ["p"]


def test_a_malformed_document_or_name_changes_nothing(world: World) -> None:
    """The policy before stays in force."""
    user = world.user()
    world.grant(user, world.document())
    with world.store.write() as unit:
        with pytest.raises(MalformedPolicyDocument):
            inline.put(unit, world.house, user.holder, name="p", text='{"Statement": []}')
        with pytest.raises(ValidationError):
            inline.put(unit, world.house, user.holder, name="a/b", text=world.document())
        with pytest.raises(NoSuchEntity):
            inline.get(unit, user.holder, "q")

    assert world.decide(world.principal(user))


def test_a_change_bumps_the_holder(world: World) -> None:
    """A user's own policy bumps the user, a group's the account's policies."""
    user, group, role = world.user(), world.group(), world.role()
    for holder in (user.holder, group.holder, role.holder):
        seen = world.scopes(holder.scope)[0]
        with world.store.write() as unit:
            inline.put(unit, world.house, holder, name="p", text=world.document())
            inline.delete(unit, holder, "p")
        assert world.scopes(holder.scope)[0] == seen + 2
