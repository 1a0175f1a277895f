"""What a person reads: records in, pages out. Runs nothing, proves nothing.

Job: read the records that a run wrote (`record`, `store`) and render them: one offline HTML page with pictures, JUnit,
SARIF, JSON, Markdown and terminal text.

May import: the standard library, Jinja2 and Rich. Imports nothing from `kernels`, `strategies` or `verify`; only the
command line imports it.

Stable: the names in `__all__` below, the record classes and the JSON Schemas in `schemas/`.
"""

from .records.codec import RecordError
from .records.record import CounterexampleRecord, ResultRecord
from .records.run_record import RunRecord
from .records.store import Records, read_records
from .report import render_all, write_report

__all__ = [
    "CounterexampleRecord",
    "RecordError",
    "Records",
    "ResultRecord",
    "RunRecord",
    "read_records",
    "render_all",
    "write_report",
]
