# SPDX-License-Identifier: GPL-3.0-or-later
"""No log line tells what a scrubbed document does not."""

import io
import logging

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.logs import (
    ScrubbingFilter,
)


@pytest.fixture
def logger(scrubber):
    """Return a logger, and what its handler has written so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(ScrubbingFilter(scrubber))
    logger = logging.Logger("test")  # noqa: LOG001 - not in the tree of loggers, which tests share
    logger.addHandler(handler)
    logger.written = stream.getvalue
    return logger


@pytest.fixture
def record(scrubber):
    """Return a record after the filter."""

    def filtered(message, *args, **extra):
        made = logging.getLogger("test").makeRecord(
            "test", logging.INFO, "file", 1, message, args, None, extra=extra
        )
        assert ScrubbingFilter(scrubber).filter(made)
        return made

    return filtered


def test_the_message_is_scrubbed_with_its_arguments(logger):
    logger.info("restore of %s failed for %s", r"C:\Users\mgonzalez", "MRN: 0012345")

    assert logger.written().startswith(r"restore of C:\Users\<USER:")
    assert "0012345" not in logger.written()
    assert "mgonzalez" not in logger.written()


def test_the_text_of_an_exception_is_scrubbed(logger):
    try:
        int("Patient: Maria Gonzalez")
    except ValueError:
        logger.exception("lookup failed")

    assert (
        "ValueError: invalid literal for int() with base 10: 'Patient: <NAME:" in logger.written()
    )
    assert "Gonzalez" not in logger.written()


def test_a_record_keeps_no_object_that_could_still_tell(record):
    made = record("%s", "Patient: Maria Gonzalez")

    assert made.args is None
    assert made.exc_info is None
    assert "Gonzalez" not in str(made.__dict__)


def test_extra_fields_have_the_policies_of_their_names(record):
    made = record(
        "sealed", bundle_id="EB-20251104-000123", patient="Maria", host_id="dc01", tries=3
    )

    assert made.bundle_id == "EB-20251104-000123"
    assert made.patient.startswith("<DROPPED:")
    assert (made.host_id, made.tries) == ("dc01", 3)


def test_an_extra_object_is_scrubbed_as_its_text(record):
    made = record("failed", error=ValueError("ssn 219-09-9999"))

    assert made.error.startswith("ssn <")


def test_arguments_that_do_not_fit_are_not_shown(record):
    assert record("%s and %s", "Maria Gonzalez").msg == "<UNSCRUBBABLE>"


def test_a_message_of_operations_stays(logger):
    logger.info("bundle signed for dc01 in 412 ms")

    assert logger.written() == "bundle signed for dc01 in 412 ms\n"
