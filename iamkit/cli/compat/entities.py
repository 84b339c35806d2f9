"""Users, groups, keys, passwords, roles and aliases as the commands of 2011 named them."""

from __future__ import annotations

import json

import click

from iamkit.cli.compat.words import add, path_of
from iamkit.cli.terminal import Terminal
from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.secret import Secret
from iamkit.management import access_keys, accounts, groups, login_profiles, roles, users


def add_to(group: click.Group) -> None:
    """Put them into `group`."""
    _users(group)
    _keys(group)
    _groups(group)
    _others(group)


def _users(group: click.Group) -> None:
    @add(group, "iam-usercreate")
    @click.option("-u", "name", required=True, help="The user's name.")
    @click.option("-p", "path", default="/", help="Where the user stands.")
    @click.option("-k", "key", is_flag=True, help="Make a key too: prints its id and its secret.")
    @click.option("-v", "verbose", is_flag=True, help="Print the ARN and the id.")
    @click.pass_obj
    def create(terminal: Terminal, name: str, path: str, key: bool, verbose: bool) -> None:
        """Create a user."""
        desk = terminal.desk()
        made = desk.do(users.create_user, user_name=name, path=path_of(path))
        if verbose:
            click.echo(f"{made.arn}\n{made.user_id}")
        if key:
            _shown(desk.do(access_keys.create_access_key, user_name=name))

    @add(group, "iam-userlistbypath", "iam-userlist")
    @click.option("-p", "path", default="/", help="Only users below this path.")
    @click.pass_obj
    def list_(terminal: Terminal, path: str) -> None:
        """List users, by ARN."""
        found = terminal.desk().do(users.list_users, path_prefix=path_of(path)).items
        for arn in sorted(user.arn for user in found):
            click.echo(arn)

    @add(group, "iam-usergetattributes")
    @click.option("-u", "name", help="The user's name; yours without it.")
    @click.pass_obj
    def attributes(terminal: Terminal, name: str | None) -> None:
        """Print a user's ARN and id."""
        found = terminal.desk().do(users.get_user, user_name=name)
        click.echo(f"{found.arn}\n{found.user_id}")

    @add(group, "iam-userdel")
    @click.option("-u", "name", required=True, help="The user's name.")
    @click.pass_obj
    def delete(terminal: Terminal, name: str) -> None:
        """Delete a user that nothing hangs on."""
        terminal.desk().do(users.delete_user, user_name=name)


def _keys(group: click.Group) -> None:
    @add(group, "iam-useraddkey")
    @click.option("-u", "name", help="The user's name; yours without it.")
    @click.pass_obj
    def create(terminal: Terminal, name: str | None) -> None:
        """Make a key: prints its id and its secret, once."""
        _shown(terminal.desk().do(access_keys.create_access_key, user_name=name))

    @add(group, "iam-userlistkeys")
    @click.option("-u", "name", help="The user's name; yours without it.")
    @click.pass_obj
    def list_(terminal: Terminal, name: str | None) -> None:
        """List the ids of a user's keys, with their status."""
        for key in terminal.desk().do(access_keys.list_access_keys, user_name=name).items:
            click.echo(f"{key.key_id}\n{key.status}")

    @add(group, "iam-userdelkey")
    @click.option("-u", "name", help="The user's name; yours without it.")
    @click.option("-k", "key_id", required=True, help="The key's id.")
    @click.pass_obj
    def delete(terminal: Terminal, name: str | None, key_id: str) -> None:
        """Delete a key."""
        terminal.desk().do(access_keys.delete_access_key, user_name=name, access_key_id=key_id)


def _groups(group: click.Group) -> None:
    @add(group, "iam-groupcreate")
    @click.option("-g", "name", required=True, help="The group's name.")
    @click.option("-p", "path", default="/", help="Where the group stands.")
    @click.pass_obj
    def create(terminal: Terminal, name: str, path: str) -> None:
        """Create a group."""
        terminal.desk().do(groups.create_group, group_name=name, path=path_of(path))

    @add(group, "iam-groupadduser")
    @click.option("-g", "name", required=True, help="The group's name.")
    @click.option("-u", "user", required=True, help="The user's name.")
    @click.pass_obj
    def add_user(terminal: Terminal, name: str, user: str) -> None:
        """Put a user into a group."""
        terminal.desk().do(groups.add_user_to_group, group_name=name, user_name=user)

    @add(group, "iam-groupremoveuser")
    @click.option("-g", "name", required=True, help="The group's name.")
    @click.option("-u", "user", required=True, help="The user's name.")
    @click.pass_obj
    def remove_user(terminal: Terminal, name: str, user: str) -> None:
        """Take a user out of a group."""
        terminal.desk().do(groups.remove_user_from_group, group_name=name, user_name=user)


def _others(group: click.Group) -> None:
    @add(group, "iam-useraddloginprofile")
    @click.option("-u", "name", required=True, help="The user's name.")
    @click.option(
        "-p", "password", help="The password; without it you are asked, which keeps it to yourself."
    )
    @click.pass_obj
    def add_login_profile(terminal: Terminal, name: str, password: str | None) -> None:
        """Give a user a password, to be changed at the first sign-in."""
        if password is None:
            password = click.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
        terminal.desk().do(
            login_profiles.create_login_profile,
            user_name=name,
            password=Secret(password),
            password_reset_required=True,
        )

    @add(group, "iam-rolecreate")
    @click.option("-r", "name", required=True, help="The role's name.")
    @click.option("-p", "path", default="/", help="Where the role stands.")
    @click.option("-s", "service", required=True, help="The service that may assume it.")
    @click.pass_obj
    def create_role(terminal: Terminal, name: str, path: str, service: str) -> None:
        """Create a role for a service."""
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        terminal.desk().do(
            roles.create_role,
            role_name=name,
            path=path_of(path),
            assume_role_policy_document=json.dumps({"Version": "2008-10-17", "Statement": [statement]}),
        )

    @add(group, "iam-accountaliascreate")
    @click.option("-a", "alias", required=True, help="The alias.")
    @click.pass_obj
    def create_alias(terminal: Terminal, alias: str) -> None:
        """Give the account an alias."""
        terminal.desk().do(accounts.create_account_alias, account_alias=alias)


def _shown(made: NewAccessKey) -> None:
    click.echo(made.key.key_id)
    click.echo(made.secret.reveal())
