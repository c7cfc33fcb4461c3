"""Small files and small functions: the budgets of the house."""

from statistics import median, quantiles

from tests.architecture import sources

FILE_MOST, FILE_95TH, FILE_MEDIAN = 300, 200, 80
FUNCTION_MOST = 60


def test_no_file_is_longer_than_300_lines() -> None:
    everything = [*sources.files(), *sources.files("tests")]
    long = {sources.name(path): count for path in everything if (count := sources.lines(path)) > FILE_MOST}
    assert long == {}


def test_files_are_short_as_a_rule() -> None:
    counts = [count for path in sources.files() if (count := sources.lines(path)) > 0]
    assert quantiles(counts, n=20)[-1] <= FILE_95TH
    assert median(counts) <= FILE_MEDIAN


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{sources.name(path)}:{node.name}": size
        for path in [*sources.files(), *sources.files("tests")]
        for node in sources.functions(path)
        if (size := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_MOST
    }
    assert long == {}
