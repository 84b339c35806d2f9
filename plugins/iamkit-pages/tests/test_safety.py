"""What no page does: run a script, stand in a frame, stay in a cache, tell a token, act for another site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials.secret import Secret
from iamkit.management import invitations, users
from iamkit_pages.site import ROUTES

if TYPE_CHECKING:
    from tests.conftest import Browser, Make, World

PASSWORD: Final = "correct horse battery"
ELSEWHERE: Final = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
PAGES: Final = [route.path for route in ROUTES if route.get and not route.path.startswith("/api/")]


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_every_field(browser: Browser, path: str, *, signed_in: bool) -> None:
    """The policy, no frame, no cache, no sniffing, no address told to others; TLS for a year."""
    if signed_in:
        browser.sign_in()

    shown = browser.send("GET", f"/account{path}")

    policy = shown.header("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert ("script-src" in policy) == ("<script" in shown.text)
    assert shown.header("X-Frame-Options") == "DENY"
    assert shown.header("X-Content-Type-Options") == "nosniff"
    assert shown.header("Referrer-Policy") == "same-origin"
    assert shown.header("Strict-Transport-Security") == "max-age=31536000"
    assert shown.header("Cross-Origin-Opener-Policy") == "same-origin"
    lasting = path in ("/style.css", "/passkeys.js")
    assert shown.header("Cache-Control") == ("public, max-age=86400" if lasting else "no-store")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_inline(browser: Browser, path: str) -> None:
    """No style, no handler and no script in the HTML: the policy would stop them, and so none is needed."""
    browser.sign_in()
    tags = browser.get(f"/account{path}").read().tags if not path.endswith((".css", ".js")) else []

    for tag, attributes in tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/account/")


@pytest.mark.parametrize("path", [route.path for route in ROUTES if route.post])
def test_a_form_of_another_site_does_nothing(world: World, browser: Browser, path: str) -> None:
    """Signed in or not, whatever the form: refused before it is read (THR-S5)."""
    path = f"/account{path}"
    fields = {"user": "ana", "password": PASSWORD, "new_password": "x", "repeated": "x", "name": "evil"}
    assert browser.post(path, fields, ELSEWHERE).status == 403
    assert not browser.cookies
    browser.sign_in()
    events = len(world.post.events)
    cookies = dict(browser.cookies)

    assert browser.post(path, fields, ELSEWHERE).status == 403
    assert browser.cookies == cookies
    assert len(world.post.events) == events


def test_json_is_not_taken_from_a_form(browser: Browser) -> None:
    """A form of another site can send text that reads as JSON, but not under its name."""
    body = b'{"user": "ana", "password": "correct horse battery"}'

    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert browser.send("POST", "/account/api/sign-in", body, kind).status == 400
    assert browser.send("POST", "/account/api/sign-in", body, "application/json").status == 200


def test_an_old_browser_needs_the_token_of_the_page(world: World) -> None:
    """Without Origin and Sec-Fetch-Site it is the hidden field that shows whose form it is."""
    browser = world.browser(fetch_metadata=False)
    browser.sign_in()
    assert "Signed in as ana" in browser.page.text
    browser.get("/account/keys")
    assert browser.post("/account/keys", {}).status == 403
    assert browser.post("/account/keys", {"csrf_token": "0" * 32 + "." + "0" * 64}).status == 403
    browser.submit("/keys")

    assert "Your new access key" in browser.page.text


def test_an_old_browser_half_way_needs_it_too(world: World) -> None:
    """A pending session is nobody's, and yet its forms are its own."""
    modern = world.browser()
    modern.sign_in()
    seed = world.enrol_app(modern)
    browser = world.browser(fetch_metadata=False)
    browser.sign_in()
    code = {"method": "totp", "answer.code": world.code(seed)}
    assert browser.post("/account/factor", code).status == 403
    browser.submit("/factor", answer__code=world.code(seed))

    assert "Signed in as ana" in browser.page.text


