"""Fixtures for every test: real servers, one of each per worker session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from iamkit.testing.servers import NoServer, postgres_server, valkey_server

pytest.register_assert_rewrite(
    "iamkit.testing.store_contract", "iamkit.testing.contract_reading", "iamkit.testing.contract_writing"
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL; use `postgres_url` for a place of a test's own in it."""
    given = os.environ.get("IAMKIT_TEST_PG_DSN")
    if given:
        yield given
        return
    try:
        with postgres_server() as url:
            yield url
    except NoServer as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The URL of an empty schema of the test's own in a real PostgreSQL."""
    import secrets

    import psycopg
    from psycopg.sql import SQL, Identifier

    schema = Identifier(name := f"iamkit_test_{secrets.token_hex(6)}")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(schema))
    mark = "&" if "?" in postgres else "?"
    yield f"{postgres}{mark}application_name={name}&options=-csearch_path%3D{name}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(schema))


@pytest.fixture(scope="session")
def valkey() -> Iterator[Path]:
    """The socket of a real Valkey that is durable."""
    try:
        with valkey_server() as socket:
            yield socket
    except NoServer as missing:
        pytest.skip(str(missing))
