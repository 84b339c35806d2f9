"""Client certificates and service-specific credentials as requests bring them."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from iamkit.builtin.client_certificates import der_of
from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.errors import AccessDenied, ConfigurationError, ExpiredToken, IamkitError
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import (
    attachments,
    login_profiles,
    resource_policies,
    roles,
    service_credentials,
    signing_certificates,
    users,
)
from iamkit.management.accounts import get_caller_identity
from iamkit.management.assume_role import assume_role
from iamkit.web import asgi, wsgi

FILES: Final = Path(__file__).parents[1] / "credentials" / "certificates"
PEM, OTHER = ((FILES / f"{name}.pem").read_text() for name in ("first", "second"))
DER: Final = ssl.PEM_cert_to_DER_cert(PEM)
PROXY: Final = "10.0.0.7"
HEADER: Final = "x-client-cert"
ESCAPED: Final = quote(PEM)
HOME: Final = "111122223333"
ADMIN: Final = "arn:aws:iam::aws:policy/AdministratorAccess"

Makes = Callable[..., IAM]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Makes]:
    """Makes a deployment in which ana has the certificate."""
    opened: list[IAM] = []

    def made(**settings: Any) -> IAM:  # whatever settings there are
        clock = FrozenClock(datetime(2036, 1, 1, tzinfo=UTC))
        iam = IAM(tmp_path / "iam", clock=clock, password_cost=CHEAPEST, entry_points=False, **settings)
        opened.append(iam)
        iam.initialize(account_id=HOME)
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=ADMIN)
        desk.do(signing_certificates.upload_signing_certificate, user_name="ana", certificate_body=PEM)
        return iam

    yield made
    for iam in opened:
        iam.close()


def asked(
    *fields: tuple[str, str], peer: str = PROXY, method: str = "GET", tls: str | None = None
) -> HttpRequest:
    headers = Headers((("host", "app.example"), *fields))
    return HttpRequest(method, "https", "app.example", "/", "/", "", headers, peer, certificate=tls)


def who(iam: IAM, request: HttpRequest) -> str:
    """Who comes in: a name, `anonymous`, or the code of the error."""
    try:
        found = iam.gate.admit(request)
    except IamkitError as fault:
        return fault.code
    assert isinstance(found, Principal)
    return found.name or "anonymous"


def test_a_proxys_header_names_the_user_and_nobody_elses_does(make: Makes) -> None:
    """CAP-C7: from anybody but the named proxies it is as if it were not there."""
    iam = make(client_certificate_header="X-Client-Cert", trusted_proxies=[PROXY])

    assert who(iam, asked((HEADER, ESCAPED))) == "ana"
    assert who(iam, asked((HEADER, ESCAPED), peer="10.0.0.8")) == "anonymous"
    assert who(iam, asked((HEADER, ESCAPED), peer="")) == "anonymous"
    assert who(iam, asked((HEADER, ESCAPED), ("x-forwarded-for", PROXY), peer="203.0.113.1")) == "anonymous"
    assert who(iam, asked((HEADER, ""))) == "anonymous"
    assert who(iam, asked(("x-other-cert", ESCAPED))) == "anonymous"
    assert who(iam, asked(tls=PEM)) == "anonymous"
    assert who(iam, asked((HEADER, ESCAPED), (HEADER, ESCAPED))) == "MalformedRequest"
    assert who(iam, asked((HEADER, quote(OTHER)))) == "InvalidClientTokenId"
    assert who(iam, asked((HEADER, "hello"))) == "InvalidClientTokenId"
    assert who(iam, asked((HEADER, ESCAPED), ("authorization", "Bearer iks_x"))) == "InvalidClientTokenId"


def test_the_servers_own_tls_names_the_user(make: Makes) -> None:
    """Where it is told to be believed; the header is not, then."""
    iam = make(client_certificate_tls=True)
    assert who(iam, asked(tls=PEM, peer="203.0.113.1")) == "ana"
    assert who(iam, asked((HEADER, ESCAPED))) == "anonymous"


def test_it_is_off_by_default(make: Makes) -> None:
    """Nothing that a request carries makes somebody of it."""
    iam = make(trusted_proxies=[PROXY])
    assert who(iam, asked((HEADER, ESCAPED), tls=PEM)) == "anonymous"


def test_an_inactive_an_ended_or_a_deleted_one_is_refused_at_once(make: Makes) -> None:
    """From the next request on, also where it was remembered; so is a disabled user's."""
    iam = make(client_certificate_tls=True)
    desk = iam.desk(iam.operator())
    (kept,) = desk.do(signing_certificates.list_signing_certificates, user_name="ana").items
    one = {"user_name": "ana", "certificate_id": kept.certificate_id}
    assert who(iam, asked(tls=PEM)) == "ana"

    desk.do(signing_certificates.update_signing_certificate, status="Inactive", **one)
    assert who(iam, asked(tls=PEM)) == "InvalidClientTokenId"
    desk.do(signing_certificates.update_signing_certificate, status="Active", **one)
    assert who(iam, asked(tls=PEM)) == "ana"
    desk.do(users.disable_user, user_name="ana")
    assert who(iam, asked(tls=PEM)) == "InvalidClientTokenId"
    desk.do(users.enable_user, user_name="ana")
    assert isinstance(iam.clock, FrozenClock)
    iam.clock.advance(timedelta(days=50_000))
    assert who(iam, asked(tls=PEM)) == "ExpiredToken"
    iam.clock.advance(timedelta(days=-50_000 - 20_000))
    assert who(iam, asked(tls=PEM)) == "ExpiredToken"
    desk.do(signing_certificates.delete_signing_certificate, **one)
    assert who(iam, asked(tls=PEM)) == "InvalidClientTokenId"


