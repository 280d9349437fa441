# SPDX-License-Identifier: GPL-3.0-or-later
"""auditpol.exe: get, set, back up and restore the audit policy."""

from .audit_names import HEAD, SUB, VALUE_HEAD, guid, setting, subname
from .invocation import (
    LANG,
    A,
    L,
    S,
    elevated,
    err,
    host_path,
    opt,
    out,
    tr,
    unsupported,
)
from .winlab import edit, event

UNKNOWN = 87  # ERROR_INVALID_PARAMETER
NO_PRIVILEGE = 1314  # ERROR_PRIVILEGE_NOT_HELD
Policy = dict[str, int]


def auditpol() -> int:
    """Do one of /get, /set, /backup, /restore."""
    if not elevated():
        err(
            tr(
                "Error 0x00000522 occurred:\r\nA required privilege is not held by the client.",
                "Fehler 0x00000522:\r\nDem Client fehlt ein erforderliches Recht.",
            )
        )
        return NO_PRIVILEGE
    verbs = {"/get": get, "/set": change, "/backup": back_up, "/restore": restore}
    verb = verbs.get(L[0] if L else "")
    return verb() if verb else unsupported()


def get() -> int:
    policy = policy_now()
    keys = wanted(policy)
    if keys is None:
        return refuse()
    if "/r" in L:
        out()
        out(heading())
        for key in keys:
            out(row(key, policy))
        return 0
    out(tr("System audit policy", "Systemüberwachungsrichtlinie", "Stratégie d’audit système"))
    for key in keys:
        out(f"  {subname(key):<40}{setting(policy.get(guid(key), 0))}")
    return 0


def change() -> int:
    if option := opt("option"):
        with edit("auditpol", A) as s:
            is_on = (opt("value") or "").lower() == "enable"
            s["audit"]["options"][option] = int(is_on)
        return 0
    keys = wanted(policy_now())
    if keys is None:
        return refuse()
    with edit("auditpol", A) as s:
        policy = s["audit"]["policy"]
        for key in keys:
            name = next((x for x in policy if x.upper() == guid(key)), guid(key))
            policy[name] = changed(policy.get(name, 0))
        subject = {"SubjectUserSid": s["token"]["sid"]}
        event(s, "Security", "Microsoft-Windows-Security-Auditing", 4719, 0, subject)
    return 0


def back_up() -> int:
    policy = policy_now()
    on, off = tr("Enabled", "Aktiviert", "Activé"), tr("Disabled", "Deaktiviert", "Désactivé")
    host = S["os"]["computer_name"]
    rows = [heading() + "," + VALUE_HEAD.get(LANG, "Setting Value")]
    # A host without any audit policy has no rows of it.
    rows += [f"{row(key, policy)},{policy.get(guid(key), 0)}" for key in SUB if policy]
    rows += [
        f"{host},{sid},{subname(key)},{guid(key)},,,{mask}"
        for sid, mine in S["audit"].get("users", {}).items()
        for key in SUB
        if (mask := mine.get(guid(key), 0))
    ]
    rows += [
        f",,Option:{name},,{on if value else off},,{value}"
        for name, value in S["audit"]["options"].items()
    ]
    rows += [f"{host},,RegistryGlobalSacl,,,,", f"{host},,FileGlobalSacl,,,,"]
    text = "\r\n".join(rows) + "\r\n"
    host_path(opt("file") or "").write_text(text, encoding="utf-8", newline="")
    out(
        tr(
            "The command was successfully executed.",
            "Der Befehl wurde erfolgreich ausgeführt.",
            "La commande s’est exécutée correctement.",
        )
    )
    return 0


def restore() -> int:
    policy: Policy = {}
    options: Policy = {}
    text = host_path(opt("file") or "").read_text(encoding="utf-8-sig")
    for line in text.splitlines()[1:]:
        cells = line.split(",")
        if len(cells) < 7 or not cells[6].isdigit():
            continue
        if cells[3].startswith("{"):
            policy[cells[3].upper()] = int(cells[6])
        elif cells[2].startswith("Option:"):
            options[cells[2].removeprefix("Option:")] = int(cells[6])
    with edit("auditpol", A) as s:
        s["audit"]["policy"].update(policy)
        s["audit"]["options"].update(options)
    return 0


def policy_now() -> Policy:
    return {name.upper(): mask for name, mask in S["audit"]["policy"].items()}


def wanted(policy: Policy) -> list[str] | None:
    """Return the subcategories that the command line names; None when it names an unknown one."""
    selection = opt("subcategory")
    if selection is None:
        if not policy:
            return []
        return list(SUB) if opt("category") == "*" else None
    keys = [find(name.strip().strip('"')) for name in selection.split(",")]
    return None if None in keys else [key for key in keys if key]


def find(name: str) -> str | None:
    """Return the subcategory of that GUID or displayed name."""
    return next(
        (k for k in SUB if name.upper() == guid(k) or name.lower() == subname(k).lower()), None
    )


def changed(mask: int) -> int:
    """Return *mask* as /success and /failure make it; without both, success is switched on."""
    mask &= 3
    asked = {bit: opt(name) for bit, name in ((1, "success"), (2, "failure"))}
    for bit, word in asked.items():
        if word:
            mask = mask | bit if word.lower() == "enable" else mask & ~bit
    return mask if any(asked.values()) else mask | 1


def row(key: str, policy: Policy) -> str:
    name = S["os"]["computer_name"]
    return f"{name},System,{subname(key)},{guid(key)},{setting(policy.get(guid(key), 0))},"


def heading() -> str:
    usual = "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting"
    return HEAD.get(LANG, usual + ",Exclusion Setting")


def refuse() -> int:
    err(
        tr(
            "Error 0x00000057 occurred:\r\nThe parameter is incorrect.",
            "Fehler 0x00000057:\r\nFalscher Parameter.",
        )
    )
    return UNKNOWN
