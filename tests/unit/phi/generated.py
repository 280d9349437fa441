# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines made of templates and invented values: every class of 45 CFR 164.514(b)(2), and secrets."""

import random

from unit.phi.corpora import Line, parse_line

SEED = 20251128
FIRST = (
    "Maria John Aisha Dmitri Yuki Priya Kwame Ingrid Mateo Chloe Siobhan Tomasz Leila Björn Zeynep"
    " Thanh Olumide Svetlana Rafael Noor Hannah Giuseppe Mei Jamal Astrid Pavel Lucía"
    " Emre Freya Ravi"
).split()
LAST = (
    "Gonzalez Smithson Okonkwo Petrov Tanaka Raghunathan Mensah Lindqvist Herrera Dubois Gallagher"
    " Nowak Haddad Sörensen Yılmaz Nguyen Adeyemi Volkova Castellanos Rahman Feldman Bianchi Zhang"
    " Washington Thorvald Novák Ibáñez Karaca Ashdown Chaudhry"
).split()
STREETS = ("Elm St", "Birchwood Ave", "Quarry Road", "N Maple Dr", "Fox Hollow Ln", "Harbor Blvd")
TOWNS = ("Dayton, OH 45402", "Albion, MI 49224", "Scranton, PA 18503", "Boise, ID 83702")
MAIL = ("mailhost.example", "northlake-health.example", "post.example")

# By class of 164.514(b)(2)(i), from (A) names to (R) any other unique number; S is for secrets.
TEMPLATES = {
    "A": (
        "Patient: {name} not found in index",
        (
            "Event 307: Document 12, {last}, {first} - Face Sheet owned by {user} on FRONTDES"
            "K-2 was printed"
        ),
        r"Copy of E:\Scans\{fileperson}.pdf failed with error 32",
        "Mr. {lastonly} called about the kiosk",
        "PatientName={caret} rejected by storage",
        r"C:\Users\{user}\Desktop is redirected",
        "user {user} was locked out after 5 attempts",
        "duplicate key value is ({key})",
        r"Access to \\ehr01\patients\{fileperson} was denied",
        "guardian: {name}; relation unknown",
    ),
    "B": (
        "home address: {street}",
        "lives at {street}",
        "mailing label for {street} could not be printed",
        "zip: {zip} has no carrier route",
        "ambulance dispatched to {geo}",
    ),
    "C": (
        "DOB: {birth} does not match",
        "born {birth} per registration",
        "record {filedate}.tif skipped",
        "admitted {recent} to observation",
        "age: {age} flagged by rule",
    ),
    "D": (
        "call back {phone} before noon",
        "Caller ID {phone} went to voicemail",
        "sms to {phone} failed with code 30007",
    ),
    "E": ("Fax: {phone} line busy after 3 attempts", "fax job 22 to {phone} failed"),
    "F": (
        "message from {email} was quarantined",
        "Mailbox {email} is over its quota",
        "mailto:{email} blocked",
    ),
    "G": (
        "SSN: {ssn} failed validation",
        "ssn {ssn} found by DLP in attachment 2",
        "social security number {ssn} on form",
    ),
    "H": (
        "MRN: {mrn} locked by another session",
        "chart {mrnlabel} merge failed",
        "mrn={mrn}&view=labs returned 500",
    ),
    "I": (
        "member id {member} is not eligible",
        "Medicare: {mbi} rejected",
        "subscriber no. {member} unknown",
    ),
    "J": (
        "account # {account} sent to collections",
        "card {card} declined at terminal 2",
        "acct={account} balance mismatch",
    ),
    "K": ("NPI {npi} missing on claim", "driver license {license} scanned", "DEA {dea} expired"),
    "L": ("VIN {vin} on permit", "license plate {plate} seen by camera 4"),
    "M": (
        "serial number {serial} implanted device sync failed",
        "MAC {mac} denied by port security",
        "IMEI: {imei} enrolled",
    ),
    "N": ("portal link https://{url} expired", "browser history: http://{url}"),
    "O": ("portal login from {ip} blocked", "RDP attempt from {ip} port 51044"),
    "P": ("fingerprint template {fileperson}.dat is corrupt",),
    "Q": ("photo {fileperson}.jpg could not be resized",),
    "R": (
        "claim {claim} rejected",
        "accession {claim} has no images",
        "Rx {claim} not transmitted",
    ),
    "S": (
        "net use Z: \\\\fs01\\scans {password} /user:CLINIC\\svc_scan",
        "Password={password};Encrypt=True",
        "login failed: password: {password}",
        "BitLocker recovery password: {recovery}",
        "Authorization: Basic {basic}",
        "aws_access_key_id = {aws}",
        "<Password><Value>{basic}</Value></Password>",
        "ConvertTo-SecureString '{password}' -AsPlainText",
    ),
}


