"""The Query protocol's answer: typed output, or an error, as XML."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from iamkit.api.constraints import Value
from iamkit.api.model import DOCUMENT, OperationModel, ServiceModel, Shape

# Characters that XML 1.0 cannot hold in any way.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A parser would read it as a line feed.
_RETURNS: Final = {"\r": "&#xD;"}


def answer(
    model: ServiceModel, operation: OperationModel, output: Mapping[str, Value], request_id: str
) -> bytes:
    """The answer to an operation that was done. Members that are None are left out, empty lists stay."""
    name = operation.name
    result = ""
    if operation.output is not None:
        result = f"<{operation.wrapper}>{_structure(operation.output, output)}</{operation.wrapper}>"
    text = (
        f'<{name}Response xmlns="{model.namespace}">{result}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
    return text.encode()


def error(model: ServiceModel, status: int, code: str, message: str, request_id: str) -> bytes:
    """The answer to what was not done."""
    kind = "Receiver" if status >= 500 else "Sender"
    text = (
        f'<ErrorResponse xmlns="{model.namespace}"><Error><Type>{kind}</Type><Code>{_text(code)}</Code>'
        f"<Message>{_text(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return text.encode()


def instant(value: datetime) -> str:
    """An instant as AWS writes it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def encoded(text: str) -> str:
    """A policy document as outputs carry it: percent-encoded, a space as `%20` (RFC 3986 §2.1)."""
    return quote(text, safe="")


def _structure(shape: Shape, value: Mapping[str, Value]) -> str:
    unknown = value.keys() - shape.members.keys()
    if unknown:
        raise ValueError(f"`{shape.name}` has no member `{min(unknown)}`")
    return "".join(
        _element(name, member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _element(name: str, shape: Shape, value: Value) -> str:
    inside = _inside(shape, value)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _inside(shape: Shape, value: Value) -> str:
    if shape.kind == "string" and isinstance(value, str):
        return encoded(value) if shape.name == DOCUMENT else _text(value)
    match shape.kind, value:
        case "structure", Mapping():
            return _structure(shape, value)
        case "list", tuple() | list():
            return "".join([_element("member", shape.inside, item) for item in value])
        case "map", Mapping():
            return "".join(
                [
                    f"<entry><key>{_text(str(key))}</key>{_element('value', shape.inside, item)}</entry>"
                    for key, item in value.items()
                ]
            )
        case "boolean", bool():
            return "true" if value else "false"
        case "integer", int():
            return str(value)
        case "timestamp", datetime():
            return instant(value)
        case "blob", bytes():
            return base64.b64encode(value).decode("ascii")
    raise TypeError(f"`{shape.name}` is a {shape.kind}, not a {type(value).__name__}")


def _text(text: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text), _RETURNS)
