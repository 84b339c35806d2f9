"""Blueprints: an account as files and back, and the way from one account to another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import DeleteConflict, InputError
from iamkit.identity import blueprint_dump, blueprint_files
from iamkit.identity.blueprint import (
    AccountPlan,
    Blueprint,
    GroupPlan,
    OidcPlan,
    PolicyPlan,
    RolePlan,
    UserPlan,
)
from iamkit.management import (
    access_keys,
    attachments,
    boundaries,
    groups,
    inline,
    instance_profiles,
    oidc_providers,
    password_policy,
    policies,
    reports,
    roles,
    saml_providers,
    users,
)
from iamkit.management.access_changes import access_changes
from iamkit.management.blueprints import blueprint, plans
from iamkit.management.plan import ChangePlan, plan

if TYPE_CHECKING:
    from iamkit.management.desk import Desk
    from tests.management.conftest import Office

HOME: Final = "111122223333"
READ: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
METADATA: Final = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:idp"><IDPSSODescriptor>'
    "<KeyDescriptor><X509Certificate xmlns='http://www.w3.org/2000/09/xmldsig#'>"
    f"{'TUlJQw' * 150}</X509Certificate></KeyDescriptor>"
    '<SingleSignOnService Location="https://idp.example.org/sso"/></IDPSSODescriptor></EntityDescriptor>'
)


def document(action: str = "docs:Read", resource: str = "*", **how: Any) -> str:
    """A policy, printed in some way."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, **how)


def trust(*arns: str) -> str:
    """A trust policy."""
    who = {"AWS": list(arns) or HOME}
    return json.dumps({"Statement": {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}})


def furnish(desk: Desk) -> None:
    """Something of everything, with documents printed in many ways."""
    odd = '{ "Version":"2012-10-17" ,\n"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}'
    desk.do(password_policy.update_account_password_policy, minimum_password_length=20)
    made = desk.do(policies.create_policy, policy_name="own", policy_document=odd, path="/app/").arn
    for number in range(4):
        desk.do(
            policies.create_policy_version,
            policy_arn=made,
            policy_document=document(f"docs:V{number}", indent=2),
            set_as_default=number == 2,
        )
    for gone in ("v1", "v3"):
        desk.do(policies.delete_policy_version, policy_arn=made, version_id=gone)
    desk.do(groups.create_group, group_name="team", path="/x/")
    desk.do(attachments.attach_group_policy, group_name="team", policy_arn=made)
    desk.do(users.create_user, user_name="Ana", path="/app/", tags={"team": "ä b"})
    desk.do(groups.add_user_to_group, group_name="team", user_name="Ana")
    desk.do(attachments.attach_user_policy, user_name="Ana", policy_arn=READ)
    desk.do(inline.put_user_policy, user_name="Ana", policy_name="odd", policy_document=odd)
    desk.do(
        inline.put_user_policy, user_name="Ana", policy_name="odd_form", policy_document=document(indent=4)
    )
    desk.do(boundaries.put_user_permissions_boundary, user_name="Ana", permissions_boundary=made)
    desk.do(users.create_user, user_name="off+1")
    desk.do(users.disable_user, user_name="off+1")
    # Each trusts the other.
    desk.do(roles.create_role, role_name="one", assume_role_policy_document=trust())
    two = desk.do(
        roles.create_role,
        role_name="two",
        assume_role_policy_document=trust(
            f"arn:aws:iam::{HOME}:role/one", f"arn:aws:iam::{HOME}:user/app/Ana"
        ),
        description="it says ✓",
        max_session_duration=7200,
        permissions_boundary=READ,
    )
    desk.do(roles.update_assume_role_policy, role_name="one", policy_document=trust(two.arn))
    desk.do(instance_profiles.create_instance_profile, instance_profile_name="box", tags={"a": "b"})
    desk.do(instance_profiles.add_role_to_instance_profile, instance_profile_name="box", role_name="two")
    desk.do(
        oidc_providers.create_open_id_connect_provider,
        url="https://id.example.org/x",
        client_id_list=("b", "a"),
        thumbprint_list=("ab" * 20,),
    )
    desk.do(
        saml_providers.create_saml_provider,
        name="idp",
        saml_metadata_document=METADATA,
        assertion_encryption_mode="Allowed",
    )


def files_of(desk: Desk) -> dict[str, str]:
    """The folder of an account."""
    return {blueprint_files.path_of(item): blueprint_files.text_of(item) for item in plans(desk)}


