"""What one process takes away, another refuses from its very next request on; what is given back, it admits.

Each case arranges that ana may read her document, and says how that is ended and how it is made so again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from iamkit.credentials import sessions as session_records
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import AccessDenied, InvalidClientTokenId
from iamkit.management import (
    access_keys,
    attachments,
    boundaries,
    groups,
    guardrails,
    inline,
    login_profiles,
    policies,
    resource_policies,
    root,
    sessions,
    tags,
    users,
)

if TYPE_CHECKING:
    from tests.effect.conftest import Person

ACCOUNT = "111122223333"
PASSWORD = "three quiet otters read maps"
ANOTHER = "four loud herons draw charts"


@dataclass(frozen=True)
class Way:
    """One way to the document. `status` is what the next request gets once it is closed."""

    close: Callable[[], object]
    status: int
    reopen: Callable[[], object] | None = None
    ask: Callable[[], int] | None = None


def key_deactivated(ana: Person) -> Way:
    ana.grant()

    def put(status: str) -> Callable[[], object]:
        return lambda: ana.desk.do(
            access_keys.update_access_key, user_name=ana.name, access_key_id=ana.key_id, status=status
        )

    return Way(put("Inactive"), 401, put("Active"))


def key_deleted(ana: Person) -> Way:
    ana.grant()
    return Way(
        lambda: ana.desk.do(access_keys.delete_access_key, user_name=ana.name, access_key_id=ana.key_id),
        401,
        ana.new_key,
    )


def user_disabled(ana: Person) -> Way:
    ana.grant()
    return Way(
        lambda: ana.desk.do(users.disable_user, user_name=ana.name),
        401,
        lambda: ana.desk.do(users.enable_user, user_name=ana.name),
    )


def user_deleted(ana: Person) -> Way:
    ana.grant()
    return Way(lambda: ana.desk.do(users.delete_user, user_name=ana.name, cascade=True), 401)


def policy_detached(ana: Person) -> Way:
    arn = ana.desk.do(policies.create_policy, policy_name=f"p-{ana.name}", policy_document=ana.text()).arn
    ana.desk.do(attachments.attach_user_policy, user_name=ana.name, policy_arn=arn)
    return Way(
        lambda: ana.desk.do(attachments.detach_user_policy, user_name=ana.name, policy_arn=arn),
        403,
        lambda: ana.desk.do(attachments.attach_user_policy, user_name=ana.name, policy_arn=arn),
    )


def inline_policy_changed(ana: Person) -> Way:
    ana.grant()
    return Way(
        lambda: ana.desk.do(
            inline.put_user_policy,
            user_name=ana.name,
            policy_name="own",
            policy_document=ana.text(Resource=f"{ana.document}/other"),
        ),
        403,
        ana.grant,
    )


def inline_policy_deleted(ana: Person) -> Way:
    ana.grant()
    return Way(
        lambda: ana.desk.do(inline.delete_user_policy, user_name=ana.name, policy_name="own"), 403, ana.grant
    )


def denied_beside_an_allow(ana: Person) -> Way:
    ana.grant()
    return Way(
        lambda: ana.desk.do(
            inline.put_user_policy,
            user_name=ana.name,
            policy_name="stop",
            policy_document=ana.text("Deny"),
        ),
        403,
        lambda: ana.desk.do(inline.delete_user_policy, user_name=ana.name, policy_name="stop"),
    )


def _group(ana: Person) -> str:
    name = f"g-{ana.name}"
    ana.desk.do(groups.create_group, group_name=name)
    ana.desk.do(inline.put_group_policy, group_name=name, policy_name="own", policy_document=ana.text())
    ana.desk.do(groups.add_user_to_group, group_name=name, user_name=ana.name)
    return name


def group_membership_removed(ana: Person) -> Way:
    name = _group(ana)
    return Way(
        lambda: ana.desk.do(groups.remove_user_from_group, group_name=name, user_name=ana.name),
        403,
        lambda: ana.desk.do(groups.add_user_to_group, group_name=name, user_name=ana.name),
    )


def group_policy_deleted(ana: Person) -> Way:
    name = _group(ana)
    return Way(
        lambda: ana.desk.do(inline.delete_group_policy, group_name=name, policy_name="own"),
        403,
        lambda: ana.desk.do(
            inline.put_group_policy, group_name=name, policy_name="own", policy_document=ana.text()
        ),
    )


def default_version_changed(ana: Person) -> Way:
    arn = ana.desk.do(policies.create_policy, policy_name=f"p-{ana.name}", policy_document=ana.text()).arn
    ana.desk.do(policies.create_policy_version, policy_arn=arn, policy_document=ana.text("Deny"))
    ana.desk.do(attachments.attach_user_policy, user_name=ana.name, policy_arn=arn)

    def put(version: str) -> Callable[[], object]:
        return lambda: ana.desk.do(policies.set_default_policy_version, policy_arn=arn, version_id=version)

    return Way(put("v2"), 403, put("v1"))


def boundary_set(ana: Person) -> Way:
    ana.grant()
    arn = ana.desk.do(
        policies.create_policy, policy_name=f"b-{ana.name}", policy_document=ana.text(Action="docs:Write")
    ).arn
    return Way(
        lambda: ana.desk.do(
            boundaries.put_user_permissions_boundary, user_name=ana.name, permissions_boundary=arn
        ),
        403,
        lambda: ana.desk.do(boundaries.delete_user_permissions_boundary, user_name=ana.name),
    )


def boundary_narrowed(ana: Person) -> Way:
    ana.grant()
    arn = ana.desk.do(policies.create_policy, policy_name=f"b-{ana.name}", policy_document=ana.text()).arn
    ana.desk.do(boundaries.put_user_permissions_boundary, user_name=ana.name, permissions_boundary=arn)
    return Way(
        lambda: ana.desk.do(
            policies.create_policy_version,
            policy_arn=arn,
            policy_document=ana.text(Action="docs:Write"),
            set_as_default=True,
        ),
        403,
        lambda: ana.desk.do(policies.set_default_policy_version, policy_arn=arn, version_id="v1"),
    )


def guardrail_attached(ana: Person) -> Way:
    ana.grant()
    name = f"r-{ana.name}"
    ana.desk.do(guardrails.create_guardrail, name=name, policy_document=ana.text("Deny"))
    home = ana.iam.deployment().home_account
    return Way(
        lambda: ana.desk.do(guardrails.attach_guardrail, guardrail=name, target_id=home),
        403,
        lambda: ana.desk.do(guardrails.detach_guardrail, guardrail=name, target_id=home),
    )


def guardrail_updated(ana: Person) -> Way:
    ana.grant()
    name = f"r-{ana.name}"
    harmless = ana.text("Deny", Action="docs:Write")
    ana.desk.do(guardrails.create_guardrail, name=name, policy_document=harmless)
    home = ana.iam.deployment().home_account
    ana.desk.do(guardrails.attach_guardrail, guardrail=name, target_id=home)
    return Way(
        lambda: ana.desk.do(guardrails.update_guardrail, name=name, policy_document=ana.text("Deny")),
        403,
        lambda: ana.desk.do(guardrails.update_guardrail, name=name, policy_document=harmless),
    )


def resource_policy_put(ana: Person) -> Way:
    ana.grant()
    return Way(
        lambda: ana.desk.do(
            resource_policies.put_resource_policy,
            resource_arn=ana.document,
            policy_document=ana.text("Deny", Principal={"AWS": ana.arn}),
        ),
        403,
        lambda: ana.desk.do(resource_policies.delete_resource_policy, resource_arn=ana.document),
    )


def resource_policy_deleted(ana: Person) -> Way:
    def put() -> object:
        return ana.desk.do(
            resource_policies.put_resource_policy,
            resource_arn=ana.document,
            policy_document=ana.text(Principal={"AWS": ana.arn}),
        )

    put()
    return Way(
        lambda: ana.desk.do(resource_policies.delete_resource_policy, resource_arn=ana.document), 403, put
    )


def tag_removed(ana: Person) -> Way:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "maps"}}
    ana.desk.do(
        inline.put_user_policy,
        user_name=ana.name,
        policy_name="own",
        policy_document=ana.text(Condition=condition),
    )
    ana.desk.do(tags.tag_user, user_name=ana.name, tags={"team": "maps"})
    return Way(
        lambda: ana.desk.do(tags.untag_user, user_name=ana.name, tag_keys=("team",)),
        403,
        lambda: ana.desk.do(tags.tag_user, user_name=ana.name, tags={"team": "maps"}),
    )


def user_moved(ana: Person) -> Way:
    condition = {"ArnEquals": {"aws:PrincipalArn": ana.arn}}
    ana.desk.do(
        inline.put_user_policy,
        user_name=ana.name,
        policy_name="own",
        policy_document=ana.text(Condition=condition),
    )

    def move(path: str) -> Callable[[], object]:
        return lambda: ana.desk.do(users.update_user, user_name=ana.name, new_path=path)

    return Way(move("/gone/"), 403, move("/"))


def _session(ana: Person, kind: SessionKind) -> tuple[str, Callable[[], int]]:
    ana.grant()
    ana.give_password(PASSWORD)
    public_id, headers = ana.sign_in(PASSWORD, kind)
    return public_id, lambda: ana.ask_with(headers)


def cookie_session_ended(ana: Person) -> Way:
    public_id, ask = _session(ana, SessionKind.COOKIE)
    return Way(
        lambda: ana.desk.do(sessions.end_session, user_name=ana.name, session_id=public_id), 401, ask=ask
    )


def bearer_session_ended(ana: Person) -> Way:
    public_id, ask = _session(ana, SessionKind.BEARER)
    return Way(
        lambda: ana.desk.do(sessions.end_session, user_name=ana.name, session_id=public_id), 401, ask=ask
    )


def all_sessions_ended(ana: Person) -> Way:
    _, ask = _session(ana, SessionKind.COOKIE)
    return Way(lambda: ana.desk.do(sessions.end_sessions, user_name=ana.name), 401, ask=ask)


def signed_out(ana: Person) -> Way:
    ana.grant()
    ana.give_password(PASSWORD)
    _, headers = ana.sign_in(PASSWORD, SessionKind.BEARER)
    token = headers["authorization"].removeprefix("Bearer ")
    return Way(lambda: ana.iam.sign_out(token), 401, ask=lambda: ana.ask_with(headers))


def password_changed(ana: Person) -> Way:
    _, ask = _session(ana, SessionKind.COOKIE)
    own = ana.iam.desk(ana.iam.find_principal(ana.name))
    ana.desk.do(
        inline.put_user_policy,
        user_name=ana.name,
        policy_name="self",
        policy_document=ana.text(Action="iam:ChangePassword", Resource=ana.arn),
    )
    return Way(
        lambda: own.do(
            login_profiles.change_password, old_password=Secret(PASSWORD), new_password=Secret(ANOTHER)
        ),
        401,
        ask=ask,
    )


def password_replaced(ana: Person) -> Way:
    _, ask = _session(ana, SessionKind.BEARER)
    return Way(
        lambda: ana.desk.do(
            login_profiles.update_login_profile, user_name=ana.name, password=Secret(ANOTHER)
        ),
        401,
        ask=ask,
    )


def password_deleted(ana: Person) -> Way:
    _, ask = _session(ana, SessionKind.COOKIE)
    return Way(lambda: ana.desk.do(login_profiles.delete_login_profile, user_name=ana.name), 401, ask=ask)


def user_disabled_with_session(ana: Person) -> Way:
    _, ask = _session(ana, SessionKind.BEARER)
    return Way(lambda: ana.desk.do(users.disable_user, user_name=ana.name), 401, ask=ask)


def _root_session(ana: Person, *, shown: bool = True) -> Callable[[], int]:
    """How the root user asks, after its second factor or before."""
    now = ana.iam.clock.now()
    with ana.iam.store.write() as unit:
        token = session_records.start(
            unit,
            ana.iam.ids,
            account=ACCOUNT,
            user_id=ACCOUNT,
            kind=SessionKind.BEARER,
            factors=("password",),
            limits=session_records.MODERN,
            now=now,
            mfa_at=now if shown else None,
        ).token
    return lambda: ana.ask_with({"authorization": f"Bearer {token.reveal()}"})


def root_recovered(ana: Person) -> Way:
    return Way(lambda: ana.desk.do(root.recover_root), 401, ask=_root_session(ana))


def guardrail_over_root(ana: Person) -> Way:
    name = f"over-root-{ana.name}"
    ana.desk.do(guardrails.create_guardrail, name=name, policy_document=ana.text("Deny"))
    target = {"guardrail": name, "target_id": ACCOUNT}
    return Way(
        lambda: ana.desk.do(guardrails.attach_guardrail, **target),
        403,
        lambda: ana.desk.do(guardrails.detach_guardrail, **target),
        ask=_root_session(ana),
    )


WAYS = (
    root_recovered,
    guardrail_over_root,
    key_deactivated,
    key_deleted,
    user_disabled,
    user_deleted,
    policy_detached,
    inline_policy_changed,
    inline_policy_deleted,
    denied_beside_an_allow,
    group_membership_removed,
    group_policy_deleted,
    default_version_changed,
    boundary_set,
    boundary_narrowed,
    guardrail_attached,
    guardrail_updated,
    resource_policy_put,
    resource_policy_deleted,
    tag_removed,
    user_moved,
    cookie_session_ended,
    bearer_session_ended,
    all_sessions_ended,
    signed_out,
    password_changed,
    password_replaced,
    password_deleted,
    user_disabled_with_session,
)


@pytest.mark.parametrize("arrange", WAYS, ids=lambda way: way.__name__)
def test_the_very_next_request_is_refused(arrange: Callable[[Person], Way], ana: Person) -> None:
    """Two requests warm every cache of the other process; the change returns; the next request is refused."""
    way = arrange(ana)
    ask = way.ask or ana.ask
    assert [ask(), ask()] == [200, 200]

    way.close()

    assert [ask(), ask()] == [way.status, way.status]
    if way.reopen is not None:
        way.reopen()
        assert ask() == 200


def test_whoever_was_refused_is_admitted_by_the_very_next_request(ana: Person) -> None:
    """A denial is not remembered either."""
    assert [ana.ask(), ana.ask()] == [403, 403]

    ana.grant()

    assert ana.ask() == 200


def test_root_without_its_factor_is_asked_for_it(ana: Person) -> None:
    """The app's route answers 401, as for whoever could sign in better."""
    assert _root_session(ana, shown=False)() == 401
    assert _root_session(ana)() == 200


