"""What the tests of the API share: the models, read once."""

from __future__ import annotations

import pytest

from iamkit.api.model import Models


@pytest.fixture(scope="session")
def models() -> Models:
    """Both services."""
    return Models.load()
