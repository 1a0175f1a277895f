"""What a person reads: records in, pages out. Runs nothing, proves nothing.

Job: read the records that a run wrote (`record`, `store`) and render them: one offline HTML page with pictures, JUnit,
SARIF, JSON, Markdown and terminal text.

May import: the standard library, msgspec, Jinja2 and Rich. Imports nothing from `kernels`, `strategies` or `verify`;
`verify` makes its `records`, and only the command line imports the rest.

Stable: the names in `__all__` below, `report.write_report`, the record classes and the JSON Schemas in `schemas/`.
"""

from .records.codec import RecordError
from .records.record import CounterexampleRecord, ResultRecord
from .records.run_record import RunRecord
from .records.store import Records, read_records

__all__ = [
    "CounterexampleRecord",
    "RecordError",
    "Records",
    "ResultRecord",
    "RunRecord",
    "read_records",
]
