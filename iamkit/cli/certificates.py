"""`iamkit certificate`, `iamkit server-certificate`: what proves programs and servers, and when it ends."""

from __future__ import annotations

from typing import Final, TextIO

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import pairs
from iamkit.credentials.access_keys import KeyStatus
from iamkit.credentials.secret import Secret
from iamkit.management import server_certificates as servers
from iamkit.management import signing_certificates as signing
from iamkit.management.server_certificates import ServerCertificateFace
from iamkit.management.signing_certificates import SigningCertificateFace

# No PEM file that is accepted is longer.
_MOST: Final = 2_200_000


@click.group("certificate", cls=Group)
def certificate() -> None:
    """Client certificates: by which a user's programs prove themselves in TLS. A user has at most two."""


@certificate.command("upload")
@click.argument("user")
@click.argument("file", type=click.File("r", errors="replace"))
@click.pass_obj
def upload(terminal: Terminal, user: str, file: TextIO) -> None:
    """Keep the certificate in FILE (PEM) for USER. Its private key stays where it is."""
    made = terminal.desk().do(
        signing.upload_signing_certificate, user_name=user, certificate_body=file.read(_MOST).strip()
    )
    terminal.output.done(f"user {user} has certificate {made.certificate_id} now", _data(made))


@certificate.command("list")
@click.argument("user", required=False)
@click.pass_obj
def list_(terminal: Terminal, user: str | None) -> None:
    """List the certificates of USER, or your own."""
    found = terminal.desk().do(signing.list_signing_certificates, user_name=user).items
    terminal.output.table(
        ("CERTIFICATE", "USER", "STATUS", "UPLOADED", "ENDS"),
        [
            (item.certificate_id, item.user_name, item.status, item.uploaded_at, item.expires_at)
            for item in found
        ],
        [_data(item) for item in found],
        empty="there are no certificates here",
    )


@certificate.command("enable")
@click.argument("user")
@click.argument("certificate_id")
@click.pass_obj
def enable(terminal: Terminal, user: str, certificate_id: str) -> None:
    """Accept a certificate of USER again."""
    _set_status(terminal, user, certificate_id, KeyStatus.ACTIVE)


@certificate.command("disable")
@click.argument("user")
@click.argument("certificate_id")
@click.pass_obj
def disable(terminal: Terminal, user: str, certificate_id: str) -> None:
    """Refuse a certificate of USER from the next request on; it can be enabled again."""
    _set_status(terminal, user, certificate_id, KeyStatus.INACTIVE)


@certificate.command("delete")
@click.argument("user")
@click.argument("certificate_id")
@click.pass_obj
def delete(terminal: Terminal, user: str, certificate_id: str) -> None:
    """Delete a certificate of USER for good."""
    terminal.desk().do(signing.delete_signing_certificate, user_name=user, certificate_id=certificate_id)
    terminal.output.done(f"deleted certificate {certificate_id}", {"certificate_id": certificate_id})


@click.group("server-certificate", cls=Group)
def server_certificate() -> None:
    """Server certificates: told to iamkit, so that somebody sees when they end."""


@server_certificate.command("upload")
@click.argument("name")
@click.argument("file", type=click.File("r", errors="replace"))
@click.argument("key_file", type=click.File("r", errors="replace"))
@click.option(
    "--chain", type=click.File("r", errors="replace"), help="What the certificate was issued by, in PEM."
)
@click.option("--path", default="/", show_default=True, help="Where it stands, such as `/web/`.")
@click.option(
    "--tag", "tag_texts", multiple=True, metavar="KEY=VALUE", help="A tag; may be given many times."
)
@click.pass_obj
def upload_server(
    terminal: Terminal,
    name: str,
    file: TextIO,
    key_file: TextIO,
    chain: TextIO | None,
    path: str,
    tag_texts: tuple[str, ...],
) -> None:
    """Keep the certificate in FILE with the private key in KEY_FILE, which is sealed and never told again."""
    made = terminal.desk().do(
        servers.upload_server_certificate,
        server_certificate_name=name,
        certificate_body=file.read(_MOST).strip(),
        private_key=Secret(key_file.read(_MOST).strip()),
        certificate_chain=None if chain is None else chain.read(_MOST).strip(),
        path=path,
        tags=pairs(tag_texts, what="tag") or None,
    )
    terminal.output.done(f"kept server certificate {made.arn}", _server(made))


@server_certificate.command("list")
@click.option("--path", "path_prefix", default="/", show_default=True, help="Only those below this path.")
@click.pass_obj
def list_servers(terminal: Terminal, path_prefix: str) -> None:
    """List the account's server certificates."""
    found = terminal.desk().do(servers.list_server_certificates, path_prefix=path_prefix).items
    terminal.output.table(
        ("NAME", "PATH", "UPLOADED", "ENDS"),
        [(item.name, item.path, item.uploaded_at, item.expires_at) for item in found],
        [_server(item) for item in found],
        empty="there are no server certificates here",
    )


@server_certificate.command("show")
@click.argument("name")
@click.pass_obj
def show_server(terminal: Terminal, name: str) -> None:
    """Print a server certificate and its chain."""
    found = terminal.desk().do(servers.get_server_certificate, server_certificate_name=name)
    text = "\n".join(part for part in (found.body, found.chain) if part)
    terminal.output.done(text, {**_server(found), "body": found.body, "chain": found.chain})


@server_certificate.command("delete")
@click.argument("name")
@click.pass_obj
def delete_server(terminal: Terminal, name: str) -> None:
    """Delete a server certificate and its key for good."""
    terminal.desk().do(servers.delete_server_certificate, server_certificate_name=name)
    terminal.output.done(f"deleted server certificate {name}", {"name": name})


def _set_status(terminal: Terminal, user: str, certificate_id: str, status: KeyStatus) -> None:
    terminal.desk().do(
        signing.update_signing_certificate,
        user_name=user,
        certificate_id=certificate_id,
        status=str(status),
    )
    told = {"certificate_id": certificate_id, "status": str(status)}
    terminal.output.done(f"certificate {certificate_id} is {status}", told)


def _data(face: SigningCertificateFace) -> dict[str, object]:
    return {
        "certificate_id": face.certificate_id,
        "user": face.user_name,
        "status": face.status,
        "uploaded": face.uploaded_at,
        "expires": face.expires_at,
    }


def _server(face: ServerCertificateFace) -> dict[str, object]:
    return {
        "name": face.name,
        "id": face.certificate_id,
        "arn": face.arn,
        "path": face.path,
        "uploaded": face.uploaded_at,
        "expires": face.expires_at,
        "tags": face.tags,
    }
