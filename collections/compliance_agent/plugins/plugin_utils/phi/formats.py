# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats that carry people: HL7, X12, DICOM, SQL, the print log, folders of users, directories.

HL7 v2 segments (chapter 3), X12 837 segments, DICOM tags (PS3.6): what a segment or tag holds goes
as a whole, since every field of it is about one person.
"""

import re

from .rule import Rule, rule
from .tokens import Kind

_SQL = re.compile(
    (
        r"\b(?:select\b.{1,400}\bfrom|insert into|update\b.{1,80}\bset|delete from"
        r"|where\s+\w|exec(?:ute)?\s+\w)\b"
    ),
    re.IGNORECASE | re.DOTALL,
)


def _is_in_sql(match: re.Match[str]) -> bool:
    return _SQL.search(match.string[:2048]) is not None


RULES: tuple[Rule, ...] = (
    rule(
        "caret_name",
        Kind.NAME,
        r"(?<![A-Za-zÀ-ÿ])[A-Za-zÀ-ÿ'-]{1,40}\^[A-Za-zÀ-ÿ'-]{1,40}(?:\^[A-Za-zÀ-ÿ'.-]{0,20}){0,4}",
        needs="^",
    ),
    rule(
        "hl7",
        Kind.ID,
        (
            r"(?:^|(?<=[\r\n\v\s\"'>]))(?:PID|NK1|GT1|IN1|IN2|PD1|MRG|ROL|CTD|ACC)\|"
            r"(?P<v>[^\r\n]{1,8192}?)(?=[\r\n]|\\r|\\n|<CR>|\s(?:EVN|PV1|OBR|OBX|ORC|NK1|GT1"
            r"|IN1|IN2|DG1|AL1|MSH|PID|NTE|ZZ\w)\||$)"
        ),
        needs="|",
    ),
    rule(
        "hl7_visit",
        Kind.ID,
        (
            r"(?:^|(?<=[\r\n\v\s\"'>]))(?:PV1|OBR|ORC|OBX|DG1|AL1|SCH|TXA|NTE)\|"
            r"(?P<v>[^\r\n]{1,8192}?)(?=[\r\n]|\\r|\\n|<CR>|\s(?:EVN|PV1|OBR|OBX|ORC|NK1|GT1"
            r"|IN1|IN2|DG1|AL1|MSH|PID|NTE)\||$)"
        ),
        needs="|",
    ),
    rule(
        "x12",
        Kind.ID,
        r"(?<![A-Za-z0-9])(?:NM1|N1|N3|N4|DMG|PER|REF|SBR|TRN|CLM)\*(?P<v>[^~\r\n]{1,512})",
        needs="*",
    ),
    rule(
        "dicom",
        Kind.ID,
        (
            r"\((?:0010|0008|0020|0032|0038|0040),\s?[0-9A-Fa-f]{4}\)\s{0,3}"
            r"(?:[A-Z]{2}\s{1,3})?[:=]?\s{0,3}(?P<v>(?:\[[^\]\r\n<]{0,256}\]?|[^\r\n#<]{1,256}))"
        ),
        needs="(00",
    ),
    rule(
        "dicom_name",
        Kind.ID,
        (
            r"(?<![A-Za-z])(?:Patient(?:'s|s)?[ _]?(?:Name|ID|Age|Sex|Birth ?Date|Address"
            r"|Comments)|OtherPatientIDs|AccessionNumber|ReferringPhysician(?:'s|s)?Name"
            r"|StudyID|StudyDate|StudyInstanceUID|InstitutionName|OperatorsName"
            r"|RequestingPhysician)[\"']?\]?\)?\s{0,3}(?:[:=]|=>)?\s{0,3}[\"'\["
            r"(<]?\s{0,2}(?P<v>[^\s\"'\]\[<>;,|][^\r\n\"'\]\[<>;,|]{0,120}?)"
            r"(?=\s{2}|[\r\n\"'\]\[<>;,|]|\s\w{1,24}[:=]|\s(?:on|at|was|is|from|for|with"
            r"|in|and)\b|$)"
        ),
        flags=re.IGNORECASE,
        needs="patient accession referring study institution operatorsname requesting",
    ),
    rule(
        "duplicate_key",
        Kind.ID,
        r"duplicate key value is \((?P<v>[^)\r\n]{1,512})\)?",
        needs="duplicate key",
        flags=re.IGNORECASE,
    ),
    rule(
        "sql_literal",
        Kind.ID,
        r"(?:=|<>|\bLIKE|\bIN\s?\(|\bVALUES\s?\(|,|\()\s{0,3}N?'(?P<v>[^'\r\n]{1,256})'",
        needs="select insert update delete where values exec like",
        flags=re.IGNORECASE,
        check=_is_in_sql,
    ),
    rule(
        "printed",
        Kind.NAME,
        r"Document \d{1,6}, (?P<v>[^\r\n]{1,256}?) owned by (?P<v2>[^\s\\]{1,64}) ",
        needs="owned by",
    ),
    rule(
        "home_folder",
        Kind.USER,
        (
            r"(?:[\\/](?:Users|Benutzer|Utilisateurs|Documents and Settings|Profiles?"
            r"|UserProfiles|Homes?\$?|UserData|Users\$|FolderRedirection|Redirected"
            r"(?:Folders)?|UPD|RoamingProfiles|FSLogix)[\\/]{1,2})(?!(?:Public|Default"
            r"(?: User)?|All Users|Administrator|defaultuser0|\*|%\w{1,20}%|systemprofile"
            r"|LocalService|NetworkService|<)(?:[\\/\s\"'.,;)]|$))(?P<v>[^\\/:*?\"<>"
            r"|\r\n]{1,64}(?=[\\/])|[^\\/:*?\"<>|\s,;)]{1,64})"
        ),
        needs="users benutzer utilisateurs documents profile home userdata redirect upd fslogix",
        flags=re.IGNORECASE,
    ),
    rule(
        "distinguished_name",
        Kind.NAME,
        (
            r"(?<![A-Za-z])(?:CN|UID|givenName|sn|mail|E)=(?P<v>[^,;\"\r\n=/<>+]{1,64})(?=,\s?"
            r"(?:OU|CN|DC|O|L|C|ST|E)=)"
        ),
        needs="ou= dc= o= c=",
        flags=re.IGNORECASE,
    ),
)
