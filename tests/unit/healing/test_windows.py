# SPDX-License-Identifier: GPL-3.0-or-later
"""When a maintenance window is open: on the clock of its zone, for so many minutes of real time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.windows import (
    Calendar,
    MaintenanceWindow,
    calendar_of,
)

HOUR = 3600
SATURDAY = "FREQ=WEEKLY;BYDAY=SA;BYHOUR=2;BYMINUTE=0"
NEW_YORK = "America/New_York"


def window(rrule=SATURDAY, minutes=120, zone=NEW_YORK, **more) -> MaintenanceWindow:
    return MaintenanceWindow.model_validate(
        {"name": "night", "rrule": rrule, "duration_minutes": minutes, "time_zone": zone, **more}
    )


def calendar(*args, blackout=(), **more) -> Calendar:
    days = tuple(datetime.fromisoformat(day).date() for day in blackout)
    return Calendar((window(*args, **more),), days)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def next_time(days: Calendar, now: str, seconds: int = HOUR) -> tuple[str, str] | None:
    """Return when *days* open next and close again, in UTC."""
    opening = days.next_opening(at(now), seconds)
    if opening is None:
        return None
    return tuple(f"{moment:%Y-%m-%dT%H:%M}" for moment in (opening.opens_at, opening.closes_at))


@pytest.mark.parametrize(
    ("now", "seconds", "is_open"),
    [
        pytest.param("2026-01-10T06:59:59", HOUR, False, id="a-second-early"),
        pytest.param("2026-01-10T07:00:00", HOUR, True, id="as-it-opens"),
        pytest.param("2026-01-10T07:00:00", 2 * HOUR, True, id="fills-it-exactly"),
        pytest.param("2026-01-10T07:00:00", 2 * HOUR + 1, False, id="a-second-too-long"),
        pytest.param("2026-01-10T08:00:00", HOUR, True, id="ends-as-it-closes"),
        pytest.param("2026-01-10T08:00:01", HOUR, False, id="would-end-a-second-late"),
        pytest.param("2026-01-09T07:30:00", 60, False, id="on-a-friday"),
        pytest.param("2026-07-11T06:00:00", HOUR, True, id="in-summer-an-hour-earlier-in-utc"),
    ],
)
def test_a_repair_must_begin_and_end_in_one_opening(now, seconds, is_open):
    assert calendar().is_open(at(now), seconds) is is_open


def test_a_window_goes_on_after_midnight():
    berlin = calendar("FREQ=DAILY;BYHOUR=23;BYMINUTE=0", 120, "Europe/Berlin")

    assert next_time(berlin, "2026-01-31T12:00") == ("2026-01-31T22:00", "2026-02-01T00:00")
    assert berlin.is_open(at("2026-01-31T23:30"), 1800)
    assert not berlin.is_open(at("2026-02-01T00:00"), 60)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-03-07T00:00", ("2026-03-07T07:30", "2026-03-07T08:30"), id="day-before"),
        # 02:30 does not come on 8 March: it is taken by the offset before, which is 03:30.
        pytest.param("2026-03-08T00:00", ("2026-03-08T07:30", "2026-03-08T08:30"), id="left-out"),
        pytest.param("2026-03-09T00:00", ("2026-03-09T06:30", "2026-03-09T07:30"), id="day-after"),
    ],
)
def test_a_beginning_that_the_clock_leaves_out_is_an_hour_later_by_it(now, expected):
    spring = calendar("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", 60)

    assert next_time(spring, now) == expected


def test_a_beginning_that_comes_twice_opens_once():
    autumn = calendar("FREQ=DAILY;BYHOUR=1;BYMINUTE=30", 60)

    assert next_time(autumn, "2026-11-01T00:00") == ("2026-11-01T05:30", "2026-11-01T06:30")
    # 06:30 UTC is half past one in New York again.
    assert not autumn.is_open(at("2026-11-01T06:30"), 60)
    assert next_time(autumn, "2026-11-01T06:30") == ("2026-11-02T06:30", "2026-11-02T07:30")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # Six hours are six hours: they end at 05:00, 04:00 and 03:00 by the clock.
        pytest.param("2026-03-07T20:00", ("2026-03-08T03:00", "2026-03-08T09:00"), id="in-spring"),
        pytest.param("2026-06-06T20:00", ("2026-06-07T02:00", "2026-06-07T08:00"), id="in-summer"),
        pytest.param("2026-10-31T20:00", ("2026-11-01T02:00", "2026-11-01T08:00"), id="in-autumn"),
    ],
)
def test_a_window_across_a_change_of_the_clock_keeps_its_length(now, expected):
    assert next_time(calendar("FREQ=DAILY;BYHOUR=22;BYMINUTE=0", 360), now, 6 * HOUR) == expected


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-01-05T00:00", "2026-01-31T22:00"),
        ("2026-02-05T00:00", "2026-02-28T22:00"),
        ("2028-02-05T00:00", "2028-02-29T22:00"),
        ("2026-04-05T00:00", "2026-04-30T22:00"),
        ("2026-12-05T00:00", "2026-12-31T22:00"),
        ("2026-05-01T01:30", "2026-05-31T22:00"),  # too late for that of 30 April
    ],
)
def test_the_last_day_of_a_month_is_its_own(now, opens):
    month_end = calendar("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=22;BYMINUTE=0", 240, "UTC")

    assert next_time(month_end, now)[0] == opens


def test_a_window_over_the_end_of_a_month_is_open_in_the_next_one():
    month_end = calendar("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=22;BYMINUTE=0", 240, "UTC")

    assert month_end.is_open(at("2027-01-01T01:00"), HOUR)


def test_the_weekend_after_the_second_tuesday_can_be_said():
    patches = calendar("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=12,13,14,15,16,17,18;BYHOUR=2;BYMINUTE=0")

    assert next_time(patches, "2026-09-01T00:00")[0] == "2026-09-12T06:00"


def test_the_last_working_day_of_a_month_can_be_said():
    last = calendar("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=2;BYMINUTE=0")

    assert next_time(last, "2026-01-02T00:00")[0] == "2026-01-30T07:00"


def test_every_second_week_counts_from_the_first_one():
    weeks = calendar(SATURDAY + ";INTERVAL=2", starts_on="2026-01-03")

    assert next_time(weeks, "2026-01-03T09:00")[0] == "2026-01-17T07:00"
    assert next_time(weeks, "2025-06-01T00:00")[0] == "2026-01-03T07:00"


def test_a_leap_day_is_waited_for():
    leap = calendar("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=2;BYMINUTE=0", 120, "UTC")

    assert next_time(leap, "2096-03-01T00:00") == ("2104-02-29T02:00", "2104-02-29T04:00")


def test_a_rule_that_has_ended_opens_no_more():
    assert next_time(calendar(SATURDAY + ";UNTIL=20260110T020000"), "2026-01-10T09:00") is None


def test_the_day_of_its_end_is_the_last_one():
    ends = calendar("FREQ=DAILY;BYHOUR=22;BYMINUTE=0;UNTIL=20261231", zone="UTC")

    assert next_time(ends, "2026-12-31T12:00") == ("2026-12-31T22:00", "2027-01-01T00:00")
    assert next_time(ends, "2027-01-01T12:00") is None


def test_a_leap_day_on_a_monday_is_waited_for_too():
    rare = calendar("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=2;BYMINUTE=0", zone="UTC")

    assert next_time(rare, "2026-01-01T00:00") == ("2044-02-29T02:00", "2044-02-29T04:00")


@pytest.mark.parametrize(
    ("rrule", "starts_on", "opens"),
    [
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTH=2,5,8,11;BYDAY=1SA", "2026-02-01", "2026-11-07"),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=31", "2026-05-01", "2027-01-31"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=6;BYDAY=1SU", "2025-06-01", "2027-06-06"),
    ],
)
def test_with_an_interval_the_first_day_decides_which_months_count(rrule, starts_on, opens):
    rule = f"{rrule};BYHOUR=2;BYMINUTE=0"

    quarterly = calendar(rule, zone="UTC", starts_on=starts_on)

    assert next_time(quarterly, "2026-11-01T00:00")[0] == f"{opens}T02:00"


def test_an_interval_that_never_meets_its_day_is_refused():
    rule = "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;BYHOUR=2;BYMINUTE=0"

    with pytest.raises(ValidationError, match="no calendar has such a day"):
        window(rule, starts_on="2026-02-01")


def test_where_the_gap_is_half_an_hour_what_begins_behind_it_comes_first():
    # On Lord Howe 02:00 becomes 02:30 on 4 October 2026: 02:15 is 02:45 by the clock.
    early = calendar("FREQ=DAILY;BYHOUR=2;BYMINUTE=15,40", 5, "Australia/Lord_Howe")

    assert next_time(early, "2026-10-03T12:00", 60) == ("2026-10-03T15:40", "2026-10-03T15:45")
    assert early.is_open(at("2026-10-03T15:41"), 60)
    assert early.is_open(at("2026-10-03T15:46"), 60)


def test_what_is_longer_than_the_window_never_fits():
    assert next_time(calendar(), "2026-01-05T00:00", 2 * HOUR + 1) is None


def test_without_a_window_nothing_is_ever_open():
    assert next_time(Calendar(()), "2026-01-05T00:00", 0) is None
    assert not Calendar(()).is_open(at("2026-01-10T07:00"), 0)


EVENING = ("FREQ=DAILY;BYHOUR=23;BYMINUTE=0", 180)


@pytest.mark.parametrize(
    ("now", "seconds", "is_open"),
    [
        # 25 December in New York is from 05:00 to 05:00 UTC.
        pytest.param("2026-12-25T04:00", HOUR, True, id="ends-as-the-day-begins"),
        pytest.param("2026-12-25T04:00", HOUR + 1, False, id="would-last-into-the-day"),
        pytest.param("2026-12-25T05:00", 60, False, id="in-the-rest-of-the-window"),
        pytest.param("2026-12-26T04:59", 60, False, id="in-its-last-minute"),
        pytest.param("2026-12-26T05:00", 2 * HOUR, True, id="as-the-day-is-over"),
    ],
)
def test_a_day_of_blackout_is_cut_out_of_each_window(now, seconds, is_open):
    assert calendar(*EVENING, blackout=["2026-12-25"]).is_open(at(now), seconds) is is_open


def test_days_of_blackout_are_days_of_the_zone_of_the_window():
    auckland = calendar(
        "FREQ=DAILY;BYHOUR=1;BYMINUTE=0", 60, "Pacific/Auckland", blackout=["2026-12-25"]
    )

    assert not auckland.is_open(at("2026-12-24T12:00"), 60)  # one o'clock on the 25th
    assert auckland.is_open(at("2026-12-25T12:00"), 60)


def test_days_of_blackout_in_a_row_are_all_passed_over():
    days = ["2026-12-25", "2026-12-24", "2026-12-26"]

    assert next_time(calendar(*EVENING, blackout=days), "2026-12-24T05:00", 2 * HOUR) == (
        "2026-12-27T05:00",
        "2026-12-27T07:00",
    )


def test_it_is_told_whether_the_blackout_alone_keeps_a_window_shut():
    days = calendar(*EVENING, blackout=["2026-12-25"])

    assert days.is_blacked_out(at("2026-12-25T05:30"), HOUR)
    assert not days.is_blacked_out(at("2026-12-25T15:00"), HOUR)
    assert not days.is_blacked_out(at("2026-12-25T04:00"), HOUR)


@pytest.mark.parametrize(
    ("limits", "windows"),
    [
        pytest.param({}, 1, id="for-everybody"),
        pytest.param({"groups": ["servers"]}, 1, id="for-a-group-of-it"),
        pytest.param({"groups": ["laptops"]}, 0, id="for-another-group"),
        pytest.param({"hosts": ["dc01"]}, 1, id="for-itself"),
        pytest.param({"hosts": ["dc0", "dc011", "DC01"]}, 0, id="for-others-of-similar-names"),
        pytest.param({"groups": ["laptops"], "hosts": ["dc01"]}, 1, id="for-one-or-the-other"),
    ],
)
def test_a_window_is_for_all_hosts_or_for_those_that_it_names(limits, windows):
    lists = {key: tuple(value) for key, value in limits.items()}

    mine = calendar_of([window(**lists)], [], "dc01", ["servers", "clinic"])

    assert len(mine.windows) == windows


def test_of_several_windows_the_next_one_counts_that_has_room():
    short = window(name="lunch", rrule="FREQ=DAILY;BYHOUR=12;BYMINUTE=0", minutes=30)

    opening = Calendar((window(), short)).next_opening(at("2026-01-08T00:00"), HOUR)

    assert (opening.name, f"{opening.opens_at:%Y-%m-%dT%H:%M}") == ("night", "2026-01-10T07:00")


@pytest.mark.parametrize(
    ("rrule", "said"),
    [
        ("", "an empty part: allowed are FREQ, INTERVAL"),
        ("BYHOUR=2;BYMINUTE=0", "FREQ is missing"),
        ("FREQ=HOURLY;BYHOUR=2;BYMINUTE=0", "FREQ=HOURLY is not as in RFC 5545"),
        ("FREQ=DAILY", "BYHOUR and BYMINUTE must say when it begins"),
        ("FREQ=DAILY;BYHOUR=2", "BYMINUTE must say when it begins"),
        ("FREQ=WEEKLY;BYHOUR=2;BYMINUTE=0", "FREQ=WEEKLY needs BYDAY"),
        ("FREQ=MONTHLY;BYHOUR=2;BYMINUTE=0", "FREQ=MONTHLY needs BYDAY or BYMONTHDAY"),
        ("FREQ=YEARLY;BYMONTHDAY=1;BYHOUR=2;BYMINUTE=0", "FREQ=YEARLY needs BYMONTH"),
        ("FREQ=WEEKLY;BYDAY=2SA;BYHOUR=2;BYMINUTE=0", "takes days without a number"),
        ("FREQ=DAILY;BYHOUR=2;BYHOUR=3;BYMINUTE=0", "BYHOUR occurs twice"),
        ("FREQ=DAILY;BYHOUR=24;BYMINUTE=0", "BYHOUR=24 is not as in"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;BYSECOND=5", "BYSECOND: allowed are"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;COUNT=3", "COUNT: allowed are"),
        # dateutil never comes back from this one,
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;INTERVAL=0", "INTERVAL=0 is not as in"),
        # and takes this one for every day.
        ("FREQ=MONTHLY;BYMONTHDAY=0;BYHOUR=2;BYMINUTE=0", "BYMONTHDAY=0 is not as in"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=2;BYMINUTE=0", "no calendar has such a day"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;UNTIL=20261231T000000Z", "local, without Z"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;UNTIL=20261399", "invalid 'UNTIL'"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0\nEXDATE:20260101", "is not as in RFC 5545"),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;INTERVAL=2", "starts_on: with INTERVAL"),
    ],
)
def test_a_rule_that_could_mean_something_else_is_refused(rrule, said):
    with pytest.raises(ValidationError) as caught:
        window(rrule)

    assert said in str(caught.value)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../UTC", "America", "/etc/localtime"])
def test_a_zone_that_is_none_is_refused(zone):
    with pytest.raises(ValidationError, match="no such time zone"):
        window(zone=zone)


ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "UTC",
         "America/Havana", "Pacific/Apia"]  # fmt: skip
RULES = ["FREQ=DAILY;BYHOUR=0,2;BYMINUTE=30", SATURDAY, "FREQ=WEEKLY;BYDAY=SU;BYHOUR=1;BYMINUTE=0",
         "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=23;BYMINUTE=0"]  # fmt: skip
MOMENTS = st.datetimes(
    datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001 - bounds
)  # fmt: skip


@given(
    now=MOMENTS,
    rrule=st.sampled_from(RULES),
    zone=st.sampled_from(ZONES),
    minutes=st.integers(1, 900),
    seconds=st.integers(0, 40_000),
    part=st.floats(0, 1),
    blackout=st.sets(st.dates(datetime(2026, 1, 1).date(), datetime(2028, 1, 31).date())),  # noqa: DTZ001 - a day
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    *, now, rrule, zone, minutes, seconds, part, blackout
):
    days = Calendar((window(rrule, minutes, zone),), tuple(blackout))

    opening = days.next_opening(now, seconds)

    if opening is None:
        assert seconds > minutes * 60 or blackout
        return
    begins = max(now, opening.opens_at)
    assert days.is_open(begins, seconds)
    assert opening.closes_at - opening.opens_at <= timedelta(minutes=minutes)
    earlier = now + (begins - now) * part
    assert earlier >= begins or not days.is_open(earlier, seconds)