def planned(office: Office, wanted: Blueprint, *, delete: bool = False) -> ChangePlan:
    """The plan from what is there."""
    now = blueprint(office.owner())
    return plan(now, wanted, partition="aws", quotas=office.house.quotas, delete=delete)


def carry_out(office: Office, wanted: Blueprint, *, delete: bool = False) -> None:
    """Do every step."""
    desk = office.owner()
    for step in planned(office, wanted, delete=delete).steps:
        step.run(desk)


def told(office: Office) -> list[str]:
    """Authorization details without ids and dates."""
    found = office.owner().do(reports.get_account_authorization_details, max_items=1000)
    lines = [
        *(
            (item.user.arn, item.user.tags, item.user.boundary, item.groups, item.policies)
            for item in found.users
        ),
        *((item.group.arn, item.policies.inline, item.policies.attached) for item in found.groups),
        *(
            (item.role.arn, item.trust, item.role.description, item.role.max_session_seconds)
            for item in found.roles
        ),
        *(
            (item.arn, item.default_version, [(each.version, each.document) for each in item.versions])
            for item in found.policies
        ),
    ]
    return [repr(line) for line in lines]


def test_an_account_comes_back_as_it_was(new_office: Callable[[], Office]) -> None:
    """Export, an empty directory, apply: the same details, the same files; documents letter for letter."""
    first, second = new_office(), new_office()
    furnish(first.owner())
    folder = files_of(first.owner())

    carry_out(second, blueprint_files.blueprint_of(folder.items()))

    assert told(second) == told(first)
    assert files_of(second.owner()) == folder
    again = planned(second, blueprint_files.blueprint_of(folder.items()))
    assert (again.steps, again.unlisted) == ((), ())


def test_an_account_can_be_emptied(office: Office) -> None:
    """With `delete` everything that is in no file goes, in an order in which it can."""
    furnish(office.owner())
    bare = Blueprint.of([blueprint(office.owner()).account])
    kept = planned(office, bare)
    assert kept.steps == ()
    assert "user Ana" in kept.unlisted
    carry_out(office, bare, delete=True)
    assert [blueprint_files.path_of(item) for item in plans(office.owner())] == ["account.json"]


def test_credentials_hold_a_user_fast(office: Office) -> None:
    """A file that is missing takes nobody's keys away."""
    office.person("ana")
    office.owner().do(access_keys.create_access_key, user_name="ana")
    bare = Blueprint.of([blueprint(office.owner()).account])
    with pytest.raises(DeleteConflict, match="access key"):
        carry_out(office, bare, delete=True)


NAMES: Final = st.sampled_from(["a", "B", "c+d", "e.f"])
DOCUMENTS: Final = st.sampled_from(
    [document(), document("docs:Write", indent=2), document("mail:*", separators=(",", ":"))]
)
INLINE: Final = st.dictionaries(st.sampled_from(["p", "q", "p_form"]), DOCUMENTS, max_size=2)
ATTACHED: Final = st.sets(st.sampled_from([READ, f"arn:aws:iam::{HOME}:policy/kept"])).map(
    lambda found: tuple(sorted(found))
)
TAGS: Final = st.dictionaries(st.sampled_from(["team", "City"]), st.sampled_from(["x", "y z"]))
BOUND: Final = st.sampled_from([None, READ])
PATH: Final = st.sampled_from(["/", "/app/"])


@st.composite
def accounts(draw: st.DrawFn) -> Blueprint:
    """Small accounts."""
    found: list[Any] = []
    group_names = sorted(draw(st.sets(NAMES, max_size=2)))
    found += [GroupPlan(name, draw(PATH), draw(ATTACHED), draw(INLINE)) for name in group_names]
    for name in sorted(draw(st.sets(NAMES, max_size=3))):
        member = tuple(sorted(draw(st.sets(st.sampled_from(group_names))))) if group_names else ()
        found.append(
            UserPlan(
                name,
                draw(PATH),
                draw(TAGS),
                draw(BOUND),
                member,
                draw(ATTACHED),
                draw(INLINE),
                draw(st.booleans()),
            )
        )
    for name in sorted(draw(st.sets(NAMES, max_size=2))):
        found.append(
            RolePlan(
                name,
                trust(),
                "/",
                draw(st.sampled_from(["", "x"])),
                draw(st.sampled_from([3600, 7200])),
                draw(TAGS),
                draw(BOUND),
                draw(ATTACHED),
                draw(INLINE),
            )
        )
    texts = draw(st.lists(DOCUMENTS, min_size=1, max_size=1))
    found.append(PolicyPlan("kept", {"v1": texts[0]}, "v1"))

    return Blueprint.of([AccountPlan(HOME), *found])


