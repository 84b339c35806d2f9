"""A question with all the policies around it, as plain data: for both evaluators, and to and from JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from iamkit.policy import EvaluationOptions, PolicyKind, parse
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue
from tests.policy.reference import reference

JsonObject = dict[str, Any]

KINDS: Final = {
    "identity": PolicyKind.IDENTITY,
    "boundary": PolicyKind.BOUNDARY,
    "session": PolicyKind.SESSION,
    "guardrails": PolicyKind.GUARDRAIL,
    "resource": PolicyKind.RESOURCE,
    "resource_guardrails": PolicyKind.RESOURCE_GUARDRAIL,
    "endpoint": PolicyKind.ENDPOINT,
}


@dataclass(frozen=True)
class Placed:
    """A document where it hangs, and the ids that its principals had when it was saved."""

    document: JsonObject
    ids: Mapping[str, str] = field(default_factory=dict)


Level = tuple[Placed, ...]


@dataclass(frozen=True)
class LayerSet:
    """All layers around a request. `trust` says that the resource is a role and its policy a trust policy;
    `session_binds` is the switch of SEM-E9."""

    identity: Level = ()
    boundary: Level | None = None
    session: Level | None = None
    guardrails: tuple[Level, ...] | None = None
    resource: Level = ()
    resource_guardrails: tuple[Level, ...] | None = None
    endpoint: Level | None = None
    trust: bool = False
    session_binds: bool = False

    def placed(self) -> Iterator[tuple[str, int, int, Placed]]:
        """Every document with its layer, level and number."""
        for layer in KINDS:
            found = getattr(self, layer) or ()
            levels = found if layer.endswith("guardrails") else (found,)
            for level, documents in enumerate(levels):
                for number, placed in enumerate(documents):
                    yield layer, level, number, placed


def without_own_layers(layers: LayerSet, caller: Caller) -> LayerSet:
    """What the layers are for this caller: a root user has neither policies nor a boundary (SEM-E21)."""
    if caller.kind is CallerKind.ROOT:
        return replace(layers, identity=(), boundary=None, session=None)
    return layers


# --- for the engine -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EngineLayers:
    """The layers as the engine takes them."""

    caller: CallerLayers
    resource: ResourceLayers
    options: EvaluationOptions


def for_engine(layers: LayerSet) -> EngineLayers:
    """Documents parsed as documents at rest: what no writer would be let store can still lie there."""

    def level(name: str, documents: Level, number: int = 0) -> Policies:
        kind = PolicyKind.TRUST if name == "resource" and layers.trust else KINDS[name]
        return tuple(
            AttachedPolicy(
                parse(json.dumps(placed.document), kind, stored=True),
                PolicySource(f"{name}/{number}/{index}"),
                placed.ids,
            )
            for index, placed in enumerate(documents)
        )

    def optional(name: str, documents: Level | None) -> Policies | None:
        return None if documents is None else level(name, documents)

    def several(name: str, levels: tuple[Level, ...] | None) -> tuple[Policies, ...] | None:
        return None if levels is None else tuple(level(name, each, n) for n, each in enumerate(levels))

    return EngineLayers(
        CallerLayers(
            identity=level("identity", layers.identity),
            boundary=optional("boundary", layers.boundary),
            session=optional("session", layers.session),
            guardrails=several("guardrails", layers.guardrails),
        ),
        ResourceLayers(
            policies=level("resource", layers.resource),
            guardrails=several("resource_guardrails", layers.resource_guardrails),
            endpoint=optional("endpoint", layers.endpoint),
        ),
        EvaluationOptions(session_policy_binds_direct_grants=layers.session_binds),
    )


# --- for the reference ----------------------------------------------------------------------------------


def for_reference(layers: LayerSet) -> reference.Layers:
    """Documents as plain JSON."""

    def level(documents: Level) -> list[reference.Attached]:
        return [
            reference.Attached(reference.read(json.dumps(placed.document)), placed.ids)
            for placed in documents
        ]

    def optional(documents: Level | None) -> list[reference.Attached] | None:
        return None if documents is None else level(documents)

    def several(levels: tuple[Level, ...] | None) -> list[list[reference.Attached]] | None:
        return None if levels is None else [level(each) for each in levels]

    return reference.Layers(
        identity=level(layers.identity),
        boundary=optional(layers.boundary),
        session=optional(layers.session),
        guardrails=several(layers.guardrails),
        resource=level(layers.resource),
        resource_guardrails=several(layers.resource_guardrails),
        endpoint=optional(layers.endpoint),
    )


# --- to and from JSON -----------------------------------------------------------------------------------


def encoded(value: ContextValue) -> object:
    """A context value as JSON; what JSON lacks is tagged."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    return value


def decoded(value: Any) -> ContextValue:
    """The other way."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        if tag == "date":
            return datetime.fromisoformat(text)
        return Decimal(text) if tag == "number" else base64.b64decode(text)
    plain: ContextValue = value
    return plain


@dataclass(frozen=True)
class Case:
    """One request under its layers."""

    layers: LayerSet
    request: AccessRequest

    def as_data(self) -> JsonObject:
        """The case as JSON."""
        request = asdict(replace(self.request, context=Context()))
        request["context"] = {name: encoded(value) for name, value in self.request.context.items()}
        data: JsonObject = json.loads(json.dumps({"layers": asdict(self.layers), "request": request}))
        return data


def case_of(data: Mapping[str, Any]) -> Case:
    """The case of its JSON."""

    def level(documents: list[JsonObject]) -> Level:
        return tuple(Placed(**each) for each in documents)

    layers: JsonObject = dict(data["layers"])
    for name in KINDS:
        found = layers.get(name)
        if found is not None:
            layers[name] = (
                tuple(level(each) for each in found) if name.endswith("guardrails") else level(found)
            )
    request = dict(data["request"])
    caller = request.pop("caller")
    request["context"] = Context({name: decoded(value) for name, value in request["context"].items()})
    return Case(
        LayerSet(**layers),
        AccessRequest(caller=Caller(**{**caller, "kind": CallerKind(caller["kind"])}), **request),
    )
