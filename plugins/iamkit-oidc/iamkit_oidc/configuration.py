"""What the operator says: which algorithms, how old keys may be, and what is not fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from iamkit.errors import ConfigurationError
from iamkit_oidc.addresses import Place, place_of

SECTION: Final = "oidc"
# Never `none`, and never HS: what verifies those makes them too.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
_LONGEST_LEEWAY: Final = 300
_LONGEST_AGE: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """See the README for what each is. Raises ConfigurationError.

    `pinned_keys` are JWKS texts by issuer; a pinned issuer is never asked. `connect_to` says where a host is.
    """

    algorithms: tuple[str, ...] = ALGORITHMS
    leeway: timedelta = timedelta(seconds=60)
    keys_age: timedelta = timedelta(hours=1)
    refetch_pause: timedelta = timedelta(seconds=30)
    authorities: str = ""
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    connect_to: Mapping[str, Place] = field(default_factory=dict)
    pinned_keys: Mapping[str, bytes] = field(default_factory=dict)
    # Seconds for one answer as a whole, and its bytes.
    patience: float = 3.0
    room: int = 1_048_576

    def __post_init__(self) -> None:
        strange = [name for name in self.algorithms if name not in ALGORITHMS]
        if strange or not self.algorithms:
            raise ConfigurationError(
                f"`{SECTION}.algorithms` may hold {', '.join(ALGORITHMS)}, not `{' '.join(strange)[:40]}`"
            )
        if not timedelta(0) <= self.leeway <= timedelta(seconds=_LONGEST_LEEWAY):
            raise ConfigurationError(f"`{SECTION}.leeway_seconds` must be 0 to {_LONGEST_LEEWAY}")
        if not timedelta(0) < self.keys_age <= timedelta(seconds=_LONGEST_AGE):
            raise ConfigurationError(f"`{SECTION}.keys_age_seconds` must be 1 to {_LONGEST_AGE}")
        if self.refetch_pause < timedelta(seconds=1):
            raise ConfigurationError(f"`{SECTION}.refetch_seconds` must be 1 or more")


def read(settings: Mapping[str, str]) -> Configuration:
    """The configuration of a section `oidc`, by its names. Raises ConfigurationError."""
    strange = sorted(settings.keys() - _KNOWN)
    if strange:
        raise ConfigurationError(
            f"`{SECTION}.{strange[0]}` is no setting; there are: {', '.join(sorted(_KNOWN))}"
        )
    default = Configuration()
    authorities = settings.get("authorities", "")
    if authorities and not Path(authorities).is_file():
        raise ConfigurationError(f"`{SECTION}.authorities` must be a file of certificates")
    return Configuration(
        algorithms=tuple(_words(settings.get("algorithms", ""))) or default.algorithms,
        leeway=_seconds(settings, "leeway_seconds", default.leeway),
        keys_age=_seconds(settings, "keys_age_seconds", default.keys_age),
        refetch_pause=_seconds(settings, "refetch_seconds", default.refetch_pause),
        authorities=authorities,
        private_networks=tuple(_network(text) for text in _words(settings.get("private_networks", ""))),
        connect_to={host: place_of(text) for host, text in _pairs(settings, "connect_to")},
        pinned_keys={issuer: _read(path) for issuer, path in _pairs(settings, "pinned_keys")},
    )


_KNOWN: Final = frozenset(
    {
        "algorithms",
        "leeway_seconds",
        "keys_age_seconds",
        "refetch_seconds",
        "authorities",
        "private_networks",
        "connect_to",
        "pinned_keys",
    }
)


def chosen(given: Configuration | None, settings: Mapping[str, str]) -> Configuration:
    """The configuration that was given, or that of all plugins' settings, as `SECTION.NAME`."""
    head = f"{SECTION}."
    own = {name.removeprefix(head): text for name, text in settings.items() if name.startswith(head)}
    return read(own) if given is None else given


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _pairs(settings: Mapping[str, str], name: str) -> list[tuple[str, str]]:
    found = []
    for word in _words(settings.get(name, "")):
        key, equals, value = word.partition("=")
        if not key or not equals or not value:
            raise ConfigurationError(f"`{SECTION}.{name}` is a list of `NAME=VALUE`, not `{word[:80]}`")
        found.append((key, value))
    return found


def _seconds(settings: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    text = settings.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise ConfigurationError(f"`{SECTION}.{name}` must be a whole number of seconds, not `{text[:20]}`")
    return timedelta(seconds=int(text))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as fault:
        raise ConfigurationError(f"`{SECTION}.private_networks`: `{text[:60]}` is no network") from fault


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        raise ConfigurationError(
            f"`{SECTION}.pinned_keys`: a file cannot be read: {fault.strerror}"
        ) from fault