def test_a_recreated_user_regains_nothing(ana: Person) -> None:
    """Key, session, policies, groups and resource policies were the old user's, whoever has the name now."""
    old_key = ana.signer
    ana.grant()
    ana.give_password(PASSWORD)
    _, headers = ana.sign_in(PASSWORD, SessionKind.BEARER)
    _group(ana)
    ana.desk.do(
        resource_policies.put_resource_policy,
        resource_arn=ana.document,
        policy_document=ana.text(Principal={"AWS": ana.arn}),
    )
    assert (ana.ask(), ana.ask_with(headers)) == (200, 200)

    ana.desk.do(users.delete_user, user_name=ana.name, cascade=True)
    ana.desk.do(users.create_user, user_name=ana.name)

    assert (ana.ask(), ana.ask_with(headers)) == (401, 401)
    ana.new_key()
    assert ana.ask() == 403
    ana.signer = old_key
    assert ana.ask() == 401


def test_a_desk_that_is_kept_may_do_what_its_principal_may_do_now(ana: Person) -> None:
    """Rights that were withdrawn, or a user who was disabled, end with the very next operation."""
    ana.desk.do(
        inline.put_user_policy,
        user_name=ana.name,
        policy_name="self",
        policy_document=ana.text(Action="iam:GetUser", Resource=ana.arn),
    )
    kept = ana.iam.desk(ana.iam.find_principal(ana.name))
    kept.do(users.get_user, user_name=ana.name)

    ana.desk.do(inline.delete_user_policy, user_name=ana.name, policy_name="self")
    with pytest.raises(AccessDenied):
        kept.do(users.get_user, user_name=ana.name)
    ana.desk.do(users.disable_user, user_name=ana.name)
    with pytest.raises(InvalidClientTokenId):
        kept.do(users.get_user, user_name=ana.name)


def test_no_request_that_begins_after_the_change_is_admitted(ana: Person) -> None:
    """Six clients ask without a break while the key is deactivated: none is admitted once that returned."""
    ana.grant()
    returned, done = threading.Event(), threading.Event()
    seen: list[tuple[bool, int]] = []

    def ask_on() -> None:
        while not done.is_set():
            late = returned.is_set()
            seen.append((late, ana.ask()))

    clients = [threading.Thread(target=ask_on) for _ in range(6)]
    for client in clients:
        client.start()
    while len(seen) < 30:
        assert ana.ask() == 200
    ana.desk.do(
        access_keys.update_access_key, user_name=ana.name, access_key_id=ana.key_id, status="Inactive"
    )
    returned.set()
    while sum(late for late, _ in seen) < 30:
        assert ana.ask() == 401
    done.set()
    for client in clients:
        client.join()

    assert {status for late, status in seen if late} == {401}
    assert 200 in {status for late, status in seen if not late}
