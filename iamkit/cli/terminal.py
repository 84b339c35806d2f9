"""The terminal: what the shared options chose, the directory that is open, and who acts."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from iamkit.cli.output import Output
from iamkit.errors import ConfigurationError, InputError, NotInitialized

if TYPE_CHECKING:
    from iamkit.identity.principal import Principal
    from iamkit.kit import IAM
    from iamkit.management.desk import Desk

DEFAULT_DIRECTORY: Final = "iamkit-data"
DIRECTORY_VARIABLE: Final = "IAMKIT_DIR"
KEY_ID_VARIABLE: Final = "IAMKIT_ACCESS_KEY_ID"
USER_AGENT: Final = "iamkit-cli"
TOKEN_VARIABLE: Final = "IAMKIT_TOKEN"  # noqa: S105  # the name of a variable
SESSION_VARIABLE: Final = "IAMKIT_SESSION_TOKEN"  # the name of a variable
SECRET_VARIABLE: Final = "IAMKIT_SECRET_ACCESS_KEY"  # noqa: S105  # the name of a variable


class Terminal:
    """One run of the command line. What needs the store opens it when it is first asked for."""

    def __init__(self) -> None:
        self.chosen_directory: str | None = None
        self.acting_as: str | None = None
        # An access key from elsewhere than the environment: its id and secret.
        self.key_pair: tuple[str, str] | None = None
        self.as_json = False
        self.debug = False
        # The policy document that was read last, so that a refusal can quote it.
        self.document = ""
        self.document_name = ""
        # A policy that was named and is not there, and the name that was perhaps meant.
        self.missing_policy = self.nearest_policy = ""
        # Whether the key of the environment was tried, and whose it proved to be.
        self.tried_key = False
        self.key_owner = ""
        self._iam: IAM | None = None
        self._desk: Desk | None = None
        self._principal: Principal | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._iam is not None:
            self._iam.close()
            self._iam = self._desk = self._principal = None

    @property
    def directory(self) -> Path:
        """Where the accounts live: `--dir`, else IAMKIT_DIR, else `iamkit-data`."""
        chosen = Path(self.chosen_directory or os.environ.get(DIRECTORY_VARIABLE) or DEFAULT_DIRECTORY)
        try:
            return chosen.expanduser()
        except RuntimeError:
            raise InputError(f"`{chosen}` begins with a home directory that nobody has") from None

    @property
    def directory_origin(self) -> str:
        """Where `directory` was chosen."""
        if self.chosen_directory:
            return "--dir"
        return DIRECTORY_VARIABLE if os.environ.get(DIRECTORY_VARIABLE) else "default"

    def opened_directory(self) -> Path:
        """`directory`, if it is there. Raises NotInitialized otherwise."""
        if not self.directory.is_dir():
            raise NotInitialized(
                f"there is no directory `{self.directory}`;"
                f" run `iamkit init`, or name another with `--dir` or {DIRECTORY_VARIABLE}"
            )
        return self.directory

    @property
    def output(self) -> Output:
        """Where answers go."""
        return Output(as_json=self.as_json)

    def iam(self) -> IAM:
        """The directory, opened."""
        if self._iam is None:
            from iamkit.kit import IAM

            self._iam = IAM(self.opened_directory())
        return self._iam

    def principal(self) -> Principal:
        """Who acts (decision 30): `--as`, the key or token of the environment, or the host's operator.

        Raises NoSuchEntity, AuthenticationError, and ConfigurationError where the key file cannot be read.
        """
        if self._principal is None:
            self._principal = self._proved()
        return self._principal

    def account(self) -> str:
        """The account of whoever acts."""
        return self.principal().account

    def desk(self) -> Desk:
        """The desk at which the principal has management operations done."""
        if self._desk is None:
            from iamkit.audit.event import Origin

            self._desk = self.iam().desk(self.principal(), origin=Origin(user_agent=USER_AGENT))
        return self._desk

    def _proved(self) -> Principal:
        iam = self.iam()
        if self.acting_as is not None:
            # Acting as somebody else is for those who can read the key file, and is audited with their name.
            return iam.find_principal(self.acting_as, iam.operator().authentication)
        key_id, secret = self.key_pair or (
            os.environ.get(KEY_ID_VARIABLE),
            os.environ.get(SECRET_VARIABLE),
        )
        if key_id and secret:
            from iamkit.cli.caller import by_key

            self.tried_key = True
            session = None if self.key_pair else os.environ.get(SESSION_VARIABLE)
            found = by_key(iam, key_id, secret, session)
            self.key_owner = found.name
            return found
        if key_id or secret:
            missing = SECRET_VARIABLE if key_id else KEY_ID_VARIABLE
            raise ConfigurationError(f"`{missing}` is not set, though its other half is; set both or none")
        if token := os.environ.get(TOKEN_VARIABLE):
            from iamkit.cli.caller import by_token

            return by_token(iam, token)
        return iam.operator()
