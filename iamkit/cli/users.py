"""`iamkit user`: people and programs with credentials of their own."""

from __future__ import annotations

from typing import Final

import click

from iamkit.cli import cascade as cascading
from iamkit.cli import passwords
from iamkit.cli.holders import HolderOperations, add_policy_commands
from iamkit.cli.imports import import_command
from iamkit.cli.keys import announce
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import pairs, policy_arn
from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.secret import Secret
from iamkit.errors import AccessDenied, InputError, NoSuchEntity
from iamkit.identity.users import User
from iamkit.management import (
    access_keys,
    attachments,
    boundaries,
    groups,
    inline,
    login_profiles,
    tags,
    users,
)
from iamkit.management.desk import Counter

OPERATIONS: Final = HolderOperations(
    kind="user",
    attach=lambda desk, name, arn: desk.do(attachments.attach_user_policy, user_name=name, policy_arn=arn),
    detach=lambda desk, name, arn: desk.do(attachments.detach_user_policy, user_name=name, policy_arn=arn),
    attached=lambda desk, name: desk.do(attachments.list_attached_user_policies, user_name=name).items,
    put=lambda desk, name, policy, text: desk.do(
        inline.put_user_policy, user_name=name, policy_name=policy, policy_document=text
    ),
    text=lambda desk, name, policy: desk.do(inline.get_user_policy, user_name=name, policy_name=policy),
    names=lambda desk, name: desk.do(inline.list_user_policies, user_name=name).items,
    delete=lambda desk, name, policy: desk.do(inline.delete_user_policy, user_name=name, policy_name=policy),
)


def data_of(user: User) -> dict[str, object]:
    """A user as programs see it."""
    return {
        "name": user.name,
        "id": user.user_id,
        "arn": user.arn,
        "path": user.path,
        "created": user.created_at,
        "enabled": user.enabled,
        "boundary": user.boundary,
        "tags": user.tags,
    }


@click.group("user", cls=Group)
def user() -> None:
    """Users: people and programs with credentials of their own."""


@user.command("create")
@click.argument("name")
@click.option(
    "--path", default="/", show_default=True, help="Where the user stands; begins and ends with a slash."
)
@click.option(
    "--tag", "tag_texts", multiple=True, metavar="KEY=VALUE", help="A tag; may be given many times."
)
@click.option("--boundary", metavar="POLICY", help="The user's permissions boundary.")
@click.option("--key", is_flag=True, help="Make an access key too; its secret is shown once.")
@click.option(
    "--password", is_flag=True, help=f"Ask for a password too ({passwords.LENGTH}), to sign in with."
)
@passwords.stdin_option
@click.pass_obj
def create(
    terminal: Terminal,
    name: str,
    path: str,
    tag_texts: tuple[str, ...],
    boundary: str | None,
    key: bool,
    password: bool,
    stdin: bool,
) -> None:
    """Create a user. Without policies, it may do nothing yet."""
    if stdin and not password:
        raise InputError("`--stdin` reads the password; give `--password` with it")
    tag_pairs = pairs(tag_texts, what="tag")
    chosen = None
    if password:
        chosen = passwords.read(stdin=stdin, rules=passwords.rules(terminal))
        # The operation checks again; here it saves making a user that has to go again.
        passwords.check(terminal, name, chosen)
    desk = terminal.desk()
    made = desk.do(
        users.create_user,
        user_name=name,
        path=path,
        permissions_boundary=None if boundary is None else policy_arn(terminal, boundary),
        tags=tag_pairs or None,
    )
    try:
        new_key = _equip(desk, made, key=key, password=chosen)
    except Exception:
        _undo(desk, made)
        raise
    if new_key is not None:
        announce(terminal, new_key, made.name, f"created user {made.arn}", data_of(made))
    else:
        terminal.output.done(f"created user {made.arn}", data_of(made))


def _equip(desk: Counter, made: User, *, key: bool, password: Secret | None) -> NewAccessKey | None:
    if password is not None:
        desk.do(login_profiles.create_login_profile, user_name=made.name, password=password)
    return desk.do(access_keys.create_access_key, user_name=made.name) if key else None


def _undo(desk: Counter, made: User) -> None:
    """Take back a user whose password or key was refused, so that a refusal leaves nothing behind."""
    try:
        desk.do(users.delete_user, user_name=made.name, cascade=True)
    except AccessDenied:
        click.echo(f"warning: user {made.name} was created, and you may not delete it again", err=True)


user.add_command(import_command)


@user.command("list")
@click.option("--path-prefix", default="/", help="Only users whose path begins with this.")
@click.pass_obj
def list_(terminal: Terminal, path_prefix: str) -> None:
    """List users."""
    found = terminal.desk().do(users.list_users, path_prefix=path_prefix).items
    terminal.output.table(
        ("NAME", "ARN", "CREATED", "STATE"),
        [(item.name, item.arn, item.created_at, "enabled" if item.enabled else "disabled") for item in found],
        [data_of(item) for item in found],
        empty="there are no users here",
    )


@user.command("show")
@click.argument("name", required=False)
@click.pass_obj
def show(terminal: Terminal, name: str | None) -> None:
    """Show one user; without NAME, yourself."""
    data = data_of(terminal.desk().do(users.get_user, user_name=name))
    terminal.output.record(data, data)


