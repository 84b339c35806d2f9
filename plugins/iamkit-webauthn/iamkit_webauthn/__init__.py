"""Passkeys and security keys for iamkit, see the README. The verifier is loaded when it is first used."""

from __future__ import annotations

from iamkit_webauthn.attestation import AttestationPolicy as AttestationPolicy
from iamkit_webauthn.plugin import WebAuthnPlugin as WebAuthnPlugin
from iamkit_webauthn.relying_party import RelyingParty as RelyingParty
from iamkit_webauthn.script import script as script

__all__ = ["AttestationPolicy", "RelyingParty", "WebAuthnPlugin", "script"]
