"""The settings of the laboratory's processes: those of the tests, on the connection pool that production has."""

from apex.settings.test import *  # noqa: F403
from apex.settings.test import DATABASES

DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
