"""SEM-E: how the layers combine into a decision, and what the decision says about itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from iamkit.policy import EvaluationOptions, explain, parse
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Layer, PolicySource
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context

Ask = Callable[..., Decision]
Callers = Mapping[str, Caller]
Document = Mapping[str, object]
Refused = Callable[..., str]

ACCOUNT = "111122223333"
OTHER = "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/app/jeff"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/writer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"

ALLOWED, EXPLICIT, IMPLICIT = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
ALLOW: Document = {}
SILENT: Document = {"Action": "doc:Put"}
DENY: Document = {"Effect": "Deny"}
TO_ACCOUNT: Document = {"Principal": {"AWS": ACCOUNT}}
TO_USER: Document = {"Principal": {"AWS": USER}}
TO_ROLE: Document = {"Principal": {"AWS": ROLE}}
TO_SESSION: Document = {"Principal": {"AWS": SESSION}}
TO_ALL: Document = {"Principal": "*"}
RCP_DENY: Document = {"Effect": "Deny", "Principal": "*"}
RCP_ALLOW: Document = {"Principal": "*"}

LAYERS = ["identity", "boundary", "session", "resource", "scps", "rcps", "endpoint"]


def everywhere(layer: str | None, document: object) -> dict[str, object]:
    """Layers that all allow, with `document` beside the Allow in one of them."""
    layers: dict[str, object] = dict.fromkeys(LAYERS[:4] + LAYERS[6:], (ALLOW,))
    layers["scps"] = layers["rcps"] = ((ALLOW,),)
    if layer in {"scps", "rcps"}:
        layers[layer] = ((ALLOW, document),)
    elif layer is not None:
        layers[layer] = (ALLOW, document)
    return layers


@pytest.mark.parametrize("layer", LAYERS)
def test_E1_holds_a_deny_in_any_layer_wins(ask: Ask, layer: str) -> None:
    """One matching Deny outweighs every Allow."""
    decision = ask(**everywhere(layer, DENY))

    assert decision.outcome is EXPLICIT
    assert len(decision.determining) == 1


@pytest.mark.parametrize("layer", [None, *LAYERS])
def test_E1_near_a_deny_that_does_not_match_changes_nothing(ask: Ask, layer: str | None) -> None:
    """A Deny for another action leaves the Allow."""
    assert ask(**everywhere(layer, {**DENY, **SILENT})).outcome is ALLOWED


MATCHING: Document = {
    "Principal": {"AWS": USER},
    "Action": "doc:Get",
    "Resource": "arn:aws:doc:*:*:notes/*",
    "Condition": {"StringEquals": {"app:k": "x"}},
}


def test_E2_holds_a_statement_matches_when_all_its_parts_do(ask: Ask) -> None:
    """Action, resource, principal and condition together."""
    assert ask(resource=MATCHING, context={"app:k": "x"})


@pytest.mark.parametrize(
    "change",
    [
        {"Action": "doc:Put"},
        {"Resource": "arn:aws:doc:*:*:files/*"},
        {"Principal": {"AWS": USER + "2"}},
        {"Condition": {"StringEquals": {"app:k": "y"}}},
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_E2_near_any_part_that_does_not_match_is_enough(ask: Ask, change: Document, effect: str) -> None:
    """One part that differs takes the statement out, whatever its effect."""
    statement = {**MATCHING, **change, "Effect": effect}

    assert ask(resource=statement, context={"app:k": "x"}).outcome is IMPLICIT


def test_E3_holds_one_allow_in_any_document_of_a_layer_is_enough(ask: Ask) -> None:
    """Allows of one layer are united, in no order."""
    assert ask(identity=(SILENT, [SILENT, ALLOW]))
    assert ask(identity=([ALLOW, SILENT], SILENT))


def test_E3_near_halves_of_two_statements_make_no_allow(ask: Ask) -> None:
    """The action of one statement and the resource of another do not add up."""
    other: Document = {"Resource": "arn:aws:doc:*:*:files/*"}

    assert not ask(identity=(SILENT, other))
    assert not ask(identity=[SILENT, other])


# -- guard rails


def test_E4_holds_every_level_must_allow(ask: Ask) -> None:
    """One Allow in each level, in any of its documents, is enough."""
    assert ask(identity=ALLOW, scps=(ALLOW, (SILENT, ALLOW), ALLOW))
    assert ask(identity=ALLOW, scps=None)


@pytest.mark.parametrize("levels", [(ALLOW, SILENT), (SILENT, ALLOW), (ALLOW, ()), ((),)])
def test_E4_near_one_level_without_an_allow_denies(ask: Ask, levels: tuple[object, ...]) -> None:
    """A silent level, or one with nothing attached, denies."""
    decision = ask(identity=ALLOW, resource=TO_USER, scps=levels)

    assert decision.outcome is IMPLICIT
    assert decision.layer is Layer.GUARDRAIL


@pytest.mark.parametrize("caller", ["user", "session", "root"])
@pytest.mark.parametrize(("level", "outcome"), [(SILENT, IMPLICIT), ((ALLOW, DENY), EXPLICIT)])
def test_E5_holds_guard_rails_bind_users_roles_and_root(
    ask: Ask, caller: str, level: object, outcome: Outcome
) -> None:
    """The root user of a member account is bound like anybody."""
    assert ask(identity=ALLOW, resource=TO_ALL, caller=caller, scps=(level,)).outcome is outcome


@pytest.mark.parametrize("caller", ["service", "anonymous"])
@pytest.mark.parametrize("level", [SILENT, (ALLOW, DENY), ()])
def test_E5_near_services_and_anonymous_callers_are_not_bound(ask: Ask, caller: str, level: object) -> None:
    """Neither has an account whose guard rails could apply."""
    assert ask(resource=TO_ALL, caller=caller, scps=(level,))


@pytest.mark.parametrize("caller", ["user", "root", "anonymous", "service"])
@pytest.mark.parametrize("owner", [ACCOUNT, OTHER])
def test_E6_holds_resource_guard_rails_bind_every_caller(ask: Ask, caller: str, owner: str) -> None:
    """A Deny on the resource's account denies everybody, from any account."""
    levels = (ALLOW, (RCP_ALLOW, RCP_DENY))

    decision = ask(identity=ALLOW, resource=TO_ALL, caller=caller, owner=owner, rcps=levels)

    assert decision.outcome is EXPLICIT


