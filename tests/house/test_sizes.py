"""Long files and long functions separate good houses from bad ones."""

import statistics

from tests.house.sources import body_lines, functions, product, sources

MAX_CODE_FILE_LINES = 500
MAX_TEST_FILE_LINES = 800
MAX_BODY_LINES = 60
MAX_MEDIAN_BODY_LINES = 8


def test_no_file_is_longer_than_one_job_needs() -> None:
    too_long = {
        source.name: lines
        for source in sources()
        for lines in [source.text.count("\n")]
        if lines
        > (MAX_TEST_FILE_LINES if source.name.startswith("tests/") else MAX_CODE_FILE_LINES)
    }
    assert too_long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = {
        f"{source.name}:{function.lineno} {function.name}": body_lines(function)
        for source in sources()
        for function in functions(source)
        if body_lines(function) > MAX_BODY_LINES
    }
    assert too_long == {}


def test_the_median_function_is_short() -> None:
    lengths = [body_lines(function) for source in product() for function in functions(source)]
    assert statistics.median(lengths) <= MAX_MEDIAN_BODY_LINES
