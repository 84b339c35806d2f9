"""Roles of iamkit for whoever has a token of an OpenID Connect provider."""

from iamkit_oidc.addresses import Place
from iamkit_oidc.configuration import Configuration
from iamkit_oidc.plugin import OidcPlugin

__all__ = ["Configuration", "OidcPlugin", "Place"]
