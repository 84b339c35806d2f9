"""The OpenAPI document of the JSON endpoints, drawn from the table of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iamkit_pages.json_calls import CALLS, Call

_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
_FAULTS: Final = ("400", "401", "403", "404", "409", "429", "503")


def document(prefix: str) -> Mapping[str, object]:
    """An OpenAPI 3.1 document with paths below `prefix`."""
    paths: dict[str, dict[str, object]] = {}
    for call in CALLS:
        paths.setdefault(f"{prefix}/api/{call.path}", {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signing in, and what is one's own", "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "__Host-iamkit"}},
            "responses": {
                "Problem": {
                    "description": "What went wrong (RFC 9457); `title` is the code",
                    "content": {
                        "application/problem+json": {
                            "schema": {
                                "type": "object",
                                "required": ["type", "title", "status"],
                                "properties": {
                                    "type": {"type": "string"},
                                    "title": {"type": "string"},
                                    "status": {"type": "integer"},
                                    "detail": {"type": "string"},
                                    "retry_after": {"type": "integer"},
                                },
                            }
                        }
                    },
                }
            },
        },
    }


def _operation(call: Call) -> dict[str, object]:
    operation: dict[str, object] = {
        "operationId": call.name,
        "summary": call.about,
        "tags": ["own" if call.own else "sign-in"],
        "security": [{"session": []}] if call.own else [],
        "responses": {
            str(call.status): {
                "description": "done",
                "content": {
                    "application/json": {
                        "schema": {"type": "object", "properties": {name: {} for name in call.gives}}
                    }
                },
            },
            **dict.fromkeys(_FAULTS, _PROBLEM),
        },
    }
    if call.method == "POST":
        operation["requestBody"] = {
            "required": any(member.required for member in call.takes),
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            member.name: {"type": member.kind, "description": member.about}
                            for member in call.takes
                        },
                        "required": [member.name for member in call.takes if member.required],
                    }
                }
            },
        }
    return operation
