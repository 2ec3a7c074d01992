from . import test_health
from . import test_nps
from . import test_privacy
from . import test_public_answer
from . import test_survey_facts
from . import test_survey_request
from . import test_tours
