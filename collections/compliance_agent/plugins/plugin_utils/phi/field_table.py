# SPDX-License-Identifier: GPL-3.0-or-later
"""What each field of our documents may hold: the first row that fits a path decides.

A path is the keys from the root, joined by dots; ``[]`` follows the name of a list. In a row ``**``
stands for any number of keys and ``*`` for one. A path that no row fits is text in log mode.
Rows name grammars of ``grammars.py`` (typed fields) or one of the modes in ``policies.py``.
"""

# Typed rows win over the modes, so that key_id (the name of a public key) is a fact and any other
# key is a secret.
TYPED: tuple[tuple[str, str], ...] = (
    # What every document says about itself.
    ("bundle_id", "**.bundle_id **.evidence_bundle_id **.evidence_bundle_ids[]"),
    ("site", "**.site_id"),
    ("host", "**.host_id **.host_ids[] journal.host journal.hosts[] coverage.**.hosts[]"),
    (
        "instant",
        (
            "**.timestamp **.at **.*_at **.covered_from **.gaps.items[].from **.gaps.items[].to"
            " **.observed.from **.observed.to **.pending_reboot_first_seen **.external_last_success"
        ),
    ),
    ("check", "**.check **.check_id **.check_type **.checks[] **.checks_expected[]"),
    ("outcome", "**.outcome"),
    ("incident_status", "**.incident.status incident.status"),
    ("status", "**.status"),
    ("control", "**.hipaa_controls[] **.controls.*[]"),
    ("base64", "**.signature"),
    ("code", "**.reason_code **.findings[].code **.finding_code"),
    ("hresult", "**.forwarding_events.**.error_code **.observed.error_code"),
    ("error_code", "**.error_code"),
    ("severity", "**.severity **.unrated_severity"),
    ("sha256", "**.key_id **.*_sha256 **.sha256 **.root_hash **.leaf_hash **.entry_hash"),
    ("version", "**.collection_version **.ansible_version **.ruleset_version **.policy_version"),
    ("run_id", "**.run_id"),
    ("guid", "**.incident_id **.order_id **.ticket_id"),
    ("decimal", "**.provenance.job_id **.provenance.inventory_id"),
    ("sha256", "**.provenance.project_revision"),
    ("runbook_id", "**.runbook_id **.runbook_ids[] **.available_runbooks[]"),
    ("rule_id", "**.rule_id"),
    ("action_type", "**.action_type"),
    ("duration", "**.estimated_duration"),
    ("urgency", "**.urgency"),
    ("event_type", "**.event_type"),
    ("code", "journal.entry"),
    # What the healer did.
    ("deed", "**.actions[]"),
    ("code", "**.healing[].reason **.steps[].note **.steps[].phase"),
    ("guid", "**.attempt_id"),
    ("bundle_id", "**.replaces_bundle_id"),
    ("model_name", "**.model.model"),
    # Readings: every probe says how it went.
    ("service_state", "**.services.value.items[].state **.products.value.services.items[].state"),
    ("service_state", "**.agents.value.items[].state **.filter_driver.value.state"),
    ("service_state", "**.wsb_job.value.state"),
    ("probe_state", "**.state"),
    ("hresult", "**.hresult **.result **.detailed_result"),
    ("start_mode", "**.start_mode"),
    # The host.
    ("release", "**.os.value.display_version"),
    ("service", "**.os.value.edition_id"),
    ("installation_type", "**.os.value.installation_type"),
    ("integrity", "**.token.value.integrity"),
    ("logon_type", "**.token.value.logon_type"),
    ("language_mode", "**.process.value.language_mode"),
    # Patching.
    ("guid", "**.update_id **.category_ids.items[] **.update_services.value.items[].service_id"),
    ("kb", "**.kbs.items[] **.hotfix_id **.ignored_kbs[]"),
    ("wsus_scheme", "**.wsus_scheme"),
    ("release", "**.settings.value.target_release"),
    # Malware protection.
    ("running_mode", "**.running_mode"),
    (
        "version",
        ("**.signature_version **.engine_version **.platform_version **.product_version"),
    ),
    ("exclusion_kind", "**.exclusions.items[].kind"),
    ("guid", "**.detection_id"),
    # Backup.
    ("wsb_operation", "**.wsb_summary.value.operation"),
    ("volume", "**.wsb_policy.value.volumes.items[]"),
    ("backup_kind", "**.wsb_policy.value.targets.items[].type **.wsb_job.value.type"),
    ("volume", "**.disks.value.items[].path"),
    ("guid", "**.writers.value.items[].id"),
    # Logging.
    (
        "guid",
        (
            "**.audit_policy.value.settings.items[].guid **.policy_guids.items[]"
            " **.audit_policy_backup.value.settings.items[].guid"
        ),
    ),
    ("log", "**.logs.value.items[].name **.log_settings.value.items[].name"),
    ("log_mode", "**.logs.value.items[].mode **.retention_modes[]"),
    ("decimal", "**.log_settings.value.items[].policy_retention"),
    ("log", "**.cleared_events.value.items[].log **.required_logs[]"),
    ("sid", "**.sid"),
    # Firewall.
    ("network", "**.profiles.value.items[].name **.settings.value.items[].name"),
    ("switch", "**.profiles.value.items[].enabled **.profiles.value.items[].log_blocked"),
    ("switch", "**.profiles.value.items[].log_allowed **.profiles.value.items[].allow_local_rules"),
    ("action", "**.profiles.value.items[].inbound **.profiles.value.items[].outbound"),
    ("network", "**.connections.value.items[].category **.profiles_required[]"),
    ("protocol", "**.rules.value.items[].protocol"),
    ("ports", "**.rules.value.items[].ports[]"),
    # Encryption.
    ("volume", "**.volumes.value.items[].device_id **.fixed_volumes.value.items[].device_id"),
    ("drive", "**.drive"),
    ("file_system", "**.fixed_volumes.value.items[].file_system"),
    ("tpm_version", "**.tpm.value.spec_version"),
    ("bitlocker_event", "**.events.value.items[].event"),
    ("sha256", "**.volumes.value.items[].recovery.items[] **.events.value.items[].protector"),
    ("protocol_version", "**.protocols.value.items[].name"),
    ("service", "**.other_products.value.items[].service"),
    # Services: the collectors answer for names that they were asked for.
    ("service", "**.services.value.items[].name **.products.value.services.items[].name"),
    ("service", "**.agents.value.items[].name"),
    # Policy, written by the site.
    (
        "day",
        (
            "**.esu_until **.exception_expires **.compensating_expires **.restore_test_last"
            " **.waiver.expires_on"
        ),
    ),
    ("guid", "**.security_category_ids[] **.definition_category_ids[]"),
    ("extension", "**.forbidden_exclusion_extensions[]"),
    ("action", "**.policy.inbound **.policy.outbound"),
    ("code", "**.policy.provider **.policy.compensating **.policy.removable_volumes"),
    ("code", "**.policy.managed_by **.policy.online_search **.policy.same_disk_target"),
    ("code", "**.policy.tamper_protection_required_on **.policy.forwarding_required"),
    ("code", "**.policy.components_required[]"),
    # Findings: most say a number, a state or a name of ours; the rest is text.
    ("fact", "**.findings[].observed **.findings[].observed[] **.findings[].observed.reasons[]"),
    ("fact", "**.findings[].expected **.findings[].expected[] **.findings[].scope"),
)
MODES: tuple[tuple[str, str], ...] = (
    ("log", "**.source **.host.token **.host.token.**"),
    ("path", "**.exclusions.items[].value **.target_path **.targets.items[].path"),
    ("path", "**.dumps.value.items[].path **.dump_files[].path"),
    (
        "user",
        (
            "**.user **.users[] **.username **.user_name **.account **.account_name **.owner"
            " **.caller **.requested_by **.approved_by **.assigned_to **.actor **.operator"
        ),
    ),
    ("host", "**.host **.hosts[] **.hostname **.computer_name **.target_host **.target"),
    (
        "drop",
        (
            "**.password **.passwd **.pwd **.passphrase **.secret **.secrets **.*_secret"
            " **.*_password"
            " **.token **.*_token **.api_key **.apikey **.access_key **.private_key **.key"
            " **.recovery_key **.recoverypassword **.credential **.credentials **.authorization"
            " **.cookie **.email **.e_mail **.email_address **.mail **.phone* **.fax **.mobile"
            " **.*_phone **.ssn **.social_security* **.dob **.date_of_birth **.birth* **.mrn"
            " **.medical_record* **.patient* **.member_id **.insurance* **.first_name **.last_name"
            " **.full_name **.street **.zip **.postal_code"
        ),
    ),
    (
        "prose",
        (
            "**.note **.notes **.comment **.comments **.body **.subject **.transcript **.prose"
            " **.ticket_text **.reply **.l2_reasoning **.reasoning **.escalation_reason"
        ),
    ),
)
# Numbers of these documents are sizes, ages, counts, masks and codes: a bare number is no
# identifier there. Anywhere else a number must be small, or its key must say what it counts.
NUMBERS = (
    "**.facts.** **.probes.** **.host.** **.policy.** **.findings[].** **.provenance.**"
    " **.schema_version coverage.** journal.** check.** **.findings[]"
    " **.healing[].**"
)
