"""The wiring: which room is made of which, each once, when it is first used.

So a command that needs little starts fast, and an app may start before `iamkit init`: until then every
request is answered 503. No logic lives here and no global state; two wirings share nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from iamkit.audit.decision_log import DecisionLog
from iamkit.audit.last_access import Uses
from iamkit.builtin.client_certificates import certificate_authenticators
from iamkit.builtin.mfa import CoreMethods
from iamkit.builtin.responses import Responses, manners_of
from iamkit.builtin.service_credentials import ServiceCredentialAuthenticator
from iamkit.builtin.sessions import SessionAuthenticator, cookie_name
from iamkit.builtin.sigv4 import API_SERVICES, ApiCredentials, SigV4Authenticator
from iamkit.builtin.tokens import TokenAuthenticator
from iamkit.clock import Clock
from iamkit.credentials import challenges, mfa
from iamkit.credentials.hashing import DEFAULT, Hasher, HashingGate, HashParameters
from iamkit.credentials.mfa import MfaMethod, MfaServices
from iamkit.credentials.password_lists import CommonPasswords, RangeFile
from iamkit.credentials.password_rules import PasswordList, profile_named
from iamkit.credentials.peppers import Peppers
from iamkit.credentials.sigv4 import SigV4Rules
from iamkit.credentials.throttle import Throttle
from iamkit.errors import ConfigurationError
from iamkit.federation.web_identity import FederationServices, WebIdentities
from iamkit.gate.authenticate import Authenticator
from iamkit.gate.context import ContextBuilder
from iamkit.gate.correspondence import Correspondence
from iamkit.gate.factors import factor_throttle
from iamkit.gate.gate import Gate
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.origin import Proxies
from iamkit.gate.outbox import resume_what_is_left
from iamkit.gate.parts import Parts
from iamkit.gate.standing import Standing
from iamkit.ground import Ground
from iamkit.identity import documents, shipped
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import Library
from iamkit.identity.house import House
from iamkit.identity.principals import Principals
from iamkit.identity.quotas import SECTION, Quotas, of_settings
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.ids import Randomness
from iamkit.late import LateStore, made_once
from iamkit.management import narrowed_sessions
from iamkit.management.catalog import SERVICES
from iamkit.management.services import Services
from iamkit.policy import STANDARD_CATALOG, Catalog, EvaluationOptions
from iamkit.policy.model import Policy
from iamkit.policy.operators import STANDARD
from iamkit.storage import Store
from iamkit.web.sniff import FrameworkRoutes


class Wiring(Ground):
    """The rooms of one deployment. `IAM` is this with the face that apps use, and tells the arguments."""

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        store: Store | str | None = None,
        plugins: Sequence[object] = (),
        entry_points: bool = True,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
        quotas: Quotas | None = None,
        password_cost: HashParameters = DEFAULT,
        **settings: object,
    ) -> None:
        super().__init__(
            directory,
            store=store,
            plugins=plugins,
            entry_points=entry_points,
            clock=clock,
            randomness=randomness,
            **settings,
        )
        self._quotas = quotas or of_settings(self.settings.section(SECTION))
        self._password_cost = password_cost
        self._register_answering_builtins()

    # --- the rooms, each made once --------------------------------------------------------------

    @made_once
    def house(self) -> House:
        """What identity needs to know of the deployment. Raises NotInitialized."""
        deployment = self.deployment()
        return self._house_of(deployment.partition, deployment.home_account)

    @made_once
    def catalog(self) -> Catalog:
        """The declared actions, resource types and condition keys: iamkit's own and the plugins'."""
        declared = [service for services in self._hooks.hook.iamkit_services() for service in services]
        return STANDARD_CATALOG.with_services((*SERVICES, *declared))

    @made_once
    def principals(self) -> Principals:
        """Resolves principals."""
        return Principals(
            self.store,
            self.house,
            judge=self.gate,
            narrows=partial(narrowed_sessions.begun, self),
            guardrails=self._plugin_guardrails,
            library=self._library,
            look=self._look,
        )

    @made_once
    def gate(self) -> Gate:
        """Guards everything. Works before the first start too, by refusing."""
        return self._gate_with(self._parts)

    @made_once
    def api_gate(self) -> Gate:
        """Guards the management API: the same, but for signatures, which are made for `iam` and `sts`."""
        return self._gate_with(lambda: self._api_parts)

    def _gate_with(self, parts: Callable[[], Parts]) -> Gate:
        return Gate(
            parts=parts,
            plugin_policies=self._plugin_policies if self._has("iamkit_resource_policies") else None,
            log=self.decisions,
            clock=self.clock,
            ids=self.ids,
            render=self._render,
            options=self._options,
            allow_sampling=self.settings.allow_sampling,
            hosts=self.settings.hosts,
            challenges=lambda: [text for each in self._hooks.hook.iamkit_challenges() for text in each],
            manners=manners_of(self.settings, self.clock),
            blocking=not self.settings.store_url.startswith("sqlite:"),
        )

    @made_once
    def decisions(self) -> DecisionLog:
        """Keeps decisions."""
        return DecisionLog(LateStore(lambda: self.store), documents.keep_all, accesses=Uses())

    @made_once
    def services(self) -> Services:
        """What management operations use beside the store."""
        return Services(
            sealer=self.keyring,
            hasher=self._hasher,
            caller_layers=CallerLayersReader(self.house, self._library, self._plugin_guardrails),
            resource_layers=self._resources,
            options=self._options,
            current=self.principals.current,
            throttle=self._throttle,
            passwords=self.passwords,
            letters=self.correspondence.letters,
            mfa_methods=self._mfa_methods,
            factor_throttle=lambda method: factor_throttle(self.store, self.clock, method),
            take_try=lambda key: challenges.take_try_alone(
                self.store, self.keyring, key, now=self.clock.now()
            ),
            write_decisions=self.decisions.flush,
            beside_a_unit=self.decisions.beside_a_unit,
            plugin_policies=self._plugin_policies,
            catalog=self.catalog,
            issuer_base=self.settings.issuer_base,
            web_identities=lambda: self._web_identities,
        )

    # --- how they are put together --------------------------------------------------------------

    @made_once
    def _library(self) -> Library:
        return Library(self._options.operators)

    @made_once
    def _options(self) -> EvaluationOptions:
        rows = {row.name: row for rows in self._hooks.hook.iamkit_operators() for row in rows}
        taken = sorted(set(rows) & set(STANDARD))
        if taken:
            raise ConfigurationError(f"a plugin adds the operator `{taken[0]}`, which exists already")
        return EvaluationOptions(
            session_policy_binds_direct_grants=self.settings.session_policy_binds_direct_grants,
            operators={**STANDARD, **rows},
        )

    @made_once
    def _resources(self) -> ResourceLayersReader:
        return ResourceLayersReader(self.store, self.house, library=self._library, look=self._look)

    @made_once
    def _hasher(self) -> Hasher:
        cores = os.cpu_count() or 1
        peppers = Peppers(self.store, self.keyring, self.ids, self.clock)
        return Hasher(peppers, self.ids, HashingGate(at_once=cores, waiting=4 * cores), self._password_cost)

    @made_once
    def _throttle(self) -> Throttle:
        return Throttle(self.store, self.clock)

    @made_once
    def _password_lists(self) -> Sequence[PasswordList]:
        breached = self.settings.breached_passwords
        return (CommonPasswords(), *((RangeFile(Path(breached)),) if breached else ()))

    @made_once
    def passwords(self) -> NewPasswords:
        """Says what a new password has to satisfy, and checks it."""
        return NewPasswords(
            profile=profile_named(self.settings.password_profile),
            hasher=self._hasher,
            house=lambda: self.house,
            lists=self._password_lists,
        )

    @made_once
    def correspondence(self) -> Correspondence:
        """What is sent to people, and what the links in it are good for."""
        return Correspondence(
            store=LateStore(lambda: self.store),
            sealer=self.keyring,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            new_passwords=self.passwords,
            throttle=self._throttle,
            home_account=lambda: self.deployment().home_account,
            deliver=lambda message: self._hooks.hook.iamkit_deliver(
                message=message, settings=self.settings.plugins
            ),
            link_base=self.settings.link_base,
            invitation_hours=self.settings.invitation_hours,
            root_recovery_hours=self.settings.root_recovery_hours,
        )

    @made_once
    def _mfa_methods(self) -> Mapping[str, MfaMethod]:
        on = self.settings
        made = MfaServices(ids=self.ids, hasher=self._hasher, settings=on.plugins, development=on.development)
        return mfa.by_name(self._hooks.hook.iamkit_mfa_methods(services=made))

    @made_once
    def _web_identities(self) -> WebIdentities | None:
        made = FederationServices(self.clock, self.settings.plugins)
        found: WebIdentities | None = self._hooks.hook.iamkit_web_identities(services=made)
        return found

    def _parts(self) -> Parts:
        return self._gate_parts

    @made_once
    def _gate_parts(self) -> Parts:
        deployment = self.deployment()
        self._register_authenticating_builtins()
        hook, cookie = self._hooks.hook, cookie_name(development=self.settings.development)
        asked = Authenticator(hook.iamkit_authenticate, session_cookie=cookie)
        resume_what_is_left(self.store, lambda: self.correspondence.outbox)
        return Parts(
            deployment=deployment,
            authenticator=asked,
            principals=self.principals,
            resources=self._resources,
            contexts=ContextBuilder(
                self.clock,
                Proxies(self.settings.proxy_networks),
                (lambda request, principal: hook.iamkit_context(request=request, principal=principal))
                if self._has("iamkit_context")
                else None,
                organization=f"o-{deployment.deployment_id.removeprefix('deployment_')}",
            ),
            standing=Standing(self.store, asked, self.principals, self.clock, deployment.home_account),
            look=self._look,
        )

    @made_once
    def _api_parts(self) -> Parts:
        parts = self._gate_parts
        signatures = self._signatures(*API_SERVICES)
        cookie = cookie_name(development=self.settings.development)
        asked = ApiCredentials(signatures, self._hooks.hook.iamkit_authenticate)
        return replace(parts, authenticator=Authenticator(asked, session_cookie=cookie))

    def _signatures(self, *services: str) -> SigV4Authenticator:
        return SigV4Authenticator(
            self.store,
            self.keyring,
            self.clock,
            self.ids,
            SigV4Rules(services=frozenset(services), body_limit=self.settings.body_limit),
            look=self._look,
            later=self.background.later,
        )

    def _register_answering_builtins(self) -> None:
        for builtin in (Responses(manners_of(self.settings, self.clock)), FrameworkRoutes(), CoreMethods()):
            self._hooks.register(builtin)

    def _register_authenticating_builtins(self) -> None:
        cookie = cookie_name(development=self.settings.development)
        for builtin in (
            *certificate_authenticators(self.settings, self.store, self.clock, look=self._look),
            self._signatures(self.settings.signing_service),
            SessionAuthenticator(
                self.store, self.clock, cookie=cookie, look=self._look, later=self.background.later
            ),
            TokenAuthenticator(self.store, self.clock, look=self._look, later=self.background.later),
            ServiceCredentialAuthenticator(self.store, self.clock),
        ):
            self._hooks.register(builtin)

    def _house_of(self, partition: str, home: str) -> House:
        supplied = [policy for given in self._hooks.hook.iamkit_policies() for policy in given]
        shelf = shipped.shelf(
            partition,
            (*shipped.core_policies(self.catalog.reading_actions()), *supplied),
            self._options.operators,
        )
        return House(
            partition=partition,
            home=home,
            clock=self.clock,
            ids=self.ids,
            quotas=self._quotas,
            shipped=shelf,
            operators=self._options.operators,
            root_access_keys=self.settings.root_access_keys,
            accept=self._accept,
        )

    def _accept(self, policy: Policy) -> None:
        """See a policy before it is saved; refuse it by raising."""
