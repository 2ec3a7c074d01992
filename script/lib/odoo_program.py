"""Odoo as a file to run: a server with workers starts its other processes by it.

`python -m odoo` can't do that.
"""

from odoo.cli.command import main

main()
