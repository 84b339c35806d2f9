"""Fixtures for every test: real servers, one of each per worker session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings as django_settings

from iamkit.testing.servers import NoServer, postgres_server, valkey_server

pytest.register_assert_rewrite(
    "iamkit.testing.store_contract", "iamkit.testing.contract_reading", "iamkit.testing.contract_writing"
)

# Django's settings are once for a process: they are made here, whatever tests come first, and tests override
# them. In memory, and shared between threads.
if not django_settings.configured:
    django_settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=(),
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:tests?mode=memory&cache=shared"}
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "iamkit.web.django",
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "rest_framework",
        ],
        MIDDLEWARE=["iamkit.web.django.Middleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()


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