def test_E6_holds_a_level_without_an_allow_denies(ask: Ask) -> None:
    """Levels are joined as those of the caller's account are."""
    silent = {**RCP_ALLOW, "Action": "doc:Put"}

    assert ask(identity=ALLOW, rcps=(RCP_ALLOW, silent)).outcome is IMPLICIT


@pytest.mark.parametrize("caller", ["user", "root", "anonymous", "service"])
def test_E6_near_levels_that_allow_leave_the_decision(ask: Ask, caller: str) -> None:
    """An allow-all level grants nothing and takes nothing."""
    levels = (RCP_ALLOW, (RCP_ALLOW, {**RCP_DENY, **SILENT}))

    assert ask(identity=ALLOW, resource=TO_ALL, caller=caller, rcps=levels)
    assert not ask(identity=SILENT, caller="user", rcps=levels)


@pytest.mark.parametrize(
    "endpoint", [{**TO_ALL, **SILENT}, {"Principal": {"AWS": OTHER}}, {"Principal": {"AWS": USER + "2"}}, ()]
)
def test_E7_holds_an_endpoint_policy_must_allow(ask: Ask, endpoint: object) -> None:
    """Silence of the endpoint, for this action or this principal, denies."""
    decision = ask(identity=ALLOW, resource=TO_USER, endpoint=endpoint)

    assert decision.outcome is IMPLICIT
    assert decision.layer is Layer.ENDPOINT


