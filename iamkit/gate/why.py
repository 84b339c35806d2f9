"""Why a recorded decision fell as it did, from the policies as they were then."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import NoSuchEntity
from iamkit.gate import kept
from iamkit.identity import documents
from iamkit.policy import EvaluationOptions, Explanation, explain
from iamkit.storage import Reader, Store


@dataclass(frozen=True, slots=True)
class Told:
    """A recorded decision with its explanation.

    There is none where deciding itself had failed, and where the caller is of another account than whoever
    asks (`withheld`): a resource's owner learns who asked and what came of it, not the other's policies.
    """

    record: DecisionRecord
    explanation: Explanation | None
    withheld: bool = False


def why(store: Store, decision_id: str, *, options: EvaluationOptions) -> Told:
    """`told`, in a reading unit of its own."""
    with store.read() as reader:
        return told(reader, decision_id, options=options)


def told(reader: Reader, decision_id: str, *, options: EvaluationOptions) -> Told:
    """Explain a recorded decision. Raises NoSuchEntity for an unknown id, EvaluationError for a lost text."""
    record = reader.get(DecisionRecord, (decision_id,))
    if record is None:
        raise NoSuchEntity(
            f"no decision `{decision_id[:80]}` is recorded; ids look like `d_…` and stand in the refusal"
        )
    if record.error:
        return Told(record, None)
    inputs = kept.inputs_of(
        record, lambda digest: documents.text_of(reader, digest), operators=options.operators
    )
    return Told(
        record, explain(inputs.request, inputs.caller_layers, inputs.resource_layers, options=options)
    )
