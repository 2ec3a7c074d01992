"""Times the erasure of one customer with many contacts below it. Rolls back.

CONTACTS=50000 script/odoo shell -d lifecycle --no-http < bench/erasure.py
"""

import os
import time

CONTACTS = int(os.environ.get("CONTACTS", "50000"))

env = env(context={**env.context, "tracking_disable": True})  # noqa: F821 - Odoo's shell
top = env["res.partner"].create({"name": "Qzorblat GmbH", "is_company": True})
for start in range(0, CONTACTS - 1, 5000):
    env["res.partner"].create(
        [
            {
                "name": f"Zaphod Qzorblat {number}",
                "parent_id": top.id,
                "email": f"zaphod{number}@qzorblat.example",
                "phone": f"+33 6 {number:08}",
                "street": f"{number} Quuxgasse",
            }
            for number in range(start, min(start + 5000, CONTACTS - 1))
        ]
    )
    env.flush_all()
    env.invalidate_all()
profile = env["crm.lifecycle.profile"].create(
    {"partner_id": top.id, "company_id": env.company.id}
)
env.flush_all()
started = time.monotonic()
finder = profile._find_personal_data()
found = time.monotonic() - started
started = time.monotonic()
profile._erase()
erased = time.monotonic() - started
env.cr.execute("SELECT count(*) FROM res_partner WHERE name LIKE 'Erased customer%'")
print(
    f"{CONTACTS} contacts: found in {found:.1f} s, erased in {erased:.1f} s "
    f"(load {os.getloadavg()[0]:.1f}); {env.cr.fetchone()[0]} anonymized"
)
env.cr.rollback()