@user.command("update")
@click.argument("name")
@click.option("--new-name", help="Rename the user.")
@click.option("--path", help="Move the user to another path.")
@click.pass_obj
def update(terminal: Terminal, name: str, new_name: str | None, path: str | None) -> None:
    """Rename or move a user. Keys, groups and policies stay."""
    if new_name is None and path is None:
        raise InputError("nothing to change; give `--new-name` or `--path`")
    changed = terminal.desk().do(users.update_user, user_name=name, new_user_name=new_name, new_path=path)
    terminal.output.done(f"user {name} is now {changed.arn}", data_of(changed))


@user.command("delete")
@click.argument("name")
@click.option("--cascade", is_flag=True, help="Delete its keys, password, policies and memberships with it.")
@click.pass_obj
def delete(terminal: Terminal, name: str, cascade: bool) -> None:
    """Delete a user. Refused while something hangs on it, unless with --cascade."""
    desk = terminal.desk()
    gone = _hanging(desk, name) if cascade else []
    cascading.delete(lambda: desk.do(users.delete_user, user_name=name, cascade=cascade), None)
    terminal.output.done(cascading.told(f"user {name}", gone), {"user": name, "with": gone})


def _hanging(desk: Counter, name: str) -> list[str]:
    """What goes with a user, for people to read."""
    keys = [item.key_id for item in desk.do(access_keys.list_access_keys, user_name=name).items]
    member_of = [item.name for item in desk.do(groups.list_groups_for_user, user_name=name).items]
    said = [f"keys {', '.join(keys)}"] if keys else []
    said += [f"memberships in {', '.join(member_of)}"] if member_of else []
    return said + OPERATIONS.hanging(desk, name)


@user.command("disable")
@click.argument("name")
@click.pass_obj
def disable(terminal: Terminal, name: str) -> None:
    """Refuse a user from the next request on, whatever the credential."""
    changed = terminal.desk().do(users.disable_user, user_name=name)
    terminal.output.done(f"user {changed.name} is disabled; its sessions are ended", data_of(changed))


@user.command("enable")
@click.argument("name")
@click.pass_obj
def enable(terminal: Terminal, name: str) -> None:
    """Admit a disabled user again."""
    changed = terminal.desk().do(users.enable_user, user_name=name)
    terminal.output.done(f"user {changed.name} is enabled", data_of(changed))


@user.command(
    "password",
    help=f"Set a user's password ({passwords.LENGTH}), asked for without echo. Ends the user's sessions.",
)
@click.argument("name")
@click.option("--must-change", is_flag=True, help="Have it changed at the next sign-in.")
@click.option("--remove", is_flag=True, help="Take the password away instead; access keys stay.")
@passwords.stdin_option
@click.pass_obj
def password_of(terminal: Terminal, name: str, must_change: bool, remove: bool, stdin: bool) -> None:
    if remove:
        if must_change or stdin:
            raise InputError("`--remove` goes with no other option")
        terminal.desk().do(login_profiles.delete_login_profile, user_name=name)
        terminal.output.done(f"user {name} has no password now", {"user": name, "password": False})
        return
    desk = terminal.desk()
    chosen = passwords.read(stdin=stdin, rules=passwords.rules(terminal), prompt=f"New password of {name}")
    try:
        desk.do(
            login_profiles.update_login_profile,
            user_name=name,
            password=chosen,
            password_reset_required=must_change,
        )
    except NoSuchEntity:
        # Perhaps it is the password that is not there yet; if it is the user, this says so.
        desk.do(
            login_profiles.create_login_profile,
            user_name=name,
            password=chosen,
            password_reset_required=must_change,
        )
    terminal.output.done(f"user {name} has a new password", {"user": name, "password": True})


@user.command("groups")
@click.argument("name")
@click.pass_obj
def groups_of(terminal: Terminal, name: str) -> None:
    """List the groups that a user is in."""
    found = terminal.desk().do(groups.list_groups_for_user, user_name=name).items
    terminal.output.table(
        ("GROUP", "ARN"),
        [(item.name, item.arn) for item in found],
        [{"name": item.name, "arn": item.arn} for item in found],
        empty=f"user {name} is in no group",
    )


@user.command("boundary")
@click.argument("name")
@click.argument("policy", required=False)
@click.option("--remove", is_flag=True, help="Take the boundary away.")
@click.pass_obj
def boundary(terminal: Terminal, name: str, policy: str | None, remove: bool) -> None:
    """Set the permissions boundary of a user to POLICY, or take it away."""
    if (policy is None) != remove:
        raise InputError("give either a policy or `--remove`")
    desk = terminal.desk()
    if policy is None:
        desk.do(boundaries.delete_user_permissions_boundary, user_name=name)
        terminal.output.done(f"user {name} has no boundary now", {"user": name, "boundary": None})
        return
    arn = policy_arn(terminal, policy)
    desk.do(boundaries.put_user_permissions_boundary, user_name=name, permissions_boundary=arn)
    terminal.output.done(f"user {name} is bounded by {arn}", {"user": name, "boundary": arn})


@user.command("tag")
@click.argument("name")
@click.argument("tag_texts", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.pass_obj
def tag(terminal: Terminal, name: str, tag_texts: tuple[str, ...]) -> None:
    """Set tags of a user."""
    terminal.desk().do(tags.tag_user, user_name=name, tags=pairs(tag_texts, what="tag"))
    terminal.output.done(f"tagged user {name}", {"user": name, "tags": pairs(tag_texts, what="tag")})


@user.command("untag")
@click.argument("name")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.pass_obj
def untag(terminal: Terminal, name: str, keys: tuple[str, ...]) -> None:
    """Remove tags of a user."""
    terminal.desk().do(tags.untag_user, user_name=name, tag_keys=keys)
    terminal.output.done(f"untagged user {name}", {"user": name, "removed": keys})


add_policy_commands(user, OPERATIONS)
