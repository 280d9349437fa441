# SPDX-License-Identifier: GPL-3.0-or-later
"""When a log counts as written to, long enough and untouched, one line a rule."""

import pytest

from unit.checks.documents import list_of, probe
from unit.checks.logging_documents import (
    ACTIVITY,
    CLIENT,
    STARTED,
    TICKET,
    cleared,
    codes,
    healthy,
    judge,
    policy,
    silent,
    with_item,
    with_value,
)


def powered(*events):
    return probe(list_of(*STARTED, *({"id": number, "at": at} for number, at in events)))


GAPS = [
    pytest.param("2025-11-04T02:10:00Z", "2025-11-04T06:10:00Z", "PASS", id="exactly-240-minutes"),
    pytest.param("2025-11-04T02:10:00Z", "2025-11-04T06:10:01Z", "FAIL", id="one-second-more"),
    pytest.param("2025-11-04T02:10:00Z", "2025-11-04T08:55:00Z", "FAIL", id="a-night"),
]


@pytest.mark.parametrize(("begin", "end", "status"), GAPS)
def test_silence_of_a_server_that_was_up_fails(begin, end, status):
    assert judge(silent(begin, end)).status == status


def test_a_client_may_be_silent():
    assert judge(silent("2025-11-04T02:10:00Z", "2025-11-04T08:55:00Z"), os=CLIENT).status == "PASS"


def test_a_client_is_asked_where_the_site_wants_it():
    probes = silent("2025-11-04T02:10:00Z", "2025-11-04T08:55:00Z")

    assert codes(judge(probes, policy(max_quiet_minutes_client=120), os=CLIENT)) == ["log_gap"]


OFF = [
    pytest.param([(6006, "02:11:00"), (12, "08:50:00")], "PASS", id="shut-down"),
    pytest.param([(42, "02:11:00"), (107, "08:50:00")], "PASS", id="asleep"),
    pytest.param([(6006, "02:11:00"), (12, "03:00:00")], "FAIL", id="started-and-still-silent"),
    pytest.param([(6008, "08:50:00"), (12, "08:50:00")], "FAIL", id="power-loss-but-system-wrote"),
    pytest.param([(107, "08:50:00")], "FAIL", id="woke-without-sleeping"),
    pytest.param([(6006, "02:11:00"), (12, "08:49:55"), (6005, "08:50:00")], "PASS", id="started"),
    pytest.param([(6006, "02:11:00"), (6005, "08:50:00")], "FAIL", id="only-the-log-was-stopped"),
    pytest.param([(42, "02:11:00"), (12, "08:50:00")], "FAIL", id="no-sleep-since-system-wrote"),
    pytest.param(
        [(42, "02:11:00"), (13, "02:12:00"), (12, "08:50:00")], "PASS", id="shut-down-asleep"
    ),
    pytest.param(
        [(6006, "02:11:00"), (42, "02:12:00"), (12, "08:50:00")], "PASS", id="off-at-last"
    ),
]


@pytest.mark.parametrize(("events", "status"), OFF)
def test_time_in_which_the_host_was_off_is_no_silence(events, status):
    probes = silent("2025-11-04T02:10:00Z", "2025-11-04T08:55:00Z")
    probes["power_events"] = powered(*((number, f"2025-11-04T{at}Z") for number, at in events))

    assert judge(probes).status == status


def test_a_sleep_that_was_broken_off_does_not_explain_a_day():
    # Entering sleep at 02:00 failed and left no start; the host went down at 08:40 only.
    probes = silent("2025-11-04T02:10:00Z", "2025-11-04T08:42:00Z")
    probes["power_events"] = powered(
        (42, "2025-11-04T02:00:00Z"), (6006, "2025-11-04T08:40:00Z"), (12, "2025-11-04T08:42:00Z")
    )

    assert codes(judge(probes)) == ["log_gap"]


def test_a_stop_whose_start_is_lost_explains_what_the_system_log_was_silent_for():
    probes = silent("2025-11-04T02:00:00Z", "2025-11-04T08:30:00Z")
    gaps = list_of({"from": "2025-11-04T02:00:00Z", "to": "2025-11-04T08:30:00Z"})
    probes["system_activity"] = probe(ACTIVITY | {"gaps_found": 1, "gaps": gaps})
    probes["power_events"] = powered(
        (42, "2025-11-04T02:00:00Z"), (6006, "2025-11-04T08:40:00Z"), (12, "2025-11-04T08:42:00Z")
    )

    assert codes(judge(probes)) == []


