"""Everything on one machine: PostgreSQL, Valkey and all processes of Apex, started and ended by one command.

For the demonstration and the tests. This package imports neither Django nor an app: it starts them.
"""