def test_a_browsers_certificate_obeys_the_rules_of_cookies(make: Makes) -> None:
    """Another site's form does nothing by it; a program, which says nothing of sites, does."""
    iam = make(client_certificate_tls=True)
    assert who(iam, asked(tls=PEM, method="POST")) == "ana"
    assert who(iam, asked(("origin", "https://app.example"), tls=PEM, method="POST")) == "ana"
    assert who(iam, asked(("origin", "https://evil.example"), tls=PEM, method="POST")) == "AccessDenied"
    assert who(iam, asked(("sec-fetch-site", "cross-site"), tls=PEM, method="POST")) == "AccessDenied"
    assert who(iam, asked(("referer", "https://evil.example/"), tls=PEM, method="POST")) == "AccessDenied"


def test_a_certificate_is_read_as_servers_and_proxies_tell_it() -> None:
    """nginx, Apache, HAProxy, RFC 9440; nothing else."""
    plain = base64.b64encode(DER).decode()
    for text in (PEM, quote(PEM), PEM.replace("\n", " "), PEM.replace("\n", "\t"), plain, f":{plain}:"):
        assert der_of(text) == DER
    for text in ("", ":", "::", "%", "%%%", "é", PEM + PEM, PEM + "x", plain + "!", "A" * 60_000):
        assert der_of(text) != DER


@pytest.mark.parametrize(
    "settings",
    [
        {"client_certificate_header": "x-client-cert"},
        {"client_certificate_header": "host", "trusted_proxies": [PROXY]},
        {"client_certificate_header": "x_client_cert", "trusted_proxies": [PROXY]},
        {"client_certificate_header": "authorization", "trusted_proxies": [PROXY]},
        {"client_certificate_header": "x-client cert", "trusted_proxies": [PROXY]},
    ],
)
def test_settings_that_open_a_hole_stop_the_start(tmp_path: Path, settings: dict[str, Any]) -> None:
    """A header that anybody may send, or that means something else."""
    with pytest.raises(ConfigurationError, match="client_certificate_header"):
        IAM(tmp_path / "iam", entry_points=False, **settings)


def basic(name: str, password: str) -> tuple[str, str]:
    return "authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_service_credential_does_what_its_service_names_and_nothing_else(make: Makes) -> None:
    """Of an administrator's: `doc:…` is allowed, the rest is not, nor by the bearer about itself."""
    iam = make()
    desk = iam.desk(iam.operator())
    made = desk.do(
        service_credentials.create_service_specific_credential, user_name="ana", service_name="doc"
    )
    request = asked(basic(made.face.service_user_name, made.service_password.reveal()))

    principal = iam.gate.admit(request)

    assert isinstance(principal, Principal)
    assert iam.check("doc:Get", "doc/1", principal=principal)
    assert not iam.check("wiki:Get", "page/1", principal=principal)
    with pytest.raises(IamkitError):
        iam.desk(principal).do(users.list_users)
    with pytest.raises(IamkitError):
        iam.desk(principal).do(
            service_credentials.create_service_specific_credential, user_name="ana", service_name="wiki"
        )