def test_a_power_loss_explains_silence_of_both_logs():
    probes = silent("2025-11-04T02:10:00Z", "2025-11-04T08:51:00Z")
    probes["system_activity"] = silent("2025-11-04T02:00:00Z", "2025-11-04T08:50:00Z")[
        "security_activity"
    ]
    probes["power_events"] = powered((12, "2025-11-04T08:50:00Z"))

    assert judge(probes).status == "PASS"


def test_a_log_service_that_was_killed_explains_nothing():
    silence = ("2025-11-04T02:10:00Z", "2025-11-04T08:50:00Z")
    probes = silent(*silence)
    probes["system_activity"] = silent(*silence)["security_activity"]
    probes["power_events"] = powered((6005, silence[1]))

    assert codes(judge(probes)) == ["log_gap"]
    # Windows says that it started then, though the record of it is gone.
    assert judge(probes, os={"last_boot_at": "2025-11-04T08:49:50Z"}).status == "PASS"


def test_a_sleep_that_ended_in_a_power_loss_explains_what_both_logs_were_silent_for():
    silence = ("2025-11-04T02:10:00Z", "2025-11-04T08:50:00Z")
    probes = silent(*silence)
    probes["system_activity"] = silent(*silence)["security_activity"]
    probes["power_events"] = powered((42, "2025-11-04T02:10:00Z"), (12, silence[1]))

    assert judge(probes).status == "PASS"


def test_silence_that_nothing_explains_or_refutes_is_an_error():
    probes = silent("2025-11-04T02:10:00Z", "2025-11-04T08:55:00Z")
    probes["power_events"] = probe(state="denied")

    assert codes(judge(probes)) == ["probe_denied"]


NEWEST = [
    pytest.param("2025-11-04T08:00:00Z", "PASS", [], id="exactly-60-minutes"),
    pytest.param("2025-11-04T07:59:59Z", "WARNING", ["session_not_recorded"], id="one-second-more"),
    pytest.param("2025-11-04T04:59:59Z", "FAIL", ["log_gap"], id="silent-up-to-now"),
    pytest.param("2025-11-04T09:05:00Z", "PASS", [], id="clocks-differ-a-little"),
    pytest.param("2025-11-04T09:05:01Z", "WARNING", ["conflicting_evidence"], id="in-the-future"),
]


@pytest.mark.parametrize(("newest", "status", "expected"), NEWEST)
def test_the_newest_record_shows_that_the_log_lives(newest, status, expected):
    check = judge(with_value("security_activity", newest={"number": 9018513, "at": newest}))

    assert (check.status, codes(check)) == (status, expected)


def test_a_full_log_and_its_silence_are_both_named():
    probes = with_item("logs", 0, mode="retain", full=True)
    newest = {"number": 9018513, "at": "2025-10-26T09:00:00Z"}
    probes["security_activity"] = with_value(
        "security_activity", newest=newest, covered_from="2025-10-24T09:00:00Z"
    )["security_activity"]

    assert codes(judge(probes))[:2] == ["log_full_not_writing", "log_gap"]


def test_full_as_the_last_word_of_a_log_proves_that_it_stopped():
    probes = with_value(
        "security_activity", newest={"number": 9018513, "at": "2025-11-04T03:00:00Z"}
    )
    probes["tamper_events"] = probe(list_of({"id": 1104, "at": "2025-11-04T03:00:00Z"}))

    assert codes(judge(probes)) == ["log_full_not_writing", "log_gap"]


def test_a_security_log_without_records_fails():
    probes = with_value("security_activity", newest=None, oldest=None, records=0, covered_from=None)

    assert codes(judge(probes)) == ["log_empty"]


def test_record_numbers_that_are_gone_warn():
    assert codes(judge(with_value("security_activity", records=4103))) == ["records_missing"]


@pytest.mark.parametrize(
    ("covered_from", "expected"),
    [("2025-11-03T08:55:00Z", []), ("2025-11-03T08:55:01Z", ["gap_search_incomplete"])],
    ids=["one-day", "less"],
)
def test_a_search_that_saw_less_than_a_day_says_so(covered_from, expected):
    assert codes(judge(with_value("security_activity", covered_from=covered_from))) == expected


SPANS = [
    pytest.param("2025-10-28T08:55:00Z", 9014410, "PASS", id="exactly-7-days"),
    pytest.param("2025-10-28T08:55:01Z", 9014410, "WARNING", id="one-second-less"),
]


