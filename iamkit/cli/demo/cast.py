"""The demo's cast: an account, its people and applications, and their policies, made through `management`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from iamkit.client.signer import Signer
from iamkit.credentials.secret import Secret
from iamkit.errors import AccessDenied, MalformedPolicyDocument, ValidationError
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    attachments,
    boundaries,
    groups,
    inline,
    login_profiles,
    policies,
    resource_policies,
    users,
)

# For a play that starts anew each time, in a temporary directory.
_ANA_PASSWORD = Secret("three quiet otters read maps")

# What jeff may not do, and how he is told. What he may do raises where it is refused.
_EVERYBODY = "jeff lists everybody"
_NO_SLASH = "jeff creates a user on the path `/app`"
_MALFORMED = "jeff gives backup the launch post's own policy"
_REFUSED = {_EVERYBODY: "denied", _NO_SLASH: "refused", _MALFORMED: "refused"}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who there is. `signers` sign as those of that name; `notes` tells how jeff did his work."""

    signers: Mapping[str, Signer]
    ana_password: Secret
    notes: tuple[tuple[str, str], ...]

    @property
    def as_expected(self) -> bool:
        """Whether jeff was refused what the story says that he is refused."""
        tried = dict(self.notes)
        return all(tried[attempt].startswith(answer) for attempt, answer in _REFUSED.items())


class Policies:
    """The story's policy documents: those shipped beside this module, or a folder of altered copies."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> str:
        if self._folder is not None and (self._folder / f"{name}.json").is_file():
            return (self._folder / f"{name}.json").read_text(encoding="utf-8")
        return (resources.files("iamkit.cli.demo") / "policies" / f"{name}.json").read_text(encoding="utf-8")


def assemble(iam: IAM, documents: Policies) -> Cast:
    """Make the cast. Jeff does the work that he was delegated; what he may not do is tried and noted."""
    operator = iam.desk(iam.operator())
    operator.do(users.create_user, user_name="jeff", path="/family/")
    operator.do(groups.create_group, group_name="admins")
    operator.do(
        inline.put_group_policy,
        group_name="admins",
        policy_name="manageusers",
        policy_document=documents["manageusers"],
    )
    operator.do(groups.add_user_to_group, group_name="admins", user_name="jeff")

    notes: list[tuple[str, str]] = []
    jeff = iam.desk(iam.find_principal("jeff"))
    signers: dict[str, Signer] = {}
    for name in ("backup", "syndic8"):
        jeff.do(users.create_user, user_name=name, path="/app/")
        made = jeff.do(access_keys.create_access_key, user_name=name)
        signers[name] = Signer(made.key.key_id, made.secret)
        notes.append((f"jeff creates {name} on /app/, with an access key", "allowed"))
    jeff.do(users.list_users, path_prefix="/app/")
    notes.append(("jeff lists /app/", "allowed"))
    notes.append((_EVERYBODY, _refusal(lambda: jeff.do(users.list_users))))
    notes.append(
        (
            _NO_SLASH,
            _refusal(lambda: jeff.do(users.create_user, user_name="x", path="/app")),
        )
    )
    notes.append(
        (
            _MALFORMED,
            _refusal(
                lambda: jeff.do(
                    inline.put_user_policy,
                    user_name="backup",
                    policy_name="malformed",
                    policy_document=documents["malformed"],
                )
            ),
        )
    )
    for user, policy in (("backup", "dobackup"), ("syndic8", "syndicate")):
        jeff.do(inline.put_user_policy, user_name=user, policy_name=policy, policy_document=documents[policy])
        notes.append((f"jeff gives {user} the policy {policy}", "allowed"))

    retired = operator.do(access_keys.create_access_key, user_name="syndic8")
    signers["retired"] = Signer(retired.key.key_id, retired.secret)
    operator.do(
        access_keys.update_access_key,
        user_name="syndic8",
        access_key_id=retired.key.key_id,
        status="Inactive",
    )
    signers["impostor"] = replace(signers["backup"], secret=signers["syndic8"].secret)
    signers["stranger"] = replace(signers["syndic8"], key_id="AKIA" + "A" * 16)

    ceiling = operator.do(
        policies.create_policy, policy_name="readers-only", policy_document=documents["readers-only"]
    )
    operator.do(
        boundaries.put_user_permissions_boundary,
        user_name="syndic8",
        permissions_boundary=ceiling.arn,
    )
    operator.do(users.create_user, user_name="ana")
    operator.do(login_profiles.create_login_profile, user_name="ana", password=_ANA_PASSWORD)
    operator.do(
        inline.put_user_policy, user_name="ana", policy_name="editor", policy_document=documents["editor"]
    )
    own = f"arn:{iam.deployment().partition}:iam::aws:policy/IAMSelfManageCredentials"
    operator.do(attachments.attach_user_policy, user_name="ana", policy_arn=own)
    account = iam.deployment().home_account
    for document, policy in (("payroll", "office-only"), ("notice", "open-notice")):
        operator.do(
            resource_policies.put_resource_policy,
            resource_arn=f"arn:aws:docs::{account}:doc/{document}",
            policy_document=documents[policy],
        )
    return Cast(signers, _ANA_PASSWORD, tuple(notes))


def _refusal(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except AccessDenied:
        return "denied"
    except (MalformedPolicyDocument, ValidationError) as fault:
        return f"refused: {fault.message}"
    return "allowed"
