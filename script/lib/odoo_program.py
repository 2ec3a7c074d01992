"""Odoo as an executable file, with which a server with workers starts its processes.

`python -m odoo` can't do that.
"""

from odoo.cli.command import main

main()
