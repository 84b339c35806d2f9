"""What may be configured, and what is refused before the app starts (security §1.8)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iamkit import IAM, ConfigurationError, MemoryStore
from iamkit.credentials.sessions import SessionState
from iamkit_webauthn import RelyingParty, WebAuthnPlugin
from iamkit_webauthn.testing import SoftAuthenticator


def _open(
    plugin: WebAuthnPlugin,
    directory: Path,
    *,
    development: bool = False,
    webauthn: dict[str, str] | None = None,
) -> IAM:
    return IAM(
        directory,
        store=MemoryStore(),
        plugins=[plugin],
        entry_points=False,
        development=development,
        webauthn=webauthn,
    )


def test_a_domain_is_enough() -> None:
    """The name and the origin follow from it."""
    party = RelyingParty(rp_id="app.example.org")

    assert party.rp_name == "app.example.org"
    assert party.origins == ("https://app.example.org",)
    assert party.attestation is None


@pytest.mark.parametrize(
    "rp_id",
    [
        "",
        "App.example.org",
        "https://app.example.org",
        "example",
        "app.example.org:443",
        "*.example.org",
        "192.0.2.1",
        "[::1]",
        "a..b",
        "-a.example",
        "a_b.example",
        "app.example.org.",
        "a" * 64 + ".example",
        "bücher.example",
        ".".join(["abc"] * 80),
    ],
)
def test_what_is_no_domain_is_refused(rp_id: str) -> None:
    """Browsers would refuse it later, or worse, take it."""
    with pytest.raises(ConfigurationError, match="rp_id"):
        RelyingParty(rp_id=rp_id)


@pytest.mark.parametrize(
    "origin",
    [
        "app.example.org",
        "https://app.example.org/",
        "https://APP.example.org",
        "https://app.example.org:443",
        "https://user@app.example.org",
        "https://app.example.org?x",
        "https://*.example.org",
        "http://app.example.org",
        "ftp://app.example.org",
        "https://evilapp.example.org",
        "https://app.example.org.evil.example",
        "https://example.org",
        "https://",
        "null",
        "",
        "https://app.example.org:99999",
    ],
)
def test_an_origin_that_cannot_be_meant_is_refused(origin: str) -> None:
    """Origins are compared whole, so each is spelt as browsers spell it."""
    with pytest.raises(ConfigurationError):
        RelyingParty(rp_id="app.example.org", origins=(origin,))


def test_subdomains_ports_and_apps_may_ask() -> None:
    """If they are listed."""
    android = "android:apk-key-hash:" + "A" * 43
    origins = ("https://app.example.org:8443", "https://www.app.example.org", android)

    assert RelyingParty(rp_id="app.example.org", origins=origins).origins == origins


def test_plain_http_is_for_development_on_this_machine(tmp_path: Path) -> None:
    """Outside of it the app does not start."""
    plugin = WebAuthnPlugin(RelyingParty(rp_id="localhost", origins=("http://localhost:8000",)))

    with pytest.raises(ConfigurationError, match="development"):
        _open(plugin, tmp_path)
    _open(plugin, tmp_path, development=True).close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_verification": "always"},
        {"counter_bound": "ignore"},
        {"counter_synced": ""},
        {"rp_name": "a\nb"},
        {"rp_name": "x" * 65},
        {"top_origins": ("https://x/",)},
    ],
)
def test_other_values_are_checked(wrong: dict[str, str]) -> None:
    """Each has its few words."""
    with pytest.raises(ConfigurationError):
        RelyingParty(rp_id="app.example.org", **wrong)  # type: ignore[arg-type]  # what is wrong may be anything


def test_settings_say_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file, and over that in the environment."""
    (tmp_path / "iamkit.toml").write_text(
        '[webauthn]\nrp_id = "app.example.org"\norigins = ["https://app.example.org", "https://app.example.org:8443"]'
        '\nuser_verification = "required"'
    )
    monkeypatch.setenv("IAMKIT_WEBAUTHN__RP_NAME", "Example")

    with _open(WebAuthnPlugin(), tmp_path) as iam:
        iam.initialize()
        shown = iam.factors.begin_passkey().shown

        assert shown["rpId"] == "app.example.org"
        assert iam.settings.section("webauthn")["rp_name"] == "Example"


@pytest.mark.parametrize(
    "section",
    [
        {"rp_name": "Example"},
        {"rp_id": "https://app.example.org"},
        {"rp_id": "app.example.org", "rpid": "x"},
        {"rp_id": "app.example.org", "origins": "http://app.example.org"},
        {"rp_id": "app.example.org", "attestation_aaguids": "x"},
        {"rp_id": "app.example.org", "attestation_aaguids": "x", "attestation_roots": "/nowhere"},
        {"rp_id": "localhost", "origins": "http://localhost:1"},
    ],
)
def test_wrong_settings_stop_the_start(tmp_path: Path, section: dict[str, str]) -> None:
    """Before any request."""
    with pytest.raises(ConfigurationError):
        _open(WebAuthnPlugin(), tmp_path, webauthn=section)


def test_an_installed_plugin_without_settings_does_nothing(tmp_path: Path) -> None:
    """There is no such method, and everything else works."""
    with _open(WebAuthnPlugin(), tmp_path) as iam:
        iam.initialize()
        assert "webauthn" not in iam.services.mfa_methods


def test_two_relying_parties_are_one_too_many(tmp_path: Path) -> None:
    """One from code and one from settings: nobody could say which holds."""
    given = WebAuthnPlugin(RelyingParty(rp_id="app.example.org"))
    iam = IAM(
        tmp_path,
        store=MemoryStore(),
        plugins=[given, WebAuthnPlugin()],
        entry_points=False,
        webauthn={"rp_id": "other.example.org"},
    )
    with iam:
        iam.initialize()
        with pytest.raises(ConfigurationError, match="webauthn"):
            iam.factors.begin_passkey()


def test_the_readmes_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is shown, in about fifteen lines, with a software authenticator for the browser."""
    page = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)[0]
    setup, enrolment, entrance = example.split("\n\n# ")
    head, tail = enrolment.split("answer =")
    assert sum(bool(line) and line[0] != "#" for line in example.splitlines()) <= 17
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    exec(setup, names)
    iam: IAM = names["iam"]
    with iam:
        iam.initialize()
        key = SoftAuthenticator("https://app.example.org")
        with iam.acting(iam.find_principal("administrator")):
            exec(f"# {head}", names)
            names["credential"] = key.create(json.loads(names["options"]))
            exec(f"answer ={tail}", names)
        begin, finish = entrance.split("session =")
        exec(f"# {begin}", names)
        names["credential"] = key.get(names["begun"].shown)
        exec(f"session ={finish}", names)

        assert names["session"].state is SessionState.ACTIVE
        assert b"export const get" in names["javascript"]


def test_the_plugin_is_light() -> None:
    """Every command of iamkit loads it: neither the verifier nor cryptography comes with it."""
    script = "import sys, iamkit_webauthn.plugin; print(*{name.partition('.')[0] for name in sys.modules})"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    heavy = {
        "webauthn",
        "OpenSSL",
        "cbor2",
        "cryptography",
        "argon2",
        "sqlalchemy",
        "sqlmodel",
        "rich",
        "click",
    }
    assert heavy & set(done.stdout.split()) == set()
