"""The terminal: what the shared options chose, the directory that is open, and who acts."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from iamkit.cli.output import Output
from iamkit.errors import ConfigurationError, InputError, NotInitialized

if TYPE_CHECKING:
    from iamkit.api.remote import RemoteDesk
    from iamkit.identity.principal import Principal
    from iamkit.kit import IAM
    from iamkit.management.desk import Counter
    from iamkit.management.introduction import Introduction

DEFAULT_DIRECTORY: Final = "iamkit-data"
DIRECTORY_VARIABLE: Final = "IAMKIT_DIR"
KEY_ID_VARIABLE: Final = "IAMKIT_ACCESS_KEY_ID"
ENDPOINT_VARIABLE: Final = "IAMKIT_ENDPOINT"
USER_AGENT: Final = "iamkit-cli"
TOKEN_VARIABLE: Final = "IAMKIT_TOKEN"  # noqa: S105  # the name of a variable
SESSION_VARIABLE: Final = "IAMKIT_SESSION_TOKEN"  # the name of a variable
SECRET_VARIABLE: Final = "IAMKIT_SECRET_ACCESS_KEY"  # noqa: S105  # the name of a variable


class Terminal:
    """One run of the command line. What needs the store opens it when it is first asked for."""

    def __init__(self) -> None:
        self.chosen_directory: str | None = None
        self.chosen_endpoint: str | None = None
        # Whether an endpoint may be spoken to without encryption.
        self.plain_http = False
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
        self._desk: Counter | None = None
        self._principal: Principal | None = None
        self._remote: RemoteDesk | None = None
        self._introduction: Introduction | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._iam is not None:
            self._iam.close()
            self._iam = self._desk = self._principal = None

    @property
    def endpoint(self) -> str:
        """The management API that does it: `--endpoint`, else, without `--dir`, IAMKIT_ENDPOINT.

        Empty where the directory is at hand. Raises InputError for `--endpoint` and `--dir` together.
        """
        if self.chosen_endpoint and self.chosen_directory:
            raise InputError("`--endpoint` and `--dir` are two places; give one")
        if self.chosen_directory:
            return ""
        return self.chosen_endpoint or os.environ.get(ENDPOINT_VARIABLE, "")

    def at_hand(self) -> None:
        """For what needs the directory itself. Raises InputError where an endpoint was named."""
        if self.endpoint:
            said = "`--endpoint`" if self.chosen_endpoint else f"`{ENDPOINT_VARIABLE}`"
            raise InputError(
                f"this needs the directory itself and not {said}; run it on the host that has the directory,"
                " with `--dir`"
            )

    @property
    def directory(self) -> Path:
        """Where the accounts live: `--dir`, else IAMKIT_DIR, else `iamkit-data`."""
        self.at_hand()
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
        self.at_hand()
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

    def who(self) -> Introduction:
        """Who acts, also where that is told by an endpoint."""
        if self._introduction is None:
            if self.endpoint:
                self._introduction = self._elsewhere().introduction()
            else:
                from iamkit.management.introduction import Introduction

                self._introduction = Introduction.of(self.principal(), self.iam().deployment().partition)
        return self._introduction

    def account(self) -> str:
        """The account of whoever acts."""
        return self.who().account

    def home_account(self) -> str:
        """The deployment's first account; from elsewhere the caller's, as no other may use guardrails."""
        return self.account() if self.endpoint else self.iam().deployment().home_account

    def partition(self) -> str:
        """The partition of the deployment's ARNs."""
        return self.who().partition

    def desk(self) -> Counter:
        """The desk at which the principal has management operations done, here or at an endpoint."""
        if self._desk is None:
            if self.endpoint:
                self._desk = self._elsewhere()
            else:
                from iamkit.audit.event import Origin

                self._desk = self.iam().desk(self.principal(), origin=Origin(user_agent=USER_AGENT))
        return self._desk

    def _elsewhere(self) -> RemoteDesk:
        if self._remote is None:
            from iamkit.cli import endpoint

            if self.acting_as is not None:
                raise InputError(
                    "`--as` is for the host, where the key file is; with an endpoint you act by the key or"
                    f" token of the environment ({KEY_ID_VARIABLE}, {TOKEN_VARIABLE}); `iamkit role assume`"
                    " gives one of a role"
                )
            self._remote = endpoint.desk(self.endpoint, self.key_pair, plain_http=self.plain_http)
        return self._remote

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
