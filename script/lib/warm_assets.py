"""Build the asset bundles once; run it in `odoo shell`.

Otherwise each browser test builds them again, because tests roll back their writes.
"""

SCRIPTS = (
    "web.assets_web",
    "web.assets_tests",
    "web.assets_frontend_lazy",
    "web.assets_frontend_minimal",
    "web.assets_unit_tests",
    "web.assets_unit_tests_setup",
)
STYLES = ("web.assets_web", "web.assets_frontend")

qweb = env["ir.qweb"]
for name in SCRIPTS:
    qweb._get_asset_bundle(name, css=False, js=True).js()
for name in STYLES:
    qweb._get_asset_bundle(name, css=True, js=False).css()
env.cr.commit()
