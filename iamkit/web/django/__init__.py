"""Django: an app for INSTALLED_APPS, a middleware, and what a project's templates, checks and commands need.

INSTALLED_APPS = ["iamkit.web.django", ...]
MIDDLEWARE = ["iamkit.web.django.Middleware", ...]     # first
IAMKIT_IAM = "mysite.iam.iam"                          # where the project keeps its IAM
"""

from __future__ import annotations

from iamkit.web.django.inventory import guarded, protect, routes
from iamkit.web.django.middleware import Middleware
from iamkit.web.django.users import PrincipalUser, UserMiddleware

__all__ = ["Middleware", "PrincipalUser", "UserMiddleware", "guarded", "protect", "routes"]
