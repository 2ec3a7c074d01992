from . import pages, periods, svg
