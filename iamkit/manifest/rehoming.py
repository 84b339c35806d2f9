"""Rehoming: what was written of one account, read as if it were of another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from iamkit.errors import InputError
from iamkit.manifest.document import Plain

# Where a bare account number means the account itself, in lower case.
_NUMBERED: Final = ("principal", "notprincipal", "targets")


@dataclass(frozen=True, slots=True)
class Rehoming:
    """From one partition and account to another: ARNs that begin with the one, and the bare number where it
    stands for the account. Nothing else of a text is touched.
    """

    from_partition: str
    from_account: str
    to_partition: str
    to_account: str

    def plain(self, plain: Plain) -> Plain:
        """JSON with every ARN of the one account made one of the other."""
        return self._moved(plain, bare=False)

    def text(self, text: str) -> str:
        """An ARN, or a pattern of ARNs, of the one account as one of the other; any other text as it is."""
        parts = text.split(":", 5)
        if len(parts) < 6 or parts[0] != "arn" or parts[1] != self.from_partition:
            return text
        parts[1] = self.to_partition
        if parts[4] == self.from_account:
            parts[4] = self.to_account
        return ":".join(parts)

    def _moved(self, plain: Plain, *, bare: bool) -> Plain:
        if isinstance(plain, str):
            if plain.lstrip().startswith("{") and self.from_account in plain:
                raise InputError(
                    f"a document that is kept as text names account {self.from_account}; change it there"
                )
            return self.to_account if bare and plain == self.from_account else self.text(plain)
        if isinstance(plain, list):
            return [self._moved(item, bare=bare) for item in plain]
        if isinstance(plain, dict):
            return {
                name: self._moved(value, bare=bare or _is_about_accounts(name))
                for name, value in plain.items()
            }
        return plain


def _is_about_accounts(member: str) -> bool:
    """Whether a number below a member is an account's: `Principal`, or a key such as `aws:SourceAccount`."""
    return member.lower() in _NUMBERED or re.fullmatch(r"aws:\w+account", member, re.IGNORECASE) is not None
