"""`iamkit mfa`: the second factors of users, and recovery codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, TextIO

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.credentials import hardware_tokens, qr_code
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError
from iamkit.management import hardware_mfa, mfa_enrolment
from iamkit.management import mfa as operations
from iamkit.management.mfa import MfaDeviceFace


@click.group("mfa", cls=Group)
def mfa() -> None:
    """Second factors: authenticator apps, hardware tokens, recovery codes, what plugins add."""


@mfa.command("list")
@click.argument("user", required=False)
@click.option("--unassigned", is_flag=True, help="List the devices that nobody has yet.")
@click.pass_obj
def list_(terminal: Terminal, user: str | None, unassigned: bool) -> None:
    """List the devices of USER, or your own."""
    desk = terminal.desk()
    if unassigned:
        if user is not None:
            raise InputError("`--unassigned` goes without a user")
        virtual = desk.do(operations.list_virtual_mfa_devices, assignment_status="Unassigned").items
        hardware = desk.do(hardware_mfa.list_hardware_mfa_devices, assignment_status="Unassigned").items
        _show(terminal, (*virtual, *hardware), "every device has an owner")
        return
    _show(terminal, desk.do(operations.list_mfa_devices, user_name=user).items, "there are no devices here")


@mfa.command("create")
@click.argument("name")
@click.option("--path", default="/", show_default=True, help="Where the device stands, such as `/ana/`.")
@click.pass_obj
def create(terminal: Terminal, name: str, path: str) -> None:
    """Make a device for an authenticator app. Its seed is shown once; then `iamkit mfa enable`."""
    made = terminal.desk().do(operations.create_virtual_mfa_device, virtual_mfa_device_name=name, path=path)
    seed, uri = made.base32_seed.reveal(), made.uri.reveal()
    if terminal.as_json:
        png = made.qr_code_png.reveal()
        terminal.output.data(
            {"serial_number": made.serial_number, "base32_seed": seed, "uri": uri, "qr_code_png": png}
        )
        return
    click.echo(qr_code.for_terminal(made.uri), nl=False)
    click.echo(f"device  {made.serial_number}")
    click.echo(f"seed    {seed}")
    click.echo("scan it or type the seed now: it is not shown again", err=True)
    click.echo(f"then: iamkit mfa enable USER {made.serial_number}", err=True)


@mfa.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--key-file",
    type=click.File("r", errors="replace"),
    help="The key that was agreed on, in hexadecimal (PSKC).",
)
@click.option("--passphrase", is_flag=True, help="Ask for the passphrase that opens the file (PSKC).")
@click.option(
    "--encoding", type=click.Choice(hardware_tokens.ENCODINGS), help="How a CSV file spells its seeds."
)
@click.pass_obj
def import_(
    terminal: Terminal,
    file: BinaryIO,
    key_file: TextIO | None,
    passphrase: bool,
    encoding: str | None,
) -> None:
    """Import hardware tokens from a CSV or PSKC FILE of their maker's; then `iamkit mfa enable`."""
    try:
        content = file.read(hardware_tokens.LONGEST_FILE + 1).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8 text") from None
    asked = click.prompt("Passphrase", hide_input=True, type=str) if passphrase else None
    found = (
        terminal.desk()
        .do(
            hardware_mfa.import_mfa_devices,
            content=Secret(content),
            key=None if key_file is None else Secret(key_file.read(256).strip()),
            passphrase=None if asked is None else Secret(asked),
            encoding=encoding,
        )
        .items
    )
    terminal.output.done(
        f"imported {len(found)} tokens; delete the file, which opens them",
        {"serial_numbers": [item.serial_number for item in found]},
    )


@mfa.command("enable")
@click.argument("user")
@click.argument("serial")
@click.pass_obj
def enable(terminal: Terminal, user: str, serial: str) -> None:
    """Give a device to USER. Two codes, one after the other, are asked for."""
    first, second = _codes()
    terminal.desk().do(
        operations.enable_mfa_device,
        user_name=user,
        serial_number=serial,
        authentication_code1=first,
        authentication_code2=second,
    )
    terminal.output.done(f"user {user} has device {serial} now", {"user": user, "serial_number": serial})


@mfa.command("resync")
@click.argument("user")
@click.argument("serial")
@click.pass_obj
def resync(terminal: Terminal, user: str, serial: str) -> None:
    """Learn how far the clock or the count of a device is off, by two codes, one after the other."""
    first, second = _codes()
    terminal.desk().do(
        operations.resync_mfa_device,
        user_name=user,
        serial_number=serial,
        authentication_code1=first,
        authentication_code2=second,
    )
    terminal.output.done(f"device {serial} is in step", {"user": user, "serial_number": serial})


@mfa.command("disable")
@click.argument("user")
@click.argument("serial")
@click.pass_obj
def disable(terminal: Terminal, user: str, serial: str) -> None:
    """Take a device from USER, who signs in without it from now on."""
    terminal.desk().do(operations.deactivate_mfa_device, user_name=user, serial_number=serial)
    terminal.output.done(f"user {user} has device {serial} no more", {"user": user, "serial_number": serial})


@mfa.command("delete")
@click.argument("serial")
@click.pass_obj
def delete(terminal: Terminal, serial: str) -> None:
    """Delete a device that nobody has."""
    terminal.desk().do(operations.delete_virtual_mfa_device, serial_number=serial)
    terminal.output.done(f"deleted device {serial}", {"serial_number": serial})


@mfa.command("recovery-codes")
@click.argument("user", required=False)
@click.pass_obj
def recovery_codes(terminal: Terminal, user: str | None) -> None:
    """Make ten recovery codes for USER, or yourself. They are shown once; older ones are void."""
    codes = terminal.desk().do(mfa_enrolment.create_recovery_codes, user_name=user).codes
    shown = [code.reveal() for code in codes]
    if terminal.as_json:
        terminal.output.data({"codes": shown})
        return
    click.echo("\n".join(shown))
    click.echo("print them and put them away: they are not shown again", err=True)


def _codes() -> tuple[Secret, Secret]:
    """Two codes, asked for without echo, or from standard input, a line each."""
    first = click.prompt("Code", hide_input=True, type=str)
    return Secret(first.strip()), Secret(click.prompt("Next code", hide_input=True, type=str).strip())


def _show(terminal: Terminal, found: Iterable[MfaDeviceFace], empty: str) -> None:
    devices = list(found)
    terminal.output.table(
        ("DEVICE", "METHOD", "NAME", "USER", "SINCE", "LAST USED"),
        [
            (item.serial_number, item.method, item.name, item.user_name, item.enabled_at, item.last_used_at)
            for item in devices
        ],
        [
            {
                "serial_number": item.serial_number,
                "method": item.method,
                "name": item.name,
                "user": item.user_name,
                "enabled": item.enabled_at,
                "last_used": item.last_used_at,
            }
            for item in devices
        ],
        empty=empty,
    )