def test_the_cookies_are_of_this_host_and_of_no_script(world: World, browser: Browser) -> None:
    """Each of them, the short ones too."""
    browser.get("/account/sign-in")
    form = browser.page.form("/sign-in")
    sent = browser.post(form.action, {**form.fields, "user": "ana", "password": PASSWORD})
    asked = browser.send("GET", "/account/passkey")
    linked = browser.send("GET", "/account/reset-password?token=ikl_x")
    headers = [pair for answer in (sent, asked, linked) for pair in answer.headers]
    set_cookies = [value for name, value in headers if name == "Set-Cookie"]

    assert len(set_cookies) == 4
    for cookie in set_cookies:
        assert cookie.startswith("__Host-iamkit")
        assert "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" in cookie
        assert cookie.endswith("; Secure")
    short = [cookie for cookie in set_cookies if re.match(r"__Host-iamkit-(link|passkey)=", cookie)]
    assert all(0 < int(re.findall(r"Max-Age=(\d+)", cookie)[0]) <= 900 for cookie in short)


def test_what_people_are_called_is_text(make: Make) -> None:
    """Names, user agents and what was typed are escaped wherever they stand (THR-X5)."""
    world = make(site='<b onclick="x">&')
    browser = world.browser()
    evil = '"><script>alert(1)</script>'
    browser.get(f"/account/sign-in?next=/{evil}&account={evil}&done={evil}")
    assert "<script" not in browser.page.text
    browser.submit("/sign-in", user=evil, password="x", account=evil)
    assert "<script" not in browser.page.text
    browser.get("/account/sign-in")
    browser.send("GET", "/account/sign-in", headers={"User-Agent": evil})
    browser.post("/account/sign-in", {"user": "ana", "password": PASSWORD}, {"User-Agent": evil})
    shown = browser.get("/account/sessions")
    assert "&gt;&lt;script&gt;alert" in shown.text
    assert "<script" not in shown.text
    assert "<b onclick" not in shown.text


def test_autofill_is_told_what_each_field_is(browser: Browser) -> None:
    """Password managers and telephones fill in what they know, and nothing is in their way (WCAG 3.3.8)."""
    browser.get("/account/sign-in")
    known = {
        attributes["name"]: attributes["autocomplete"]
        for tag, attributes in browser.page.read().tags
        if tag == "input" and attributes.get("type") != "hidden"
    }
    assert known == {"user": "username", "password": "current-password"}
    browser.sign_in()
    browser.get("/account/password")
    secret = [a for tag, a in browser.page.read().tags if tag == "input" and a["type"] == "password"]
    types = [(attributes["name"], attributes["autocomplete"]) for attributes in secret]
    assert types == [
        ("old_password", "current-password"),
        ("new_password", "new-password"),
        ("repeated", "new-password"),
    ]


# --- links ------------------------------------------------------------------------------------------------


def _mailed(world: World, email: str = "ana@example.org") -> None:
    """Give ana an address that she confirmed."""
    ana = world.browser()
    ana.sign_in()
    ana.get("/account/address")
    ana.submit("/address", email=email)
    ana.get(world.link())
    ana.submit("/change-address")
    assert "The mail address is confirmed." in ana.page.text


def test_a_link_loses_its_token_at_once(world: World, browser: Browser) -> None:
    """The address that stays in the history has none, nor has any page; the first answer tells nobody."""
    _mailed(world)
    browser.get("/account/forgot")
    browser.submit("/forgot", who="ana")
    assert "Look at your mail" in browser.page.text
    link = world.link()
    token = link.partition("token=")[2]

    first = browser.send("GET", link)

    assert first.status == 303
    assert first.header("Location") == "/account/reset-password"
    assert first.header("Referrer-Policy") == "no-referrer"
    browser.get("/account/reset-password")
    assert token not in browser.page.text
    assert browser.page.status == 200


