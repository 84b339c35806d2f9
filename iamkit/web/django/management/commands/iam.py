"""`manage.py iam …`: the `iamkit` command for the project's own directory and views."""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings as project
from django.core.management.base import BaseCommand, CommandError

from iamkit.errors import ConfigurationError
from iamkit.settings import ENVIRONMENT_PREFIX, Settings
from iamkit.web.django import options

_RUN: Final = "from iamkit.cli import main; main()"


class Command(BaseCommand):
    """Runs `iamkit` as a process of its own, told where the project's deployment is and how it is set."""

    help = "Users, groups, roles and policies of this project: the `iamkit` command for its directory."
    # It is needed to mend what the checks find.
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What stands behind `iam` is the `iamkit` command's."""
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """As from a shell: every option behind `iam` is passed on, `--help` too."""
        try:
            sys.exit(run(argv[2:]))
        except (CommandError, ConfigurationError) as fault:
            self.stderr.write(str(fault))
            sys.exit(2)

    def handle(self, *args: Any, **given: Any) -> None:
        """As by `call_command("iam", "user", "list")`. Raises CommandError with the command's exit code."""
        code = run([*args, *given.get("arguments", ())])
        if code:
            raise CommandError(f"iamkit exited with {code}", returncode=code)


def run(arguments: Sequence[str]) -> int:
    """Run `iamkit` with `arguments`; its exit code."""
    words = list(arguments)
    if words == ["routes"] or (words[:1] == ["routes"] and all(word.startswith("-") for word in words[1:])):
        words.append(os.environ.get("DJANGO_SETTINGS_MODULE", project.SETTINGS_MODULE))
    environment = {**os.environ, **_told()}
    return subprocess.run([sys.executable, "-c", _RUN, *words], env=environment, check=False).returncode  # noqa: S603


def _told() -> dict[str, str]:
    """The environment by which the command opens the same deployment."""
    iam = options.guardian()
    held = getattr(iam, "settings", None)
    if not isinstance(held, Settings) or not getattr(iam, "reopens", False):
        raise CommandError("the project's IAM has no directory that the command could open")
    told = {"IAMKIT_DIR": str(held.directory)}
    for field in dataclasses.fields(held):
        value = getattr(held, field.name)
        if field.name not in ("directory", "plugins") and value != field.default:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            told[ENVIRONMENT_PREFIX + field.name.upper()] = text
    # A plugin's own settings have two names: its section's and theirs.
    for name, text in held.plugins.items():
        told[ENVIRONMENT_PREFIX + name.replace(".", "__").upper()] = text
    return told
