"""`iamkit mfa`, `iamkit token` and `iamkit password-policy`: the happy path, and what is refused."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

from iamkit.clock import SystemClock
from iamkit.credentials import otp

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

FILES = Path(__file__).parents[1] / "credentials" / "certificates"
NARROW = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}}
)


def _codes(seed: str) -> str:
    step = otp.step_at(SystemClock().now())
    key = otp.seed_of(seed)
    return f"{otp.code_at(key, step - 1)}\n{otp.code_at(key, step)}\n"


def test_a_device_is_made_enabled_listed_and_taken_away(cli: Cli) -> None:
    """Its seed is told once, and by nothing else."""
    made = cli.data("mfa", "create", "phone")
    serial, seed = made["serial_number"], made["base32_seed"]
    assert b64decode(made["qr_code_png"]).startswith(b"\x89PNG")
    assert [item["serial_number"] for item in cli.data("mfa", "list", "--unassigned")] == [serial]
    assert cli("mfa", "enable", "ana", serial, input="000000\n111111\n").exit_code == 1
    cli.ok("mfa", "enable", "ana", serial, input=_codes(seed))
    (listed,) = cli.data("mfa", "list", "ana")
    assert (listed["method"], listed["user"]) == ("totp", "ana")
    assert seed not in cli.ok("mfa", "list", "ana")
    assert len(cli.data("mfa", "recovery-codes", "ana")["codes"]) == 10
    assert cli("mfa", "delete", serial).exit_code != 0
    cli.ok("mfa", "disable", "ana", serial)
    cli.ok("mfa", "delete", serial)
    assert cli.data("mfa", "list", "ana") == []


def test_tokens_are_imported_from_a_file(cli: Cli, tmp_path: Path) -> None:
    """And are listed until somebody has them; a file that is none is bad input."""
    file = tmp_path / "tokens.csv"
    file.write_text(f"serial,seed\nft-1,{'3132333435363738393031323334353637383930'}\n")
    (serial,) = cli.data("mfa", "import", str(file))["serial_numbers"]
    assert [item["serial_number"] for item in cli.data("mfa", "list", "--unassigned")] == [serial]
    cli.ok("mfa", "enable", "ana", "ft-1", input=_codes("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
    assert cli.data("mfa", "list", "ana")[0]["serial_number"] == serial
    file.write_bytes(b"\xff")
    assert cli("mfa", "import", str(file)).exit_code == 2


def test_a_device_is_drawn_for_the_app_that_scans_it(cli: Cli) -> None:
    """With the seed for whoever types."""
    said = cli.ok("mfa", "create", "phone")
    assert "seed" in said
    assert "█" in said or "▀" in said


def test_a_token_is_made_listed_reset_and_deleted(cli: Cli) -> None:
    """Alone on standard output, once."""
    text = cli.ok("token", "create", "laptop", "--user", "ana", "--policy", NARROW).strip()
    assert text.startswith("ikt_")
    assert "\n" not in text
    (listed,) = cli.data("token", "list", "ana")
    assert (listed["name"], listed["narrowed"], listed["status"]) == ("laptop", True, "Active")
    assert text not in cli.ok("token", "list", "ana")
    again = cli.ok("token", "reset", listed["token"], "--user", "ana").strip()
    assert again != text
    (fresh,) = cli.data("token", "list", "ana")
    cli.ok("token", "delete", fresh["token"], "--user", "ana")
    assert cli.data("token", "list", "ana") == []
    assert cli("token", "create", "laptop", "--user", "ana", "--policy", "{}").exit_code == 2


def test_the_password_policy_is_shown_set_and_deleted(cli: Cli) -> None:
    """What is left out goes back to its default."""
    assert cli.data("password-policy", "show")["profile"] == "modern"
    made = cli.data("password-policy", "set", "--length", "20", "--max-age", "90", "--remember", "4")
    assert (made["minimum_password_length"], made["expire_passwords"]) == (20, True)
    assert cli.data("password-policy", "set", "--symbols")["minimum_password_length"] == 15
    assert cli("password-policy", "set", "--length", "5").exit_code == 2
    cli.ok("password-policy", "delete")
    assert cli("password-policy", "delete").exit_code != 0


def test_a_key_is_rotated_and_reported(cli: Cli) -> None:
    """Make, finish, delete; the report is JSON for programs."""
    old = cli.key_of("ana")["IAMKIT_ACCESS_KEY_ID"]
    assert "IAMKIT_SECRET_ACCESS_KEY=" in cli.ok("key", "rotate", "ana")
    assert cli("key", "rotate", "ana", "--finish").exit_code == 2
    assert cli("key", "rotate", "ana", "--finish", "--delete").exit_code == 2
    done = cli.data("key", "rotate", "ana", "--finish", "--force")
    assert done["old"]["access_key_id"] == old
    cli.ok("key", "rotate", "ana", "--delete")
    (told,) = [item for item in cli.data("key", "report") if item["user"] == "ana"]
    assert (told["age_days"], told["status"]) == (0, "Active")
    assert cli.data("key", "report", "--older-than", "90d") == []
    assert cli.data("key", "report", "--unused-for", "12w", "--active") == []
    assert cli("key", "report", "--older-than", "soon").exit_code == 2


def test_certificates_are_uploaded_listed_and_deleted(cli: Cli) -> None:
    """A user's, and the account's servers'; a private key is sealed and told by nothing."""
    first, key = str(FILES / "first.pem"), FILES / "first.key"
    made = cli.data("certificate", "upload", "ana", first)["certificate_id"]
    cli.ok("certificate", "disable", "ana", made)
    assert cli.data("certificate", "list", "ana")[0]["status"] == "Inactive"
    cli.ok("certificate", "enable", "ana", made)
    assert cli("certificate", "upload", "ana", first).exit_code == 2
    assert cli("certificate", "upload", "ana", str(key)).exit_code == 2
    cli.ok("certificate", "delete", "ana", made)
    uploaded = cli.ok("server-certificate", "upload", "site", first, str(key), "--tag", "a=b")
    shown = cli.ok("server-certificate", "show", "site")
    listed = cli.ok("server-certificate", "list", "--json")
    assert "-----BEGIN CERTIFICATE-----" in shown
    inner = key.read_text().splitlines()[1]
    assert all(inner not in text for text in (uploaded, shown, listed))
    assert json.loads(listed)[0]["tags"] == {"a": "b"}
    cli.ok("server-certificate", "delete", "site")
    assert cli.data("server-certificate", "list") == []


def test_a_service_credential_is_made_reset_and_deleted(cli: Cli) -> None:
    """Its password is told alone on standard output, once."""
    told = cli.ok("service-credential", "create", "ana", "doc", "--days", "30").strip()
    assert "-at-" in told
    (listed,) = cli.data("service-credential", "list", "--all")
    one = ("ana", listed["credential"])
    assert cli.ok("service-credential", "reset", *one).strip() != told
    cli.ok("service-credential", "disable", *one)
    assert cli.data("service-credential", "list", "ana")[0]["status"] == "Inactive"
    cli.ok("service-credential", "enable", *one)
    assert cli("service-credential", "create", "ana", "iam").exit_code == 2
    cli.ok("service-credential", "delete", *one)


def test_a_session_is_renamed(cli: Cli) -> None:
    """One that is nobody's is not."""
    assert cli("sessions", "rename", "ana", "s_none", "tablet").exit_code == 2
