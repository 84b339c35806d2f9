"""What an issuer publishes: for whoever asks, without a signature, and nothing secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import Client

from iamkit.api.app import ManagementAPI
from iamkit.credentials.hashing import CHEAPEST
from iamkit.kit import IAM
from iamkit.management import outbound_identity, users

BASE: Final = "https://iam.example/api"


def test_a_verifier_needs_the_url_alone(tmp_path: Path) -> None:
    """From the token's issuer to its keys; another issuer or method is not found."""
    with IAM(tmp_path / "data", entry_points=False, password_cost=CHEAPEST, issuer_base=BASE) as iam:
        iam.initialize(account_id="111122223333")
        operator = iam.desk(iam.operator())
        made = operator.do(outbound_identity.enable_outbound_web_identity_federation)
        assert made.issuer_identifier.startswith(f"{BASE}/")
        operator.do(users.create_user, user_name="ana")
        local = made.issuer_identifier.removeprefix(BASE)
        web = Client(ManagementAPI(iam).wsgi)

        told = web.get(f"{local}/.well-known/openid-configuration")
        assert told.status_code == 200
        found = told.json
        assert found is not None
        assert found["issuer"] == made.issuer_identifier
        keys = web.get(found["jwks_uri"].removeprefix(BASE))
        assert keys.headers["Content-Type"] == "application/json"
        known = KeySet.import_key_set(json.loads(keys.data))
        administrator = iam.desk(iam.principals.find("111122223333", "administrator"))
        token = administrator.do(
            outbound_identity.get_web_identity_token, audience=("x",), signing_algorithm="RS256"
        ).web_identity_token.reveal()
        claims = jwt.decode(token, known, algorithms=["RS256", "ES384"]).claims
        assert claims["sub"].endswith(":user/administrator")

        assert web.get(f"/{'0' * 32}/.well-known/jwks.json").status_code == 404
        assert web.post(f"{local}/.well-known/jwks.json").status_code >= 400
        assert web.get(f"{local}/.well-known/other").status_code >= 400
