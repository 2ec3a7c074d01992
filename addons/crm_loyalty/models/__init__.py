from . import res_company
from . import loyalty_program
from . import loyalty_point_entry
from . import loyalty_point_consumption
from . import loyalty_card
from . import loyalty_card_posting
from . import loyalty_history
