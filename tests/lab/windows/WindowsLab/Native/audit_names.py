# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcategories of the audit policy and their texts in the languages of the lab."""

from .invocation import LANG, tr

SUB = {
    "10": "Security State Change",
    "11": "Security System Extension",
    "12": "System Integrity",
    "13": "IPsec Driver",
    "14": "Other System Events",
    "15": "Logon",
    "16": "Logoff",
    "17": "Account Lockout",
    "18": "IPsec Main Mode",
    "19": "IPsec Quick Mode",
    "1A": "IPsec Extended Mode",
    "1B": "Special Logon",
    "1C": "Other Logon/Logoff Events",
    "43": "Network Policy Server",
    "47": "User / Device Claims",
    "49": "Group Membership",
    "1D": "File System",
    "1E": "Registry",
    "1F": "Kernel Object",
    "20": "SAM",
    "21": "Certification Services",
    "22": "Application Generated",
    "23": "Handle Manipulation",
    "24": "File Share",
    "25": "Filtering Platform Packet Drop",
    "26": "Filtering Platform Connection",
    "27": "Other Object Access Events",
    "44": "Detailed File Share",
    "45": "Removable Storage",
    "46": "Central Policy Staging",
    "28": "Sensitive Privilege Use",
    "29": "Non Sensitive Privilege Use",
    "2A": "Other Privilege Use Events",
    "2B": "Process Creation",
    "2C": "Process Termination",
    "2D": "DPAPI Activity",
    "2E": "RPC Events",
    "48": "Plug and Play Events",
    "4A": "Token Right Adjusted Events",
    "2F": "Audit Policy Change",
    "30": "Authentication Policy Change",
    "31": "Authorization Policy Change",
    "32": "MPSSVC Rule-Level Policy Change",
    "33": "Filtering Platform Policy Change",
    "34": "Other Policy Change Events",
    "35": "User Account Management",
    "36": "Computer Account Management",
    "37": "Security Group Management",
    "38": "Distribution Group Management",
    "39": "Application Group Management",
    "3A": "Other Account Management Events",
    "3B": "Directory Service Access",
    "3C": "Directory Service Changes",
    "3D": "Directory Service Replication",
    "3E": "Detailed Directory Service Replication",
    "3F": "Credential Validation",
    "40": "Kerberos Service Ticket Operations",
    "41": "Other Account Logon Events",
    "42": "Kerberos Authentication Service",
}


DE = {
    "15": "Anmelden",
    "16": "Abmelden",
    "17": "Kontosperrung",
    "1B": "Spezielle Anmeldung",
    "1D": "Dateisystem",
    "1E": "Registrierung",
    "24": "Dateifreigabe",
    "2B": "Prozesserstellung",
    "2F": "Richtlinienänderungen überwachen",
    "35": "Benutzerkontenverwaltung",
    "37": "Sicherheitsgruppenverwaltung",
    "3F": "Überprüfung der Anmeldeinformationen",
    "10": "Sicherheitsstatusänderung",
    "12": "Systemintegrität",
}


FR = {
    "15": "Ouvrir la session",
    "16": "Fermer la session",
    "17": "Verrouillage du compte",
    "1B": "Ouverture de session spéciale",
    "1D": "Système de fichiers",
    "1E": "Registre",
    "24": "Partage de fichiers",
    "2B": "Création du processus",
    "35": "Gestion des comptes d’utilisateur",
    "37": "Gestion des groupes de sécurité",
    "3F": "Validation des informations d’identification",
    "10": "Modification de l’état de la sécurité",
    "12": "Intégrité du système",
}


HEAD = {
    "de": "Computername,Richtlinienziel,Unterkategorie,Unterkategorie-GUID,Aufnahmeeinstellung,Ausschlusseinstellung",
    "fr": (
        "Nom d’ordinateur,Cible de stratégie,Sous-catégorie,GUID de sous-catégorie,"
        "Paramètre d’inclusion,Paramètre d’exclusion"
    ),
    "ja": "コンピューター名,ポリシー ターゲット,サブカテゴリ,サブカテゴリの GUID,包含設定,除外設定",
    "tr": "Makine Adı,İlke Hedefi,Alt Kategori,Alt Kategori GUID’si,Ekleme Ayarı,Dışlama Ayarı",
    "th": "ชื่อเครื่อง,เป้าหมายนโยบาย,หมวดหมู่ย่อย,GUID ของหมวดหมู่ย่อย,การตั้งค่าการรวม,การตั้งค่าการยกเว้น",
    "ar": "اسم الجهاز,هدف النهج,الفئة الفرعية,GUID للفئة الفرعية,إعداد التضمين,إعداد الاستثناء",
}


# The column that only a backup has.
VALUE_HEAD = {
    "de": "Einstellungswert",
    "fr": "Valeur de paramètre",
    "ja": "設定値",
    "tr": "Ayar Değeri",
    "th": "ค่าการตั้งค่า",
    "ar": "قيمة الإعداد",
}


def guid(key: str) -> str:
    """Return the GUID of a subcategory."""
    return f"{{0CCE92{key}-69AE-11D9-BED3-505054503030}}"


def subname(key: str) -> str:
    return (DE if LANG == "de" else FR if LANG == "fr" else {}).get(key, SUB[key])


def setting(v: int) -> str:
    """Text of a mask: 1 success, 2 failure; 4 says "none" where 0 says "unchanged"."""
    return {
        0: tr(
            "No Auditing",
            "Keine Überwachung",
            "Pas d’audit",
            "監査なし",
            tr="Denetim Yok",
            th="ไม่มีการตรวจสอบ",
            ar="بدون تدقيق",
        ),
        1: tr("Success", "Erfolg", "Succès", "成功", tr="Başarı", th="สำเร็จ", ar="نجاح"),
        2: tr("Failure", "Fehler", "Échec", "失敗", tr="Hata", th="ล้มเหลว", ar="فشل"),
        3: tr(
            "Success and Failure",
            "Erfolg und Fehler",
            "Succès et échec",
            "成功および失敗",
            tr="Başarı ve Hata",
            th="สำเร็จและล้มเหลว",
            ar="نجاح وفشل",
        ),
    }[v & 3]
