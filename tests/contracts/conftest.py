from tests.contracts.target_fixtures import real, server_address, shop_template  # noqa: F401