@pytest.mark.parametrize("endpoint", [None, TO_ALL, TO_USER, TO_ACCOUNT])
def test_E7_near_an_endpoint_that_allows_leaves_the_decision(ask: Ask, endpoint: object) -> None:
    """An endpoint that names the caller in any form, or no endpoint, lets the identity path decide."""
    assert ask(identity=ALLOW, endpoint=endpoint)


@pytest.mark.parametrize("layer", ["boundary", "session", "scps", "rcps", "endpoint"])
def test_E8_holds_a_ceiling_never_grants(ask: Ask, layer: str) -> None:
    """An Allow in a layer that only limits allows nothing."""
    document = (ALLOW,) if layer in {"scps", "rcps"} else ALLOW

    assert ask(**{layer: document}).outcome is IMPLICIT


@pytest.mark.parametrize("layer", ["boundary", "session", "scps", "rcps", "endpoint"])
def test_E8_near_under_the_ceiling_the_identity_grants(ask: Ask, layer: str) -> None:
    """The same Allow lets a grant of the identity layer through."""
    document = (ALLOW,) if layer in {"scps", "rcps"} else ALLOW

    assert ask(identity=ALLOW, **{layer: document}).outcome is ALLOWED


# -- same account

NAMED = [("user", TO_USER), ("session", TO_SESSION), ("federated-user", {"Principal": {"AWS": FEDERATED}})]


@pytest.mark.parametrize(("caller", "grant"), [*NAMED, ("user", TO_ALL), ("session", TO_ALL)])
def test_E9_holds_a_direct_grant_passes_silent_boundary_and_session(
    ask: Ask, caller: str, grant: Document
) -> None:
    """Who is named, or everybody, is allowed although identity, boundary and session are silent."""
    assert ask(caller=caller, resource=grant, identity=SILENT, boundary=SILENT, session=SILENT)


def test_E9_holds_everybody_narrowed_by_the_principal_arn_is_direct_too(ask: Ask) -> None:
    """A condition on the caller does not weaken the level."""
    grant = {**TO_ALL, "Condition": {"ArnLike": {"aws:PrincipalArn": ROLE}}}

    assert ask(caller="session", resource=grant, boundary=SILENT, context={"aws:PrincipalArn": ROLE})


@pytest.mark.parametrize("layer", ["identity", "boundary", "session"])
@pytest.mark.parametrize(("caller", "grant"), NAMED)
def test_E9_near_an_explicit_deny_is_never_passed(ask: Ask, caller: str, grant: Document, layer: str) -> None:
    """A Deny in any of the bypassed layers denies."""
    assert ask(caller=caller, resource=grant, **{layer: (ALLOW, DENY)}).outcome is EXPLICIT


def test_E9_near_with_the_switch_a_silent_session_policy_cuts_it(ask: Ask) -> None:
    """The stricter reading can be chosen; it leaves the boundary's bypass alone."""
    strict = EvaluationOptions(session_policy_binds_direct_grants=True)

    assert not ask(caller="session", resource=TO_SESSION, session=SILENT, options=strict)
    assert ask(caller="session", resource=TO_SESSION, session=ALLOW, boundary=SILENT, options=strict)
    assert ask(caller="session", resource=TO_SESSION, boundary=SILENT, options=strict)


def test_E10_holds_a_grant_to_the_role_needs_no_identity_policy(ask: Ask) -> None:
    """With boundary and session policy allowing or absent, the role's grant is enough."""
    assert ask(caller="session", resource=TO_ROLE)
    assert ask(caller="session", resource=TO_ROLE, identity=SILENT, boundary=ALLOW, session=ALLOW)


@pytest.mark.parametrize("layer", ["boundary", "session"])
def test_E10_near_a_silent_boundary_or_session_policy_cuts_it(ask: Ask, layer: str) -> None:
    """The role's grant does not pass what limits the session."""
    decision = ask(caller="session", resource=TO_ROLE, identity=SILENT, **{layer: SILENT})

    assert decision.outcome is IMPLICIT