@pytest.mark.parametrize(("at", "number", "status"), SPANS)
def test_the_security_log_reaches_back_a_week(at, number, status):
    probes = with_value("security_activity", oldest={"number": number, "at": at}, records=9018513)

    assert judge(probes).status == status


# First record of the Security log, start of Windows, first record of the System log.
FIRST = [
    pytest.param("2025-11-03T20:01:00Z", "03T20:00:00", "03T20:00:30", "PASS", id="a-new-host"),
    pytest.param("2025-11-03T20:01:00Z", "04T03:00:00", "03T20:00:30", "PASS", id="started-since"),
    pytest.param("2025-11-03T20:10:00Z", "03T20:00:00", "03T20:00:30", "PASS", id="slow-to-start"),
    pytest.param("2025-11-03T20:10:01Z", "03T20:00:00", "03T20:00:30", "WARNING", id="while-up"),
    pytest.param(
        "2025-11-03T20:01:00Z", "04T03:00:00", "01T20:00:30", "WARNING", id="system-older"
    ),
]


@pytest.mark.parametrize(("first", "booted", "system", "status"), FIRST)
def test_a_log_that_is_younger_than_its_host_was_put_in_place_of_another(
    first, booted, system, status
):
    ends = {
        "oldest": {"number": 1, "at": first},
        "newest": {"number": 40, "at": ACTIVITY["newest"]["at"]},
    }
    probes = with_value("security_activity", **ends, records=40, covered_from=first)
    probes["system_activity"] = probe(
        ACTIVITY | {"oldest": {"number": 1, "at": f"2025-11-{system}Z"}, "records": 9018513}
    )
    check = judge(probes, os={"last_boot_at": f"2025-11-{booted}Z"})

    assert check.status == status
    assert ("span_too_short" in codes(check)) == (status == "WARNING")


CLEARED = [
    pytest.param("2025-11-04T06:02:11Z", "FAIL", id="three-hours-ago"),
    pytest.param("2025-10-28T09:00:00Z", "FAIL", id="exactly-7-days-ago"),
    pytest.param("2025-10-28T08:59:59Z", "PASS", id="before-the-lookback"),
]


@pytest.mark.parametrize(("at", "status"), CLEARED)
def test_a_cleared_log_fails_within_the_lookback(at, status):
    assert judge(cleared(at)).status == status


@pytest.mark.parametrize(
    ("log", "code"),
    [("Security", "security_log_cleared"), ("Application", "event_log_cleared")],
)
def test_a_cleared_log_is_critical_and_only_a_person_can_act(log, code):
    check = judge(cleared(log=log))

    assert codes(check) == [code]
    assert check.details["findings"][0]["severity"] == "CRITICAL"
    assert check.remediation_available is False


def test_a_change_ticket_covers_what_happened_in_its_time_only():
    ticketed = policy(log_clear_tickets=[TICKET])

    assert judge(cleared(), ticketed).status == "PASS"
    assert judge(cleared("2025-11-04T07:00:01Z"), ticketed).status == "FAIL"


TAMPER = [
    pytest.param(1101, "WARNING", "events_dropped", id="records-lost"),
    pytest.param(1108, "WARNING", "event_refused", id="record-refused"),
    pytest.param(1104, "PASS", "log_was_full", id="was-full"),
    pytest.param(4719, "PASS", "audit_policy_changed", id="policy-changed"),
    pytest.param(4906, "PASS", "crash_setting_changed", id="crash-setting-changed"),
]


@pytest.mark.parametrize(("number", "status", "code"), TAMPER)
def test_traces_of_tampering_are_named(number, status, code):
    events = [{"id": number, "at": f"2025-11-03T0{hour}:00:00Z"} for hour in (4, 2)]

    check = judge(healthy() | {"tamper_events": probe(list_of(*events))})

    assert check.status == status
    assert check.details["findings"] == [
        check.details["findings"][0]
        | {"code": code, "observed": {"count": 2, "last_at": "2025-11-03T04:00:00Z"}}
    ]


def test_records_of_the_first_year_are_old_and_nothing_worse():
    record = {"number": 9018513, "at": "0001-01-01T00:00:00Z"}
    oldest = record | {"number": 9014410}

    check = judge(with_value("security_activity", newest=record, oldest=oldest))

    assert check.status == "FAIL"
    assert "log_gap" in codes(check)
