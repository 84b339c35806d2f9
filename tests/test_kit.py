"""IAM: the face that apps use, over a real directory."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from iamkit import IAM, FrozenClock, current_principal
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    EntityAlreadyExists,
    InvalidCredentials,
    MissingAuthenticationToken,
    NoSuchEntity,
    NotInitialized,
)
from iamkit.management import guardrails, inline, login_profiles, users
from iamkit.web.flask import protect

PASSWORD = Secret("three quiet otters read maps")
READ = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "docs:Get", "Resource": "arn:aws:docs::*:doc/*"}]}"""


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    """An initialized deployment with one user, `ana`, who may read documents."""
    with IAM(tmp_path / "data", password_cost=CHEAPEST, entry_points=False) as made:
        made.initialize(account_id="123456789012")
        desk = made.desk(made.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(inline.put_user_policy, user_name="ana", policy_name="read", policy_document=READ)
        yield made


def test_the_first_start_makes_what_is_needed_and_no_more(tmp_path: Path) -> None:
    """A directory for its owner only, an administrator with one key, and a root without any credential."""
    with IAM(tmp_path / "data", entry_points=False) as iam:
        made = iam.initialize()
        root = iam.find_principal("root")

        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in iam.settings.directory.iterdir()}
        assert stat.S_IMODE(iam.settings.directory.stat().st_mode) == 0o700
        assert modes["master.key"] == modes["iamkit.db"] == 0o600
        assert (iam.settings.directory / ".gitignore").read_text() == "*\n"
        assert iam.check("docs:Put", "doc/1", principal=iam.find_principal("administrator"))
        assert root.arn.endswith(":root")
        assert made.key.key.key_id.startswith("AKIA")
        with pytest.raises(InvalidCredentials):
            iam.sign_in("root", PASSWORD.reveal())


def test_a_second_first_start_is_refused(iam: IAM) -> None:
    """What is initialized stays as it is."""
    before = iam.deployment()

    with pytest.raises(EntityAlreadyExists, match="initialized already"):
        iam.initialize()

    with IAM(iam.settings.directory, entry_points=False) as again:
        assert again.deployment() == before


def test_before_the_first_start_nothing_is_answered(tmp_path: Path) -> None:
    """An empty directory is not an open one."""
    with (
        IAM(tmp_path / "nothing", entry_points=False) as iam,
        pytest.raises(NotInitialized, match="iamkit init"),
    ):
        iam.deployment()


def test_an_app_can_be_put_together_first(tmp_path: Path) -> None:
    """Until the first start it answers 503 to everything, and from then on it works without a restart."""
    with IAM(tmp_path / "later", entry_points=False) as iam:
        app = protect(Flask(__name__), iam)

        @app.get("/hello")
        @iam.public
        def hello() -> str:
            return "hello"

        before = app.test_client().get("/hello")
        with IAM(tmp_path / "later", entry_points=False) as host:
            host.initialize()
        after = app.test_client().get("/hello")

    assert (before.status_code, before.get_json()["status"]) == (503, 503)
    assert after.status_code == 200


def test_check_answers_and_authorize_raises(iam: IAM) -> None:
    """Short names stand for ARNs of the caller's account; a refusal carries the id that `why` takes."""
    ana = iam.find_principal("ana")

    assert iam.check("docs:Get", "doc/1", principal=ana)
    assert iam.check("docs:Get", "arn:aws:docs::123456789012:doc/1", principal=ana)
    assert not iam.check("docs:Put", "doc/1", principal=ana)
    with pytest.raises(AccessDenied) as refused:
        iam.authorize("docs:Put", "doc/1", principal=ana)
    told = iam.why(refused.value.decision_id or "")

    assert told.record.action == "docs:Put"
    assert told.explanation is not None


def test_a_name_made_of_data_is_the_one_that_routes_ask_for(iam: IAM) -> None:
    """An id with a colon or a slash stays one id, and cannot reach another resource."""
    assert iam.named("doc/{id}", id=7) == "doc/7"
    assert iam.named("doc/{id}", id="a:b/c*") == "doc/a%3Ab%2Fc%2A"


def test_a_principal_can_be_asked(iam: IAM) -> None:
    """`principal.can` asks the engine that guards the routes, and changes with the policies."""
    ana = iam.find_principal("ana")

    assert ana.can("docs:Get", "doc/1")
    assert not ana.can("docs:Delete", "doc/1")


