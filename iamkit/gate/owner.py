"""Which account owns a resource."""

from __future__ import annotations


def owner_of(resource: str, *, asker: str, home: str) -> str:
    """The account that owns a resource, where nobody says so: `asker` and `home` are accounts."""
    parts = resource.split(":", 5)
    named = parts[4] if len(parts) == 6 else ""
    if len(named) == 12 and named.isascii() and named.isdigit():
        return named
    # What has no single resource, and shipped policies (`aws` stands for their account), are the asker's. An
    # ARN that names no account is the home account's: nobody comes to own it by asking about it.
    return home if named == "" and resource != "*" else asker
