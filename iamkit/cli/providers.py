"""`iamkit provider`: identity providers whose people and programs may assume roles."""

from __future__ import annotations

from typing import IO

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.federation.saml_metadata import LENGTHS
from iamkit.federation.saml_provider import SamlProvider
from iamkit.management import oidc_providers, saml_providers


def _oidc_data(found: OidcProvider) -> dict[str, object]:
    return {
        "kind": "oidc",
        "arn": found.arn,
        "url": found.url,
        "clients": found.client_ids,
        "thumbprints": found.thumbprints,
        "created": found.created_at,
        "tags": found.tags,
    }


def _saml_data(found: SamlProvider) -> dict[str, object]:
    return {
        "kind": "saml",
        "arn": found.arn,
        "name": found.name,
        "created": found.created_at,
        "valid_until": found.valid_until,
        "tags": found.tags,
    }


@click.group("provider", cls=Group)
def provider() -> None:
    """Identity providers, by OpenID Connect or SAML: who is signed in there may assume roles here."""


@provider.command("create-oidc")
@click.argument("url")
@click.option("--client", "clients", multiple=True, help="A client that tokens may be for; may be repeated.")
@click.option("--thumbprint", "thumbprints", multiple=True, help="SHA-1 of a certificate of its TLS.")
@click.pass_obj
def create_oidc(terminal: Terminal, url: str, clients: tuple[str, ...], thumbprints: tuple[str, ...]) -> None:
    """Take tokens of the provider at URL, as they say it in `iss`."""
    made = terminal.desk().do(
        oidc_providers.create_open_id_connect_provider,
        url=url,
        client_id_list=clients,
        thumbprint_list=thumbprints,
    )
    terminal.output.done(f"created provider {made.arn}", _oidc_data(made))


@provider.command("create-saml")
@click.argument("name")
@click.argument("metadata", type=click.File("rb"))
@click.pass_obj
def create_saml(terminal: Terminal, name: str, metadata: IO[bytes]) -> None:
    """Keep a SAML provider by its METADATA, a file or `-`."""
    made = terminal.desk().do(
        saml_providers.create_saml_provider, name=name, saml_metadata_document=_text(metadata)
    )
    terminal.output.done(f"created provider {made.arn}", _saml_data(made))


@provider.command("list")
@click.pass_obj
def list_(terminal: Terminal) -> None:
    """List the providers of both kinds."""
    desk = terminal.desk()
    oidc = desk.do(oidc_providers.list_open_id_connect_providers).items
    saml = desk.do(saml_providers.list_saml_providers).items
    terminal.output.table(
        ("ARN", "CREATED", "CLIENTS", "VALID UNTIL"),
        [
            *((item.arn, item.created_at, " ".join(item.client_ids), "") for item in oidc),
            *((item.arn, item.created_at, "", item.valid_until) for item in saml),
        ],
        [*(_oidc_data(item) for item in oidc), *(_saml_data(item) for item in saml)],
        empty="there are no providers here",
    )


@provider.command("show")
@click.argument("arn")
@click.pass_obj
def show(terminal: Terminal, arn: str) -> None:
    """Show one provider."""
    desk = terminal.desk()
    data = (
        _saml_data(desk.do(saml_providers.get_saml_provider, saml_provider_arn=arn).provider)
        if _is_saml(arn)
        else _oidc_data(
            desk.do(oidc_providers.get_open_id_connect_provider, open_id_connect_provider_arn=arn)
        )
    )
    terminal.output.record(data, data)


@provider.command("add-client")
@click.argument("arn")
@click.argument("client")
@click.pass_obj
def add_client(terminal: Terminal, arn: str, client: str) -> None:
    """Take tokens for CLIENT too."""
    terminal.desk().do(
        oidc_providers.add_client_id_to_open_id_connect_provider,
        open_id_connect_provider_arn=arn,
        client_id=client,
    )
    terminal.output.done(f"client {client} may use {arn}", {"arn": arn, "client": client})


@provider.command("remove-client")
@click.argument("arn")
@click.argument("client")
@click.pass_obj
def remove_client(terminal: Terminal, arn: str, client: str) -> None:
    """Take tokens for CLIENT no more."""
    terminal.desk().do(
        oidc_providers.remove_client_id_from_open_id_connect_provider,
        open_id_connect_provider_arn=arn,
        client_id=client,
    )
    terminal.output.done(f"client {client} may not use {arn}", {"arn": arn, "client": client})


@provider.command("delete")
@click.argument("arn")
@click.pass_obj
def delete(terminal: Terminal, arn: str) -> None:
    """Forget a provider. Roles that trust it stay as they are."""
    desk = terminal.desk()
    if _is_saml(arn):
        desk.do(saml_providers.delete_saml_provider, saml_provider_arn=arn)
    else:
        desk.do(oidc_providers.delete_open_id_connect_provider, open_id_connect_provider_arn=arn)
    terminal.output.done(f"deleted provider {arn}", {"arn": arn})


def _is_saml(arn: str) -> bool:
    return ":saml-provider/" in arn


def _text(file: IO[bytes]) -> str:
    raw = file.read(4 * LENGTHS[1] + 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the metadata is not UTF-8 text") from None
