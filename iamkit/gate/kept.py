"""Decisions as they are kept: a verdict and its inputs to a record, and back for an explanation.

A record names policies by digest; their texts are content-addressed and stay as long as a record refers
to them, so the explanation is from the policies as they were then.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from iamkit.audit.decision_log import DecisionRecord, Entry
from iamkit.audit.text import one_line
from iamkit.identity import documents
from iamkit.identity.principal import Principal
from iamkit.policy import parse
from iamkit.policy.decision import Decision
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue

Texts = dict[str, str]
_MEMO_SIZE: Final = 512
_REFERER: Final = "aws:Referer"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a decision was taken from."""

    request: AccessRequest
    caller_layers: CallerLayers
    resource_layers: ResourceLayers


class LayerWriter:
    """Turns layers into JSON, remembering the last few: most requests of a principal share theirs."""

    def __init__(self) -> None:
        # Keeps the layers alive, so that an id is not reused while it is a key.
        self._memo: dict[tuple[int, int], tuple[object, object, str, Texts]] = {}

    def write(self, caller: CallerLayers, resource: ResourceLayers) -> tuple[str, Texts]:
        """The layers as JSON, and the texts that it names by digest."""
        key = (id(caller), id(resource))
        found = self._memo.get(key)
        if found is not None:
            return found[2], found[3]
        texts: Texts = {}
        data = {
            "identity": _policies(caller.identity, texts),
            "boundary": None if caller.boundary is None else _policies(caller.boundary, texts),
            "session": None if caller.session is None else _policies(caller.session, texts),
            "guardrails": _levels(caller.guardrails, texts),
            "resource": _policies(resource.policies, texts),
            "resource_guardrails": _levels(resource.guardrails, texts),
            "endpoint": None if resource.endpoint is None else _policies(resource.endpoint, texts),
        }
        text = json.dumps(data)
        if len(self._memo) >= _MEMO_SIZE:
            self._memo.clear()
        self._memo[key] = (caller, resource, text, texts)
        return text, texts


class EntryWriter:
    """Puts decisions into the form in which they are kept."""

    def __init__(self) -> None:
        self._layers = LayerWriter()
        # By id, with the object itself, so that its id stays its own.
        self._callers: dict[int, tuple[Caller, str]] = {}
        self._reasons: dict[int, tuple[Decision, str]] = {}

    def entry(
        self,
        decision_id: str,
        decided_at: datetime,
        principal: Principal,
        asked: AccessRequest,
        layers: ResourceLayers,
        decision: Decision,
        asked_for: tuple[str, str] | None,
        enforced: bool,
    ) -> Entry:
        """The record of a decision and the texts it refers to. `asked_for` is method and raw path."""
        # What was not even decided on may be anything, and the record must be one that every store takes.
        failed = decision.error is not None
        layer_text, texts = self._layers.write(principal.layers, layers)
        record = DecisionRecord(
            decision_id=decision_id,
            account=asked.resource_account,
            decided_at=decided_at,
            outcome=str(decision.outcome),
            action=one_line(asked.action) if failed else asked.action,
            resource=one_line(asked.resource) if failed else asked.resource,
            resource_account=asked.resource_account,
            explicit_trust=asked.explicit_trust,
            principal=principal.name,
            caller=self._caller(asked.caller),
            layers=layer_text,
            context=context_text(asked.context),
            determining=self._determining(decision),
            error=one_line(decision.error) if decision.error is not None else None,
            request="" if asked_for is None else one_line(" ".join(asked_for)),
            enforced=enforced,
            revision=decision.revision,
        )
        return record, texts

    def _caller(self, caller: Caller) -> str:
        found = self._callers.get(id(caller))
        if found is None:
            if len(self._callers) >= _MEMO_SIZE:
                self._callers.clear()
            found = self._callers[id(caller)] = (caller, caller_text(caller))
        return found[1]

    def _determining(self, decision: Decision) -> str:
        found = self._reasons.get(id(decision))
        if found is None:
            if len(self._reasons) >= _MEMO_SIZE:
                self._reasons.clear()
            text = json.dumps([ref.as_data() for ref in decision.determining])
            found = self._reasons[id(decision)] = (decision, text)
        return found[1]


def _policies(policies: Policies, texts: Texts) -> list[dict[str, Any]]:
    rows = []
    for attached in policies:
        # A policy that a plugin or the app holds comes without a digest; it is kept all the same.
        source = attached.source
        digest = source.digest or documents.digest_of(attached.policy.text)
        texts[digest] = attached.policy.text
        row = {"kind": str(attached.policy.kind), "source": asdict(source) | {"digest": digest}}
        if attached.principal_ids:
            row["principal_ids"] = dict(attached.principal_ids)
        rows.append(row)
    return rows


def _levels(levels: tuple[Policies, ...] | None, texts: Texts) -> list[list[dict[str, Any]]] | None:
    return None if levels is None else [_policies(level, texts) for level in levels]


def caller_text(caller: Caller) -> str:
    """A caller as JSON."""
    return json.dumps(asdict(caller))


def context_text(context: Context) -> str:
    """A context as JSON; values that JSON lacks are tagged.

    Of a referring page its address is kept without the query, where other sites put tokens.
    """
    values = {name: _encoded(context[name]) for name in context}
    referer = values.get(_REFERER)
    if isinstance(referer, str):
        values[_REFERER] = re.split(r"[?#]", referer, maxsplit=1)[0]
    return json.dumps(values)


def _encoded(value: ContextValue) -> object:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    return value


def _decoded(value: Any) -> ContextValue:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        (tag, text), *_ = value.items()
        if tag == "date":
            return datetime.fromisoformat(text)
        if tag == "number":
            return Decimal(text)
        return base64.b64decode(text)
    plain: ContextValue = value
    return plain


def inputs_of(
    kept: DecisionRecord, text_of: Callable[[str], str], *, operators: OperatorTable = STANDARD
) -> Inputs:
    """The inputs of a kept decision. `text_of` gives a policy's text by digest."""
    caller_data = json.loads(kept.caller)
    caller = Caller(**{**caller_data, "kind": CallerKind(caller_data["kind"])})
    context = Context({name: _decoded(value) for name, value in json.loads(kept.context).items()})
    layers: Mapping[str, Any] = json.loads(kept.layers)

    def attached(row: Mapping[str, Any]) -> AttachedPolicy:
        source = PolicySource(**row["source"])
        policy = parse(text_of(source.digest), PolicyKind(row["kind"]), stored=True, operators=operators)
        return AttachedPolicy(policy, source, row.get("principal_ids", {}))

    def policies(rows: Iterable[Mapping[str, Any]] | None) -> Policies | None:
        return None if rows is None else tuple(attached(row) for row in rows)

    def levels(rows: Iterable[Iterable[Mapping[str, Any]]] | None) -> tuple[Policies, ...] | None:
        return None if rows is None else tuple(policies(level) or () for level in rows)

    return Inputs(
        request=AccessRequest(
            caller=caller,
            action=kept.action,
            resource=kept.resource,
            context=context,
            resource_account=kept.resource_account,
            explicit_trust=kept.explicit_trust,
        ),
        caller_layers=CallerLayers(
            identity=policies(layers["identity"]) or (),
            boundary=policies(layers["boundary"]),
            session=policies(layers["session"]),
            guardrails=levels(layers["guardrails"]),
        ),
        resource_layers=ResourceLayers(
            policies=policies(layers["resource"]) or (),
            guardrails=levels(layers["resource_guardrails"]),
            endpoint=policies(layers["endpoint"]),
        ),
    )
