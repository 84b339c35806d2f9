"""Policy cases as pytest items; a failure's message is the explanation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from iamkit.errors import InputError
from iamkit.policy.cases import CaseResult, PolicyCase, run
from iamkit.testing.case_files import cases_of


class CaseFailed(Exception):  # noqa: N818  # what pytest shows of it is its text
    """A case was not decided as expected."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__("\n".join(result.lines()))


class CaseItem(pytest.Item):
    """One case."""

    case: PolicyCase

    def runtest(self) -> None:
        """Decide it. Raises CaseFailed."""
        result = run(self.case)
        if not result.passed:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:  # noqa: ARG002  # a text is enough
        """The explanation alone: where in iamkit it was raised helps nobody."""
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case stands, for headings."""
        return self.path, None, self.case.name


class CaseFile(pytest.File):
    """One file of cases."""

    def collect(self) -> Iterable[CaseItem]:
        """Its cases. A file that cannot be read is an error of collection that says why."""
        try:
            found = cases_of(self.path)
        except InputError as fault:
            raise self.CollectError(str(fault)) from None
        for case in found:
            item = CaseItem.from_parent(self, name=case.name)
            item.case = case
            yield item