def test_E11_holds_a_grant_to_the_user_reaches_its_federated_user(ask: Ask) -> None:
    """The IAM user's grant is enough when boundary and session policy allow."""
    assert ask(caller="federated-user", resource=TO_USER, session=ALLOW, boundary=ALLOW)


@pytest.mark.parametrize("layer", ["boundary", "session"])
def test_E11_near_a_silent_boundary_or_session_policy_cuts_it(ask: Ask, layer: str) -> None:
    """The user's grant is weaker for a session made by the user than for the user."""
    layers: dict[str, object] = {"boundary": ALLOW, "session": ALLOW, layer: SILENT}

    assert not ask(caller="federated-user", resource=TO_USER, **layers)
    assert ask(caller="user", resource=TO_USER, **layers)


def test_E11_holds_a_federated_user_without_session_policy_has_no_identity_path(ask: Ask) -> None:
    """What the user may do reaches the session only through a session policy."""
    assert not ask(caller="federated-user", identity=ALLOW)
    assert ask(caller="federated-user", identity=ALLOW, session=ALLOW)


def test_E12_holds_an_account_grants_nothing_alone(ask: Ask) -> None:
    """An account's principal leaves the decision to the identity path."""
    assert ask(resource=TO_ACCOUNT).outcome is IMPLICIT
    assert ask(resource=TO_ACCOUNT, explicit_trust=True).outcome is IMPLICIT


def test_E12_near_with_the_identity_path_it_opens(ask: Ask) -> None:
    """Where the resource must name the caller, the account's principal lets identity policies count."""
    assert ask(resource=TO_ACCOUNT, identity=ALLOW)
    assert ask(resource=TO_ACCOUNT, identity=ALLOW, explicit_trust=True)
    assert not ask(resource=TO_ACCOUNT, identity=ALLOW, boundary=SILENT, explicit_trust=True)


@pytest.mark.parametrize("caller", ["user", "session"])
def test_E13_holds_the_identity_path_allows_by_itself(ask: Ask, caller: str) -> None:
    """Identity, boundary and session allow: no help of the resource is needed."""
    assert ask(caller=caller, identity=ALLOW)
    assert ask(caller=caller, identity=ALLOW, boundary=ALLOW, session=ALLOW)


@pytest.mark.parametrize("layer", ["identity", "boundary", "session"])
@pytest.mark.parametrize("silence", [SILENT, ()])
def test_E13_near_each_part_of_it_is_needed(ask: Ask, layer: str, silence: object) -> None:
    """One silent or empty layer closes the path, and is named."""
    layers: dict[str, object] = {"identity": ALLOW, "boundary": ALLOW, "session": ALLOW, layer: silence}

    decision = ask(caller="session", **layers)

    assert decision.outcome is IMPLICIT
    assert Layer[layer.upper()] in decision.missing


def test_E14_holds_a_users_direct_grant_is_not_cut_by_its_boundary(ask: Ask) -> None:
    """The user named is allowed although the boundary is silent."""
    assert ask(resource=TO_USER, boundary=SILENT)


def test_E14_near_a_roles_grant_is(ask: Ask) -> None:
    """The role named is not."""
    assert not ask(caller="session", resource=TO_ROLE, boundary=SILENT)


# -- another account


@pytest.mark.parametrize(
    ("caller", "grant"),
    [
        ("user", TO_ACCOUNT),
        ("user", TO_USER),
        ("user", TO_ALL),
        ("session", TO_ROLE),
        ("session", TO_SESSION),
        ("federated-user", TO_USER),
    ],
)
def test_E15_holds_another_account_needs_both_sides(ask: Ask, caller: str, grant: Document) -> None:
    """The resource's policy at any level, and the whole identity path."""
    assert ask(caller=caller, resource=grant, identity=ALLOW, boundary=ALLOW, session=ALLOW, owner=OTHER)


