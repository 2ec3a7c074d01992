"""What users made with the addons of an earlier version, used after an upgrade.

Run by Odoo's shell: `make` with the earlier addons, `check` with those of today.
"""

import ast
import json

NAME = "Life: kept"
XML_ID = "Life: an XML id"
FILE = "life.kept.file"


def make(env):
    """Make what names models and fields: filters, exports, actions, a dashboard."""
    env["ir.filters"].create(
        {
            "name": NAME,
            "model_id": "loyalty.card",
            "domain": "[('tier_id.name', '!=', 'None'), ('tier_keep_needed', '>=', 0)]",
            "context": "{'group_by': ['tier_id']}",
            "sort": '["tier_since desc"]',
        }
    )
    env["ir.exports"].create(
        {
            "name": NAME,
            "resource": "loyalty.card",
            "export_fields": [(0, 0, {"name": "tier_id/name"})],
        }
    )
    program = env["ir.model"]._get("loyalty.program")
    action = env["ir.actions.server"].create(
        {
            "name": NAME,
            "model_id": program.id,
            "state": "code",
            "code": "env['loyalty.tier'].search_count([])\nrecord.expire_after",
        }
    )
    env["ir.actions.server"].create(
        {
            "name": XML_ID,
            "model_id": program.id,
            "state": "code",
            "code": "env.ref('crm_lifecycle_sale_reports.ir_cron_purchase_month').name",
        }
    )
    if "base.automation" in env:
        env["base.automation"].create(
            {
                "name": NAME,
                "model_id": program.id,
                "trigger": "on_create_or_write",
                "filter_domain": "[('expire_after', '>', 3)]",
                "action_server_ids": [(4, action.id)],
            }
        )
    env["spreadsheet.dashboard"].create(
        {
            "name": NAME,
            "dashboard_group_id": env["spreadsheet.dashboard.group"]
            .search([], limit=1)
            .id,
            "spreadsheet_data": json.dumps(
                {
                    "sheets": [{"cells": {"A1": '=ODOO.LIST(1,1,"tier_id")'}}],
                    "lists": {
                        "1": {
                            "model": "loyalty.card",
                            "columns": ["partner_id", "tier_id"],
                            "domain": [["tier_id", "!=", False]],
                        }
                    },
                }
            ),
        }
    )
    lifecycle = env["crm.lifecycle"].search([], limit=1)
    text = env["crm.lifecycle.file"]._export(lifecycle)
    data = json.loads(text)
    data["lifecycle"]["template_code"] = "t4a"
    data["lifecycle"]["domain"] = [["partner_id.loyalty_birthdate", "=", False]]
    env["ir.config_parameter"].set_param(FILE, json.dumps(data))
    stage = lifecycle.stage_ids[:1]
    stage.with_context(lang="zh_CN").name = NAME


def check(env):
    """Use all of it."""
    saved = env["ir.filters"].search([("name", "=", NAME)])
    model = env[saved.model_id]
    model.search(ast.literal_eval(saved.domain))
    model.formatted_read_group([], ast.literal_eval(saved.context)["group_by"], [])
    model.search([], order=json.loads(saved.sort)[0])
    export = env["ir.exports"].search([("name", "=", NAME)])
    paths = [name.split("/") for name in export.export_fields.mapped("name")]
    env[export.resource].search([], limit=2)._export_rows(paths)
    program = env["loyalty.program"].search([("program_type", "=", "loyalty")], limit=1)
    action = env["ir.actions.server"].search([("name", "=", NAME)])
    action.with_context(
        active_model="loyalty.program", active_id=program.id, active_ids=program.ids
    ).run()
    env["ir.actions.server"].search([("name", "=", XML_ID)]).run()
    if "base.automation" in env:
        rule = env["base.automation"].search([("name", "=", NAME)])
        program.filtered_domain(ast.literal_eval(rule.filter_domain))
        program.write({"name": f"{program.name} "})
    board = env["spreadsheet.dashboard"].search([("name", "=", NAME)])
    data = json.loads(board.spreadsheet_data)
    listed = data["lists"]["1"]
    env[listed["model"]].search(listed["domain"]).read(listed["columns"])
    assert listed["columns"][1] in data["sheets"][0]["cells"]["A1"]
    check_file(env)
    stages = env["crm.lifecycle.stage"].with_context(lang="zh_CN")
    assert stages.search_count([("name", "=", NAME)])


def check_file(env):
    """Import the file of the earlier version: each name in it is known."""
    content = env["ir.config_parameter"].get_param(FILE).encode()
    lifecycle, _left_out = env["crm.lifecycle.file"]._import(content, env.company)
    assert lifecycle.template_code == "activity"
    assert "crm_loyalty_birthdate" in lifecycle.domain, lifecycle.domain
