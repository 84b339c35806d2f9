"""The page on the API does what it says: its examples are run against a server."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from waitress.server import create_server

from iamkit.api.app import ManagementAPI
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.kit import IAM
from iamkit.management import login_profiles

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PASSWORD = "three quiet otters read maps"


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 and JSON against a server; mounted in a Flask and in a Starlette app."""
    with IAM(tmp_path / "data", entry_points=False, password_cost=CHEAPEST) as iam:
        first = iam.initialize()
        iam.desk(iam.operator()).do(
            login_profiles.create_login_profile, user_name="administrator", password=Secret(PASSWORD)
        )
        token = iam.sign_in("administrator", PASSWORD, kind=SessionKind.BEARER).token.reveal()
        server: Any = create_server(ManagementAPI(iam).wsgi, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.effective_port}",
            "KEY_ID": first.key.key.key_id,
            "SECRET": first.key.secret.reveal(),
            "TOKEN": token,
            "DIRECTORY": str(tmp_path / "data"),
        }.items():
            monkeypatch.setenv(name, value)
        names: dict[str, Any] = {"__name__": "api"}
        try:
            for block in re.findall(
                r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL
            ):
                exec(compile(block, "api.md", "exec", dont_inherit=True), names)
            with httpx2.Client(transport=httpx2.WSGITransport(app=names["app"])) as client:
                answer = client.get("http://app.test/aws/openapi.json")
        finally:
            server.close()
            thread.join(timeout=10)
            if "iam_of_app" in names:
                names["iam_of_app"].close()

    assert answer.json()["openapi"] == "3.1.0"