@pytest.mark.parametrize("grant", [TO_ACCOUNT, TO_USER, TO_ALL])
@pytest.mark.parametrize(
    "change",
    [
        {"identity": SILENT},
        {"boundary": SILENT},
        {"session": SILENT},
        {"resource": {**TO_ALL, **SILENT}},
        {"scps": (SILENT,)},
        {"rcps": ({**RCP_ALLOW, **SILENT},)},
    ],
)
def test_E15_near_nothing_is_bypassed(ask: Ask, grant: Document, change: dict[str, object]) -> None:
    """Not even a direct grant passes a silent layer of the caller's account."""
    layers: dict[str, object] = {
        "resource": grant,
        "identity": ALLOW,
        "boundary": ALLOW,
        "session": ALLOW,
        **change,
    }

    assert ask(owner=OTHER, **layers).outcome is IMPLICIT


def test_E16_holds_without_resource_policy_another_account_never_reaches_it(ask: Ask) -> None:
    """Identity policies alone do not cross accounts, for root neither."""
    assert ask(identity=ALLOW, owner=OTHER).outcome is IMPLICIT
    assert ask(caller="root", owner=OTHER).outcome is IMPLICIT


def test_E16_near_in_the_own_account_they_do(ask: Ask) -> None:
    """The same identity policy is enough at home."""
    assert ask(identity=ALLOW, owner=ACCOUNT)
    assert ask(identity=ALLOW, owner="")


# -- explicit trust


@pytest.mark.parametrize(
    ("caller", "grant", "identity"),
    [
        ("user", TO_USER, SILENT),
        ("session", TO_SESSION, SILENT),
        ("session", TO_ROLE, SILENT),
        ("user", TO_ACCOUNT, {"Action": "sts:AssumeRole"}),
    ],
)
def test_E17_holds_a_trust_that_names_the_caller_opens(
    ask: Ask, caller: str, grant: Document, identity: Document
) -> None:
    """Named itself or by its role: alone; by its account: with the identity path."""
    assert ask(caller=caller, trust=grant, identity=identity)


def test_E17_holds_everybody_opens_a_key_that_needs_trust(ask: Ask) -> None:
    """Other resources that need explicit trust may name everybody, as a role may not."""
    assert ask(resource=TO_ALL, identity=SILENT, boundary=SILENT, explicit_trust=True)


@pytest.mark.parametrize(
    ("caller", "grant", "layers"),
    [
        ("user", {"Principal": {"AWS": USER + "2"}}, {"identity": {"Action": "*"}}),
        ("user", (), {"identity": {"Action": "*"}}),
        ("user", TO_ACCOUNT, {}),
        ("user", TO_ACCOUNT, {"identity": {"Action": "*"}, "boundary": SILENT}),
        ("session", TO_ROLE, {"identity": {"Action": "*"}, "boundary": SILENT}),
        ("session", TO_ROLE, {"identity": {"Action": "*"}, "session": SILENT}),
    ],
)
def test_E17_near_without_trust_identity_policies_open_nothing(
    ask: Ask, caller: str, grant: object, layers: dict[str, object]
) -> None:
    """A trust that says nothing of the caller denies, whatever the caller's own policies say."""
    assert ask(caller=caller, trust=grant, **layers).outcome is IMPLICIT


def test_E17_holds_across_accounts_both_sides_are_needed(ask: Ask) -> None:
    """A role of another account needs its trust and the caller's identity policy."""
    assert ask(trust=TO_USER, identity={"Action": "sts:AssumeRole"}, owner=OTHER)
    assert not ask(trust=TO_USER, owner=OTHER)


SIDE_ACTIONS = ["sts:TagSession", "sts:SetSourceIdentity"]


@pytest.mark.parametrize("action", SIDE_ACTIONS)
def test_E18_holds_tags_and_source_identity_are_actions_of_the_trust(ask: Ask, action: str) -> None:
    """Each is allowed by the trust that lists it."""
    assert ask(trust={**TO_USER, "Action": ["sts:AssumeRole", action]}, action=action)


@pytest.mark.parametrize("action", SIDE_ACTIONS)
def test_E18_near_assume_role_alone_does_not_include_them(ask: Ask, action: str) -> None:
    """A trust for assuming the role only denies both."""
    assert not ask(trust=TO_USER, action=action)


