"""Documents by digest, and the library of parsed ones."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from iamkit.errors import EvaluationError
from iamkit.identity import documents
from iamkit.identity.documents import Library, PolicyDocument
from iamkit.policy.model import PolicyKind

if TYPE_CHECKING:
    from tests.identity.conftest import World


def test_a_text_is_kept_once_and_comes_back_to_the_letter(world: World) -> None:
    """Decision 13: named by the SHA-256 of its bytes."""
    text = world.document().replace("doc", "döc") + "\n"
    with world.store.write() as unit:
        digest = documents.keep(unit, text)
        assert documents.keep(unit, text) == digest
        documents.keep_all(unit, {digest: text, "": "no document"})
        assert unit.count(PolicyDocument) == 1
        assert documents.text_of(unit, digest) == text
    assert digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_missing_document_is_an_error_and_never_left_out(world: World) -> None:
    """SEM-F2: what is missing may be a Deny."""
    with world.store.read() as reader, pytest.raises(EvaluationError, match="missing"):
        Library().load(reader, "0" * 64, PolicyKind.IDENTITY)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"Statement": {"Effect": "Permit", "Action": "*", "Resource": "*"}}']
)
def test_a_document_that_no_longer_parses_is_an_error(world: World, text: str) -> None:
    """SEM-F2: refused as a whole."""
    with world.store.write() as unit:
        digest = documents.keep(unit, text)
    with world.store.read() as reader, pytest.raises(EvaluationError, match="no longer parses"):
        Library().load(reader, digest, PolicyKind.IDENTITY)


def test_a_library_parses_once_and_is_bounded(world: World) -> None:
    """The same policy object for the same digest and kind, and never more than its size."""
    library = Library(size=2)
    with world.store.write() as unit:
        digests = [documents.keep(unit, world.document(action=f"doc:A{number}")) for number in range(3)]
    with world.store.read() as reader:
        first = library.load(reader, digests[0], PolicyKind.IDENTITY)
        assert library.load(reader, digests[0], PolicyKind.IDENTITY) is first
        assert library.load(reader, digests[0], PolicyKind.BOUNDARY) is not first
        for digest in digests:
            library.load(reader, digest, PolicyKind.IDENTITY)
        assert len(library) == 2
