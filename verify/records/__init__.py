"""How findings become records: `findings` (results, trajectories), `bundle` (a counterexample's folder) and
`repro_script` (the stand-alone script in it, standard library only).

May import: `claims` and below.
"""
