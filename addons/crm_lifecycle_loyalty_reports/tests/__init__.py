from . import test_tier_dimension
