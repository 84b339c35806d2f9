"""Where a request came from: the socket's address, unless proxies were named that may say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from iamkit.http import HttpRequest

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose forwarding headers are believed. With none, headers say nothing (THR-B12)."""

    networks: tuple[Network, ...] = ()

    def source_ip(self, request: HttpRequest) -> str | None:
        """The address policies see: the rightmost hop that is not a named proxy.

        Where the list names none, is malformed or is missing, it is the peer's own address: what a client
        wrote to the left of that proves nothing.
        """
        peer = _address(request.peer)
        if peer is None:
            return None
        if not self._trusted(peer):
            return str(peer)
        hops = ",".join(request.headers.all("x-forwarded-for")).split(",")
        for text in reversed(hops):
            hop = _address(text.strip())
            if hop is None:
                return str(peer)
            if not self._trusted(hop):
                return str(hop)
        return str(peer)

    def sent_by_one(self, request: HttpRequest) -> bool:
        """Whether a named proxy sent the request: what it says in its own headers is believed."""
        peer = _address(request.peer)
        return peer is not None and self._trusted(peer)

    def secure(self, request: HttpRequest) -> bool:
        """Whether the request came over TLS, as the server saw it or a named proxy reports."""
        peer = _address(request.peer)
        if peer is not None and self._trusted(peer):
            said = request.headers.all("x-forwarded-proto")
            if said:
                # Two of them: one may be the client's own, so neither proves that the client came over TLS.
                return len(said) == 1 and said[0].strip().lower() in ("https", "wss")
        return request.scheme in ("https", "wss")

    def _trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.networks)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    """The address as policies compare it: without zone, and IPv4 where it is IPv4 (SEM-C33)."""
    if not text:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
