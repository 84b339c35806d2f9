"""A deployment in development on localhost, with one user, and its pages behind a server."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from iamkit_pages import Pages
from iamkit_webauthn import RelyingParty, WebAuthnPlugin
from werkzeug.serving import WSGIRequestHandler, make_server

from iamkit import IAM, FrozenClock, hookimpl
from iamkit.clock import SystemClock
from iamkit.credentials import otp
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Message
from iamkit.credentials.secret import Secret
from iamkit.management import attachments, login_profiles, root, users

PASSWORD: Final = "correct horse battery"
OTHER: Final = "staple paper lantern"
SELF_MANAGE: Final = "arn:aws:iam::aws:policy/IAMSelfManageCredentials"


class Post:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool:
        self.messages.append(message)
        return True


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


class Place:
    """A deployment in development on localhost, with ana, and its pages behind a server."""

    def __init__(self, folder: Path) -> None:
        self.server = make_server("localhost", 0, lambda *_: [], threaded=True, request_handler=_Silent)
        self.url = f"http://localhost:{self.server.server_port}"
        self.clock = FrozenClock(SystemClock().now())
        self.post = Post()
        party = RelyingParty(rp_id="localhost", rp_name="Notes", origins=(self.url,))
        self.iam = IAM(
            folder / "iam",
            plugins=[self.post, WebAuthnPlugin(party)],
            entry_points=False,
            development=True,
            password_cost=CHEAPEST,
            clock=self.clock,
            link_base=f"{self.url}/account",
        )
        self.iam.initialize()
        desk = self.iam.desk(self.iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(
            login_profiles.create_login_profile,
            user_name="ana",
            password=Secret(OTHER),
            password_reset_required=True,
        )
        desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=SELF_MANAGE)
        self.desk = desk
        self.server.app = Pages(self.iam, site="Notes").wsgi()

    def __enter__(self) -> Place:
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
        self.iam.close()

    def code(self, seed: str, steps: int = 0) -> str:
        return otp.code_at(otp.seed_of(seed), otp.step_at(self.clock.now()) + steps)

    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def setup_link(self) -> str:
        return self.iam.setup_url(self.desk.do(root.create_setup_link).token).reveal()

    def link(self) -> str:
        self.iam.outbox.flush()
        secret = self.post.messages[-1].secret
        if secret is None:
            raise AssertionError("the last mail has no link")
        return secret.reveal()