def test_there_is_a_current_principal_only_while_somebody_acts(iam: IAM) -> None:
    """Outside a request nobody is assumed."""
    with pytest.raises(MissingAuthenticationToken):
        iam.check("docs:Get", "doc/1")
    with iam.acting(iam.find_principal("ana")):
        assert current_principal().name == "ana"
        assert iam.check("docs:Get", "doc/1")
    with pytest.raises(MissingAuthenticationToken):
        current_principal()


def test_sign_in_gives_a_session_that_sign_out_ends(iam: IAM) -> None:
    """The cookie is for the whole site, for no script, and Secure unless in development."""
    iam.desk(iam.operator()).do(login_profiles.create_login_profile, user_name="ana", password=PASSWORD)

    session = iam.sign_in("ana", PASSWORD.reveal())
    cookie = iam.session_cookie(session)
    iam.sign_out(session.token)

    assert cookie.startswith(f"{iam.cookie_name}=iks_")
    assert iam.session_cookie(None).startswith(f"{iam.cookie_name}=; ")
    assert "Max-Age=0" in iam.session_cookie(None)
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
    with pytest.raises(InvalidCredentials):
        iam.sign_in("ana", "not the right words at all")


def test_a_password_that_must_be_changed_is_changed_before_anything_else(iam: IAM) -> None:
    """The session is pending until then; afterwards the new password signs in, and the old one does not."""
    iam.desk(iam.operator()).do(
        login_profiles.create_login_profile,
        user_name="ana",
        password=PASSWORD,
        password_reset_required=True,
    )
    new = "four loud herons fold kites"

    assert iam.sign_in("ana", PASSWORD.reveal()).state == "pending"
    iam.change_password("ana", PASSWORD.reveal(), new)

    assert iam.sign_in("ana", new).state == "active"
    with pytest.raises(InvalidCredentials):
        iam.sign_in("ana", PASSWORD.reveal())
    with pytest.raises(InvalidCredentials):
        iam.change_password("ana", new, PASSWORD.reveal())


def test_the_operator_can_mend_a_lockout(iam: IAM) -> None:
    """A guardrail without an Allow stops root and administrator; whoever owns the host takes it off again."""
    administrator = iam.find_principal("administrator")
    desk = iam.desk(iam.operator())
    deny = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
    desk.do(guardrails.create_guardrail, name="freeze", policy_document=deny)
    desk.do(guardrails.attach_guardrail, guardrail="freeze", target_id="123456789012")
    frozen = iam.find_principal(administrator.name)

    assert not iam.check("docs:Get", "doc/1", principal=frozen)
    assert not iam.check("docs:Get", "doc/1", principal=iam.find_principal("root"))
    desk.do(guardrails.detach_guardrail, guardrail="freeze", target_id="123456789012")
    assert iam.check("docs:Get", "doc/1", principal=iam.find_principal(administrator.name))


def test_an_unknown_name_or_decision_is_said_so(iam: IAM) -> None:
    """The error names what was looked for."""
    with pytest.raises(NoSuchEntity, match="nobody"):
        iam.find_principal("nobody")
    with pytest.raises(NoSuchEntity, match="d_unknown"):
        iam.why("d_unknown")


def test_a_session_lasts_no_longer_than_its_limits(tmp_path: Path) -> None:
    """The clock that is handed in is the one that counts."""
    clock = FrozenClock()
    with IAM(tmp_path / "data", clock=clock, password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=PASSWORD)

        session = iam.sign_in("ana", PASSWORD.reveal())

        assert (session.expires_at - clock.now()).total_seconds() == 24 * 3600


def test_a_wrong_key_file_stops_the_start(iam: IAM, tmp_path: Path) -> None:
    """Another deployment's key does not open this store, and says so in one sentence."""
    with IAM(tmp_path / "other", entry_points=False) as other:
        other.initialize()
        foreign = f"file:{other.settings.directory / 'master.key'}"

    with (
        IAM(iam.settings.directory, kek=foreign, entry_points=False) as mixed,
        pytest.raises(ConfigurationError),
    ):
        mixed.operator()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("app.example", 200),
        ("APP.example:8443", 200),
        ("evil.example", 400),
        ("app.example.evil.example", 400),
        ("app.example:80.evil.example", 400),
    ],
)
def test_only_named_hosts_are_served_where_some_are_named(tmp_path: Path, host: str, status: int) -> None:
    """THR-B7: a request for another name is refused before anybody looks at its credentials."""
    with IAM(tmp_path / "data", hosts=("app.example",), entry_points=False) as iam:
        iam.initialize()
        app = protect(Flask(__name__), iam)

        @app.get("/hello")
        @iam.public
        def hello() -> str:
            return "hello"

        assert app.test_client().get("/hello", headers={"Host": host}).status_code == status
