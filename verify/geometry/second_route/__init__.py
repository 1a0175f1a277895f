"""The same answers by cvxpy: floats propose, `rounding` makes them exact in an exact `frame`, `routes` compares."""
