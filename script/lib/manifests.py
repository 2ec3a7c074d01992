"""List addons and their dependencies from the manifests.

manifests.py own       our addons that can be installed, in order of dependency
manifests.py core      their dependencies that are not ours
manifests.py apart     our addons that are tested in a database of their own
manifests.py left-out  our addons that can't be installed here, with the reason
"""

import ast
import importlib.util
import os
import sys
from pathlib import Path

ADDONS = Path(os.environ["ROOT"]) / "addons"
# Other apps in the demo: Contacts, CRM and Sales in the menu, and tickets with ratings.
APPS = {
    "base_automation",
    "contacts",
    "crm",
    "helpdesk_mgmt_rating",
    "sale_management",
}
# Addons with dependencies that change orders: Point of Sale also installs Inventory.
TESTED_SEPARATELY = {
    "crm_lifecycle_pos",
    "crm_lifecycle_pos_sale",
    "crm_loyalty_pos",
}


def read_manifests(folder=ADDONS):
    manifests = {}
    for path in sorted(folder.glob("*/__manifest__.py")):
        manifest = ast.literal_eval(path.read_text(encoding="utf-8"))
        if manifest.get("installable", True):
            manifests[path.parent.name] = manifest
    return manifests


def is_available(name):
    """Return whether an addon is available in Odoo or installed by pip.

    Both share one namespace.
    """
    if importlib.util.find_spec(f"odoo.addons.{name}"):
        return True
    # In a source checkout, most addons are next to the package.
    odoo_path = Path(os.environ["STATE"], "odoo.path").read_text().strip()
    return (Path(odoo_path) / "addons" / name / "__manifest__.py").exists()


def sort_addons(manifests):
    """Return our installable addons in order, their dependencies, and the others."""
    own, core, left_out = [], set(APPS), {}

    def add_with_needs(name):
        if name in own or name in left_out:
            return
        foreign = set()
        for dependency in manifests[name].get("depends", []):
            if dependency in manifests:
                add_with_needs(dependency)
                if dependency in left_out:
                    left_out[name] = f"needs {dependency}"
            elif is_available(dependency):
                foreign.add(dependency)
            else:
                left_out[name] = f"needs {dependency}, which is not installed"
        if name not in left_out:
            own.append(name)
            core.update(foreign)

    for name in manifests:
        add_with_needs(name)
    return own, sorted(core), left_out


def main(question):
    manifests = read_manifests()
    apart = sorted(TESTED_SEPARATELY & set(manifests))
    together = {
        name: data for name, data in manifests.items() if name not in TESTED_SEPARATELY
    }
    own, core, left_out = sort_addons(together)
    if question == "own":
        print(",".join(own))
    elif question == "apart":
        print(",".join(apart))
    elif question == "core":
        print(",".join(core))
    else:
        for name, reason in left_out.items():
            print(f"{name} ({reason})")


if __name__ == "__main__":
    main(sys.argv[1])
