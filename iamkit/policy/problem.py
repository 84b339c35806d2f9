"""A fault in a policy document with its place, and the collector that gathers them while parsing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy.places import Path
from iamkit.policy.spans import Lines, Span

# Beyond this many faults a document is not worth a longer list.
MAX_PROBLEMS: Final = 50

__all__ = ["MAX_PROBLEMS", "Lines", "Path", "Problem", "Problems", "path_text"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where (JSON path and span), what, a stable code, and the correction where it is evident."""

    path: Path
    span: Span
    message: str
    code: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"at `{path_text(self.path)}`, " if self.path else ""
        hint = f"; did you mean `{self.suggestion}`" if self.suggestion else ""
        return f"{place}line {self.span.line} column {self.span.column}: {self.message}{hint}"


def path_text(path: Path) -> str:
    """A JSON path as people write it: `Statement[0].Condition.StringLike`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")[:300]


class Problems:
    """Collects the faults of one document in the order of their place."""

    __slots__ = ("_found", "_lines")

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._found: list[Problem] = []

    def add(
        self, path: Path, place: tuple[int, int], message: str, code: str, suggestion: str | None = None
    ) -> None:
        """Note a fault. `place` is its start and end offset."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(Problem(path, self._lines.span(*place), message, code, suggestion))

    def __len__(self) -> int:
        return len(self._found)

    def refuse(self) -> None:
        """Raise MalformedPolicyDocument if there are any, naming the first."""
        if not self._found:
            return
        found = sorted(self._found, key=lambda problem: problem.span.start)
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise MalformedPolicyDocument(
            f"the policy document is not valid: {found[0]}{more}", problems=tuple(found)
        )
