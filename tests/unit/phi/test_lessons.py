# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier scrubbers destroyed or let through, one line each: none of it may come back."""

import pytest

STAYS = [
    pytest.param("1073741824 bytes", id="bytes-are-no-phone"),
    pytest.param("event record id 219099999", id="record-id-is-no-ssn"),
    pytest.param("port 49152", id="port-is-no-zip"),
    pytest.param("build 19045", id="build-is-no-zip"),
    pytest.param("NTP offset 0.0034512 s", id="offset-is-no-phone"),
    pytest.param("S-1-5-21-1004336348-1177238915-682003330-1107", id="sid-is-no-ssn"),
    pytest.param("gateway 10.0.0.1, DNS 192.168.10.2", id="private-addresses"),
    pytest.param("joined dc01.clinic.local", id="host-of-the-site"),
    pytest.param("KB5066782 failed with 0x800F0922", id="update-and-code"),
    pytest.param("engine 1.1.25090.3000", id="version-is-no-address"),
    pytest.param("2025-11-04T02:10:00Z", id="instant"),
    pytest.param("11/4/2025 9:00:03 AM", id="us-date-with-time"),
    pytest.param(r"C:\Windows\System32\svchost.exe -k netsvcs", id="path-of-windows"),
    pytest.param("45 CFR 164.312(a)(2)(iv)", id="control"),
    pytest.param("runbook RB-WIN-BACKUP-001 in EB-20251104-000123", id="our-ids"),
    pytest.param("driver date 6/21/2006", id="date-of-microsoft-drivers"),
    pytest.param("PID 4120, exit code 1603", id="process-id-is-no-patient-id"),
    pytest.param("range 500-4500", id="range-is-no-phone"),
]
GOES = [
    pytest.param("Patient: John Smith", "John Smith", id="labelled-patient"),
    pytest.param("Smith_John_1961-04-02.pdf", "Smith_John_1961-04-02", id="name-in-file"),
    pytest.param(r"\\ehr01\patients\Doe_Jane", "Doe_Jane", id="folder-of-a-share"),
    pytest.param(r"C:\Users\jsmith", "jsmith", id="folder-of-a-user"),
    pytest.param("MRN-0012345", "MRN-0012345", id="mrn-with-dash"),
    pytest.param("call (570) 555-1234", "(570) 555-1234", id="phone-with-its-brackets"),
    pytest.param("PATIENT-ROOM-201-PC offline", "PATIENT-ROOM-201-PC", id="device-at-a-bedside"),
    pytest.param("MARIAS-LAPTOP offline", "MARIAS-LAPTOP", id="device-of-somebody"),
    pytest.param("password: Winter!2024", "Winter!2024", id="password"),
    pytest.param(
        "recovery password 140613-440022-135641-222387-693242-012342-246301-356092",
        "140613-440022-135641-222387-693242-012342-246301-356092",
        id="bitlocker-recovery-password",
    ),
    pytest.param("12 March 1961", "12 March 1961", id="old-date-in-words"),
    pytest.param("02.04.1961", "02.04.1961", id="dotted-date-is-no-version"),
    pytest.param("570.555.1234", "570.555.1234", id="dotted-phone-is-no-version"),
    pytest.param("owned by jdoe on", "jdoe", id="owner-of-a-print-job"),
    pytest.param(
        "five five five, oh one nine nine", "five five five, oh one nine nine", id="spoken"
    ),
    pytest.param("Müller, Jürgen", "Müller, Jürgen", id="german"),
    pytest.param("Yılmaz Özgür", "Yılmaz Özgür", id="turkish"),
    pytest.param("山田太郎", "山田太郎", id="japanese"),
    pytest.param("A12B34C7", "A12B34C7", id="code-of-letters-and-digits"),
]


@pytest.mark.parametrize("text", STAYS)
def test_a_fact_of_operations_stays(scrub, text):
    assert scrub(text) == text


@pytest.mark.parametrize(("text", "identifier"), GOES)
def test_an_identifier_goes_as_a_whole(scrub, text, identifier):
    before, _, after = text.partition(identifier)

    scrubbed = scrub(text)

    assert identifier not in scrubbed
    assert scrubbed.startswith(before)
    assert scrubbed.endswith(after)
    rest = scrubbed[len(before) : len(scrubbed) - len(after)]
    assert not any(part in rest for part in identifier.split() if len(part) > 2)
