from . import test_access
from . import test_compare
from . import test_configuration
from . import test_contact_facts
from . import test_cron
from . import test_engine_domains
from . import test_engine_review
from . import test_engine_scope
from . import test_engine_since
from . import test_engine_stages
from . import test_explain
<<<<<<< HEAD
from . import test_follow_up
=======
from . import test_file
>>>>>>> w-d
from . import test_history
from . import test_import
from . import test_lead_facts
from . import test_merge
from . import test_move
<<<<<<< HEAD
from . import test_overview
=======
from . import test_path
>>>>>>> w-d
from . import test_playbook
from . import test_playbook_activation
from . import test_playbook_again
from . import test_playbook_people
from . import test_preview
from . import test_replay
from . import test_rule_test
from . import test_run
from . import test_run_review
from . import test_run_shard
from . import test_stay
from . import test_start
from . import test_subject_fields
from . import test_task
from . import test_template
from . import test_transfer
from . import test_tours
<<<<<<< HEAD
from . import test_work
from . import test_tours_playbook
=======
from . import test_tours_editor
from . import test_version
>>>>>>> w-d
