from . import test_pos_points
