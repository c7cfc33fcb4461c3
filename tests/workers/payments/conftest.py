import pytest

from tests.workers.payments.world import Business


@pytest.fixture
def business(db: None) -> Business:
    return Business()
