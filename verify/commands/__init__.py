"""The subcommands of `hardmax`, one module each: options in, records and lines out.

Job: read options, call the rest of `verify`, hand plain records to `reports`, print, and return the exit status.
Only this package imports `reports`; nothing imports this package but `cli`, late.
"""