class Values:
    """Makes invented values; each is marked as what must go."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test data, the same each time

    def digits(self, count: int, first: str = "123456789") -> str:
        return self._random.choice(first) + "".join(self._random.choices("0123456789", k=count - 1))

    def mark(self, kind: str, text: str) -> str:
        return f"[[{kind}:{text}]]"

    def all(self) -> dict[str, str]:
        """Return one value for each field of a template."""
        pick, digits, mark = self._random.choice, self.digits, self.mark
        first, last = pick(FIRST), pick(LAST)
        plain_first, plain_last = pick(FIRST[:12]), pick(LAST[:12])
        year, month, day = (
            self._random.randint(1931, 2004),
            self._random.randint(1, 12),
            self._random.randint(1, 28),
        )
        birth = pick(
            (
                f"{month:02}/{day:02}/{year}",
                f"{year}-{month:02}-{day:02}",
                f"{month}/{day}/{year % 100:02}",
            )
        )
        area, exchange, line = digits(3, "23456789"), digits(3, "23456789"), digits(4)
        phone = pick(
            (
                f"({area}) {exchange}-{line}",
                f"{area}-{exchange}-{line}",
                f"{area}.{exchange}.{line}",
                f"+1 {area} {exchange} {line}",
            )
        )
        return {
            "name": mark("NAME", f"{first} {last}"),
            "first": mark("NAME", first),
            "last": mark("NAME", last),
            "lastonly": mark("NAME", last),
            "user": mark(
                "USER",
                pick((f"{plain_first[0]}{plain_last}", f"{plain_first}.{plain_last}")).lower(),
            ),
            "fileperson": mark("FILE", f"{plain_last}_{plain_first}"),
            "caret": mark("NAME", f"{plain_last}^{plain_first}".upper()),
            "key": mark("ID", f"{digits(7)}, {last}"),
            "street": mark("ADDRESS", f"{digits(pick((1, 3, 4)))} {pick(STREETS)}, {pick(TOWNS)}"),
            "zip": mark("ADDRESS", digits(5)),
            "geo": mark("GEO", f"4{digits(1)}.{digits(5)}, -8{digits(1)}.{digits(5)}"),
            "birth": mark("DATE", birth),
            "filedate": mark("FILE", f"{plain_last}_{year}{month:02}{day:02}"),
            "recent": mark("DATE", f"11/{day:02}/2025"),
            "age": mark("AGE", str(self._random.randint(90, 104))),
            "phone": mark("PHONE", phone),
            "email": mark("EMAIL", f"{plain_first}.{plain_last}@{pick(MAIL)}".lower()),
            "ssn": mark("SSN", f"{digits(3, '12345')}-{digits(2)}-{digits(4)}"),
            "mrn": mark("MRN", pick((digits(7), f"00{digits(6)}", f"A-{digits(5)}"))),
            "mrnlabel": mark("MRN", digits(6)),
            "member": mark("ID", f"{pick('ABCW')}{digits(9)}"),
            "mbi": mark("ID", f"{digits(1)}EG4-TE{digits(1)}-MK{digits(2)}"),
            "account": mark("ACCOUNT", digits(8)),
            "card": mark(
                "CARD", pick(("4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"))
            ),
            "npi": mark("ID", pick(("1234567893", "1679576722"))),
            "license": mark("ID", f"{pick('DKM')}{digits(8)}"),
            "dea": mark("ID", pick(("AB1234563", "FR1234563"))),
            "vin": mark("VIN", pick(("1HGCM82633A004352", "1M8GDM9AXKP042788"))),
            "plate": mark("PLATE", f"{digits(1)}XKV{digits(3)}"),
            "serial": mark("SERIAL", f"PM-{digits(8)}"),
            "mac": mark("MAC", f"9c:20:7b:{digits(2)}:0e:{digits(2)}"),
            "imei": mark("SERIAL", digits(15)),
            "url": mark("URL", f"portal.{plain_last.lower()}clinic.example/chart/{digits(6)}"),
            "ip": mark(
                "IP",
                pick(
                    (
                        f"203.0.113.{self._random.randint(1, 254)}",
                        f"198.51.100.{self._random.randint(1, 254)}",
                    )
                ),
            ),
            "claim": mark("ID", f"{pick(('CLM', 'V', 'ACC'))}{digits(7)}"),
            "password": mark(
                "SECRET", pick(("Winter!2024", "Tr0ub4dor&3", "B@ckup4All", "hunter2hunter2"))
            ),
            "recovery": mark(
                "SECRET",
                "-".join(f"{11 * self._random.randint(10_000, 60_000):06}" for _ in range(8)),
            ),
            "basic": mark("SECRET", f"dXNlcjpw{digits(12)}ZZZ="),
            "aws": mark("SECRET", f"AKIA{digits(16)}"),
        }


def generated_lines(rounds: int = 6, seed: int = SEED) -> list[Line]:
    """Return each template *rounds* times, with other values each time."""
    values = Values(seed)
    return [
        parse_line(template.format(**values.all()))
        for _ in range(rounds)
        for templates in TEMPLATES.values()
        for template in templates
    ]
