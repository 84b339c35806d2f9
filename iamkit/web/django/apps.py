"""The Django app: its checks are registered when Django starts."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class IamkitConfig(AppConfig):
    """`"iamkit.web.django"` in INSTALLED_APPS. It has no models: iamkit keeps its own store."""

    name = "iamkit.web.django"
    label = "iamkit"
    verbose_name = "iamkit"

    def ready(self) -> None:
        # Imported late because the checks read the URLconf, which needs all apps to be loaded.
        from iamkit.web.django.checks import check_project

        checks.register(check_project, checks.Tags.security)
