from . import test_companies
from . import test_documents
from . import test_engine
from . import test_mailing
from . import test_pdf
from . import test_tours
