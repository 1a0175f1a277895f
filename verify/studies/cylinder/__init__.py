"""Who leads among snapshots of the flow past a cylinder: the paper's last open question, asked of data.

`flow` is the solver, `shedding` runs it to a periodic state and validates it, `cycle` turns snapshots into a closed
curve and foretells its leaders by the theorem of CURVES.md, `claims` puts what might be said to a test, with nulls.
"""
