"""Let users of a branch read the lifecycles that serve it."""

from odoo import SUPERUSER_ID, api

OLD = "[('company_id', 'in', company_ids + [False])]"
NEW = (
    "['|', ('company_id', 'in', company_ids + [False]), '&', "
    "('{path}serves_branches', '=', True), ('company_id', 'parent_of', company_ids)]"
)
RULES = {
    "crm_lifecycle_company_rule": "",
    "crm_lifecycle_stage_company_rule": "lifecycle_id.",
    "crm_lifecycle_rule_company_rule": "lifecycle_id.",
    "crm_lifecycle_tag_company_rule": "lifecycle_id.",
    "crm_lifecycle_version_company_rule": "lifecycle_id.",
}


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, path in RULES.items():
        rule = env.ref(f"crm_lifecycle.{name}", raise_if_not_found=False)
        # A rule that the database has changed stays.
        if rule and rule.domain_force == OLD:
            rule.domain_force = NEW.format(path=path)
