"""`iamkit compat`: the commands of 2011, `iam-usercreate -u -p -k` and their like, with today's rules.

Each is a translation to an operation that has a command of its own today. A link to `iamkit` that is named
as one of them runs it, so scripts of then need no change.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from iamkit.cli.compat import entities, policies
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import ConfigurationError

_FILE_VARIABLE: Final = "AWS_CREDENTIAL_FILE"
_ID, _SECRET = "AWSAccessKeyId", "AWSSecretKey"  # names in the file


@click.group("compat", cls=Group)
@click.pass_obj
def compat(terminal: Terminal) -> None:
    """The commands of 2011: `iamkit compat iam-usercreate -u jeff -p /family/ -k`.

    They act as the key in the file that AWS_CREDENTIAL_FILE names, if it is set.
    """
    named = os.environ.get(_FILE_VARIABLE)
    if named and terminal.acting_as is None:
        terminal.key_pair = _pair(Path(named))


def _pair(file: Path) -> tuple[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(
            f"the file of {_FILE_VARIABLE} cannot be read: {type(fault).__name__}"
        ) from None
    found = dict(line.strip().split("=", 1) for line in lines if "=" in line)
    try:
        return found[_ID].strip(), found[_SECRET].strip()
    except KeyError:
        raise ConfigurationError(
            f"the file of {_FILE_VARIABLE} must have the lines `{_ID}=…` and `{_SECRET}=…`"
        ) from None


entities.add_to(compat)
policies.add_to(compat)
