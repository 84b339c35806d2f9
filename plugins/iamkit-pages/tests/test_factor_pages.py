"""Second factors by the pages: enrolled, shown in every kind, lost and replaced by paper."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Final

import pytest
from iamkit_webauthn.testing import SoftAuthenticator

from iamkit.management import mfa

if TYPE_CHECKING:
    from tests.conftest import Browser, World

ORIGIN: Final = "https://app.example.org"


def _options(browser: Browser) -> dict[str, object]:
    """What the page would have the browser ask a key for."""
    (form,) = [form for form in browser.page.read().forms if "data-webauthn" in form.attributes]
    read: dict[str, object] = json.loads(form.attributes["data-options"])
    return read


def _add_key(browser: Browser, key: SoftAuthenticator) -> None:
    browser.get("/account/factors/new?method=webauthn")
    browser.submit("/factors/new", name="laptop")
    browser.submit("/factors/prove", credential=key.create(_options(browser)))
    assert "The device is added" in browser.page.text


def test_an_app_is_enrolled_by_its_picture(world: World, browser: Browser) -> None:
    """The page has the QR code, the key to type, and takes two codes; a wrong one loses nothing."""
    browser.sign_in()
    browser.get("/account/factors/app")
    browser.submit("/factors/app", name="phone")
    first = browser.page
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', first.text)
    assert picture is not None
    assert base64.b64decode(picture[1]).startswith(b"\x89PNG")
    seed = first.form("/factors/enable").fields["seed"]
    browser.submit("/factors/enable", code1="000000", code2="111111")
    assert browser.page.form("/factors/enable").fields["seed"] == seed
    assert picture[1] in browser.page.text
    browser.submit("/factors/enable", code1=world.code(seed, -1), code2=world.code(seed))

    assert "The device is added" in browser.page.text
    assert seed not in browser.page.text


def test_looking_at_the_page_makes_no_device(world: World, browser: Browser) -> None:
    """A link of another site that opens it changes nothing (THR-M6)."""
    browser.sign_in()
    browser.get("/account/factors/app")
    browser.get("/account/factors/new?method=webauthn")

    assert world.do(mfa.list_virtual_mfa_devices).items == ()


def test_a_page_that_was_left_can_be_begun_again(world: World, browser: Browser) -> None:
    """The device of the first time makes room; one in use does not."""
    browser.sign_in()
    browser.get("/account/factors/app")
    browser.submit("/factors/app", name="phone")
    seed = world.enrol_app(browser)
    assert len(world.do(mfa.list_mfa_devices, user_name="ana").items) == 1

    browser.get("/account/factors/app")
    browser.submit("/factors/app", name="phone")

    assert browser.page.status == 409
    assert world.code(seed) != ""
    assert len(world.do(mfa.list_mfa_devices, user_name="ana").items) == 1


def test_the_device_of_somebody_else_is_not_removed(world: World, browser: Browser) -> None:
    """A name that begins with one's own is not one's own."""
    world.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="anabel")
    browser.sign_in()

    (device,) = world.do(mfa.list_virtual_mfa_devices).items
    shown = browser.post("/account/factors/remove", {"serial_number": device.serial_number})

    assert shown.status == 404
    assert len(world.do(mfa.list_virtual_mfa_devices).items) == 1


def test_a_removed_app_is_forgotten(world: World, browser: Browser) -> None:
    """A virtual device that nobody has any more does not stand in the account's list."""
    browser.sign_in()
    world.enrol_app(browser)
    browser.get("/account/factors")
    browser.submit("/factors/remove")

    assert world.do(mfa.list_virtual_mfa_devices).items == ()


def test_a_recovery_code_opens_once(world: World, browser: Browser) -> None:
    """Ten are shown once; each stands in for a lost device one time."""
    browser.sign_in()
    world.enrol_app(browser)
    browser.get("/account/recovery-codes")
    browser.submit("/recovery-codes")
    codes = re.findall(r"<li>([0-9a-z-]{16,})</li>", browser.page.text)
    assert len(codes) == 10

    for expected in ("Signed in as ana", "was used already"):
        other = world.browser()
        other.sign_in()
        other.get("/account/factor?method=recovery")
        other.submit("/factor", answer__code=codes[3].upper())
        assert expected in other.page.text


def test_recovery_codes_without_a_device_are_refused(browser: Browser) -> None:
    """They stand in for a device, so there has to be one."""
    browser.sign_in()
    browser.get("/account/recovery-codes")
    browser.submit("/recovery-codes")

    assert browser.page.status == 400


def test_a_key_is_enrolled_and_shown(world: World, browser: Browser) -> None:
    """As the browser's script would do it; the pages that need a script allow ours and no other."""
    key = SoftAuthenticator(ORIGIN)
    browser.sign_in()
    _add_key(browser, key)

    other = world.browser()
    other.sign_in()
    assert "script-src 'self'" in other.page.header("Content-Security-Policy")
    other.submit("/factor", credential=key.get(_options(other)))
    assert "Signed in as ana" in other.page.text
    assert "Passkey or security key" in other.page.text


def test_a_passkey_signs_in_alone_and_only_in_the_browser_that_asked(world: World, browser: Browser) -> None:
    """The challenge is in that browser's cookie; an answer to it is of no use elsewhere."""
    key = SoftAuthenticator(ORIGIN)
    browser.sign_in()
    _add_key(browser, key)

    one, two = world.browser(), world.browser()
    one.get("/account/passkey")
    two.get("/account/passkey")
    answer = key.get(_options(one))
    two.submit("/passkey", credential=answer)
    assert two.page.status == 400
    one.submit("/passkey", credential=answer)
    assert "Signed in as ana" in one.page.text
    assert not [name for name in one.cookies if name.endswith("-passkey")]


def test_another_way_is_offered(world: World, browser: Browser) -> None:
    """With several kinds each leads to its own form; what nobody offered leads to the first."""
    browser.sign_in()
    _add_key(browser, SoftAuthenticator(ORIGIN))
    seed = world.enrol_app(browser)
    other = world.browser()
    other.sign_in()
    assert any("method=totp" in link for link in other.page.read().links)
    other.get("/account/factor?method=nonsense")
    assert "data-webauthn" in other.page.text
    other.get("/account/factor?method=totp")
    other.submit("/factor", answer__code=world.code(seed))

    assert "Signed in as ana" in other.page.text


@pytest.mark.parametrize("credential", ["", "{}", "no json", '{"id": 7}'])
def test_what_is_no_credential_is_refused(world: World, browser: Browser, credential: str) -> None:
    """400 and the same page, whatever is sent."""
    browser.get("/account/passkey")

    browser.submit("/passkey", credential=credential)

    assert browser.page.status == 400
    assert html.escape("data-webauthn") in browser.page.text
