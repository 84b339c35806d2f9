"""The example plugin does what its README says."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from iamkit import IAM
from iamkit.management import inline, users

POLICY = """{"Version": "2012-10-17", "Statement": [{
  "Effect": "Allow", "Action": "lab:Enter", "Resource": "*",
  "Condition": {"NumericLessThanEquals": {"desk:Floor": "3"}}}]}"""


def test_a_badge_admits_and_the_floor_decides(started: Any, load: Callable[[str], ModuleType]) -> None:
    """A known badge is a caller, an unknown one is 401, and the policy sees the floor."""
    plugin = load("write_a_plugin/plugin.py")
    account = started.iam.deployment().home_account
    low = started.desk.do(users.create_user, user_name="low").user_id
    high = started.desk.do(users.create_user, user_name="high").user_id
    for name in ("low", "high"):
        started.desk.do(inline.put_user_policy, user_name=name, policy_name="lab", policy_document=POLICY)
    badges = plugin.Badges({"1001": (account, low, 2), "1002": (account, high, 9)})
    with IAM("iamkit-data", plugins=[badges]) as iam:

        @iam.require("lab:Enter")
        @Request.application
        def lab(request: Request) -> Response:
            return Response("come in")

        client = Client(iam.wsgi(lab))

        def enter(badge: str) -> TestResponse:
            return client.get("/", headers={"X-Badge": badge})

        assert enter("1001").status_code == 200
        assert enter("1002").status_code == 403
        assert enter("9999").status_code == 401
