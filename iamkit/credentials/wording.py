"""The texts of messages, in English; a catalogue in another language has the same kinds and blanks.

A blank is `{name}`; `{secret}` is the link or the code. `short` is for channels that carry few characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from iamkit.credentials.message import Kind, Message
from iamkit.credentials.secret import Secret


@dataclass(frozen=True, slots=True)
class Wording:
    """The text of one kind of message. `subject` never has the secret in it."""

    subject: str
    body: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A message as it is read. `short` is the whole of it in one line."""

    subject: str
    body: Secret
    short: Secret


Catalogue = Mapping[Kind, Wording]

_NOT_YOU: Final = "If it was not you, you need not do anything.\n"
_NOT_YOU_ACT: Final = "If it was not you, tell your administrator at once.\n"

ENGLISH: Final[Catalogue] = MappingProxyType(
    {
        Kind.RESET_PASSWORD: Wording(
            "Choose a new password",
            "Somebody asked for a new password for the user {user} of {account}.\n\n"
            "Choose it here, within {minutes} minutes; the link works once:\n\n{secret}\n\n" + _NOT_YOU,
        ),
        Kind.PASSWORD_CHANGED: Wording(
            "Your password was changed",
            "The password of the user {user} of {account} was changed by a link that was sent to this"
            " address. All sessions were ended.\n\n" + _NOT_YOU_ACT,
        ),
        Kind.VERIFY_ADDRESS: Wording(
            "Confirm your mail address",
            "Confirm that this is the address of the user {user} of {account}, within {minutes} minutes:\n\n"
            "{secret}\n\n" + _NOT_YOU,
        ),
        Kind.CHANGE_ADDRESS: Wording(
            "Confirm your new mail address",
            "This is to become the address of the user {user} of {account}. Confirm it within {minutes}"
            " minutes; until then the old one stays:\n\n{secret}\n\n" + _NOT_YOU,
        ),
        Kind.ADDRESS_CHANGE_ASKED: Wording(
            "Your mail address is about to be changed",
            "Somebody asked to change the address of the user {user} of {account} to {new}. This is done when"
            " the new address is confirmed.\n\n" + _NOT_YOU_ACT,
        ),
        Kind.ADDRESS_CHANGED: Wording(
            "Your mail address was changed",
            "The address of the user {user} of {account} is now {new}.\n\n" + _NOT_YOU_ACT,
        ),
        Kind.INVITE: Wording(
            "You are invited",
            "You have been made the user {user} of {account}. Choose your password within {hours} hours; the"
            " link works once:\n\n{secret}\n\nIf you expected no invitation, you need not do anything.\n",
        ),
        Kind.RECOVER_ROOT: Wording(
            "Get back into your account",
            "Somebody said that the root user of {account} lost its second factor. Go on here, within"
            " {minutes} minutes; a recovery code or another device is asked for:\n\n{secret}\n\n" + _NOT_YOU,
        ),
        Kind.ROOT_RECOVERY: Wording(
            "The root user is being recovered",
            "Somebody who reads the mail of the root user of {account} and showed one of its recovery codes"
            " or devices is about to take its second factors away. This is done at {ready} or later.\n\n"
            "If it should not be, sign in and stop it before: any administrator can.\n",
        ),
        Kind.ROOT_RECOVERED: Wording(
            "The root user was recovered",
            "The root user of {account} has a new password and no second factor any more; it enrols another"
            " when it signs in. All its sessions were ended.\n\n" + _NOT_YOU_ACT,
        ),
        Kind.ROOT_ACT: Wording(
            "The root user acts",
            "The root user of {account} did this: {act}, from {source}, at {time}.\n\nThe root user is for"
            " few tasks. If it was not you, have its sessions ended and its password changed at once.\n",
        ),
        Kind.SIGN_IN_CODE: Wording(
            "Your code",
            "The code to sign in as the user {user} of {account} is\n\n{secret}\n\nIt is good for {minutes}"
            " minutes. Nobody will ever ask you for it.\n",
            "{secret} is your code to sign in as {user}. Tell it nobody.",
        ),
        Kind.ENROLMENT_CODE: Wording(
            "Your code",
            "The code to make this address a second factor of the user {user} of {account} is\n\n{secret}\n\n"
            "It is good for {minutes} minutes.\n\n" + _NOT_YOU,
            "{secret} is your code to make this number a second factor of {user}.",
        ),
    }
)


def written(message: Message, catalogue: Catalogue = ENGLISH) -> Text:
    """The text of a message. What fills a blank is never read as a pattern itself, and is one line."""
    wording = catalogue[message.kind]
    values = {name: _one_line(value) for name, value in message.values.items()}
    filled = {**values, "secret": "" if message.secret is None else message.secret.reveal()}
    return Text(
        wording.subject.format_map(values),
        Secret(wording.body.format_map(filled)),
        Secret((wording.short or wording.subject).format_map(filled)),
    )


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:256])
