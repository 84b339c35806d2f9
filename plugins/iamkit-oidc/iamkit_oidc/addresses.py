"""Where a provider's host may be: which addresses are connected to, and what the operator says of a host."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from iamkit.errors import ConfigurationError, IdpCommunicationError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Addresses in which others are written; what is behind them is looked at, or cannot be.
_NAT64: Final = IPv6Network("64:ff9b::/96")
_WRAPPED: Final = (IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"), IPv6Network("2001::/32"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where the operator says that a host is. `plain` is HTTP without TLS, on this machine only."""

    host: str
    port: int
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which address a connection to a host goes to.

    `places` are the operator's word by host and looked at no further; `networks` are private ones that
    providers may be in.
    """

    places: Mapping[str, Place] = field(default_factory=dict)
    networks: Sequence[Network] = ()

    def of(self, host: str, port: int) -> tuple[str, int]:
        """The address and port to connect to. Raises IdpCommunicationError if none may be.

        The address that was looked at is the one that is connected to, so no second answer of a name server
        counts.
        """
        place = self.places.get(host)
        if place is not None:
            return place.host, place.port
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise IdpCommunicationError(f"the host `{host[:255]}` of the provider is not found") from fault
        for *_, address in found:
            text = str(address[0])
            if self.may_be(ip_address(text)):
                return text, port
        raise IdpCommunicationError(
            f"the host `{host[:255]}` of the provider is in a private network; "
            "the setting `oidc.private_networks` allows it"
        )

    def may_be(self, address: Address) -> bool:
        """Whether a provider may be at the address: a public one, or one of a network that is allowed."""
        address = _behind(address)
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        if any(address.version == network.version and address in network for network in self.networks):
            return True
        return address.is_global and not any(
            address.version == wrapped.version and address in wrapped for wrapped in _WRAPPED
        )


def _behind(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def place_of(text: str) -> Place:
    """A place as settings have it: `10.0.0.7:8443`, or `http://127.0.0.1:8080`. Raises ConfigurationError."""
    plain = text.startswith("http://")
    try:
        parts = urlsplit(text if plain else f"https://{text}")
        host, port = parts.hostname or "", parts.port or 0
        here = bool(host) and ip_address(host).is_loopback
    except ValueError as fault:
        raise ConfigurationError(_ODD.format(text[:80])) from fault
    if not host or not port or parts.path or parts.query or parts.username is not None:
        raise ConfigurationError(_ODD.format(text[:80]))
    if plain and not here:
        raise ConfigurationError("`oidc.connect_to`: plain HTTP is for loopback addresses only")
    return Place(host, port, plain)


_ODD: Final = "`oidc.connect_to`: `{}` must be an address and a port, such as `10.0.0.7:8443`"
