"""A real browser with a virtual authenticator, and a real server on localhost."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from iamkit import IAM, IamkitError, current_principal
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionState
from iamkit.management import inline, login_profiles, mfa_enrolment, users
from iamkit.web.flask import protect
from iamkit_webauthn import RelyingParty, WebAuthnPlugin, script

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
PASSWORD: Final = "correct horse battery"
ENROL: Final = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["iamkit:*MFAEnrollment", "me:Read"], "Resource": "*"}]}"""
# The page's own policy is as strict as a sign-in page's is.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
PAGE: Final = """<!doctype html><html lang="en"><title>Keys</title>
<script type="module" src="/page.js"></script>
<form data-webauthn="get" data-options='{}' method="post" action="/form">
<input type="hidden" name="credential">
<button>Use a passkey</button><p role="status" data-webauthn-message></p></form></html>"""
SCRIPT: Final = """import * as keys from "/webauthn.js";
const post = async (path, body = {}) => {
  const answer = await fetch(path, {method: "POST", headers: {"content-type": "application/json"},
    body: JSON.stringify(body)});
  return {status: answer.status, body: await answer.json()};
};
const fault = (error) => ({fault: error.name});
window.keys = keys; window.post = post;
window.enrol = async () => {
  const begun = (await post("/enrol/begin")).body;
  return keys.create(begun).then((credential) => post("/enrol/finish", {credential}), fault);
};
window.second = async () => {
  const begun = (await post("/second/begin")).body;
  return keys.get(begun).then((credential) => post("/second/finish", {credential}), fault);
};
window.passkey = async (name) => {
  const begun = (await post("/passkey/begin", {name})).body;
  return keys.get(begun.shown).then(
    (credential) => post("/passkey/finish", {credential, token: begun.token}), fault);
};
window.ready = true;
"""


def _app(iam: IAM) -> Flask:
    app = Flask("keys")
    protect(app, iam)

    def body() -> dict[str, str]:
        found: dict[str, str] = request.get_json()
        return found

    def entered(session: NewSession) -> Response:
        answer = Response(json.dumps({"state": str(session.state)}), mimetype="application/json")
        answer.headers["Set-Cookie"] = iam.session_cookie(session)
        return answer

    def token() -> str:
        return request.cookies.get(iam.cookie_name, "")

    @app.errorhandler(IamkitError)
    def refused(fault: IamkitError) -> tuple[dict[str, str], int]:
        return {"error": fault.code}, fault.status

    @app.get("/")
    @iam.public
    def page() -> Response:
        return Response(PAGE, mimetype="text/html", headers={"Content-Security-Policy": POLICY})

    @app.get("/page.js")
    @iam.public
    def page_script() -> Response:
        return Response(SCRIPT, mimetype="text/javascript")

    @app.get("/webauthn.js")
    @iam.public
    def webauthn_script() -> Response:
        return Response(script(), mimetype="text/javascript")

    @app.post("/password")
    @iam.public
    def password() -> Response:
        return entered(iam.sign_in("ana", PASSWORD, source=request.remote_addr))

    @app.post("/enrol/begin")
    @iam.require("me:Read")
    def enrol_begin() -> Response:
        begun = iam.desk(current_principal()).do(mfa_enrolment.begin_mfa_enrollment, method="webauthn")
        return Response(begun.shown, mimetype="application/json")

    @app.post("/enrol/finish")
    @iam.require("me:Read")
    def enrol_finish() -> dict[str, str]:
        made = iam.desk(current_principal()).do(
            mfa_enrolment.finish_mfa_enrollment, method="webauthn", answer=Secret(json.dumps(body()))
        )
        return {"serial": made.serial_number}

    @app.post("/second/begin")
    @iam.public
    def second_begin() -> dict[str, object]:
        return dict(iam.factors.begin(token(), "webauthn"))

    @app.post("/second/finish")
    @iam.public
    def second_finish() -> Response:
        return entered(iam.factors.finish(token(), "webauthn", body(), source=request.remote_addr))

    @app.post("/passkey/begin")
    @iam.public
    def passkey_begin() -> dict[str, object]:
        begun = iam.factors.begin_passkey(body().get("name"))
        return {"shown": begun.shown, "token": begun.token.reveal()}

    @app.post("/passkey/finish")
    @iam.public
    def passkey_finish() -> Response:
        said = body()
        return entered(iam.factors.finish_passkey(said.pop("token"), said, source=request.remote_addr))

    @app.post("/form")
    @iam.public
    def form() -> dict[str, object]:
        return {"credential": json.loads(request.form["credential"])["type"]}

    @app.post("/me")
    @iam.require("me:Read")
    def me() -> dict[str, str]:
        return {"name": current_principal().name}

    return app


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of a deployment in development on localhost, with ana."""
    server = make_server("localhost", 0, Flask("not yet"), threaded=True)
    url = f"http://localhost:{server.server_port}"
    party = RelyingParty(rp_id="localhost", rp_name="Keys", origins=(url,))
    with IAM(
        tmp_path / "iam",
        plugins=[WebAuthnPlugin(party)],
        entry_points=False,
        development=True,
        password_cost=CHEAPEST,
    ) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        desk.do(inline.put_user_policy, user_name="ana", policy_name="enrol", policy_document=ENROL)
        server.app = _app(iam)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def page(served: str, tmp_path: Path) -> Iterator[Page]:
    """The page, in a new browser."""
    if CHROMIUM is None:
        pytest.skip("no browser to test in: install the package `chromium`")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("no driver for the browser: install the wheel `playwright`")
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, headless=True, args=[*quiet, *root]
        )
        try:
            page = context.new_page()
            page.goto(served)
            page.wait_for_function("window.ready === true")
            yield page
        finally:
            context.close()


class Authenticator:
    """The browser's virtual authenticator."""

    def __init__(self, page: Page, *, verified: bool = True) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made = self._session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": verified,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._name: dict[str, Any] = {"authenticatorId": made["authenticatorId"]}

    def verify(self, verified: bool) -> None:
        """Whether it knows its user from now on."""
        self._session.send("WebAuthn.setUserVerified", {**self._name, "isUserVerified": verified})

    def set_count(self, count: int) -> None:
        """Set the counter of its one credential, as in a copy made earlier."""
        (kept,) = self._session.send("WebAuthn.getCredentials", self._name)["credentials"]
        self._session.send("WebAuthn.removeCredential", {**self._name, "credentialId": kept["credentialId"]})
        self._session.send(
            "WebAuthn.addCredential", {**self._name, "credential": {**kept, "signCount": count}}
        )


