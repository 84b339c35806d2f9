"""The service models: operations, shapes and errors of IAM and STS, read from the tables beside this module.

The tables are drawn from AWS's own models (see NOTICE) by `tests/api/draft_tables.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final, Literal

SERVICES: Final = ("iam", "sts")
# Output of this shape is percent-encoded on the wire, and nothing else is.
DOCUMENT: Final = "policyDocumentType"

_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

Kind = Literal["structure", "list", "map", "string", "integer", "boolean", "timestamp", "blob"]


def snake(member: str) -> str:
    """A member's name in snake case: `SAMLProviderArn` is `saml_provider_arn`."""
    return _WORDS.sub("_", member.replace("OpenIDConnect", "OpenIdConnect")).lower()


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape. `members` of a structure; `element` of a list, or a map's values; `key` of a map.

    `attributes` are the members' names in snake case, as records and operations write them.
    `least` and `most` bound a length or a number. `shown_pattern` is the pattern as the model writes it.
    """

    name: str
    kind: Kind
    members: Mapping[str, Shape] = field(default_factory=dict, repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    required: frozenset[str] = frozenset()
    element: Shape | None = field(default=None, repr=False)
    key: Shape | None = field(default=None, repr=False)
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    shown_pattern: str = ""
    secret: bool = False

    @property
    def inside(self) -> Shape:
        """The shape of a list's elements or a map's values."""
        if self.element is None:
            raise TypeError(f"`{self.name}` holds no other shape")
        return self.element


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation. `pages` are the lists of its output that are handed out page by page."""

    service: str
    name: str
    input: Shape
    output: Shape | None
    wrapper: str
    errors: frozenset[str]
    unsigned: bool
    pages: tuple[str, ...]

    @property
    def action(self) -> str:
        """As policies name it, `iam:CreateUser`."""
        return f"{self.service}:{self.name}"


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """One service. `statuses` has the HTTP status of each modelled error code."""

    service: str
    version: str
    namespace: str
    operations: Mapping[str, OperationModel]
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Models:
    """Both services. Reading them takes some milliseconds: done once for each API."""

    services: Mapping[str, ServiceModel]

    @classmethod
    def load(cls) -> Models:
        """Read the tables."""
        return cls({name: _service(name) for name in SERVICES})

    def by_version(self, version: str) -> ServiceModel | None:
        """The service whose `Version` that is."""
        for model in self.services.values():
            if model.version == version:
                return model
        return None

    def __iter__(self) -> Iterator[OperationModel]:
        for model in self.services.values():
            yield from model.operations.values()


def _service(name: str) -> ServiceModel:
    table: dict[str, Any] = json.loads(files("iamkit.api").joinpath("tables", f"{name}.json").read_bytes())
    shapes = _Shapes(table["shapes"])
    nothing = Shape("nothing", "structure")
    codes = {shape: error["code"] for shape, error in table["errors"].items()}
    operations = {
        key: OperationModel(
            service=name,
            name=key,
            input=shapes.named(found["input"]) if "input" in found else nothing,
            output=shapes.named(found["output"]) if "output" in found else None,
            wrapper=found.get("wrapper", ""),
            errors=frozenset(codes[shape] for shape in found["errors"]),
            unsigned=found.get("unsigned", False),
            pages=tuple(found.get("pages", ())),
        )
        for key, found in table["operations"].items()
    }
    statuses = {error["code"]: error["status"] for error in table["errors"].values()}
    return ServiceModel(name, table["version"], table["namespace"], operations, statuses)


class _Shapes:
    """Shapes by name, each made once and after those that it holds."""

    def __init__(self, table: Mapping[str, Mapping[str, Any]]) -> None:
        self._table = table
        self._made: dict[str, Shape] = {}

    def named(self, name: str) -> Shape:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._shape(name, self._table[name])
        return made

    def _shape(self, name: str, found: Mapping[str, Any]) -> Shape:
        inner = found.get("member") or found.get("value")
        return Shape(
            name=name,
            kind=found["type"],
            members={key: self.named(shape) for key, shape in found.get("members", {}).items()},
            attributes={key: snake(key) for key in found.get("members", {})},
            required=frozenset(found.get("required", ())),
            element=None if inner is None else self.named(inner),
            key=self.named(found["key"]) if "key" in found else None,
            least=found.get("min"),
            most=found.get("max"),
            choices=tuple(found.get("enum", ())),
            pattern=re.compile(found["pattern"]) if "pattern" in found else None,
            shown_pattern=found.get("java", ""),
            secret=found.get("secret", False),
        )
