"""Retries of work that conflicts with another transaction."""

import logging
import random
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

# How often work is tried while other transactions change the same rows.
ATTEMPTS = 5
# Maximum wait in seconds before the second attempt; each further one waits longer.
# Random, so that two transactions in conflict do not meet again.
WAIT = 0.1


def retry(env, work, *args, errors=PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
    """Call ``work(*args)`` and return its result; roll back and retry after a conflict.

    The rollback loses everything of the transaction, so call it right after a commit.

    :param errors: the errors of the database after which to retry
    :raises: the error of the database, after the last attempt
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work(*args)
        except errors as error:
            if attempt == ATTEMPTS:
                raise
            _logger.debug("Retried after %s", error)
            env.cr.rollback()
            env.invalidate_all(flush=False)
            time.sleep(random.uniform(0, WAIT * attempt))
