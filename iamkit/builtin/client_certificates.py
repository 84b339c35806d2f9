"""The plugin that knows programs by the certificate that their TLS connection was made with (CAP-C7).

The handshake proves that the client holds the certificate's key; which user it is says the upload of exactly
that certificate. Either the server ended TLS itself and tells the certificate beside the request, or a proxy
did and tells it in a header, which is believed of the proxies in `trusted_proxies` and of nobody else: from
others it is as if it were not there. Off by default, each by a setting of its own.

A browser shows its certificate unasked, as it sends cookies, so cross-site rules apply to its requests.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from iamkit import epochs
from iamkit.clock import Clock
from iamkit.credentials import signing_certificates
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.signing_certificates import SigningCertificate, digest_of
from iamkit.credentials.sigv4_query import has_query_signature
from iamkit.epochs import Look
from iamkit.errors import ExpiredToken, InvalidClientTokenId, MalformedRequest
from iamkit.gate.origin import Proxies
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest
from iamkit.settings import Settings
from iamkit.storage import Epochs, Store

_REMEMBERED: Final = 10_000
# What can be uploaded, in percent-encoding.
_LONGEST: Final = 3 * 16_384
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"
# What a browser adds to a request that a page may have made it send, and programs do not.
_BROWSERS: Final = ("origin", "sec-fetch-site", "referer", "cookie")
_BLANK: Final = re.compile(rb"[\s]+")


@dataclass(slots=True)
class _Known:
    kept: SigningCertificate
    scopes: tuple[str]
    epochs: Epochs
    seen: int


class CertificateAuthenticator:
    """See the module. `header` is where proxies tell the certificate; `tls` believes the server itself."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        proxies: Proxies,
        *,
        header: str = "",
        tls: bool = False,
        look: Look | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._proxies = proxies
        self._header = header.lower()
        self._tls = tls
        self._look = look or Look(store)
        self._known: BoundedMap[str, _Known] = BoundedMap(_REMEMBERED)

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> Authentication | None:
        # What was sent on purpose wins over what a connection carries.
        if "authorization" in request.headers or (request.query and has_query_signature(request.query)):
            return None
        text = self._told(request)
        if text is None:
            return None
        der = der_of(text)
        if der is None:
            raise InvalidClientTokenId("the client certificate cannot be read; see how the proxy tells it")
        kept = self._find(der)
        if kept is None or not kept.active:
            raise InvalidClientTokenId("the client certificate is nobody's; upload it, or make it active")
        now = self._clock.now()
        if not kept.not_before <= now < kept.not_after:
            raise ExpiredToken("the client certificate is not valid now; make and upload another")
        return Authentication(
            account=kept.account,
            subject=kept.user_id,
            kind=CredentialKind.CERTIFICATE,
            credential_id=kept.certificate_id,
            expires_at=kept.not_after,
            by_cookie=any(name in request.headers for name in _BROWSERS),
        )

    def _told(self, request: HttpRequest) -> str | None:
        """The certificate as whoever is believed tells it."""
        if self._tls and request.certificate is not None:
            return request.certificate
        if not self._header or not self._proxies.sent_by_one(request):
            return None
        said = request.headers.all(self._header)
        if len(said) > 1:
            raise MalformedRequest(f"`{self._header}` came more than once; the proxy has to replace it")
        # Without a certificate, proxies send the header empty.
        return said[0] if said and said[0].strip() else None

    def _find(self, der: bytes) -> SigningCertificate | None:
        digest, seen = digest_of(der), self._look.now()
        known = self._known.get(digest)
        if known is not None and (known.seen == seen or self._store.epochs(known.scopes) == known.epochs):
            known.seen = seen
            return known.kept
        self._known.drop(digest)
        with self._store.read() as reader:
            found = signing_certificates.by_der(reader, der)
        if found is None:
            return None
        # The epoch is taken before what it stands for, so that a change in between shows next time.
        scopes = (epochs.principal(found.user_id),)
        current = self._store.epochs(scopes)
        with self._store.read() as reader:
            kept = signing_certificates.by_der(reader, der)
        if kept is not None:
            self._known.put(digest, _Known(kept, scopes, current, seen))
        return kept


def certificate_authenticators(
    settings: Settings, store: Store, clock: Clock, *, look: Look
) -> tuple[CertificateAuthenticator, ...]:
    """The plugin as the settings have it; none where both are off.

    It is registered first, and so asked last: a cookie is a choice, the certificate of a connection is not.
    """
    header, tls = settings.client_certificate_header, settings.client_certificate_tls
    if not header and not tls:
        return ()
    proxies = Proxies(settings.proxy_networks)
    return (CertificateAuthenticator(store, clock, proxies, header=header, tls=tls, look=look),)


def der_of(text: str) -> bytes | None:
    """The certificate in any spelling that servers and proxies tell it in; None for what is none.

    PEM, PEM in percent-encoding (nginx), PEM with its line ends made blanks (Apache), base 64 alone, and base
    64 between colons (RFC 9440).
    """
    if len(text) > _LONGEST or not text.isascii():
        return None
    raw = text.strip().encode("ascii")
    if b"%" in raw:
        raw = unquote_to_bytes(raw).strip()
    if raw.startswith(b":") and raw.endswith(b":") and len(raw) > 1:
        raw = raw[1:-1]
    elif raw.startswith(_BEGIN):
        head, _, rest = raw.removeprefix(_BEGIN).partition(_END)
        if rest.strip():
            return None
        raw = head
    try:
        der = base64.b64decode(_BLANK.sub(b"", raw), validate=True)
    except (binascii.Error, ValueError):
        return None
    return der or None