WEB = "sts:AssumeRoleWithWebIdentity"
CLAIMS = {"accounts.google.com:aud": "app", "accounts.google.com:sub": "42"}
TO_PROVIDER: Document = {
    "Principal": {"Federated": "accounts.google.com"},
    "Action": WEB,
    "Condition": {"StringEquals": CLAIMS},
}


def test_E19_holds_only_the_trust_speaks_for_a_provider(ask: Ask) -> None:
    """The provider is the caller; guard rails of callers and identity policies do not apply."""
    assert ask(caller="provider", trust=TO_PROVIDER, action=WEB, context=CLAIMS)
    assert ask(caller="provider", trust=TO_PROVIDER, action=WEB, context=CLAIMS, scps=(SILENT,))


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_E19_holds_a_web_trust_without_audience_or_subject_is_refused(refused: Refused, missing: str) -> None:
    """A trust that would accept any token of a provider is not stored."""
    claims = {name: text for name, text in CLAIMS.items() if name != missing}

    refused({**TO_PROVIDER, "Condition": {"StringEquals": claims}}, PolicyKind.TRUST)


@pytest.mark.parametrize("change", [{"accounts.google.com:sub": "43"}, {"accounts.google.com:aud": "other"}])
def test_E19_near_other_claims_or_no_trust_deny(ask: Ask, change: Mapping[str, str]) -> None:
    """Claims that differ, and identity policies without trust, open nothing."""
    assert not ask(caller="provider", trust=TO_PROVIDER, action=WEB, context={**CLAIMS, **change})
    assert not ask(caller="provider", trust=TO_USER, identity={"Action": "*"}, action=WEB, context=CLAIMS)


def test_E20_holds_a_role_does_not_trust_itself(ask: Ask) -> None:
    """A session of the role may not assume the role that does not name it."""
    assert not ask(caller="session", trust=TO_USER, identity={"Action": "sts:AssumeRole"}, on=ROLE)


def test_E20_near_a_role_that_names_itself_does(ask: Ask) -> None:
    """Named in its own trust, the role's session may."""
    assert ask(caller="session", trust=TO_ROLE, on=ROLE)


# -- special callers


def test_E21_holds_root_is_allowed_in_its_own_account(ask: Ask) -> None:
    """No identity policy is needed at home; elsewhere only the resource's."""
    assert ask(caller="root")
    assert ask(caller="root", resource=TO_ACCOUNT, owner=OTHER)


@pytest.mark.parametrize(
    ("layers", "outcome"),
    [
        ({"resource": {**TO_ALL, "Effect": "Deny"}}, EXPLICIT),
        ({"scps": (SILENT,)}, IMPLICIT),
        ({"scps": ((ALLOW, DENY),)}, EXPLICIT),
        ({"rcps": ((RCP_ALLOW, RCP_DENY),)}, EXPLICIT),
        ({"owner": OTHER}, IMPLICIT),
        ({"owner": OTHER, "resource": {"Principal": {"AWS": OTHER}}}, IMPLICIT),
        ({"explicit_trust": True}, IMPLICIT),
    ],
)
def test_E21_near_guard_rails_denies_and_other_accounts_bind_root(
    ask: Ask, layers: dict[str, object], outcome: Outcome
) -> None:
    """Root is bound by guard rails, explicit denies, and the policies of other accounts."""
    assert ask(caller="root", **layers).outcome is outcome


def test_E22_holds_anonymous_callers_are_matched_by_everybody(ask: Ask) -> None:
    """Only the resource's policy counts, and negated conditions on missing keys are true."""
    negated = {**TO_ALL, "Condition": {"StringNotEquals": {"aws:username": "mary"}}}

    assert ask(caller="anonymous", resource=TO_ALL)
    assert ask(caller="anonymous", resource=TO_ALL, identity=DENY, boundary=DENY, session=DENY)
    assert ask(caller="anonymous", resource=negated)


