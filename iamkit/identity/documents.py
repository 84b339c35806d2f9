"""Policy documents by the digest of their text: written once, never changed, never deleted (decision 13)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.errors import EvaluationError, InputError
from iamkit.policy import parse, significant_length
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.storage import Reader, Unit, record

_LIBRARY_SIZE: Final = 4096


@record("policy_document", key=("digest",))
@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One text, exactly as it was given. `digest` is the SHA-256 of its UTF-8 bytes, in hex."""

    digest: str
    text: str


def digest_of(text: str) -> str:
    """The digest that names `text`."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def keep(unit: Unit, text: str) -> str:
    """Store `text`, if it is not there yet, and return its digest. Nothing refers to it by this alone."""
    digest = digest_of(text)
    if unit.get(PolicyDocument, (digest,)) is None:
        unit.add(PolicyDocument(digest, text))
    return digest


def keep_all(unit: Unit, texts: Mapping[str, str]) -> None:
    """Store texts that come with their digests, for decisions that refer to policies no entity holds."""
    for digest, text in texts.items():
        if digest and unit.get(PolicyDocument, (digest,)) is None:
            unit.add(PolicyDocument(digest, text))


def text_of(reader: Reader, digest: str) -> str:
    """The text of a digest. Raises EvaluationError if it is gone: without it, nothing can be decided."""
    document = reader.get(PolicyDocument, (digest,))
    if document is None:
        raise EvaluationError(f"the policy document `{digest[:12]}` is missing from the store")
    return document.text


def size_of(text: str) -> int:
    """Characters without white space, as quotas count them (SEM-G18)."""
    return significant_length(text)


def checked(text: str, kind: PolicyKind, operators: OperatorTable, *, managed: bool = False) -> Policy:
    """`text` as a policy of that kind, by the strict grammar. Raises MalformedPolicyDocument."""
    return parse(text, kind, managed=managed, operators=operators)


class Library:
    """Parsed documents by digest and kind. A document never changes, so what is here is never stale."""

    def __init__(self, operators: OperatorTable = STANDARD, size: int = _LIBRARY_SIZE) -> None:
        self._operators = operators
        self._size = size
        self._parsed: dict[tuple[str, PolicyKind], Policy] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._parsed)

    def load(self, reader: Reader, digest: str, kind: PolicyKind) -> Policy:
        """The policy with that digest. Raises EvaluationError if it is missing or no longer parses (SEM-F2):
        a document is never left out, because what is left out may be a Deny.
        """
        found = self._parsed.get((digest, kind))
        if found is None:
            found = self.parsed(text_of(reader, digest), kind, digest)
        return found

    def parsed(self, text: str, kind: PolicyKind, digest: str) -> Policy:
        """The policy of a text whose digest is known, such as a shipped one. Raises EvaluationError."""
        found = self._parsed.get((digest, kind))
        if found is not None:
            return found
        try:
            policy = parse(text, kind, stored=True, operators=self._operators)
        except InputError as fault:
            raise EvaluationError(f"the policy document `{digest[:12]}` no longer parses: {fault}") from fault
        with self._lock:
            while len(self._parsed) >= self._size:
                del self._parsed[next(iter(self._parsed))]
            self._parsed[digest, kind] = policy
        return policy
