"""Walks the pages in Chromium: by keyboard alone, without JavaScript but for passkeys, light, dark and small.

    python tests/proofs/pages_walk.py [--out FOLDER] [--chromium /usr/bin/chromium]

A person signs in, is sent to enrol, adds an authenticator app, signs in with it, makes and deletes keys, tokens
and sessions, changes the password, loses it and gets another by mail; then adds a passkey and comes in with that
alone. Every page that is seen on the way is examined by axe, wide and dark, small and light, and must have no
violation, and nothing wider than the window. `--out` gets a picture of each. Ends with 3 if the browser, its
driver or axe is not there.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins" / "iamkit-pages"), str(ROOT / "plugins" / "iamkit-webauthn")]

from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

from iamkit import IAM, FrozenClock, hookimpl  # noqa: E402
from iamkit.clock import SystemClock  # noqa: E402
from iamkit.credentials import otp  # noqa: E402
from iamkit.credentials.hashing import CHEAPEST  # noqa: E402
from iamkit.credentials.message import Message  # noqa: E402
from iamkit.credentials.secret import Secret  # noqa: E402
from iamkit.management import attachments, inline, login_profiles, users  # noqa: E402
from iamkit_pages import Pages  # noqa: E402
from iamkit_webauthn import RelyingParty, WebAuthnPlugin  # noqa: E402

ABSENT: Final = 3
PASSWORD: Final = "correct horse battery"
OTHER: Final = "staple paper lantern"
SELF_MANAGE: Final = "arn:aws:iam::aws:policy/IAMSelfManageCredentials"
QUIET: Final = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# How often Tab is pressed before a thing counts as out of reach.
_REACH: Final = 60


class Post:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool:
        self.messages.append(message)
        return True


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
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

    def link(self) -> str:
        self.iam.outbox.flush()
        secret = self.post.messages[-1].secret
        if secret is None:
            raise AssertionError("the last mail has no link")
        return secret.reveal()


class Walker:
    """A person at a keyboard. Each page is kept with its name, for the auditor and for a picture."""

    def __init__(self, page: Any, place: Place, kept: dict[str, str], out: Path | None) -> None:
        self.page = page
        self.place = place
        self._kept = kept
        self._out = out

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.place.url + path)

    def tab_to(self, what: str) -> None:
        """Press Tab until the focus is on the control of that label or text. AssertionError if it never is."""
        for _ in range(_REACH):
            if self._focused() == what:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"`{what}` is not reached by Tab on {self.page.url}")

    def _focused(self) -> str:
        name: str = self.page.evaluate(
            """() => { const at = document.activeElement;
                if (!at || at === document.body) return "";
                if (at.getAttribute("aria-label")) return at.getAttribute("aria-label");
                return (at.labels && at.labels.length ? at.labels[0].textContent : at.textContent).trim(); }"""
        )
        return name

    def type(self, label: str, text: str) -> None:
        self.tab_to(label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, what: str) -> None:
        """Reach a button, link or summary and press Enter; the page that follows is awaited."""
        self.tab_to(what)
        before = self.page.evaluate("performance.timeOrigin")
        self.page.keyboard.press("Enter")
        for _ in range(100):
            self.page.wait_for_timeout(20)
            try:
                if self.page.evaluate("performance.timeOrigin") != before:
                    break
            except Exception as fault:  # noqa: BLE001  # the page went away while it was asked
                if "context was destroyed" not in str(fault):
                    raise
        self.page.wait_for_load_state("load")

    def open(self, what: str) -> None:
        """Open what is folded."""
        self.tab_to(what)
        self.page.keyboard.press("Enter")

    def see(self, name: str, text: str) -> None:
        """The page says `text`; it is kept under `name`."""
        found = self.page.inner_text("body")
        if text not in found:
            raise AssertionError(f"{name}: `{text}` is not on {self.page.url}:\n{found}")
        self._kept[name] = self.page.content()
        if self._out is not None:
            self.page.screenshot(path=str(self._out / f"{name}.png"), full_page=True)


def walk(walker: Walker) -> str:
    """All that needs no script. Returns the seed of the app that was enrolled."""
    place = walker.place
    walker.go("/account/keys")
    walker.see("sign-in", "Sign in")
    walker.type("User name", "ana")
    walker.type("Password", "not it")
    walker.press("Sign in")
    walker.see("sign-in-wrong", "The user name or the password is not right.")
    walker.type("Password", OTHER)
    walker.press("Sign in")
    walker.see("new-password", "Your password has to be changed")
    walker.type("New password", PASSWORD)
    walker.type("New password again", PASSWORD)
    walker.press("Set the password")
    walker.see("keys-empty", "You have no access keys.")
    walker.press("Make an access key")
    walker.see("key-made", "Your new access key")
    walker.press("I have put it away")
    key = re.findall(r"AKIA[A-Z0-9]+|[A-Z0-9]{20}", walker.page.inner_text("tbody"))[0]
    walker.open(f"Delete: {key}")
    walker.see("keys", "Delete")
    walker.press("Delete")
    walker.see("keys-deleted", "The access key is deleted.")
    walker.press("Personal tokens")
    walker.type("Name", "ci")
    walker.press("Make the token")
    walker.see("token-made", "Your new token")
    walker.press("I have put it away")
    walker.open("Delete: ci")
    walker.see("tokens", "Make a token")
    walker.press("Second factors")
    walker.see("factors-empty", "You have no second factor yet.")
    walker.press("Hardware token")
    walker.see("enrol-token", "Serial number")
    walker.press("Cancel")
    walker.press("Authenticator app")
    walker.see("enrol-app", "Add an authenticator app")
    walker.press("Show the code to scan")
    walker.see("enrol-app-codes", "Scan the code")
    seed: str = walker.page.inner_text(".secret")
    walker.type("First code", "000000")
    walker.type("The code after it", "000000")
    walker.press("Add the device")
    walker.see("enrol-app-wrong", "That did not work")
    walker.type("First code", place.code(seed, -1))
    walker.type("The code after it", place.code(seed))
    walker.press("Add the device")
    walker.see("factors", "The device is added.")
    walker.press("Make recovery codes")
    walker.see("recovery-ask", "Recovery codes")
    walker.press("Make ten codes")
    walker.see("recovery-codes", "They are shown this once.")
    walker.press("I have put them away")
    walker.press("Sessions")
    walker.see("sessions", "this browser")
    walker.press("Password")
    walker.see("password", "Change the password")
    walker.press("Overview")
    walker.see("overview", "Name in policies")
    walker.press("Change the mail address")
    walker.see("address", "Change the mail address")
    walker.type("New mail address", "ana@example.org")
    walker.press("Send the link")
    walker.see("overview-sent", "A mail with a link is on its way.")
    walker.go(place.link())
    walker.see("confirm", "Confirm your mail address")
    walker.press("Confirm")
    walker.see("sign-in-again", "The mail address is confirmed.")
    walker.press("Go on as ana")
    walker.press("Sign out")
    walker.see("signed-out", "You are signed out.")
    return seed


def lose_and_find(walker: Walker, seed: str) -> None:
    """A forgotten password, by mail; the factor is asked for as ever."""
    place = walker.place
    place.wait(60)
    walker.go("/account/sign-in")
    walker.press("Forgot your password?")
    walker.see("forgot", "Forgot your password?")
    walker.type("User name or mail address", "ana")
    walker.press("Send the link")
    walker.see("mail-sent", "Look at your mail")
    link = place.link()
    walker.go(link)
    if "token" in walker.page.url:
        raise AssertionError("the link's token stays in the address")
    walker.see("reset", "Choose a new password")
    walker.type("New password", OTHER)
    walker.type("New password again", OTHER)
    walker.press("Set the password")
    walker.see("reset-done", "The password is set.")
    walker.go(link)
    walker.type("New password", PASSWORD)
    walker.type("New password again", PASSWORD)
    walker.press("Set the password")
    walker.see("link-worthless", "This link is of no use any more")
    walker.go("/account/sign-in?next=/account/sessions")
    walker.type("User name", "ana")
    walker.type("Password", OTHER)
    walker.press("Sign in")
    walker.see("factor", "Second step")
    walker.press("Recovery code")
    walker.see("factor-recovery", "recovery codes that you put away")
    walker.press("Authenticator app")
    walker.type("Code", "000000")
    walker.press("Continue")
    walker.see("factor-wrong", "The code is not right")
    walker.type("Code", place.code(seed))
    walker.press("Continue")
    walker.see("sessions-again", "this browser")
    walker.go("/account/nothing")
    walker.see("not-found", "There is no such page")
    walker.go("/account/sign-out")
    walker.see("sign-out", "This ends the session of this browser.")
    walker.go("/account/passkey")
    walker.see("passkey-no-script", "JavaScript")


def passkey(walker: Walker, seed: str) -> None:
    """With the one script: a passkey is added, shown after the password, and instead of it."""
    place = walker.place
    session = walker.page.context.new_cdp_session(walker.page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    place.wait(60)
    walker.go("/account/sign-in?next=/account/factors")
    walker.type("User name", "ana")
    walker.type("Password", OTHER)
    walker.press("Sign in")
    walker.type("Code", place.code(seed))
    walker.press("Continue")
    walker.press("Passkey or security key")
    walker.see("enrol-key", "Add a passkey or security key")
    walker.type("Name", "laptop")
    walker.press("Continue")
    walker.see("enrol-key-ready", "Hold the device ready")
    walker.press("Add the device")
    walker.see("factors-two", "laptop")
    walker.press("Sign out")
    walker.press("Use a passkey")
    walker.see("passkey", "Sign in with a passkey")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": made["authenticatorId"], "isUserVerified": False})
    walker.tab_to("Use a passkey")
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_function("document.querySelector('[data-webauthn-message]').textContent !== ''")
    walker.see("passkey-refused", "That did not work, or was cancelled.")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": made["authenticatorId"], "isUserVerified": True})
    walker.press("Use a passkey")
    walker.see("passkey-in", "Signed in with")
    walker.press("Sign out")
    walker.type("User name", "ana")
    walker.type("Password", OTHER)
    walker.press("Sign in")
    walker.see("factor-key", "Hold your passkey")
    walker.press("Use passkey or security key")
    walker.see("factor-key-in", "Signed in as ana")


def audit(browser: Any, place: Place, kept: dict[str, str], out: Path | None) -> list[str]:
    """What axe finds on the pages that were seen, wide and dark, small and light; and what is too wide."""
    from axe_playwright_python.sync_playwright import Axe

    axe, found = Axe(), []
    for scheme, width, height in (("dark", 1280, 900), ("light", 360, 740)):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        page = context.new_page()
        shown = {"html": ""}
        # The page as it was, at an address of ours: with the style, and without its policy, which would
        # keep out the auditor's script too.
        page.route("**/audited", lambda route: route.fulfill(body=shown["html"], content_type="text/html"))
        for name, html in kept.items():
            shown["html"] = re.sub(r"<script.*?</script>", "", html)
            page.goto(f"{place.url}/audited")
            for violation in axe.run(page).response["violations"]:
                nodes = [node["html"][:100] for node in violation["nodes"]]
                found.append(f"{name} ({scheme}): {violation['id']}: {violation['help']}: {nodes}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{name} ({scheme}): is wider than the window of {width} pixels")
            if out is not None:
                page.screenshot(path=str(out / f"{name}-{scheme}-{width}.png"), full_page=True)
        context.close()
    return found


@contextmanager
def chromium(path: str) -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=[*QUIET, *root])
        try:
            yield browser
        finally:
            browser.close()


def absent(path: str | None) -> str | None:
    """What has to be installed first, if anything."""
    if path is None or not Path(path).exists():
        return "no browser to walk with: install the package `chromium`"
    for module, wheel in (("playwright", "playwright"), ("axe_playwright_python", "axe-playwright-python")):
        if importlib.util.find_spec(module) is None:
            return f"no driver to walk with: install the wheel `{wheel}`"
    return None


def run(path: str, out: Path | None = None) -> tuple[int, list[str]]:
    """The walk: how many pages were seen, and what is wrong with them. AssertionError where it ends early."""
    kept: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder)) as place, chromium(path) as browser:
        foreign: list[str] = []

        def listen(page: Any) -> Any:
            host = urlsplit(place.url).netloc
            page.on("request", lambda r: foreign.append(r.url) if urlsplit(r.url).netloc not in (host, "") else None)
            page.on("console", lambda said: foreign.append(said.text) if said.type == "error" and "status of" not in said.text else None)
            return page

        plain = browser.new_context(java_script_enabled=False)
        seed = walk(Walker(listen(plain.new_page()), place, kept, out))
        lose_and_find(Walker(listen(plain.new_page()), place, kept, out), seed)
        plain.close()
        scripted = browser.new_context()
        passkey(Walker(listen(scripted.new_page()), place, kept, out), seed)
        scripted.close()
        wrong = [f"the browser complained, or asked elsewhere: {what}" for what in foreign]
        return len(kept), wrong + audit(browser, place, kept, out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    given = parser.parse_args()
    missing = absent(given.chromium)
    if missing is not None:
        print(missing)
        return ABSENT
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
    seen, wrong = run(given.chromium, given.out)
    print("\n".join(wrong))
    print(f"{seen} pages, each twice by axe: {len(wrong)} found; by keyboard, without script but for passkeys")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
