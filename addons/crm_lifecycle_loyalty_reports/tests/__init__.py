from . import test_points_access, test_statement, test_tier_dimension
