"""pytest plugin: each xdist worker has its own filestore, like its own database.

In pytest-odoo, all workers share the filestore of the template database. At the end of
each class, Odoo deletes the files that its database does not know, including those of
tests that run in other workers.
"""

import os
import shutil
from contextlib import contextmanager

import pytest_odoo

from odoo.tools import config


@contextmanager
def own_filestore(template, database):
    """Link the template's filestore for a worker's database; remove it at the end."""
    source, files = config.filestore(template), config.filestore(database)
    if source == files:  # no worker
        yield
        return
    shutil.rmtree(files, ignore_errors=True)
    # Odoo never changes a file of the filestore, so hard links are safe.
    shutil.copytree(source, files, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(files, ignore_errors=True)


def pytest_configure():
    pytest_odoo._shared_filestore = own_filestore
