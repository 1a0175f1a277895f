"""Certificates: what a verdict rests on, as a file that anyone can check.

CERTIFICATE.md is the specification, schemas/ the shapes; `evidence` holds the geometric part of a proof,
`writer` makes the file, `checker` is the trusted program that reads it back, `self_check` runs it on what is written.
"""
