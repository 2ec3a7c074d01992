"""pytest plugin: report the number of browser tours, and fail if one was skipped.

Odoo skips a tour if there is no browser, and pytest still passes without testing any
screen. With TOURS_REQUIRED=1 in the environment, a skipped tour fails the run.
"""

import inspect
import os
from functools import wraps

import pytest

from odoo.tests.common import HttpCase

BROWSER_CALLS = ("start_tour(", "browser_js(")

# Tours that the current test has started.
started = 0
counts = {"ran": 0, "skipped": 0}


def pytest_sessionstart(session):
    browser_js = HttpCase.browser_js

    @wraps(browser_js)
    def counting_browser_js(self, *args, **kwargs):
        global started
        started += 1
        return browser_js(self, *args, **kwargs)

    HttpCase.browser_js = counting_browser_js


def pytest_runtest_setup(item):
    global started
    started = 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    # xdist workers send properties with the report.
    item.user_properties[:] = [p for p in item.user_properties if p[0] != "tours"]
    tours = started or _has_tour(item)
    if tours:
        item.user_properties.append(("tours", tours))
    return (yield)


def _has_tour(item):
    if not (getattr(item, "cls", None) and issubclass(item.cls, HttpCase)):
        return 0
    source = inspect.getsource(item.function)
    return sum(source.count(call) for call in BROWSER_CALLS)


def pytest_runtest_logreport(report):
    tours = dict(report.user_properties).get("tours", 0)
    if report.skipped:
        counts["skipped"] += tours
    elif report.when == "call":
        counts["ran"] += tours


def _required():
    return os.environ.get("TOURS_REQUIRED") == "1"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session, exitstatus):
    if counts["skipped"] and _required() and not exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        f"tours: {counts['ran']} ran, {counts['skipped']} skipped"
    )
    if counts["skipped"] and _required():
        terminalreporter.write_line(
            "error: a browser is there, so no tour may be skipped", red=True
        )
