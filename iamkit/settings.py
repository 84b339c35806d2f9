"""Settings: one frozen tree. Arguments win over `IAMKIT_*`, that over `iamkit.toml`, that over defaults.

A setting that nobody knows is an error, not a silently ignored line. Plugins have sections: a table `[NAME]`
in the file, variables `IAMKIT_NAME__SETTING`, or an argument `NAME={"setting": …}`.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from iamkit.errors import ConfigurationError

ENVIRONMENT_PREFIX: Final = "IAMKIT_"
FILE_NAME: Final = "iamkit.toml"
DATABASE_NAME: Final = "iamkit.db"
KEY_NAME: Final = "master.key"
_NOT_SETTINGS: Final = (
    "IAMKIT_DIR",
    "IAMKIT_ACCESS_KEY_ID",
    "IAMKIT_SECRET_ACCESS_KEY",
    "IAMKIT_SESSION_TOKEN",
    "IAMKIT_TOKEN",
    "IAMKIT_ENDPOINT",
)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
# No query, no fragment, nothing that a browser could take for a host.
_PATH: Final = re.compile(
    r"(?:/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)?)?", re.ASCII
)
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_LINK_BASE: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", re.ASCII)
# A name that no header of another meaning has.
_HEADER: Final = re.compile(r"(?=[^_]*cert)[a-z0-9]+(?:-[a-z0-9]+){1,6}", re.ASCII | re.IGNORECASE)
_SERVICE: Final = re.compile(r"[a-z0-9.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, with its default.

    `directory` holds the embedded database, the key file and `iamkit.toml`. `store` is a store URL and
    defaults to the SQLite file there; `kek` names the key-encryption key and defaults to the key file there.
    """

    directory: Path
    store: str = field(default="", repr=False)  # may hold a password
    kek: str = field(default="", repr=False)
    # The service name that signatures of requests to the app are made for (decision 20).
    signing_service: str = "iamkit"
    # The largest body, in bytes, that is read before a signature over it is checked.
    body_limit: int = 1_048_576
    # Addresses or networks of proxies whose X-Forwarded-For is believed. None by default.
    trusted_proxies: tuple[str, ...] = ()
    # Client certificates: the header in which those proxies tell them (empty: none), and whether the server
    # is believed that ends TLS itself.
    client_certificate_header: str = ""
    client_certificate_tls: bool = False
    # Host names this app is served under; empty: any well-formed one.
    hosts: tuple[str, ...] = ()
    # Development on plain http: the session cookie goes without `__Host-` and Secure.
    development: bool = False
    # Paths of the app's pages for signing in, and for signing in again with MFA (empty: the former): a person
    # whose browser is refused with 401 is sent there with `next`. Empty: a page says so.
    sign_in_path: str = ""
    step_up_path: str = ""
    # Origins of other sites, such as `https://app.example`, whose pages may call this one with its cookie.
    cors: tuple[str, ...] = ()
    # For adoption: what policies refuse is recorded and let through (decision 23).
    report_only: bool = False
    # Paths at which iamkit answers whether the process lives and whether it is ready. Empty: nowhere.
    live_path: str = ""
    ready_path: str = ""
    # The rules for passwords: `modern` (NIST SP 800-63B-4), `pci` (PCI DSS 4.0.1) or `aws`.
    password_profile: str = "modern"  # noqa: S105  # a name
    # Where the app's pages for links are: the links of mails are `LINK_BASE/reset-password?token=…`.
    link_base: str = ""
    # The public URL of the management API, below which verifiers of identity tokens fetch the keys.
    issuer_base: str = ""
    # How long an invitation is good.
    invitation_hours: int = 72
    # Whether root users may have access keys. Leave it: whoever has one has the account, without a factor.
    root_access_keys: bool = False
    # How long a root user who lost its second factor waits, so that whoever it is not can be stopped.
    root_recovery_hours: int = 24
    # A file of breached passwords, as the Pwned Passwords project gives them, ordered by hash.
    breached_passwords: str = ""
    # The share of allowed decisions that is kept in the decision log; denials always are.
    allow_sampling: float = 1.0
    # SEM-E9, D-1: whether a silent session policy limits a resource policy that names the session.
    session_policy_binds_direct_grants: bool = False
    # The settings of plugins, as `SECTION.NAME`; lists as texts with commas.
    plugins: Mapping[str, str] = field(default_factory=dict, repr=False)

    def section(self, name: str) -> dict[str, str]:
        """The settings of a plugin, by their names."""
        head = f"{name}."
        return {key.removeprefix(head): text for key, text in self.plugins.items() if key.startswith(head)}

    @property
    def store_url(self) -> str:
        """Where records live."""
        return self.store or f"sqlite:///{self.directory / DATABASE_NAME}"

    @property
    def kek_url(self) -> str:
        """Where the key-encryption key lives."""
        return self.kek or f"file:{self.directory / KEY_NAME}"

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`trusted_proxies` as networks."""
        return tuple(ip_network(text, strict=False) for text in self.trusted_proxies)


def load(
    directory: str | Path,
    *,
    environment: Mapping[str, str] | None = None,
    **arguments: object,
) -> Settings:
    """Settings for `directory`. Raises ConfigurationError naming the setting and where it came from."""
    root = Path(directory).expanduser().absolute()
    values: dict[str, object] = {}
    plugins: dict[str, str] = {}
    for name, (value, origin) in gathered(root, environment, arguments).items():
        if "." in name:
            plugins[name] = _plain(name, value, origin)
        else:
            values[name] = _converted(name, value, origin)
    settings = Settings(directory=root, plugins=plugins, **values)  # type: ignore[arg-type]  # checked by _converted
    _check(settings)
    return settings


def check_sections(settings: Settings, known: frozenset[str]) -> None:
    """Raises ConfigurationError for a section that no plugin answers for."""
    for name in settings.plugins:
        section = name.partition(".")[0]
        if section not in known:
            raise ConfigurationError(
                f"no installed plugin has settings `{section}`; install it, or remove them"
            )


def gathered(
    root: Path, environment: Mapping[str, str] | None, arguments: Mapping[str, object]
) -> dict[str, tuple[object, str]]:
    """Each setting that somebody gave, with the place that won."""
    found: dict[str, tuple[object, str]] = {}
    path = root / FILE_NAME
    if path.is_file():
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise ConfigurationError(f"`{path}` is not valid TOML: {fault}") from fault
        except OSError as fault:
            raise ConfigurationError(f"`{path}` cannot be read: {fault.strerror}") from fault
        found.update(_flat(table, str(path)))
    for variable, text in (os.environ if environment is None else environment).items():
        # IAMKIT_TEST_… belongs to the test suite, the directory and the caller's key to the command line.
        if variable in _NOT_SETTINGS or variable.startswith("IAMKIT_TEST_"):
            continue
        if variable.startswith(ENVIRONMENT_PREFIX):
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            found[name.replace("__", ".", 1)] = (text, variable)
    found.update(_flat({name: value for name, value in arguments.items() if value is not None}, "argument"))
    return found


def _flat(table: Mapping[str, object], origin: str) -> dict[str, tuple[object, str]]:
    """A table with its sections laid out, as `SECTION.NAME`."""
    found: dict[str, tuple[object, str]] = {}
    for name, value in table.items():
        if isinstance(value, Mapping) and name not in _FIELDS:
            found.update({f"{name}.{inner}": (part, origin) for inner, part in value.items()})
        else:
            found[name] = (value, origin)
    return found


def _plain(name: str, value: object, origin: str) -> str:
    """A plugin's setting as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ConfigurationError(
        f"`{name}` ({origin}) needs a text, a number, `true` or `false`, or a list of texts"
    )


