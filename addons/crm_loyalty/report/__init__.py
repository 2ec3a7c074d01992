from . import crm_loyalty_points_report
