from tests.contracts.target_fixtures import empty_database, server_address  # noqa: F401
