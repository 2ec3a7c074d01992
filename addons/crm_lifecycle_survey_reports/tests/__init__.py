from . import test_board, test_digest