def _forget(page: Page) -> None:
    page.context.clear_cookies()


def test_a_browser_enrols_and_signs_in(page: Page) -> None:
    """Enrolled with a session; then after the password; then by itself, with and without a name."""
    authenticator = Authenticator(page)
    assert page.evaluate("post('/password')")["body"] == {"state": str(SessionState.ACTIVE)}

    enrolled = page.evaluate("enrol()")
    assert enrolled["status"] == 200, enrolled
    assert ":u2f/user/ana/passkey-" in enrolled["body"]["serial"]
    # The same device is not enrolled again: the browser is told not to.
    assert page.evaluate("enrol()") == {"fault": "InvalidStateError"}

    _forget(page)
    assert page.evaluate("post('/password')")["body"] == {"state": str(SessionState.PENDING)}
    assert page.evaluate("post('/me')")["status"] == 401
    assert page.evaluate("second()") == {"status": 200, "body": {"state": str(SessionState.ACTIVE)}}
    assert page.evaluate("post('/me')")["body"] == {"name": "ana"}

    for name in (None, "ana"):
        _forget(page)
        assert page.evaluate("post('/me')")["status"] == 401
        done = page.evaluate("(name) => passkey(name)", name)
        assert done == {"status": 200, "body": {"state": str(SessionState.ACTIVE)}}
        assert page.evaluate("post('/me')")["body"] == {"name": "ana"}

    # Somebody whom nobody knows has no device here, as far as the browser can tell.
    assert page.evaluate("passkey('nobody')") == {"fault": "NotAllowedError"}
    # A copy that was made earlier.
    _forget(page)
    authenticator.set_count(1)
    assert page.evaluate("passkey(null)") == {"status": 401, "body": {"error": "InvalidCredentials"}}


def test_a_browser_that_cannot_verify_signs_nobody_in(page: Page) -> None:
    """Neither does the browser ask for less, nor would the server take it."""
    authenticator = Authenticator(page)
    page.evaluate("post('/password')")
    assert page.evaluate("enrol()")["status"] == 200
    authenticator.verify(False)

    _forget(page)
    assert page.evaluate("passkey(null)") == {"fault": "NotAllowedError"}
    # The browser refuses already. Asked for less, it answers, and the server refuses.
    forged = """(async () => {
      const begun = (await post("/passkey/begin")).body;
      const shown = {...begun.shown, userVerification: "discouraged"};
      return post("/passkey/finish", {credential: await keys.get(shown), token: begun.token});
    })()"""
    assert page.evaluate(forged) == {"status": 401, "body": {"error": "InvalidCredentials"}}
    assert page.evaluate("post('/me')")["status"] == 401


def test_a_form_asks_for_the_device_by_itself(page: Page) -> None:
    """Without code of the page's own; a failure is said in the form; an older browser gets the same."""
    Authenticator(page)
    page.evaluate("post('/password')")
    page.evaluate("enrol()")
    fill = """(async () => {
      const form = document.querySelector("form");
      form.dataset.options = JSON.stringify((await post("/passkey/begin")).body.shown);
    })()"""

    page.evaluate("document.querySelector('form').dataset.options = '{\"rpId\": \"evil.example\"}'")
    page.get_by_role("button").click()
    page.wait_for_function("document.querySelector('[role=status]').textContent.includes('Try again')")
    page.evaluate(fill)
    # What browsers had before they could read and write JSON.
    page.evaluate("delete PublicKeyCredential.parseRequestOptionsFromJSON")
    page.evaluate("delete PublicKeyCredential.prototype.toJSON")
    with page.expect_navigation():
        page.get_by_role("button").click()

    assert "public-key" in page.content()


def test_an_older_browser_enrols_too(page: Page) -> None:
    """The fallback writes what `toJSON()` would."""
    Authenticator(page)
    page.evaluate("post('/password')")
    page.evaluate("delete PublicKeyCredential.parseCreationOptionsFromJSON")
    page.evaluate("delete PublicKeyCredential.parseRequestOptionsFromJSON")
    page.evaluate("delete PublicKeyCredential.prototype.toJSON")
    assert page.evaluate("typeof PublicKeyCredential.parseCreationOptionsFromJSON") == "undefined"

    assert page.evaluate("enrol()")["status"] == 200
    _forget(page)
    assert page.evaluate("passkey('ana')")["status"] == 200
