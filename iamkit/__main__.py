"""`python -m iamkit` is the command `iamkit`."""

from iamkit.cli import main

main()