@pytest.mark.parametrize(
    ("layers", "outcome"),
    [
        ({"identity": ALLOW}, IMPLICIT),
        ({"resource": TO_ACCOUNT, "identity": ALLOW}, IMPLICIT),
        ({"resource": {"Principal": {"Service": "lambda.amazonaws.com"}}}, IMPLICIT),
        ({"resource": {**TO_ALL, "Condition": {"StringEquals": {"aws:username": "mary"}}}}, IMPLICIT),
        ({"resource": TO_ALL, "rcps": ((RCP_ALLOW, RCP_DENY),)}, EXPLICIT),
        ({"resource": TO_ALL, "endpoint": {**TO_ALL, **SILENT}}, IMPLICIT),
        ({"resource": [TO_ALL, {**TO_ALL, "Effect": "Deny"}]}, EXPLICIT),
    ],
)
def test_E22_near_nothing_else_lets_them_in(ask: Ask, layers: dict[str, object], outcome: Outcome) -> None:
    """Identity policies, accounts and positive conditions on missing keys do not; guard rails bind."""
    assert ask(caller="anonymous", **layers).outcome is outcome


TO_SERVICE: Document = {"Principal": {"Service": "lambda.amazonaws.com"}}


@pytest.mark.parametrize("grant", [TO_SERVICE, TO_ALL])
def test_E23_holds_a_service_needs_only_the_resources_policy(ask: Ask, grant: Document) -> None:
    """Matched by its name or by everybody; guard rails of callers do not apply."""
    assert ask(caller="service", resource=grant)
    assert ask(caller="service", resource=grant, scps=((ALLOW, DENY),), identity=DENY)


@pytest.mark.parametrize("grant", [(), TO_ACCOUNT, {"Principal": {"Service": "ec2.amazonaws.com"}}])
def test_E23_near_identity_policies_and_accounts_do_not_count(ask: Ask, grant: object) -> None:
    """Without its name the service is denied."""
    assert ask(caller="service", resource=grant, identity=ALLOW).outcome is IMPLICIT


def test_E24_holds_session_policies_are_one_layer(ask: Ask) -> None:
    """An Allow in any of a session's policies is enough, under the identity layer."""
    assert ask(caller="session", identity=ALLOW, session=(SILENT, SILENT, ALLOW))
    assert ask(caller="user", identity=ALLOW, session=None)


def test_E24_near_they_intersect_with_the_identity_layer(ask: Ask) -> None:
    """They neither grant by themselves nor let through what none of them allows."""
    assert not ask(caller="session", identity=SILENT, session=(SILENT, ALLOW))
    assert not ask(caller="session", identity=ALLOW, session=(SILENT, SILENT))
    assert not ask(caller="session", identity=ALLOW, session=())
    assert not ask(caller="session", identity=ALLOW, session=(ALLOW, DENY))


def test_E25_holds_group_policies_are_identity_policies(ask: Ask) -> None:
    """A group's document beside the user's own allows, within the user's boundary."""
    own, group = SILENT, ALLOW

    assert ask(identity=(own, group))
    assert ask(identity=(own, group), boundary=ALLOW)


def test_E25_near_the_users_boundary_cuts_the_groups_grant(ask: Ask) -> None:
    """A boundary limits what groups grant, and a group's Deny denies."""
    assert not ask(identity=(SILENT, ALLOW), boundary=SILENT)
    assert ask(identity=(ALLOW, DENY)).outcome is EXPLICIT


WHO = "sts:GetCallerIdentity"


@pytest.mark.parametrize("caller", ["user", "session", "federated-user", "root"])
@pytest.mark.parametrize("identity", [(), {"Effect": "Deny", "Action": "*"}])
def test_E26_holds_who_am_i_needs_no_permission(ask: Ask, caller: str, identity: object) -> None:
    """Whoever is authenticated may ask who they are, explicit Deny or not."""
    assert ask(caller=caller, action=WHO, on="*", identity=identity)


