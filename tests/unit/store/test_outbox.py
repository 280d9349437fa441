# SPDX-License-Identifier: GPL-3.0-or-later
"""A message is written with what it tells of, taken by one sender at a time, and sent at last."""

import threading
from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_rows import (
    RecordUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.outbox import Outbox
from unit.healing.remembered import at, fails
from unit.store.memory import Memory

LEASE = timedelta(minutes=5)


@pytest.fixture
def outbox(database) -> Outbox:
    """Give an outbox with messages of four incidents."""
    keys = [IncidentKey("clinic-001", f"ws{number}", CheckId.FIREWALL) for number in range(4)]
    Memory(database).incidents.record([fails(0, key=key) for key in keys])
    return Outbox(database)


def hosts(messages) -> list[str]:
    return [item.message["payload"]["host_id"] for item in messages]


def test_the_oldest_come_first_and_as_many_as_were_asked_for(outbox):
    assert hosts(outbox.take(3, at(1), LEASE)) == ["ws0", "ws1", "ws2"]


def test_what_was_taken_is_given_to_nobody_else_until_its_time_is_over(outbox):
    first = outbox.take(4, at(1), LEASE)

    assert outbox.take(4, at(5), LEASE) == []
    again = outbox.take(4, at(6), LEASE)
    assert ([item.tries for item in first], [item.tries for item in again]) == ([1] * 4, [2] * 4)


def test_what_was_sent_is_done(outbox):
    taken = outbox.take(1, at(1), LEASE)[0]
    outbox.sent(taken.sequence, at(1))

    assert hosts(outbox.take(9, at(60), LEASE)) == ["ws1", "ws2", "ws3"]


def test_what_failed_is_tried_again_when_it_says(outbox):
    taken = outbox.take(4, at(1), LEASE)[0]
    outbox.failed(taken.sequence, "channel_refused", at(30))

    assert hosts(outbox.take(9, at(29), LEASE)) == ["ws1", "ws2", "ws3"]
    assert hosts(outbox.take(9, at(30), LEASE)) == ["ws0"]


def test_a_message_that_is_not_there_is_named(outbox):
    with pytest.raises(RecordUnknown, match="no such message; got 999"):
        outbox.sent(999, at(1))


def test_of_senders_at_once_each_message_has_one(url, outbox):
    start, taken = threading.Barrier(4), []

    def send() -> None:
        mine = open_database(url)
        start.wait(timeout=30)
        taken.extend(hosts(Outbox(mine).take(2, at(1), LEASE)))
        mine.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(taken) == len(set(taken))
    assert set(taken) <= {"ws0", "ws1", "ws2", "ws3"}
    assert hosts(outbox.take(9, at(60), LEASE)) == ["ws0", "ws1", "ws2", "ws3"]