def test_a_service_credential_gets_around_its_service_by_nothing_that_names_its_user(make: Makes) -> None:
    """Not by a resource's policy, nor by a role's trust."""
    iam = make()
    desk = iam.desk(iam.operator())
    ana, page = desk.do(users.get_user, user_name="ana").arn, f"arn:aws:wiki::{HOME}:page/1"
    desk.do(resource_policies.put_resource_policy, resource_arn=page, policy_document=naming(ana, "wiki:Get"))
    desk.do(
        roles.create_role, role_name="boss", assume_role_policy_document=naming(ana, "sts:AssumeRole", None)
    )
    made = desk.do(
        service_credentials.create_service_specific_credential, user_name="ana", service_name="doc"
    )

    principal = iam.gate.admit(asked(basic(made.face.service_user_name, made.service_password.reveal())))

    assert isinstance(principal, Principal)
    assert iam.check("doc:Get", "doc/1", principal=principal)
    assert not iam.check("wiki:Get", page, principal=principal)
    with pytest.raises(AccessDenied):
        iam.desk(principal).do(
            assume_role, role_arn=f"arn:aws:iam::{HOME}:role/boss", role_session_name="work"
        )
    less = principal.session(policy={"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    assert less.can("doc:Get", "doc/1")
    assert not less.can("wiki:Get", page)


@pytest.mark.parametrize("what", ["certificate", "service credential"])
def test_what_was_got_by_it_ends_with_it(make: Makes, what: str) -> None:
    """Temporary credentials, once the certificate or the service-specific credential is made inactive."""
    iam = make(client_certificate_header=HEADER, trusted_proxies=[PROXY])
    desk = iam.desk(iam.operator())
    made = desk.do(
        service_credentials.create_service_specific_credential, user_name="ana", service_name="doc"
    )
    name, password = made.face.service_user_name, made.service_password.reveal()
    field = (HEADER, ESCAPED) if what == "certificate" else basic(name, password)
    principal = iam.gate.admit(asked(field))
    assert isinstance(principal, Principal)
    less = principal.session(policy={"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    assert iam.desk(less).do(get_caller_identity).arn == principal.arn

    if what == "certificate":
        (kept,) = desk.do(signing_certificates.list_signing_certificates, user_name="ana").items
        desk.do(
            signing_certificates.update_signing_certificate,
            user_name="ana",
            certificate_id=kept.certificate_id,
            status="Inactive",
        )
    else:
        desk.do(
            service_credentials.update_service_specific_credential,
            user_name="ana",
            service_specific_credential_id=made.face.service_specific_credential_id,
            status="Inactive",
        )

    with pytest.raises(ExpiredToken):
        iam.desk(less).do(get_caller_identity)


def naming(arn: str, action: str, resource: str | None = "*") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": action}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": statement if resource is None else {**statement, "Resource": resource},
        }
    )


def test_what_is_no_service_credential_is_refused_alike(make: Makes) -> None:
    """A user's own password (CAP-C1), another's name, a browser, an old password, an inactive one."""
    iam = make()
    desk = iam.desk(iam.operator())
    word = "three quiet otters read"
    desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(word))
    made = desk.do(
        service_credentials.create_service_specific_credential, user_name="ana", service_name="doc"
    )
    name, password = made.face.service_user_name, made.service_password.reveal()
    one = {"user_name": "ana", "service_specific_credential_id": made.face.service_specific_credential_id}

    assert who(iam, asked(basic(name, password))) == "ana"
    for fields in (
        [basic("ana", word)],
        [basic("ana", password)],
        [basic(name, password + "x")],
        [basic("", "")],
        [("authorization", "Basic")],
        [("authorization", "Basic !!!")],
        [("authorization", "Basic " + "A" * 5000)],
        [("authorization", "Basic /w==")],
        [basic(name, password), ("origin", "https://app.example")],
    ):
        assert who(iam, asked(*fields)) == "InvalidClientTokenId"
    anew = desk.do(service_credentials.reset_service_specific_credential, **one).service_password.reveal()
    assert who(iam, asked(basic(name, password))) == "InvalidClientTokenId"
    assert who(iam, asked(basic(name, anew))) == "ana"
    desk.do(service_credentials.update_service_specific_credential, status="Inactive", **one)
    assert who(iam, asked(basic(name, anew))) == "InvalidClientTokenId"


def test_servers_tell_the_certificate_of_a_connection() -> None:
    """By ASGI's extension, the client's own first, and by WSGI's variable; no header can set either."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"host", b"a"), (b"ssl-client-cert", ESCAPED.encode())],
    }
    tls = {"client_cert_chain": [PEM, OTHER]}
    assert asgi.request_of({**scope, "extensions": {"tls": tls}}).certificate == PEM
    none: tuple[object, ...] = ({}, {"tls": {}}, {"tls": {"client_cert_chain": []}}, None)
    for extensions in none:
        assert asgi.request_of({**scope, "extensions": extensions}).certificate is None
    assert asgi.request_of(scope).certificate is None
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "a"}
    assert wsgi.request_of({**environ, "SSL_CLIENT_CERT": PEM}).certificate == PEM
    assert wsgi.request_of({**environ, "HTTP_SSL_CLIENT_CERT": ESCAPED}).certificate is None
    told = wsgi.request_of({**environ, "SSL_CLIENT_CERT": PEM})
    assert told.with_body(b"x").certificate == PEM
    assert PEM not in repr(told)


def test_a_plugins_own_names_and_passwords_are_left_to_it(tmp_path: Path) -> None:
    """Whatever is no service-specific credential."""

    class Own:
        @hookimpl
        def iamkit_authenticate(self, request: HttpRequest) -> Authentication | None:
            if request.headers.get("authorization") != basic("ana", "word")[1]:
                return None
            return Authentication(found.account, found.caller.unique_id, CredentialKind.TOKEN, "own")

    with IAM(tmp_path / "iam", plugins=[Own()], entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize()
        iam.desk(iam.operator()).do(users.create_user, user_name="ana")
        found = iam.find_principal("ana")
        assert who(iam, asked(basic("ana", "word"))) == "ana"
        assert who(iam, asked(basic("ana", "other"))) == "InvalidClientTokenId"
