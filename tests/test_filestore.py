from odoo.tests import TransactionCase, tagged
from odoo.tools import config


@tagged("post_install", "-at_install")
class TestFilestore(TransactionCase):
    def test_each_database_of_tests_has_files_of_its_own(self):
        """Otherwise Odoo deletes files of the test that another worker is running."""
        name = self.env.cr.dbname
        self.assertEqual(
            config.filestore(name), f"{config['data_dir']}/filestore/{name}"
        )
