"""The first start: an empty store becomes a deployment of one account and one administrator (decision 29)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iamkit.audit.event import Actor, new_event
from iamkit.audit.trail import Trail
from iamkit.credentials import access_keys
from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.secret import Sealer, Secret
from iamkit.gate.root_setup import make_link
from iamkit.identity import accounts, administrators, attachments, deployment, users
from iamkit.identity.accounts import Account
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.storage import Store


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the first start made. The secret of `key` is at hand here and never again.

    `setup` is the token of the set-up link, if one was asked for: by it somebody becomes the root user.
    """

    account: Account
    administrator: User
    key: NewAccessKey
    setup: Secret | None = None


def first_start(
    *,
    store: Store,
    sealer: Sealer,
    trail: Trail,
    house_of: Callable[[str, str], House],
    partition: str = "aws",
    account_id: str,
    account_name: str = "main",
    administrator: str = "administrator",
    administrator_path: str = "/",
    system_user: str = "",
    setup_link: bool = False,
) -> FirstStart:
    """Make the deployment, all of it or nothing. `house_of` gives the House of (partition, home account).

    The root user exists and has no credential; with `setup_link` there is one way to give it its first.
    Raises EntityAlreadyExists on a store that is initialized.
    """
    house = house_of(partition, account_id)
    with store.write() as unit:
        deployment.establish(unit, house.ids, house.clock, partition=partition, home_account=account_id)
        account = accounts.open_home(unit, house, name=account_name)
        user = users.create(unit, house, account=account_id, name=administrator, path=administrator_path)
        attachments.attach(unit, house, user.holder, administrators.policy_arn(partition))
        key = access_keys.create(
            unit, sealer, house.ids, account=account_id, user_id=user.user_id, now=house.now()
        )
        setup = make_link(unit, house, account_id) if setup_link else None
        event = new_event(
            house.ids,
            at=house.now(),
            account=account_id,
            actor=Actor(
                "Root",
                account_id,
                account.root_arn(house),
                account_id,
                operator=f"operator:{system_user}" if system_user else "",
            ),
            source="iamkit.amazonaws.com",
            name="InitializeDeployment",
            read_only=False,
            request_parameters={"partition": partition, "accountName": account_name},
            response_elements={
                "administrator": user.arn,
                "accessKeyId": key.key.key_id,
                "setupLink": setup is not None,
            },
            critical=True,
            resources=[user.arn],
        )
        trail.record(unit, event)
    trail.announce(event)
    return FirstStart(account, user, key, setup)