_APART: Final = ("directory", "plugins")
_FIELDS: Final = {field.name: field for field in dataclasses.fields(Settings) if field.name not in _APART}


def _converted(name: str, value: object, origin: str) -> object:
    if name not in _FIELDS:
        raise ConfigurationError(f"`{name}` ({origin}) is not a setting; there are: {', '.join(_FIELDS)}")
    wanted = type(_FIELDS[name].default)
    try:
        return _TO[wanted](value)
    except (ValueError, TypeError, OverflowError):
        # The value itself stays out of the message: a store URL may hold a password.
        raise ConfigurationError(f"`{name}` ({origin}) needs {_WORDS[wanted]}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError
    return int(value)


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    return float(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    said = _text(value).strip().lower()
    if said not in ("true", "1", "false", "0"):
        raise ValueError
    return said in ("true", "1")


def _texts(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise TypeError
    return tuple(part for part in (_text(part).strip() for part in parts) if part)


_TO: Final[dict[type, Callable[[object], object]]] = {
    str: _text,
    int: _number,
    float: _share,
    bool: _flag,
    tuple: _texts,
}
_WORDS: Final[dict[type, str]] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "`true` or `false`",
    tuple: "a list of texts (or one text, separated by commas)",
}


def _check(settings: Settings) -> None:
    if not 0.0 <= settings.allow_sampling <= 1.0:
        raise ConfigurationError("`allow_sampling` must be between 0 and 1")
    if not 1 <= settings.invitation_hours <= 720:
        raise ConfigurationError("`invitation_hours` must be between 1 and 720")
    if not 0 <= settings.root_recovery_hours <= 720:
        raise ConfigurationError("`root_recovery_hours` must be between 0 and 720")
    if settings.link_base and not _LINK_BASE.fullmatch(settings.link_base):
        raise ConfigurationError("`link_base` must be a URL such as `https://app.example/account`")
    if settings.link_base.startswith("http:") and not settings.development:
        raise ConfigurationError("`link_base` must be `https:`; plain http is for `development`")
    if settings.issuer_base and not _LINK_BASE.fullmatch(settings.issuer_base):
        raise ConfigurationError("`issuer_base` must be a URL such as `https://iam.example`")
    if settings.issuer_base.startswith("http:") and not settings.development:
        raise ConfigurationError("`issuer_base` must be `https:`; plain http is for `development`")
    if settings.body_limit < 0:
        raise ConfigurationError("`body_limit` must not be negative")
    try:
        networks = settings.proxy_networks
    except ValueError as fault:
        raise ConfigurationError(f"`trusted_proxies` holds no address or network: {fault}") from fault
    if any(network.prefixlen == 0 for network in networks):
        raise ConfigurationError("`trusted_proxies` must name the proxies; everybody is not a proxy")
    if any(isinstance(network, IPv6Network) and network.subnet_of(_MAPPED) for network in networks):
        # Peers are compared as IPv4, so such a network would match nobody.
        raise ConfigurationError("`trusted_proxies` holds an IPv4-mapped address; write it as IPv4")
    for name in ("sign_in_path", "step_up_path", "live_path", "ready_path"):
        if not re.fullmatch(_PATH, getattr(settings, name)):
            raise ConfigurationError(f"`{name}` must be a path of this site such as `/sign-in`")
    if settings.live_path and settings.live_path == settings.ready_path:
        raise ConfigurationError("`live_path` and `ready_path` are two questions; give them two paths")
    if settings.step_up_path and not settings.sign_in_path:
        raise ConfigurationError("`step_up_path` needs `sign_in_path` beside it")
    for origin in settings.cors:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigurationError(
                f"`cors` holds `{origin}`, which is no origin; write `https://app.example`, lower case,"
                " without a path. There is no wildcard: pages of these origins act with the user's cookie"
            )
    if settings.client_certificate_header:
        if not _HEADER.fullmatch(settings.client_certificate_header):
            raise ConfigurationError("`client_certificate_header` must be a header such as `x-client-cert`")
        if not settings.trusted_proxies:
            raise ConfigurationError("`client_certificate_header` needs `trusted_proxies`, which may send it")
    if not _SERVICE.fullmatch(settings.signing_service):
        raise ConfigurationError("`signing_service` may hold only lower-case letters, digits, `.` and `-`")
