"""Write .odoo/odoo.conf: config/odoo.conf with the paths of this checkout."""

import configparser
import os
import sys
from pathlib import Path

root, state = Path(os.environ["ROOT"]), Path(os.environ["STATE"])
odoo_addons, socket_dir = sys.argv[1:]

config = configparser.RawConfigParser()
config.read(root / "config" / "odoo.conf", encoding="utf-8")
options = config["options"]
options["addons_path"] = ",".join([odoo_addons, str(root / "addons")])
options["data_dir"] = str(state / "data")
if socket_dir:
    # The private server; PGHOST and related variables select another one.
    options["db_host"] = socket_dir
    options["db_user"] = "odoo"

(root / "addons").mkdir(exist_ok=True)
(state / "data").mkdir(exist_ok=True)
with open(state / "odoo.conf", "w", encoding="utf-8") as target:
    target.write("# Made by script/setup from config/odoo.conf: edit that file.\n")
    config.write(target)
