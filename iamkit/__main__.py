"""`python -m iamkit` is the command `iamkit`."""

from __future__ import annotations

from iamkit.cli import main

main()
