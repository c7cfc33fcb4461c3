"""What production and the demonstration refuse to start with, in a process of its own as users see it."""

import os
import subprocess
import sys

import pytest

from apex.settings import guard
from tests.architecture.sources import ROOT

FINE = {
    "SECRET_KEY": "c8c1h0mQ2sYbq0uVfGd5b3nX7wLk9rTz4eJp6aSy1iUo2EvN",
    "DATABASE_URL": "postgres://apex:secret@db.example.com:5432/apex",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "PUBLIC_URL": "https://apex.example.com",
    "STRIPE_API_KEY": "rk_live_example",
    "SMTP_URL": "smtp+tls://user:password@smtp.example.com:587",
    "TARGET_DATABASE_URL": "postgres://reader:secret@db.example.com:5432/product",
}
FINE["SECRET_KEY"] += "abcdef"


def test_a_complete_environment_is_accepted() -> None:
    assert guard.production_refusal(FINE) is None


@pytest.mark.parametrize("name", ["STRIPE_API_KEY", "SMTP_URL", "TARGET_DATABASE_URL"])
def test_a_vendor_without_a_key_is_no_reason_to_refuse(name: str) -> None:
    assert guard.production_refusal({**FINE, name: ""}) is None


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL"])
def test_a_missing_value_is_named(name: str) -> None:
    assert name in (guard.production_refusal({**FINE, name: ""}) or "")


@pytest.mark.parametrize("secret", ["short", "a" * 60, "x" * 49])
def test_a_weak_secret_is_refused(secret: str) -> None:
    assert "too weak" in (guard.production_refusal({**FINE, "SECRET_KEY": secret}) or "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_API_BASE", "http://127.0.0.1:12111"),
        ("STRIPE_API_KEY", guard.DEMO_STRIPE_KEY),
        ("SMTP_URL", "smtp://127.0.0.1:1025"),
        ("SMTP_URL", "smtp://localhost:40123"),
        ("TARGET_DATABASE_URL", f"postgres://apex:x@127.0.0.1:54320/{guard.DEMO_TARGET_DATABASE}"),
    ],
)
def test_the_demonstrations_stand_ins_are_refused(name: str, value: str) -> None:
    assert name in (guard.production_refusal({**FINE, name: value}) or "")


@pytest.mark.parametrize(
    "url", ["smtp://127.0.0.1:25", "smtp+tls://localhost:587", "smtp://mail.example.com:2525"]
)
def test_a_mail_server_of_the_host_itself_is_accepted(url: str) -> None:
    assert guard.production_refusal({**FINE, "SMTP_URL": url}) is None


def test_the_demonstration_never_uses_a_live_key() -> None:
    assert "live key" in (guard.demo_refusal({"STRIPE_API_KEY": "sk_live_x"}) or "")
    assert guard.demo_refusal({"STRIPE_API_KEY": guard.DEMO_STRIPE_KEY}) is None


def run_check(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "apex.settings.production", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_production_passes_the_deployment_check() -> None:
    done = run_check(FINE)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_refused_start_is_one_sentence_and_no_traceback() -> None:
    done = run_check({**FINE, "SECRET_KEY": ""})
    assert done.returncode == 1
    assert done.stderr.startswith("apex: SECRET_KEY is not set")
    assert len(done.stderr.splitlines()) == 1
