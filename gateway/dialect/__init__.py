"""The JSON dialect of `/api/v1`: closures compiled once per message type.

Why not `json_format`: it accepts "5" for 5 and camelCase names, stops at the first error, and takes about six times as long
(benchmarks/json_dialect.py measures both). Nothing outside this package knows how a value is spelled in JSON.
"""
