"""iamkit: your web app's own IAM.

The public face. Names are loaded when they are first used, so that `import iamkit` costs next to nothing;
code inside iamkit imports from the modules themselves.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iamkit.api.app import ManagementAPI as ManagementAPI
    from iamkit.api.remote import AsyncRemoteDesk as AsyncRemoteDesk
    from iamkit.api.remote import RemoteDesk as RemoteDesk
    from iamkit.arn import Arn as Arn
    from iamkit.client.client import Client as Client
    from iamkit.client.waiting import AsyncClient as AsyncClient
    from iamkit.clock import Clock as Clock
    from iamkit.clock import FrozenClock as FrozenClock
    from iamkit.credentials.authentication import Authentication as Authentication
    from iamkit.errors import AccessDenied as AccessDenied
    from iamkit.errors import AuthenticationError as AuthenticationError
    from iamkit.errors import ConfigurationError as ConfigurationError
    from iamkit.errors import IamkitError as IamkitError
    from iamkit.errors import InputError as InputError
    from iamkit.gate.current import current_principal as current_principal
    from iamkit.gate.verdict import Refusal as Refusal
    from iamkit.gate.verdict import Verdict as Verdict
    from iamkit.hookspecs import hookimpl as hookimpl
    from iamkit.http import HttpRequest as HttpRequest
    from iamkit.http import HttpResponse as HttpResponse
    from iamkit.identity.principal import Principal as Principal
    from iamkit.kit import IAM as IAM
    from iamkit.memory import MemoryStore as MemoryStore
    from iamkit.policy.decision import Decision as Decision
    from iamkit.policy.decision import Outcome as Outcome
    from iamkit.settings import Settings as Settings
    from iamkit.storage import Store as Store
    from iamkit.web.marker import public as public
    from iamkit.web.marker import require as require

_HOMES = {
    "ManagementAPI": "iamkit.api.app",
    "AsyncRemoteDesk": "iamkit.api.remote",
    "RemoteDesk": "iamkit.api.remote",
    "Arn": "iamkit.arn",
    "Client": "iamkit.client.client",
    "AsyncClient": "iamkit.client.waiting",
    "Clock": "iamkit.clock",
    "FrozenClock": "iamkit.clock",
    "Authentication": "iamkit.credentials.authentication",
    "AccessDenied": "iamkit.errors",
    "AuthenticationError": "iamkit.errors",
    "ConfigurationError": "iamkit.errors",
    "IamkitError": "iamkit.errors",
    "InputError": "iamkit.errors",
    "current_principal": "iamkit.gate.current",
    "Refusal": "iamkit.gate.verdict",
    "Verdict": "iamkit.gate.verdict",
    "hookimpl": "iamkit.hookspecs",
    "HttpRequest": "iamkit.http",
    "HttpResponse": "iamkit.http",
    "Principal": "iamkit.identity.principal",
    "IAM": "iamkit.kit",
    "MemoryStore": "iamkit.memory",
    "Decision": "iamkit.policy.decision",
    "Outcome": "iamkit.policy.decision",
    "Settings": "iamkit.settings",
    "Store": "iamkit.storage",
    "public": "iamkit.web.marker",
    "require": "iamkit.web.marker",
}

__all__ = [  # in the order of the table above
    *_HOMES,
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'iamkit' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*globals(), *_HOMES))
