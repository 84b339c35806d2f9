"""Holds the codec of the management API to botocore's: random inputs, outputs and errors of every operation.

    python tests/proofs/codec.py [--rounds 5000] [--seed 1]

A round takes one operation. A random input is written by botocore and read by iamkit, a random output is
written by iamkit and read by botocore; what comes out has to be what went in, also by way of JSON. Then every
modelled error of every operation is written by iamkit and read by botocore. Exit code 0 without a mismatch.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from botocore.awsrequest import AWSRequest
from botocore.loaders import Loader
from botocore.model import ServiceModel as BotoService
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from iamkit.api import query, typed_json, xml
from iamkit.api.constraints import Value
from iamkit.api.model import DOCUMENT, Models, OperationModel, Shape

LETTERS: Final = "abcXYZ019 +/=,.@-_:%&<>\"'[]{}\\\t\n\r~äßéÿ£€ḿ漢字\U0001f511 *?"
_CLASS: Final = re.compile(r"(?:\(\?a\))?(\[(?:[^\]\\]|\\.)*\])[*+]")
# What fits the patterns that are more than one class of characters.
CANDIDATES: Final = (
    "abcdefgh:1",
    "/",
    "/app/",
    "/a/b/",
    "v1",
    "v12.x-1",
    "111122223333",
    "acme-main",
    "o-abcdef1234",
    "abc-def",
    "https://example.org/a?b=c#d",
    "p-12345678",
    "arn:aws:iam::111122223333:user/ana",
    "o-abcdef1234/r-ab12",
    "AKIA0000",
    "/app",
    "abc:d",
    "abc",
)


@dataclass
class Figures:
    """What was tried, and what came out otherwise than it went in."""

    inputs: int = 0
    outputs: int = 0
    errors: int = 0
    operations: set[str] = field(default_factory=set)
    mismatches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs and {self.outputs} outputs of {len(self.operations)} operations,"
            f" {self.errors} errors: {len(self.mismatches)} mismatches"
        )


class Dice:
    """Random values of a shape, as the models allow them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._letters: dict[str, str] = {}

    def pick(self, operations: list[OperationModel]) -> OperationModel:
        return self._random.choice(operations)

    def structure(self, shape: Shape, *, output: bool, likely: float = 0.6) -> dict[str, Value]:
        made: dict[str, Value] = {}
        for name, member in shape.members.items():
            if name in shape.required or self._random.random() < likely:
                value = self.value(member, output=output)
                if value is not None:
                    made[name] = value
        return made

    def value(self, shape: Shape, *, output: bool) -> Value:
        dice = self._random
        match shape.kind:
            case "structure":
                # A structure without members is not sent at all, also where one is required.
                made = self.structure(shape, output=output)
                return made or self.structure(shape, output=output, likely=1.0)
            case "list":
                count = dice.randint(max(shape.least or 0, 0), min(shape.most or 3, 4))
                return tuple(self.value(shape.inside, output=output) for _ in range(count))
            case "map":
                return {
                    f"key {number}": self.value(shape.inside, output=output)
                    for number in range(dice.randint(0 if output else 1, 3))
                }
            case "integer":
                return dice.randint(shape.least or 0, min(shape.most or 10**6, 2**31))
            case "boolean":
                return dice.random() < 0.5
            case "timestamp":
                return datetime.fromtimestamp(dice.randint(0, 4 * 10**9), UTC)
            case "blob":
                return dice.randbytes(dice.randint(0, 40))
        return self._text(shape)

    def _text(self, shape: Shape) -> str:
        dice = self._random
        if shape.choices:
            return dice.choice(shape.choices)
        least, most = shape.least or 0, min(shape.most or 40, max(40, shape.least or 0))
        if shape.pattern is None:
            return "".join(dice.choices(LETTERS, k=dice.randint(least, most)))
        one = _CLASS.fullmatch(shape.pattern.pattern)
        if one is None:
            fitting = [
                text for text in CANDIDATES if shape.pattern.fullmatch(text) and least <= len(text) <= most
            ]
            if not fitting:
                raise LookupError(f"no candidate fits `{shape.name}`: {shape.pattern.pattern}")
            return dice.choice(fitting)
        if shape.name not in self._letters:
            self._letters[shape.name] = "".join(
                letter for letter in LETTERS if shape.pattern.fullmatch(letter)
            )
        # What XML hands on changed is for outputs without a pattern; a pattern's `+` wants one letter.
        length = dice.randint(max(least, 1), most)
        return "".join(dice.choices(self._letters[shape.name], k=length))


