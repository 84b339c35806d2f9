"""The demo's document app, apart from any web framework: a handful of documents in memory."""

from __future__ import annotations

from typing import Final

SEED: Final = {
    "plan": "Ship on Friday.",
    "ledger": "1,000 in, 998 out.",
    "payroll": "Known at the office only.",
    "notice": "The lift is out of order.",
}


class Documents:
    """Documents by id."""

    def __init__(self) -> None:
        self._texts = dict(SEED)

    def ids(self) -> list[str]:
        return sorted(self._texts)

    def get(self, doc_id: str) -> str | None:
        return self._texts.get(doc_id)

    def put(self, doc_id: str, text: str) -> None:
        self._texts[doc_id] = text

    def delete(self, doc_id: str) -> bool:
        return self._texts.pop(doc_id, None) is not None
