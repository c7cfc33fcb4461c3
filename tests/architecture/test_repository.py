"""Nothing in the repository ties it to one machine, one package index or a folder beside it."""

import re
import subprocess

from tests.architecture.sources import ROOT

# Spelt apart, so that this file does not find itself.
FOREIGN = re.compile(
    "|".join(["\\.\\./" + "shared", "/" + "work/", "/" + "tmp/build", "\\." + "library/", "/" + "root/"])
)
INDEXES = re.compile("files\\.python" + "hosted|--index" + "-url|--extra" + "-index|pypi\\." + "org/simple")
SECRETS = re.compile("(?:sk|rk)_" + "live_[0-9a-zA-Z]{8,}|-----BEGIN [A-Z ]*PRIVATE" + " KEY")


def _texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    found = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            found[name] = content.decode(errors="replace")
    return found


def _with(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}: {hit.group()}" for name, text in _texts().items() if (hit := pattern.search(text))]


def test_nothing_points_outside_of_the_checkout() -> None:
    assert _with(FOREIGN) == []


def test_nothing_names_a_package_index() -> None:
    assert _with(INDEXES) == []


def test_no_secret_is_committed() -> None:
    assert _with(SECRETS) == []


def test_the_locks_carry_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pinned = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", text, flags=re.MULTILINE | re.IGNORECASE)
        assert len(pinned) > 50
        assert text.count("--hash=sha256:") >= len(pinned)
        assert "://" not in text


def test_what_may_be_unfinished_is_not_committed() -> None:
    marks = re.compile("\\b(?:TO" + "DO|FIX" + "ME|XX" + "X)\\b")
    assert _with(marks) == []
