"""The first tables.

Types are spelt out here, so that a migration means the same whatever the code becomes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Text compares by code point on every database. Instants are microseconds since 1970, in UTC.
TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the database to this revision."""
    op.create_table(
        "iamkit_access_key",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_service", TEXT, nullable=True),
        sa.Column("last_used_region", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_iamkit_access_key"),
    )
    op.create_index("ix_iamkit_access_key_account", "iamkit_access_key", ["account"])
    op.create_index("ix_iamkit_access_key_user_id", "iamkit_access_key", ["user_id"])
    op.create_table(
        "iamkit_access_report",
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_iamkit_access_report"),
    )
    op.create_index("ix_iamkit_access_report_account", "iamkit_access_report", ["account"])
    op.create_table(
        "iamkit_account",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("node_id", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("alias", TEXT, nullable=True),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("email_verified_at", sa.BigInteger(), nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("token_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_iamkit_account"),
        sa.UniqueConstraint("alias", name="uq_iamkit_account_alias"),
    )
    op.create_index("ix_iamkit_account_node_id", "iamkit_account", ["node_id"])
    op.create_table(
        "iamkit_attempts",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("factor", TEXT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "factor", name="pk_iamkit_attempts"),
    )
    op.create_table(
        "iamkit_audit_event",
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("event_source", TEXT, nullable=False),
        sa.Column("event_name", TEXT, nullable=False),
        sa.Column("user_name", TEXT, nullable=False),
        sa.Column("access_key_id", TEXT, nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("error_code", TEXT, nullable=True),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_iamkit_audit_event"),
    )
    op.create_index(
        "ix_iamkit_audit_event_account_event_time", "iamkit_audit_event", ["account", "event_time"]
    )
    op.create_index("ix_iamkit_audit_event_account_severity", "iamkit_audit_event", ["account", "severity"])
    op.create_index("ix_iamkit_audit_event_event_name", "iamkit_audit_event", ["event_name"])
    op.create_index("ix_iamkit_audit_event_user_name", "iamkit_audit_event", ["user_name"])
    op.create_table(
        "iamkit_credential_report",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("generated_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_iamkit_credential_report"),
    )
    op.create_table(
        "iamkit_data_key",
        sa.Column("data_key_id", TEXT, nullable=False),
        sa.Column("kek_id", TEXT, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("data_key_id", name="pk_iamkit_data_key"),
    )
    op.create_table(
        "iamkit_decision",
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("resource_account", TEXT, nullable=False),
        sa.Column("explicit_trust", sa.Boolean(), nullable=False),
        sa.Column("principal", TEXT, nullable=False),
        sa.Column("caller", TEXT, nullable=False),
        sa.Column("layers", TEXT, nullable=False),
        sa.Column("context", TEXT, nullable=False),
        sa.Column("determining", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("enforced", sa.Boolean(), nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_iamkit_decision"),
    )
    op.create_index("ix_iamkit_decision_account_decided_at", "iamkit_decision", ["account", "decided_at"])
    op.create_table(
        "iamkit_deployment",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("deployment_id", TEXT, nullable=False),
        sa.Column("partition", TEXT, nullable=False),
        sa.Column("home_account", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_iamkit_deployment"),
    )
    op.create_table(
        "iamkit_epoch",
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_iamkit_epoch"),
    )
    op.create_table(
        "iamkit_group",
        sa.Column("group_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name="pk_iamkit_group"),
        sa.UniqueConstraint("account", "name_key", name="uq_iamkit_group_account_name_key"),
    )
    op.create_index("ix_iamkit_group_account", "iamkit_group", ["account"])
    op.create_table(
        "iamkit_guardrail",
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("arn", name="pk_iamkit_guardrail"),
        sa.UniqueConstraint("name_key", name="uq_iamkit_guardrail_name_key"),
    )
    op.create_table(
        "iamkit_guardrail_attachment",
        sa.Column("target_id", TEXT, nullable=False),
        sa.Column("guardrail_arn", TEXT, nullable=False),
        sa.Column("attached_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target_id", "guardrail_arn", name="pk_iamkit_guardrail_attachment"),
    )
    op.create_index(
        "ix_iamkit_guardrail_attachment_guardrail_arn", "iamkit_guardrail_attachment", ["guardrail_arn"]
    )
    op.create_index("ix_iamkit_guardrail_attachment_target_id", "iamkit_guardrail_attachment", ["target_id"])
    op.create_table(
        "iamkit_inline_policy",
        sa.Column("holder_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "name", name="pk_iamkit_inline_policy"),
    )
    op.create_index("ix_iamkit_inline_policy_holder_id", "iamkit_inline_policy", ["holder_id"])
    op.create_table(
        "iamkit_instance_profile",
        sa.Column("profile_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("role_id", TEXT, nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", name="pk_iamkit_instance_profile"),
        sa.UniqueConstraint("account", "name_key", name="uq_iamkit_instance_profile_account_name_key"),
    )
    op.create_index("ix_iamkit_instance_profile_account", "iamkit_instance_profile", ["account"])
    op.create_index("ix_iamkit_instance_profile_role_id", "iamkit_instance_profile", ["role_id"])
    op.create_table(
        "iamkit_key_check",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kek_id", TEXT, nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_iamkit_key_check"),
    )
    op.create_table(
        "iamkit_known_device",
        sa.Column("device_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name="pk_iamkit_known_device"),
    )
    op.create_index("ix_iamkit_known_device_user_id", "iamkit_known_device", ["user_id"])
    op.create_table(
        "iamkit_last_access",
        sa.Column("principal_id", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("allowed", sa.BigInteger(), nullable=False),
        sa.Column("denied", sa.BigInteger(), nullable=False),
        sa.Column("allowed_at", sa.BigInteger(), nullable=True),
        sa.Column("denied_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("principal_id", "action", name="pk_iamkit_last_access"),
    )
    op.create_index("ix_iamkit_last_access_account", "iamkit_last_access", ["account"])
    op.create_index("ix_iamkit_last_access_principal_id", "iamkit_last_access", ["principal_id"])
    op.create_table(
        "iamkit_link",
        sa.Column("link_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("generation", TEXT, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("begun_in", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("link_id", name="pk_iamkit_link"),
    )
    op.create_index("ix_iamkit_link_expires_at", "iamkit_link", ["expires_at"])
    op.create_index("ix_iamkit_link_user_id_purpose", "iamkit_link", ["user_id", "purpose"])
    op.create_table(
        "iamkit_managed_policy",
        sa.Column("policy_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("default_version", TEXT, nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", name="pk_iamkit_managed_policy"),
        sa.UniqueConstraint("account", "name_key", name="uq_iamkit_managed_policy_account_name_key"),
        sa.UniqueConstraint("arn", name="uq_iamkit_managed_policy_arn"),
    )
    op.create_index("ix_iamkit_managed_policy_account", "iamkit_managed_policy", ["account"])
    op.create_table(
        "iamkit_membership",
        sa.Column("group_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_iamkit_membership"),
    )
    op.create_index("ix_iamkit_membership_group_id", "iamkit_membership", ["group_id"])
    op.create_index("ix_iamkit_membership_user_id", "iamkit_membership", ["user_id"])
    op.create_table(
        "iamkit_mfa_challenge",
        sa.Column("challenge_id", TEXT, nullable=False),
        sa.Column("begun_id", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("most_tries", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("challenge_id", name="pk_iamkit_mfa_challenge"),
    )
    op.create_index("ix_iamkit_mfa_challenge_expires_at", "iamkit_mfa_challenge", ["expires_at"])
    op.create_table(
        "iamkit_mfa_device",
        sa.Column("serial", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("public", TEXT, nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("enabled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("handle", TEXT, nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_iamkit_mfa_device"),
        sa.UniqueConstraint("handle", name="uq_iamkit_mfa_device_handle"),
    )
    op.create_index("ix_iamkit_mfa_device_account", "iamkit_mfa_device", ["account"])
    op.create_index("ix_iamkit_mfa_device_user_id", "iamkit_mfa_device", ["user_id"])
    op.create_table(
        "iamkit_oidc_provider",
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("client_ids", sa.Text(), nullable=False),
        sa.Column("thumbprints", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("arn", name="pk_iamkit_oidc_provider"),
    )
    op.create_index("ix_iamkit_oidc_provider_account", "iamkit_oidc_provider", ["account"])
    op.create_table(
        "iamkit_password",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("profile", TEXT, nullable=False),
        sa.Column("pepper_key_id", TEXT, nullable=False),
        sa.Column("normalization", TEXT, nullable=False),
        sa.Column("generation", TEXT, nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_iamkit_password"),
    )
    op.create_index("ix_iamkit_password_account", "iamkit_password", ["account"])
    op.create_table(
        "iamkit_password_history",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("generation", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("profile", TEXT, nullable=False),
        sa.Column("pepper_key_id", TEXT, nullable=False),
        sa.Column("normalization", TEXT, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "generation", name="pk_iamkit_password_history"),
    )
    op.create_index("ix_iamkit_password_history_user_id", "iamkit_password_history", ["user_id"])
    op.create_table(
        "iamkit_password_policy",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("minimum_password_length", sa.BigInteger(), nullable=False),
        sa.Column("require_symbols", sa.Boolean(), nullable=False),
        sa.Column("require_numbers", sa.Boolean(), nullable=False),
        sa.Column("require_uppercase_characters", sa.Boolean(), nullable=False),
        sa.Column("require_lowercase_characters", sa.Boolean(), nullable=False),
        sa.Column("allow_users_to_change_password", sa.Boolean(), nullable=False),
        sa.Column("max_password_age", sa.BigInteger(), nullable=True),
        sa.Column("password_reuse_prevention", sa.BigInteger(), nullable=True),
        sa.Column("hard_expiry", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_iamkit_password_policy"),
    )
    op.create_table(
        "iamkit_pepper",
        sa.Column("pepper_id", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pepper_id", name="pk_iamkit_pepper"),
    )
    op.create_table(
        "iamkit_personal_token",
        sa.Column("token_id", TEXT, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name="pk_iamkit_personal_token"),
        sa.UniqueConstraint("public_id", name="uq_iamkit_personal_token_public_id"),
        sa.UniqueConstraint("user_id", "name", name="uq_iamkit_personal_token_user_id_name"),
    )
    op.create_index("ix_iamkit_personal_token_user_id", "iamkit_personal_token", ["user_id"])
    op.create_table(
        "iamkit_policy_attachment",
        sa.Column("holder_id", TEXT, nullable=False),
        sa.Column("policy_arn", TEXT, nullable=False),
        sa.Column("holder_kind", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("attached_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "policy_arn", name="pk_iamkit_policy_attachment"),
    )
    op.create_index(
        "ix_iamkit_policy_attachment_account_policy_arn",
        "iamkit_policy_attachment",
        ["account", "policy_arn"],
    )
    op.create_index("ix_iamkit_policy_attachment_holder_id", "iamkit_policy_attachment", ["holder_id"])
    op.create_index("ix_iamkit_policy_attachment_policy_arn", "iamkit_policy_attachment", ["policy_arn"])
    op.create_table(
        "iamkit_policy_document",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_iamkit_policy_document"),
    )
    op.create_table(
        "iamkit_policy_version",
        sa.Column("policy_id", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "version", name="pk_iamkit_policy_version"),
    )
    op.create_index("ix_iamkit_policy_version_policy_id", "iamkit_policy_version", ["policy_id"])
    op.create_table(
        "iamkit_principal_reference",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("holder_arn", TEXT, nullable=False),
        sa.Column("principal_arn", TEXT, nullable=False),
        sa.Column("unique_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "holder_arn", "principal_arn", name="pk_iamkit_principal_reference"
        ),
    )
    op.create_index(
        "ix_iamkit_principal_reference_account_holder_arn",
        "iamkit_principal_reference",
        ["account", "holder_arn"],
    )
    op.create_index("ix_iamkit_principal_reference_unique_id", "iamkit_principal_reference", ["unique_id"])
    op.create_table(
        "iamkit_queued_message",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("task", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("good_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_iamkit_queued_message"),
    )
    op.create_index("ix_iamkit_queued_message_next_at", "iamkit_queued_message", ["next_at"])
    op.create_table(
        "iamkit_recovery_code",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("profile", TEXT, nullable=False),
        sa.Column("pepper_key_id", TEXT, nullable=False),
        sa.Column("normalization", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "number", name="pk_iamkit_recovery_code"),
    )
    op.create_table(
        "iamkit_resource_policy",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("resource_arn", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "resource_arn", name="pk_iamkit_resource_policy"),
    )
    op.create_index("ix_iamkit_resource_policy_account", "iamkit_resource_policy", ["account"])
    op.create_table(
        "iamkit_role",
        sa.Column("role_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("trust_digest", TEXT, nullable=False),
        sa.Column("max_session_seconds", sa.BigInteger(), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("boundary", TEXT, nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("role_id", name="pk_iamkit_role"),
        sa.UniqueConstraint("account", "name_key", name="uq_iamkit_role_account_name_key"),
    )
    op.create_index("ix_iamkit_role_account", "iamkit_role", ["account"])
    op.create_index("ix_iamkit_role_arn", "iamkit_role", ["arn"])
    op.create_index("ix_iamkit_role_boundary", "iamkit_role", ["boundary"])
    op.create_table(
        "iamkit_role_request",
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("requester", TEXT, nullable=False),
        sa.Column("requester_arn", TEXT, nullable=False),
        sa.Column("role_id", TEXT, nullable=False),
        sa.Column("role_arn", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_iamkit_role_request"),
    )
    op.create_index("ix_iamkit_role_request_account", "iamkit_role_request", ["account"])
    op.create_index("ix_iamkit_role_request_requester", "iamkit_role_request", ["requester"])
    op.create_table(
        "iamkit_saml_metadata",
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("arn", name="pk_iamkit_saml_metadata"),
    )
    op.create_table(
        "iamkit_saml_private_key",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("provider_arn", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_iamkit_saml_private_key"),
    )
    op.create_index("ix_iamkit_saml_private_key_provider_arn", "iamkit_saml_private_key", ["provider_arn"])
    op.create_table(
        "iamkit_saml_provider",
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("uuid", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("encryption", TEXT, nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("arn", name="pk_iamkit_saml_provider"),
    )
    op.create_index("ix_iamkit_saml_provider_account", "iamkit_saml_provider", ["account"])
    op.create_table(
        "iamkit_sending",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_iamkit_sending"),
    )
    op.create_index("ix_iamkit_sending_began_at", "iamkit_sending", ["began_at"])
    op.create_table(
        "iamkit_server_certificate",
        sa.Column("certificate_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("chain", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name="pk_iamkit_server_certificate"),
        sa.UniqueConstraint("account", "name_key", name="uq_iamkit_server_certificate_account_name_key"),
    )
    op.create_index("ix_iamkit_server_certificate_account", "iamkit_server_certificate", ["account"])
    op.create_table(
        "iamkit_service_credential",
        sa.Column("credential_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("service", TEXT, nullable=False),
        sa.Column("service_user_name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("credential_id", name="pk_iamkit_service_credential"),
        sa.UniqueConstraint("digest", name="uq_iamkit_service_credential_digest"),
        sa.UniqueConstraint("service_user_name", name="uq_iamkit_service_credential_service_user_name"),
    )
    op.create_index("ix_iamkit_service_credential_account", "iamkit_service_credential", ["account"])
    op.create_index("ix_iamkit_service_credential_user_id", "iamkit_service_credential", ["user_id"])
    op.create_table(
        "iamkit_session",
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("idle_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("absolute_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("session_epoch", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("awaits", sa.Text(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_iamkit_session"),
        sa.UniqueConstraint("public_id", name="uq_iamkit_session_public_id"),
    )
    op.create_index("ix_iamkit_session_user_id", "iamkit_session", ["user_id"])
    op.create_table(
        "iamkit_session_epoch",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_iamkit_session_epoch"),
    )
    op.create_table(
        "iamkit_signing_certificate",
        sa.Column("certificate_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name="pk_iamkit_signing_certificate"),
        sa.UniqueConstraint("digest", name="uq_iamkit_signing_certificate_digest"),
    )
    op.create_index("ix_iamkit_signing_certificate_account", "iamkit_signing_certificate", ["account"])
    op.create_index("ix_iamkit_signing_certificate_user_id", "iamkit_signing_certificate", ["user_id"])
    op.create_table(
        "iamkit_source_attempts",
        sa.Column("network", TEXT, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network", name="pk_iamkit_source_attempts"),
    )
    op.create_index("ix_iamkit_source_attempts_began_at", "iamkit_source_attempts", ["began_at"])
    op.create_table(
        "iamkit_ssh_public_key",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_iamkit_ssh_public_key"),
        sa.UniqueConstraint("user_id", "digest", name="uq_iamkit_ssh_public_key_user_id_digest"),
    )
    op.create_index("ix_iamkit_ssh_public_key_user_id", "iamkit_ssh_public_key", ["user_id"])
    op.create_table(
        "iamkit_temporary_credential",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("depends_on", sa.Text(), nullable=False),
        sa.Column("session_policies", sa.Text(), nullable=False),
        sa.Column("ceilings", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("transitive", sa.Text(), nullable=False),
        sa.Column("source_identity", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_iamkit_temporary_credential"),
    )
    op.create_index("ix_iamkit_temporary_credential_account", "iamkit_temporary_credential", ["account"])
    op.create_index("ix_iamkit_temporary_credential_origin", "iamkit_temporary_credential", ["origin"])
    op.create_index("ix_iamkit_temporary_credential_subject", "iamkit_temporary_credential", ["subject"])
    op.create_table(
        "iamkit_token_issuer",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("issuer_id", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_iamkit_token_issuer"),
        sa.UniqueConstraint("issuer_id", name="uq_iamkit_token_issuer_issuer_id"),
    )
    op.create_table(
        "iamkit_token_issuer_key",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_iamkit_token_issuer_key"),
    )
    op.create_index("ix_iamkit_token_issuer_key_account", "iamkit_token_issuer_key", ["account"])
    op.create_table(
        "iamkit_tree_node",
        sa.Column("node_id", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", name="pk_iamkit_tree_node"),
        sa.UniqueConstraint("parent_id", "name_key", name="uq_iamkit_tree_node_parent_id_name_key"),
    )
    op.create_index("ix_iamkit_tree_node_parent_id", "iamkit_tree_node", ["parent_id"])
    op.create_table(
        "iamkit_user",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("email_verified_at", sa.BigInteger(), nullable=True),
        sa.Column("boundary", TEXT, nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_iamkit_user"),
        sa.UniqueConstraint("account", "name_key", name="uq_iamkit_user_account_name_key"),
    )
    op.create_index("ix_iamkit_user_account", "iamkit_user", ["account"])
    op.create_index("ix_iamkit_user_account_email", "iamkit_user", ["account", "email"])
    op.create_index("ix_iamkit_user_arn", "iamkit_user", ["arn"])
    op.create_index("ix_iamkit_user_boundary", "iamkit_user", ["boundary"])
