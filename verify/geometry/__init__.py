"""Exact geometry of the limit polytope, computed twice.

`polytopes` decides places and faces by exact linear programming; `second_route` finds the same from the limits alone by
cvxpy's floats, which it makes exact. `waves` has exact points of closed curves.
"""
