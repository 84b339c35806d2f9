"""The OpenAPI 3.1 document of the JSON form, made of the same tables as everything else here."""

from __future__ import annotations

import json
from typing import Any, Final

from iamkit.api.bound import Bindings, Bound
from iamkit.api.model import Shape, snake

# Any: JSON Schema, which has no types here.
_Schema = dict[str, Any]
_SCALARS: Final[dict[str, _Schema]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    "blob": {"type": "string", "contentEncoding": "base64"},
}
_PROBLEM: Final[_Schema] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "`urn:iamkit:error:` and the error's code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "decision": {"type": "string", "description": "what `iamkit why` takes"},
    },
}
_ANSWERS: Final = {
    "400": "malformed, or outside what the operation takes",
    "401": "who is calling could not be established",
    "403": "no policy allows it",
    "404": "there is no such entity",
    "409": "the present state does not admit it",
    "429": "too many attempts",
    "503": "cannot be answered at the moment",
}


def document(bindings: Bindings) -> bytes:
    """The document, of the operations that are built."""
    schemas: dict[str, _Schema] = {"Problem": _PROBLEM}
    paths = {
        f"/{bound.model.service}/{bound.model.name}": {"post": _operation(bound, schemas)}
        for bound in sorted(bindings, key=lambda item: item.model.action)
    }
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "iamkit management API",
            "version": "2010-05-08",
            "description": "AWS's IAM and STS operations as JSON. Each is an action that policies allow.",
        },
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-iamkit"},
            },
            "responses": {
                status: {
                    "description": told,
                    "content": {"application/problem+json": {"schema": _reference("Problem")}},
                }
                for status, told in _ANSWERS.items()
            },
        },
    }
    return json.dumps(whole).encode()


def _operation(bound: Bound, schemas: dict[str, _Schema]) -> _Schema:
    model = bound.model
    left_out = bound.arguments.missing(model)
    body = _structure(model.input, schemas, prefix=model.service, left_out=left_out)
    answer: _Schema = {"type": "object"}
    if model.output is not None:
        answer = _structure(model.output, schemas, prefix=model.service)
    return {
        "operationId": f"{model.service}_{model.name}",
        "tags": [model.service],
        "summary": snake(model.name).replace("_", " ").capitalize(),
        "requestBody": {
            "required": bool(model.input.required),
            "content": {"application/json": {"schema": body}},
        },
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": answer}}},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _ANSWERS},
        },
    }


def _reference(name: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(shape: Shape, schemas: dict[str, _Schema], *, prefix: str) -> _Schema:
    if shape.kind == "structure":
        name = f"{prefix}.{shape.name}"
        if name not in schemas:
            schemas[name] = {}
            schemas[name] = _structure(shape, schemas, prefix=prefix)
        return _reference(name)
    if shape.kind == "list":
        return {
            "type": "array",
            "items": _schema(shape.inside, schemas, prefix=prefix),
            **_bounds(shape, "Items"),
        }
    if shape.kind == "map":
        return {"type": "object", "additionalProperties": _schema(shape.inside, schemas, prefix=prefix)}
    made = {**_SCALARS[shape.kind]}
    if shape.kind == "integer":
        made |= {
            word: bound
            for word, bound in (("minimum", shape.least), ("maximum", shape.most))
            if bound is not None
        }
    elif shape.kind == "string":
        made |= _bounds(shape, "Length")
        if shape.choices:
            made["enum"] = list(shape.choices)
    if shape.secret:
        made["format"] = "password"
    return made


def _structure(
    shape: Shape, schemas: dict[str, _Schema], *, prefix: str, left_out: frozenset[str] = frozenset()
) -> _Schema:
    made: _Schema = {
        "type": "object",
        "properties": {
            name: _schema(member, schemas, prefix=prefix)
            for name, member in shape.members.items()
            if name not in left_out
        },
    }
    if shape.required:
        made["required"] = sorted(shape.required)
    return made


def _bounds(shape: Shape, word: str) -> _Schema:
    bounds = ((f"min{word}", shape.least), (f"max{word}", shape.most))
    return {name: bound for name, bound in bounds if bound is not None}
