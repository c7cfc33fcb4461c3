import pytest

from tests.workers.growth.world import NOW
from workers.gateways.scripted_payments import ScriptedPayments


@pytest.fixture
def stripe(db: None) -> ScriptedPayments:
    return ScriptedPayments(NOW)