def run(rounds: int, seed: int) -> Figures:
    """Do the rounds; every operation comes once before any comes twice."""
    figures, dice, models = Figures(), Dice(seed), Models.load()
    operations = list(models)
    boto = {
        name: BotoService(Loader().load_service_model(name, "service-2"), name) for name in models.services
    }
    for number in range(rounds):
        operation = operations[number] if number < len(operations) else dice.pick(operations)
        figures.operations.add(operation.action)
        theirs = boto[operation.service].operation_model(operation.name)
        _input(figures, dice, operation, theirs)
        if operation.output is not None:
            _output(figures, dice, models, operation, theirs)
    for operation in operations:
        theirs = boto[operation.service].operation_model(operation.name)
        for code in sorted(operation.errors):
            _error(figures, models, operation, theirs, code)
    return figures


def _input(figures: Figures, dice: Dice, operation: OperationModel, theirs: Any) -> None:
    sent = dice.structure(operation.input, output=False)
    request = create_serializer("query", include_validation=False).serialize_to_request(_plain(sent), theirs)
    body = AWSRequest(method="POST", url="https://iam/", data=request["body"]).prepare().body
    form = query.form_of(body if isinstance(body, bytes) else body.encode())
    read = query.input_of(operation, form)
    figures.inputs += 1
    # The JSON form of the same has to be the same; it tells an empty structure from none.
    if typed_json.input_of(operation, json.loads(json.dumps(_plain(sent)))) != sent:
        figures.mismatches.append(f"{operation.action}: {sent} is another thing as JSON")
    if form["Action"] != operation.name or read != _without_empty(sent):
        figures.mismatches.append(f"{operation.action}: sent {sent}, read {read}")


def _output(figures: Figures, dice: Dice, models: Models, operation: OperationModel, theirs: Any) -> None:
    assert operation.output is not None
    given = dice.structure(operation.output, output=True)
    body = xml.answer(models.services[operation.service], operation, given, "req-1")
    answer = {"status_code": 200, "headers": {}, "body": body}
    read = create_parser("query").parse(answer, theirs.output_shape)
    told = read.pop("ResponseMetadata")["RequestId"]
    figures.outputs += 1
    if told != "req-1" or _frozen(read) != _as_read(operation.output, given):
        figures.mismatches.append(f"{operation.action}: gave {given}, was read as {read}")


def _error(figures: Figures, models: Models, operation: OperationModel, theirs: Any, code: str) -> None:
    service = models.services[operation.service]
    message = f"<{code}> & 'so on'"
    body = xml.error(service, service.statuses[code], code, message, "req-2")
    answer = {"status_code": service.statuses[code], "headers": {}, "body": body}
    read = create_parser("query").parse(answer, theirs.output_shape)
    figures.errors += 1
    modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in theirs.error_shapes}
    if read["Error"]["Code"] != code or read["Error"]["Message"] != message or code not in modelled:
        figures.mismatches.append(f"{operation.action}: {code} was read as {read}")


def _plain(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _without_empty(value: Value) -> Any:
    """As the wire carries it: a structure or map without anything in it is not sent."""
    if isinstance(value, Mapping):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item != {}}
    if isinstance(value, tuple):
        return tuple(item for item in (_without_empty(item) for item in value) if item != {})
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _as_read(shape: Shape, value: Value) -> Any:
    """As botocore has it: documents percent-encoded."""
    if isinstance(value, Mapping):
        inner = shape.members if shape.kind == "structure" else dict.fromkeys(value, shape.inside)
        return {key: _as_read(inner[key], item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_as_read(shape.inside, item) for item in value)
    return quote(value, safe="") if shape.name == DOCUMENT and isinstance(value, str) else value


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5000)
    arguments.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = arguments.parse_args()
    figures = run(asked.rounds, asked.seed)
    for mismatch in figures.mismatches[:20]:
        print(mismatch)
    print(f"seed {asked.seed}: {figures}")
    return 1 if figures.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
