"""Names that changed with version 19.0.2.0.0, of this addon and of its bridges."""

from odoo.addons.base_rename.rename import Renames

MODELS = {
    "loyalty.tier.history": "crm.loyalty.tier.history",
    "loyalty.tier.preview.line": "crm.loyalty.tier.preview.line",
    "loyalty.tier.preview": "crm.loyalty.tier.preview",
    "loyalty.tier": "crm.loyalty.tier",
    "loyalty.point.entry": "crm.loyalty.entry",
    "loyalty.point.consumption": "crm.loyalty.consumption",
    "loyalty.point.adjustment": "crm.loyalty.adjustment",
    "loyalty.point.proof.fault": "crm.loyalty.check.fault",
    "loyalty.point.proof": "crm.loyalty.check",
    "loyalty.point.reinstate": "crm.loyalty.reinstatement",
    "loyalty.bonus.rule": "crm.loyalty.bonus.rule",
    "loyalty.bonus.grant": "crm.loyalty.bonus.grant",
    "loyalty.points.report": "crm.loyalty.points.report",
    "loyalty.card.wizard": "crm.loyalty.card.wizard",
}
FIELDS = {
    "loyalty.card": {
        "date_needed": "crm_loyalty_date_needed",
        "entry_ids": "crm_loyalty_entry_ids",
        "has_manual_bonus": "crm_loyalty_has_manual_bonus",
        "lot_ids": "crm_loyalty_lot_ids",
        "member_since": "crm_loyalty_member_since",
        "merged_into_id": "crm_loyalty_merged_into_id",
        "next_tier_id": "crm_loyalty_next_tier_id",
        "points_available": "crm_loyalty_points_available",
        "points_debt": "crm_loyalty_points_debt",
        "points_expiring": "crm_loyalty_points_expiring",
        "points_expiring_date": "crm_loyalty_points_expiring_date",
        "points_locked": "crm_loyalty_points_locked",
        "points_needed": "crm_loyalty_points_needed",
        "points_pending": "crm_loyalty_points_pending",
        "projected_tier_id": "crm_loyalty_projected_tier_id",
        "qualifying_points": "crm_loyalty_qualifying_points",
        "qualifying_spend": "crm_loyalty_qualifying_spend",
        "spend_needed": "crm_loyalty_spend_needed",
        "tier_basis": "crm_loyalty_tier_basis",
        "tier_history_ids": "crm_loyalty_tier_history_ids",
        "tier_id": "crm_loyalty_tier_id",
        "tier_keep_needed": "crm_loyalty_tier_keep_needed",
        "tier_period_end": "crm_loyalty_tier_period_end",
        "tier_progress": "crm_loyalty_tier_progress",
        "tier_since": "crm_loyalty_tier_since",
        "tier_until": "crm_loyalty_tier_until",
        "tier_warned_until": "crm_loyalty_tier_warned_until",
    },
    "loyalty.program": {
        "adjust_limit": "crm_loyalty_adjust_limit",
        "bonus_rule_ids": "crm_loyalty_bonus_rule_ids",
        "cashback_percent": "crm_loyalty_cashback_percent",
        "earn_base": "crm_loyalty_earn_base",
        "expire_after": "crm_loyalty_expiry_days",
        "expiry_policy": "crm_loyalty_expiry_policy",
        "expiry_reminder": "crm_loyalty_expiry_reminder",
        "negative_policy": "crm_loyalty_negative_policy",
        "pending_days": "crm_loyalty_pending_days",
        "pending_policy": "crm_loyalty_pending_policy",
        "point_value": "crm_loyalty_point_value",
        "reinstate_days": "crm_loyalty_reinstate_days",
        "reminder_first_days": "crm_loyalty_reminder_first_days",
        "reminder_last_days": "crm_loyalty_reminder_last_days",
        "reminder_template_id": "crm_loyalty_reminder_template_id",
        "tier_basis": "crm_loyalty_tier_basis",
        "tier_grace_days": "crm_loyalty_tier_grace_days",
        "tier_ids": "crm_loyalty_tier_ids",
        "tier_period": "crm_loyalty_tier_period",
        "tier_user_id": "crm_loyalty_tier_user_id",
        "tier_warn_days": "crm_loyalty_tier_warn_days",
    },
    "loyalty.card.update.balance": {
        "is_approval_needed": "crm_loyalty_is_approval_needed",
        "seen_balance": "crm_loyalty_seen_balance",
    },
    "res.company": {
        "loyalty_adjust_limit": "crm_loyalty_adjust_limit",
        "loyalty_tz": "crm_loyalty_tz",
    },
    "res.config.settings": {
        "loyalty_adjust_limit": "crm_loyalty_adjust_limit",
        "loyalty_tz": "crm_loyalty_tz",
    },
    "res.partner": {
        "loyalty_birthdate": "crm_loyalty_birthdate",
    },
    "res.users": {
        "loyalty_birthdate": "crm_loyalty_birthdate",
    },
    "sale.order": {
        "points_round": "crm_loyalty_points_round",
    },
    "crm.loyalty.check.fault": {
        "proof_id": "check_id",
    },
}
# Columns with conditions that users wrote; those of the lifecycle may name cards.
DOMAINS = (
    ("crm_loyalty_bonus_rule", "partner_domain", "res.partner"),
    ("crm_lifecycle", "domain", "crm.lifecycle.profile"),
    ("crm_lifecycle_rule", "domain", "crm.lifecycle.profile"),
    ("crm_lifecycle_tag", "domain", "crm.lifecycle.profile"),
)
RENAMES = Renames(
    models=MODELS,
    fields=FIELDS,
    values={("crm.loyalty.entry", "source_model"): MODELS},
    domains=DOMAINS,
)