@settings(max_examples=40, deadline=None)
@given(one=accounts(), two=accounts())
def test_any_account_becomes_any_other(
    new_office: Callable[[], Office], one: Blueprint, two: Blueprint
) -> None:
    """By its plan; then nothing is left to do, and a blueprint survives being written."""
    office = new_office()
    carry_out(office, one)
    carry_out(office, two, delete=True)
    left = planned(office, two, delete=True)
    assert left.steps == ()
    folder = [(blueprint_files.path_of(item), blueprint_files.text_of(item)) for item in two.plans()]
    assert blueprint_files.blueprint_of(folder) == two


def test_what_cannot_be_changed_is_said(office: Office) -> None:
    """The path of a role or policy, the account."""
    furnish(office.owner())
    folder = files_of(office.owner())
    for path, old, new in (
        ("policies/own.json", '"path": "/app/"', '"path": "/new/"'),
        ("account.json", HOME, "999900001111"),
    ):
        changed = folder | {path: folder[path].replace(old, new)}
        with pytest.raises(InputError):
            planned(office, blueprint_files.blueprint_of(changed.items()))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("users/ana.json", "{"),
        ("users/ana.json", "[]"),
        ("users/ana.json", '{"path": "/"}'),
        ("users/ana.json", '{"name": "ben"}'),
        ("users/ana.json", '{"name": "ana", "nmae": 1}'),
        ("users/ana.json", '{"name": "ana", "groups": "x"}'),
        ("users/ana.json", '{"name": "ana", "tags": {"a": 1}}'),
        ("users/ana.json", '{"name": "ana", "name": "ana"}'),
        ("users/ana.json", '{"name": "ana", "enabled": "no"}'),
        ("users/ana.json", '{"name": "ana", "inline": {"p": {}}, "inline_forms": {"p": "odd"}}'),
        ("users/ana.json", '{"name": "ana", "inline": []}'),
        ("user/ana.json", '{"name": "ana"}'),
        ("policies/p.json", '{"name": "p", "versions": {}, "default": "v1"}'),
        ("roles/r.json", '{"name": "r"}'),
        ("roles/r.json", '{"name": "r", "trust": {}, "max_session_duration": true}'),
    ],
)
def test_a_file_that_is_wrong_is_named(path: str, text: str) -> None:
    """And nothing of it is guessed."""
    with pytest.raises(InputError, match=path.partition("/")[2].replace(".json", "")):
        blueprint_files.blueprint_of([("account.json", f'{{"account": "{HOME}"}}'), (path, text)])


def test_two_of_one_name_are_refused() -> None:
    """Names are unique whatever their case; and there is one account."""
    account = ("account.json", f'{{"account": "{HOME}"}}')
    both = [("users/ana.json", '{"name": "ana"}'), ("users/Ana.json", '{"name": "Ana"}')]
    for files in ([account, *both], both[:1]):
        with pytest.raises(InputError):
            blueprint_files.blueprint_of(files)


def test_no_name_leads_out_of_the_folder() -> None:
    """Slashes of a URL are spelt out."""

    path = blueprint_files.path_of(OidcPlan("https://id.example.org/a/../b"))
    assert path == "oidc-providers/id.example.org%2Fa%2F..%2Fb.json"


def changes(office: Office, change: Callable[[dict[str, str]], None]) -> set[str]:
    """Who gains or loses what, after files were edited."""
    folder = files_of(office.owner())
    change(folder)
    before = blueprint(office.owner())
    after = planned(office, blueprint_files.blueprint_of(folder.items())).after
    found = access_changes(office.store, office.house, office.services, before, after)
    assert found is not None
    return {
        f"{item.who} {'gains' if item.gains else 'loses'} {item.action} on {' '.join(item.resources)}"
        for item in found
    }


