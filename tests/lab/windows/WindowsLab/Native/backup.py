# SPDX-License-Identifier: GPL-3.0-or-later
"""vssadmin.exe and wbadmin.exe."""

from .invocation import L, S, elevated, out, tr, unsupported


def vssadmin() -> int:
    if not elevated():
        out(
            tr(
                "Error: You don't have the correct permissions to run this command.",
                "Fehler: Sie verfügen nicht über die erforderlichen Berechtigungen.",
            )
        )
        return 2
    if L[:2] == ["list", "writers"]:
        out(
            "vssadmin 1.1 - "
            + tr(
                "Volume Shadow Copy Service administrative command-line tool",
                "Verwaltungsbefehlszeilenprogramm des Volumeschattenkopie-Diensts",
                "Outil ligne de commande d’administration du service de cliché instantané de volume",
            )
            + "\n(C) Copyright 2001-2013 Microsoft Corp.\n"
        )
        names = {
            1: tr("Stable", "Stabil", "Stable"),
            5: tr("Waiting for completion", "Auf Abschluss warten", "En attente d’achèvement"),
            7: tr("Failed", "Fehlgeschlagen", "Échec"),
            8: tr("Failed", "Fehlgeschlagen", "Échec"),
            9: tr("Failed", "Fehlgeschlagen", "Échec"),
            11: tr("Failed", "Fehlgeschlagen", "Échec"),
        }
        for x in S["vss_writers"]:
            st = x["state"]
            bad = st in (7, 8, 9, 11)
            out(
                f"{tr('Writer name', 'Verfassername', 'Nom du rédacteur')}: '"
                f"{x['name']}'\n"
                f"   {tr('Writer Id', 'Verfasserkennung', 'ID du rédacteur')}: "
                f"{x['id']}\n"
                f"   {tr('Writer Instance Id', 'Verfasserinstanzkennung', 'ID d’instance du rédacteur')}: "
                f"{x['id'][:-2]}0}}\n"
                f"   {tr('State', 'Status', 'État')}: [{st}] {names.get(st, '')}\n"
                f"   {tr('Last error', 'Letzter Fehler', 'Dernière erreur')}: "
                + (
                    tr("Non-retryable error", "Nicht wiederholbarer Fehler", "Erreur irrécupérable")
                    if bad
                    else tr("No error", "Kein Fehler", "Pas d’erreur")
                )
                + "\n"
            )
        return 0
    if L[:2] == ["list", "shadows"]:
        out(
            tr(
                "No items found that satisfy the query.",
                "Es wurden keine Ergebnisse für die Abfrage gefunden.",
            )
        )
        return 1
    return unsupported()


def wbadmin() -> int:
    b = S.get("backup")
    if L[:2] == ["get", "status"]:
        out(
            tr(
                "ERROR - No operation is currently running.",
                "FEHLER - Es wird zurzeit kein Vorgang ausgeführt.",
                "ERREUR - Aucune opération n’est en cours.",
            )
            if not (b and b.get("current"))
            else tr("Running...", "Wird ausgeführt...")
        )
        return 0 if b and b.get("current") else -3
    if L[:2] == ["get", "versions"]:
        for j in (b or {}).get("jobs", []):
            out(
                f"{tr('Backup time', 'Sicherungszeit', 'Heure de la sauvegarde')}: "
                f"{j['StartTime']}\n"
                f"{tr('Version identifier', 'Versions-ID', 'Identificateur de version')}: "
                f"{j.get('VersionId', '')}\n"
            )
        return 0
    return unsupported()