def test_E26_near_anonymous_callers_and_other_actions_need_one(ask: Ask) -> None:
    """Nobody in particular has no identity to ask for, and the neighbouring action is as others are."""
    assert not ask(caller="anonymous", action=WHO, on="*")
    assert not ask(action="sts:GetFederationToken", on="*")
    assert not ask(action="doc:GetCallerIdentity", on="*")


# -- E-27: the explanation


def attached(name: str, *statements: Document, kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    whole = [{"Effect": "Allow", "Action": "doc:Get", "Resource": "*", **s} for s in statements]
    text = json.dumps({"Version": "2012-10-17", "Statement": whole})
    return AttachedPolicy(parse(text, kind), PolicySource(name))


def question(**context: str) -> AccessRequest:
    caller = Caller(CallerKind.USER, USER, ACCOUNT, unique_id="AIDAJEFF")
    keys = Context({name.replace("_", ":"): text for name, text in context.items()})
    return AccessRequest(caller, "doc:Get", f"arn:aws:doc:eu-west-1:{ACCOUNT}:notes/a", keys, ACCOUNT)


def test_E27_holds_a_decision_names_layer_document_and_statement(ask: Ask) -> None:
    """An explicit deny says where it stands, an allow what allowed, an implicit deny what was missing."""
    deny = ask(identity=[ALLOW, {**DENY, "Sid": "NoGet"}])
    allow = ask(identity=(SILENT, [SILENT, ALLOW]))
    nothing = ask(identity=ALLOW, boundary=SILENT)

    (ref,) = deny.determining
    assert (ref.layer, ref.source.name, ref.sid, ref.index) == (Layer.IDENTITY, "identity-1", "NoGet", 1)
    (ref,) = allow.determining
    assert (ref.layer, ref.source.name, ref.sid, ref.index) == (Layer.IDENTITY, "identity-2", None, 1)
    assert allow.missing == ()
    assert nothing.determining == ()
    assert nothing.missing[0] is nothing.layer is Layer.BOUNDARY


def test_E27_holds_an_explanation_names_the_condition_that_failed() -> None:
    """Operator, key and policy values are told, and that the key was missing."""
    condition = {"StringEquals": {"app:colour": ["red", "blue"]}}
    layers = CallerLayers(identity=(attached("paint", {"Sid": "Reds", "Condition": condition}),))

    explanation = explain(question(), layers)

    text = "\n".join(explanation.lines())
    for word in ("paint", "Reds", "StringEquals", "app:colour", "red", "blue"):
        assert word in text
    assert "missing" in text or "absent" in text or "not in the request" in text
    data = json.dumps(explanation.as_data())
    for word in ("paint", "Reds", "StringEquals", "app:colour", "red", "blue"):
        assert word in data


def test_E27_near_request_values_stay_out_of_it() -> None:
    """What the request carried is not told, and a key that was there is not called missing."""
    condition = {"StringEquals": {"app:colour": ["red"]}, "NumericLessThan": {"app:size": "5"}}
    layers = CallerLayers(identity=(attached("paint", {"Condition": condition}),))

    present = explain(question(app_colour="hush-hush", app_size="73737"), layers)
    absent = explain(question(), layers)

    text = "\n".join(present.lines()) + json.dumps(present.as_data())
    assert "hush-hush" not in text
    assert "73737" not in text
    assert list(present.lines()) != list(absent.lines())


def test_E27_near_the_order_of_statements_does_not_change_what_is_named(ask: Ask, callers: Callers) -> None:
    """The same statements in another order name the same layers and outcome."""
    first = ask(identity=[ALLOW, {**ALLOW, "Sid": "b"}, {**DENY, "Sid": "c"}])
    second = ask(
        identity=[{**DENY, "Sid": "c"}, {**ALLOW, "Sid": "b"}, ALLOW], caller=replace(callers["user"])
    )

    assert first.outcome is second.outcome is EXPLICIT
    assert [ref.sid for ref in first.determining] == [ref.sid for ref in second.determining] == ["c"]