def test_differences_of_access_are_told(office: Office) -> None:
    """A wider document, a boundary, a group, a trust policy: what they open and what they close."""
    desk = office.owner()
    desk.do(users.create_user, user_name="ana")
    desk.do(inline.put_user_policy, user_name="ana", policy_name="p", policy_document=document())
    desk.do(roles.create_role, role_name="worker", assume_role_policy_document=trust())
    office.person("boss", document("sts:AssumeRole"))

    def edit(path: str, old: str, new: str) -> Callable[[dict[str, str]], None]:
        def change(folder: dict[str, str]) -> None:
            assert old in folder[path]
            folder[path] = folder[path].replace(old, new)

        return change

    assert changes(office, lambda folder: None) == set()
    assert changes(office, edit("users/ana.json", "docs:Read", "docs:Write")) == {
        "user/ana gains docs:Write on *",
        "user/ana loses docs:Read on *",
    }
    narrowed = edit("users/ana.json", '"Resource": "*"', '"Resource": "arn:aws:docs:::a"')
    assert changes(office, narrowed) == {
        "user/ana gains docs:Read on arn:aws:docs:::a",
        "user/ana loses docs:Read on *",
    }
    bounded = edit("users/ana.json", '"name": "ana"', f'"name": "ana", "boundary": "{READ}"')
    assert changes(office, bounded) == {"user/ana loses docs:Read on *"}
    closed = edit("roles/worker.json", f'"{HOME}"', f'"arn:aws:iam::{HOME}:user/ana"')
    assert changes(office, closed) == {
        f"user/ana gains sts:AssumeRole on arn:aws:iam::{HOME}:role/worker",
        f"user/boss loses sts:AssumeRole on arn:aws:iam::{HOME}:role/worker",
    }

    def into_group(folder: dict[str, str]) -> None:
        folder["groups/team.json"] = json.dumps({"name": "team", "attached": [READ]})
        folder["users/ana.json"] = folder["users/ana.json"].replace('"name"', '"groups": ["team"], "name"')

    gained = changes(office, into_group)
    assert "group/team gains iam:ListUsers on *" in gained
    assert "user/ana gains iam:ListUsers on *" in gained


def test_a_dump_of_aws_is_a_blueprint(office: Office) -> None:
    """As its command line prints it and as the wire has it; shipped policies are not the account's."""
    dump = {
        "UserDetailList": [
            {
                "Path": "/",
                "UserName": "ana",
                "UserId": "AIDAX",
                "Arn": f"arn:aws:iam::{HOME}:user/ana",
                "CreateDate": "2020-01-01T00:00:00Z",
                "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": json.loads(document())}],
                "GroupList": ["team"],
                "AttachedManagedPolicies": [
                    {"PolicyName": "own", "PolicyArn": f"arn:aws:iam::{HOME}:policy/own"}
                ],
                "PermissionsBoundary": {"PermissionsBoundaryArn": READ},
                "Tags": [{"Key": "a", "Value": "b"}],
            }
        ],
        "GroupDetailList": [
            {"Path": "/", "GroupName": "team", "GroupPolicyList": [], "AttachedManagedPolicies": []}
        ],
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": "worker",
                "AssumeRolePolicyDocument": "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C"
                "%22Principal%22%3A%7B%22AWS%22%3A%22111122223333%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole"
                "%22%7D%7D",
                "InstanceProfileList": [
                    {"InstanceProfileName": "box", "Path": "/", "Arn": "arn:x", "Roles": []}
                ],
                "RolePolicyList": [],
                "AttachedManagedPolicies": [],
            }
        ],
        "Policies": [
            {
                "PolicyName": "own",
                "Arn": f"arn:aws:iam::{HOME}:policy/own",
                "Path": "/",
                "DefaultVersionId": "v3",
                "PolicyVersionList": [
                    {
                        "Document": json.loads(document("docs:New")),
                        "VersionId": "v3",
                        "IsDefaultVersion": True,
                    }
                ],
            },
            {
                "PolicyName": "ReadOnlyAccess",
                "Arn": READ,
                "Path": "/",
                "DefaultVersionId": "v1",
                "PolicyVersionList": [],
            },
        ],
    }
    wanted = blueprint_dump.blueprint_of(json.dumps(dump), HOME)
    carry_out(office, wanted)
    assert planned(office, wanted).steps == ()
    found = office.owner().do(reports.get_account_authorization_details)
    (own,) = (item for item in found.policies if item.policy_id is not None)
    assert (own.default_version, len(own.versions)) == ("v3", 1)
    assert found.roles[0].instance_profiles[0].name == "box"
    for broken in ("", "[]", "{}", '{"UserDetailList": [{}]}', '{"UserDetailList": 1}'):
        with pytest.raises(InputError, match="no dump"):
            blueprint_dump.blueprint_of(broken, HOME)
