"""Findings as SARIF 2.1.0, which code-review tools read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Final

from iamkit.cli.documents import Document
from iamkit.policy.findings import CheckTable, Finding, FindingType, Location
from iamkit.policy.problem import Lines, path_text

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final[dict[FindingType, str]] = {
    "ERROR": "error",
    "SECURITY_WARNING": "warning",
    "WARNING": "warning",
    "SUGGESTION": "note",
}


def log(found: Sequence[tuple[Document, Sequence[Finding]]], checks: CheckTable) -> dict[str, object]:
    """One run over some documents. Columns count code points, as everywhere in iamkit."""
    codes = sorted({finding.code for _, findings in found for finding in findings})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": checks[code].meaning},
            "help": {"text": checks[code].remedy},
            "defaultConfiguration": {"level": _LEVELS[checks[code].type]},
        }
        for code in codes
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "iamkit", "version": version("iamkit"), "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(document, finding, codes) for document, findings in found for finding in findings
                ],
            }
        ],
    }


def _result(document: Document, finding: Finding, codes: Sequence[str]) -> dict[str, object]:
    text = finding.message
    if finding.example is not None:
        text += f" (for instance, {finding.example})"
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.type],
        "message": {"text": text},
        "locations": list(_places(document, finding.locations[:1])),
        "relatedLocations": list(_places(document, finding.locations[1:])),
        "properties": {"findingType": finding.type},
    }


def _places(document: Document, locations: Iterable[Location]) -> Iterable[dict[str, object]]:
    lines = Lines(document.text)
    for location in locations:
        span, end = location.span, lines.span(location.span.end, location.span.end)
        yield {
            "physicalLocation": {
                "artifactLocation": {"uri": document.name},
                "region": {
                    "startLine": span.line,
                    "startColumn": span.column,
                    "endLine": end.line,
                    "endColumn": end.column,
                    "charOffset": span.start,
                    "charLength": span.end - span.start,
                },
            },
            "logicalLocations": [{"fullyQualifiedName": path_text(location.path)}],
        }
