"""pytest plugin: each of xdist's workers has files of its own, as it has a database.

pytest-odoo gives all workers the files of the database that theirs are copied from.
At the end of each class Odoo collects the files that its own database does not know:
those of a test that another worker is in the middle of were among them.
"""

import os
import shutil
from contextlib import contextmanager

import pytest_odoo

from odoo.tools import config


@contextmanager
def own_filestore(template, database):
    """Give a worker's database the files of its template, by links, for a while."""
    source, files = config.filestore(template), config.filestore(database)
    if source == files:  # no worker
        yield
        return
    shutil.rmtree(files, ignore_errors=True)
    # Odoo never changes a file of its store, so links are as good as copies.
    shutil.copytree(source, files, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(files, ignore_errors=True)


def pytest_configure():
    pytest_odoo._shared_filestore = own_filestore
