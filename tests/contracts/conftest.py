from tests.contracts.target_fixtures import real, shop_template  # noqa: F401
