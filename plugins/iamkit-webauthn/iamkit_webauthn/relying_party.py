"""The relying party: who this deployment is to authenticators, and what it asks of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from iamkit import ConfigurationError
from iamkit_webauthn.attestation import AttestationPolicy, policy_of_files

SECTION: Final = "webauthn"
LOCAL: Final = "localhost"
_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})+", re.ASCII)
_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)", re.ASCII)
_APK: Final = re.compile(r"android:apk-key-hash:[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFICATION: Final = ("required", "preferred", "discouraged")
_RULES: Final = ("warn", "deny")
_KNOWN: Final = frozenset(
    {
        "rp_id",
        "rp_name",
        "origins",
        "top_origins",
        "user_verification",
        "attestation_aaguids",
        "attestation_roots",
        "counter_synced",
        "counter_bound",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """`rp_id` is the domain that credentials are bound to: `example.org` serves `app.example.org` too.

    `origins` is the exact list of pages that may ask, `https://RP_ID` by default; `top_origins` those that
    may hold such a page in a frame, none by default. `user_verification` is for second factors: a device
    that signs in alone always has to verify its user. A counter that does not grow is a sign of a copied
    key: `counter_bound` says what happens for keys that cannot leave their device, `counter_synced` for
    those that can; `deny`, or `warn`, which leaves a mark in the event. Raises ConfigurationError.
    """

    rp_id: str
    rp_name: str = ""
    origins: tuple[str, ...] = ()
    top_origins: tuple[str, ...] = ()
    user_verification: str = "preferred"
    attestation: AttestationPolicy | None = None
    counter_synced: str = "warn"
    counter_bound: str = "deny"

    def __post_init__(self) -> None:
        if self.rp_id != LOCAL and (
            not _DOMAIN.fullmatch(self.rp_id) or len(self.rp_id) > 253 or _NUMBER.fullmatch(self.rp_id)
        ):
            raise ConfigurationError(
                f"`rp_id` must be a domain in lower case such as `app.example.org`, not `{self.rp_id}`"
            )
        object.__setattr__(self, "rp_name", self.rp_name or self.rp_id)
        object.__setattr__(self, "origins", self.origins or (f"https://{self.rp_id}",))
        if not self.rp_name.isprintable() or len(self.rp_name) > 64:
            raise ConfigurationError("`rp_name` must have at most 64 printable characters")
        for origin in self.origins:
            self._check_origin(origin)
        for origin in self.top_origins:
            _host(origin)
        if self.user_verification not in _VERIFICATION:
            raise ConfigurationError(f"`user_verification` must be one of {', '.join(_VERIFICATION)}")
        if self.counter_synced not in _RULES or self.counter_bound not in _RULES:
            raise ConfigurationError("`counter_synced` and `counter_bound` must be `warn` or `deny`")

    def _check_origin(self, origin: str) -> None:
        if _APK.fullmatch(origin):
            return
        host = _host(origin)
        if host != self.rp_id and not host.endswith(f".{self.rp_id}"):
            raise ConfigurationError(
                f"the origin `{origin}` is not of `{self.rp_id}`; browsers would refuse it"
            )

    def check_development(self) -> None:
        """Raises ConfigurationError for plain http, which only development on one's own machine may use."""
        for origin in (*self.origins, *self.top_origins):
            if origin.startswith("http:"):
                raise ConfigurationError(
                    f"the origin `{origin}` needs https, or the setting `development` on your own machine"
                )


def section_of(settings: Mapping[str, str]) -> dict[str, str]:
    """This plugin's part of the settings of all plugins."""
    head = f"{SECTION}."
    return {name.removeprefix(head): text for name, text in settings.items() if name.startswith(head)}


def chosen(
    given: RelyingParty | None, section: Mapping[str, str], *, development: bool
) -> RelyingParty | None:
    """The relying party that code gave or settings say; None if neither does. Raises ConfigurationError."""
    party = given
    if party is None and section:
        party = _of_settings(section)
    if party is not None and not development:
        party.check_development()
    return party


def _of_settings(section: Mapping[str, str]) -> RelyingParty:
    unknown = sorted(section.keys() - _KNOWN)
    if unknown:
        raise ConfigurationError(
            f"`{SECTION}.{unknown[0]}` is not a setting; there are: {', '.join(sorted(_KNOWN))}"
        )
    if "rp_id" not in section:
        raise ConfigurationError(f"`{SECTION}.rp_id` is missing: the domain that passkeys are bound to")
    aaguids, roots = section.get("attestation_aaguids", ""), section.get("attestation_roots", "")
    if bool(aaguids) != bool(roots):
        raise ConfigurationError("`attestation_aaguids` and `attestation_roots` go together")
    return RelyingParty(
        rp_id=section["rp_id"],
        rp_name=section.get("rp_name", ""),
        origins=_list(section, "origins"),
        top_origins=_list(section, "top_origins"),
        user_verification=section.get("user_verification", "preferred"),
        attestation=policy_of_files(aaguids, roots) if aaguids else None,
        counter_synced=section.get("counter_synced", "warn"),
        counter_bound=section.get("counter_bound", "deny"),
    )


def _list(section: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in section.get(name, "").split(",") if part.strip())


def _host(origin: str) -> str:
    """The host of an origin spelt as browsers spell it. Raises ConfigurationError."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    spelt = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    if (
        standard is None
        or port in (standard, 0)
        or spelt != origin
        or (host != LOCAL and not _DOMAIN.fullmatch(host))
    ):
        raise ConfigurationError(
            f"`{origin}` is no origin; write it as `https://app.example.org`, with a port if it is unusual"
        )
    if parts.scheme == "http" and host != LOCAL:
        raise ConfigurationError(f"the origin `{origin}` needs https; only `{LOCAL}` may do without")
    return host
