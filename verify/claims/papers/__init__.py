"""Papers as data: one file a paper, ID.toml, with its statements in their order and the claim that examines each.

Job: `paper` reads the files; `hardmax paper` runs what they name. CONTRIBUTING.md says how to add one.

May import: `registry`.
"""
