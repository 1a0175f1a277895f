"""A claim of one's own: a decorated function in a user's file, examined like any other.

Job: `claim` (the decorator, and what it makes), `view` (what the function sees of a case). README.md takes one screen.

May import: `claims`, and, to examine and to save what it finds, `campaigns`, `records` and `commands.parts`.
"""
