"""Small texts and what they mean: `key=value` pairs, and policies named without their ARN."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from iamkit.arn import iam_arn
from iamkit.cli import elsewhere
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.identity import managed
from iamkit.ids import checked_name, checked_path
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader

_LENGTH: Final = re.compile(r"([0-9]{1,5})([dw]?)", re.ASCII)


def pairs(texts: Iterable[str], *, what: str) -> dict[str, str]:
    """`key=value` texts as a mapping. Raises InputError for another form or a key that comes twice."""
    found: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise InputError(f"{what} `{text[:80]}` must be written as `key=value`")
        if key in found:
            raise InputError(f"{what} `{key[:80]}` is given twice")
        found[key] = value
    return found


def days(text: str) -> int:
    """Whole days of a length of time such as `90d` or `12w`. Raises InputError."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise InputError(f"`{text[:40]}` must be a number of days or weeks, such as `90d` or `12w`")
    return int(found[1]) * (7 if found[2] == "w" else 1)


def policy_arn(terminal: Terminal, text: str) -> str:
    """The ARN that a policy's ARN, or its name with its path, stands for.

    `editor` is the account's own policy on path `/`, else the shipped one of that name; `app/editor` the
    one on path `/app/`. An ARN is taken as it is and never mended.
    """
    if text.startswith("arn:"):
        return text
    path, _, name = text.strip("/").rpartition("/")
    prefix = checked_path(f"/{path}/" if path else "/")
    checked_name("policy", name)
    own = iam_arn(terminal.partition(), terminal.account(), "policy", prefix, name)
    shipped = iam_arn(terminal.partition(), "aws", "policy", prefix, name)
    if terminal.endpoint:
        return elsewhere.policy_arn(terminal, own, shipped)
    with terminal.iam().store.read() as reader:
        if managed.find(reader, terminal.account(), own) is not None:
            return own
        if shipped in terminal.iam().house.shipped:
            return shipped
        # Said only if the operation finds that there is no such policy, so to nobody who may not ask.
        terminal.missing_policy = own
        terminal.nearest_policy = _nearest(reader, terminal, text.strip("/"))
    return own


def _nearest(reader: Reader, terminal: Terminal, text: str) -> str:
    """The policy, own or shipped, whose name with its path is most like `text`; empty if none is."""
    shelf = [policy for policy in terminal.iam().house.shipped.values() if policy.kind is PolicyKind.IDENTITY]
    known = [(policy.path + policy.name).strip("/") for policy in shelf]
    known += [
        (policy.path + policy.name).strip("/") for policy in managed.listing(reader, terminal.account())
    ]
    spelt = {name.lower(): name for name in known}
    # A name given without its path is a mistake of its own.
    spelt.update({name.rpartition("/")[2].lower(): name for name in known})
    near = get_close_matches(text.lower(), spelt, n=1)
    return spelt[near[0]] if near else ""
