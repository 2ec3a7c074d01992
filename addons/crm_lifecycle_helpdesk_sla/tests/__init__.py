from . import test_sla_facts
