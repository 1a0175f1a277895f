"""What a run leaves behind: the record classes, their JSON and schemas, reading them back.

Job: `record`, `run_record`, `configuration_record` and `sentiment_record` are the classes, `codec` reads and writes
them strictly, `schema` derives the schemas in `schemas/`, `store` reads a folder.
"""
