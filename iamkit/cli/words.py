"""Small texts and what they mean: `key=value` pairs, and policies named without their ARN."""

from __future__ import annotations

from collections.abc import Iterable

from iamkit.arn import iam_arn
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.identity import managed
from iamkit.ids import checked_name, checked_path


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


def policy_arn(terminal: Terminal, text: str) -> str:
    """The ARN that a policy's ARN, or its name with its path, stands for.

    `editor` is the account's own policy on path `/`, else the shipped one of that name; `app/editor` the
    one on path `/app/`. An ARN is taken as it is and never mended.
    """
    if text.startswith("arn:"):
        return text
    deployment = terminal.iam().deployment()
    path, _, name = text.strip("/").rpartition("/")
    prefix = checked_path(f"/{path}/" if path else "/")
    checked_name("policy", name)
    own = iam_arn(deployment.partition, terminal.account(), "policy", prefix, name)
    shipped = iam_arn(deployment.partition, "aws", "policy", prefix, name)
    with terminal.iam().store.read() as reader:
        exists = managed.find(reader, terminal.account(), own) is not None
    return shipped if not exists and shipped in terminal.iam().house.shipped else own
