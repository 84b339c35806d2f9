"""Asks an app of `ten_lines/` as nobody, as one who may and as one who may not, and prints the statuses.

    cd FOLDER && python tests/proofs/ten_lines.py flask_guarded

FOLDER gets a directory of accounts. A process of its own, as Django has one project for each.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import sys
from pathlib import Path
from typing import Any, Final

import httpx2

from iamkit import IAM
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.management import inline, login_profiles, users

APPS: Final = Path(__file__).with_name("ten_lines")
_PASSWORD: Final = "correct horse battery staple"
_POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}],
}


def tokens() -> dict[str, str]:
    """A deployment in `iamkit-data` with ana, who may read, and ben, who may nothing; their tokens."""
    with IAM("iamkit-data", entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        for name in ("ana", "ben"):
            desk.do(users.create_user, user_name=name)
            desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(_PASSWORD))
        desk.do(inline.put_user_policy, user_name="ana", policy_name="p", policy_document=json.dumps(_POLICY))
        return {
            name: iam.sign_in(name, _PASSWORD, kind=SessionKind.BEARER).token.reveal()
            for name in ("ana", "ben")
        }


def loaded(name: str) -> Any:
    """The app of the file `name`."""
    spec = importlib.util.spec_from_file_location(name, APPS / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


async def _asked(app: Any, path: str, headers: dict[str, str]) -> int:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get(path, headers=headers)).status_code


def asked(app: Any, path: str, token: str | None) -> int:
    """The status of a GET."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if inspect.iscoroutinefunction(app.__call__):
        return asyncio.run(_asked(app, path, headers))
    with httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://localhost") as client:
        return client.get(path, headers=headers).status_code


def main(name: str) -> None:
    """Print the statuses as JSON: path, then who."""
    people: dict[str, str | None] = {"nobody": None, **tokens()}
    app = loaded(name)
    found = {
        path: {who: asked(app, path, token) for who, token in people.items()}
        for path in ("/notes/7", "/healthz", "/forgotten")
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