def test_following_a_link_uses_nothing_up(world: World, browser: Browser) -> None:
    """Programs that read mail open links; the link still works after, once."""
    _mailed(world)
    browser.get("/account/forgot")
    browser.submit("/forgot", who="ana@example.org")
    link = world.link()
    for _ in range(3):
        world.browser().get(link)

    browser.get(link)
    browser.submit("/reset-password", new_password="tiny", repeated="tiny")
    assert browser.page.status == 400
    browser.submit("/reset-password", new_password="a fresh one for ana", repeated="a fresh one for ana")
    assert "The password is set." in browser.page.text
    browser.submit("/sign-in", user="ana", password="a fresh one for ana")
    assert "Signed in as ana" in browser.page.text
    late = world.browser()
    late.get(link)
    late.submit("/reset-password", new_password="another for ana", repeated="another for ana")
    assert "This link is of no use any more" in late.page.text


def test_nobody_learns_who_has_an_address(world: World) -> None:
    """Known, unknown, without address: the same page, byte for byte."""
    _mailed(world)
    pages = set()
    for who in ("ana", "ben", "eve", "ana@example.org", "nobody@example.org"):
        browser = world.browser()
        browser.get("/account/forgot")
        browser.submit("/forgot", who=who)
        pages.add((browser.page.status, browser.page.body))

    assert len(pages) == 1


def test_an_invitation_sets_the_first_password(world: World, browser: Browser) -> None:
    """Once; then one signs in with it."""
    world.do(invitations.invite_user, user_name="cora", email="cora@example.org")
    link = world.link()
    browser.get(link)
    assert "Welcome" in browser.page.text
    browser.submit("/invite", new_password="a first one for cora", repeated="a first one for cora")
    browser.submit("/sign-in", user="cora", password="a first one for cora")

    assert "Signed in as cora" in browser.page.text
    assert world.do(users.get_user, user_name="cora").email_verified_at is not None


@pytest.mark.parametrize("token", ["", "nonsense", "a;b=c", "%0d%0aX: y", "ikl_" + "A" * 43])
def test_a_token_that_is_none_does_no_harm(browser: Browser, token: str) -> None:
    """Nothing of it gets into a header, and the page says that the link is of no use."""
    shown = browser.send("GET", f"/account/reset-password?token={token}")
    assert shown.status == 303
    assert all("\n" not in value and ";b=" not in value for _, value in shown.headers)
    browser.get("/account/reset-password")
    if browser.page.status == 200:
        browser.submit("/reset-password", new_password="a new one", repeated="a new one")

    assert browser.page.status == 400
    assert "This link is of no use any more" in browser.page.text


def test_a_form_of_no_end_is_not_read(browser: Browser) -> None:
    """413 for a body beyond 64 KiB, 400 for fields without end or twice."""
    kind = "application/x-www-form-urlencoded"
    assert browser.send("POST", "/account/sign-in", b"user=" + b"a" * 70_000, kind).status == 413
    assert browser.send("POST", "/account/sign-in", b"a=1&" * 100, kind).status == 400
    assert browser.send("POST", "/account/sign-in", b"user=ana&user=ben", kind).status == 400
    assert browser.send("POST", "/account/sign-in", b"user=\xff", kind).status == 400
    assert browser.send("POST", "/account/sign-in", b"{}", "application/json").status == 400


def test_a_secret_is_in_no_event(world: World, browser: Browser) -> None:
    """Passwords, seeds, tokens and codes that went through pages are in nothing that was recorded."""
    browser.sign_in()
    seed = world.enrol_app(browser)
    browser.get("/account/tokens")
    browser.submit("/tokens", name="ci")
    token = re.findall(r"ikt_[A-Za-z0-9_-]+", browser.page.text)[0]
    recorded = repr([event.as_data() for event in world.post.events])

    assert world.post.events
    for secret in (PASSWORD, seed, token, browser.cookies[world.iam.cookie_name]):
        assert secret not in recorded
    assert Secret(seed).reveal() == seed
