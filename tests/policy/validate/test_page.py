"""The page of checks says of every code what the table says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from iamkit.policy.checks.table import CHECKS
from iamkit.policy.findings import FINDING_TYPES, Check

PAGE: Final = Path(__file__).parents[3] / "docs" / "policy-checks.md"
_HEADINGS: Final = {
    "ERROR": "Errors",
    "SECURITY_WARNING": "Security warnings",
    "WARNING": "Warnings",
    "SUGGESTION": "Suggestions",
}


def section(row: Check) -> str:
    """One check as the page has it."""
    origin = "iamkit's own" if row.aws is None else "as AWS's" if row.aws == row.type else f"AWS: {row.aws}"
    refused = "; a save is refused" if row.refused else ""
    return f"### {row.code}\n\n{row.type} ({origin}{refused}). {row.meaning}.\n\nWhat to do: {row.remedy}.\n"


def test_the_page_is_the_table() -> None:
    """Every code has its section, under its type and in order, and there are no others."""
    text = PAGE.read_text(encoding="utf-8")
    intro = text[: text.index("\n## Errors")]
    parts = [intro]
    for kind in FINDING_TYPES:
        rows = [row for row in CHECKS.values() if row.type == kind]
        parts.append(f"\n## {_HEADINGS[kind]}\n")
        parts.extend("\n" + section(row) for row in rows)

    assert text == "".join(parts)
    for kind in FINDING_TYPES:
        count = sum(row.type == kind for row in CHECKS.values())
        assert f"{count} {_HEADINGS[kind].lower()}" in intro


def test_links_of_findings_lead_to_the_page() -> None:
    """The anchor of a heading is its text in lower case, so that no code may need another."""
    assert all(code.replace("_", "").isalnum() and code.isupper() for code in CHECKS)
