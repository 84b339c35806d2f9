"""How an OpenAPI description tells what an endpoint needs: three security schemes and the action's name.

Without it the pages that frameworks make (Swagger UI, ReDoc, Scalar) show every operation as open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

from iamkit.web.marker import Requirement
from iamkit.web.routes import Route

SESSION: Final = "iamkit_session"
BEARER: Final = "iamkit_bearer"
SIGNATURE: Final = "iamkit_signature"

_COOKIE: Final = "__Host-iamkit"
_CONVERTER: Final = re.compile(r"\{([A-Za-z_]\w*):[^{}]*\}")


def schemes(iam: object) -> dict[str, dict[str, str]]:
    """The security schemes by name, as OpenAPI 3 writes them. `iam` tells the name of its session cookie."""
    cookie = str(getattr(iam, "cookie_name", _COOKIE))
    signature = "`Authorization: AWS4-HMAC-SHA256 …`, made from an access key (AWS signature version 4)"
    return {
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "the session of a browser that signed in",
        },
        BEARER: {"type": "http", "scheme": "bearer", "description": "a session token, `iks_…`"},
        SIGNATURE: {"type": "apiKey", "in": "header", "name": "Authorization", "description": signature},
    }


def alternatives() -> list[dict[str, list[str]]]:
    """The `security` of a protected operation: one of the schemes is enough."""
    return [{SESSION: []}, {BEARER: []}, {SIGNATURE: []}]


def sentence(action: str, resource: str | None) -> str:
    """What a reader of the description is told of a protected operation."""
    return f"Needs `{action}`" + (f" on `{resource}`." if resource else ".")


def sentence_of(needed: Requirement) -> str:
    """`sentence` of a mark."""
    return sentence(needed.action, None if needed.resource is None else needed.resource.text)


def with_sentence(description: str | None, said: str) -> str:
    """`description` with `said` after it, once."""
    if not description:
        return said
    return description if said in description else f"{description}\n\n{said}"


def describe(schema: MutableMapping[str, Any], rows: Iterable[Route], iam: object) -> None:
    """Add to an OpenAPI description what `rows` say of its operations. Doing it again changes nothing."""
    paths: Mapping[str, MutableMapping[str, Any]] = schema.get("paths") or {}
    protected = False
    for row in rows:
        item = paths.get(_CONVERTER.sub(r"{\1}", row.path))
        if item is None or row.action is None:
            continue
        for method in row.methods:
            operation = item.get(method.lower())
            if operation is None:
                continue
            protected = True
            said = sentence(row.action, row.resource)
            operation["description"] = with_sentence(operation.get("description"), said)
            own = operation.setdefault("security", [])
            own += [one for one in alternatives() if one not in own]
            needs = operation.setdefault("x-iamkit-actions", [])
            if row.action not in needs:
                needs.append(row.action)
    if protected:
        components = schema.setdefault("components", {})
        components.setdefault("securitySchemes", {}).update(schemes(iam))
