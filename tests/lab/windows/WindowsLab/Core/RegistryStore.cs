// SPDX-License-Identifier: GPL-3.0-or-later
// The registry of the state document.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Provider;
using System.Text;
using RVK = Microsoft.Win32.RegistryValueKind;

namespace WindowsLab
{
    public static class RegistryStore
    {
        static readonly Dictionary<string, string> hives = new Dictionary<string, string>(
            StringComparer.OrdinalIgnoreCase
        )
        {
            { "HKEY_LOCAL_MACHINE", "HKLM" },
            { "HKLM", "HKLM" },
            { "HKEY_CURRENT_USER", "HKCU" },
            { "HKCU", "HKCU" },
            { "HKEY_USERS", "HKU" },
            { "HKU", "HKU" },
            { "HKEY_CLASSES_ROOT", "HKCR" },
            { "HKCR", "HKCR" },
            { "HKEY_CURRENT_CONFIG", "HKCC" },
            { "HKCC", "HKCC" },
        };
        static readonly Dictionary<string, string> names = new Dictionary<string, string>(
            StringComparer.OrdinalIgnoreCase
        )
        {
            { "HKLM", "HKEY_LOCAL_MACHINE" },
            { "HKCU", "HKEY_CURRENT_USER" },
            { "HKU", "HKEY_USERS" },
            { "HKCR", "HKEY_CLASSES_ROOT" },
            { "HKCC", "HKEY_CURRENT_CONFIG" },
        };

        // Keys under HKLM\SOFTWARE that both views share.
        static readonly string[] shared =
        {
            @"Policies",
            @"Classes",
            @"Clients",
            @"Microsoft\EventSystem",
            @"Microsoft\Windows NT\CurrentVersion\NetworkList",
            @"Microsoft\SystemCertificates",
            @"Microsoft\Windows\CurrentVersion\Policies",
            @"Microsoft\Windows\CurrentVersion\Group Policy",
            @"Microsoft\Windows\CurrentVersion\Setup",
            @"Microsoft\Windows NT\CurrentVersion\Time Zones",
            @"Microsoft\Windows NT\CurrentVersion\Perflib",
        };

        // Normal form: HKLM\A\B without redirection; view32 maps HKLM\SOFTWARE\X to its WOW6432Node copy.
        public static string Normal(string path, bool view32 = false)
        {
            path = (path ?? "").Replace('/', '\\').Trim('\\');
            while (path.Contains(@"\\"))
                path = path.Replace(@"\\", @"\");
            int i = path.IndexOf('\\');
            string head = i < 0 ? path : path.Substring(0, i),
                rest = i < 0 ? "" : path.Substring(i + 1),
                h;
            if (path == "")
                return "";
            if (!hives.TryGetValue(head, out h))
                return null;
            if (view32 && h == "HKLM" && (rest + "\\").StartsWith(@"SOFTWARE\", StringComparison.OrdinalIgnoreCase))
            {
                string sub = rest.Length > 9 ? rest.Substring(9) : "";
                if (
                    !(sub + "\\").StartsWith(@"WOW6432Node\", StringComparison.OrdinalIgnoreCase)
                    && !shared.Any(x => (sub + "\\").StartsWith(x + "\\", StringComparison.OrdinalIgnoreCase))
                )
                    rest = @"SOFTWARE\WOW6432Node" + (sub == "" ? "" : "\\" + sub);
            }
            return rest == "" ? h : h + "\\" + rest;
        }

        public static string FullName(string normal)
        {
            int i = normal.IndexOf('\\');
            return i < 0 ? names[normal] : names[normal.Substring(0, i)] + normal.Substring(i);
        }

        public static OrderedDictionary Tree
        {
            get { return Lab.Map(Lab.Load(), "registry"); }
        }

        public static bool Exists(string k)
        {
            if (k == "")
                return true;
            if (k == null || IsGone(k))
                return false;
            var t = Tree;
            if (names.ContainsKey(k) || t.Contains(k))
                return true;
            string p = k + "\\";
            foreach (string x in t.Keys)
                if (x.StartsWith(p, StringComparison.OrdinalIgnoreCase))
                    return true;
            return false;
        }

        public static List<string> SubKeys(string k)
        {
            if (k == "")
                return names.Values.ToList();
            var r = new List<string>();
            if (HasFault(k, "empty"))
                return r;
            var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            string p = k + "\\";
            foreach (string x in Tree.Keys)
                if (x.StartsWith(p, StringComparison.OrdinalIgnoreCase))
                {
                    string t = x.Substring(p.Length);
                    int i = t.IndexOf('\\');
                    if (i >= 0)
                        t = t.Substring(0, i);
                    if (!IsGone(p + t) && seen.Add(t))
                        r.Add(t);
                }
            r.Sort(StringComparer.OrdinalIgnoreCase);
            return r;
        }

        public static OrderedDictionary Values(string k)
        {
            var values = Tree[k] as OrderedDictionary;
            var fault = FaultOf(k);
            if (values == null || fault == null || !fault.IsInData)
                return values;
            var faulty = Lab.NewMap();
            if (fault.Type == "empty")
                return faulty;
            foreach (DictionaryEntry e in values)
                if (!fault.Covers((string)e.Key))
                    faulty[e.Key] = e.Value;
                else if (fault.Type == "garbage")
                    faulty[e.Key] = WrongType((List<object>)e.Value);
            return faulty;
        }

        static List<object> WrongType(List<object> value)
        {
            return (string)value[0] == "REG_SZ" || (string)value[0] == "REG_EXPAND_SZ"
                ? new List<object> { "REG_DWORD", 42L }
                : new List<object> { "REG_SZ", "garbage" };
        }

        // A fault on registry:<key> holds for the key and all below it; the longest such key wins.
        static Fault FaultOf(string k)
        {
            var all = Lab.Map(Lab.Load(), "faults");
            if (all == null || string.IsNullOrEmpty(k))
                return null;
            const string surface = "registry:";
            string name = null;
            foreach (string candidate in all.Keys)
            {
                if (!candidate.StartsWith(surface, StringComparison.OrdinalIgnoreCase))
                    continue;
                string key = Normal(candidate.Substring(surface.Length).Replace(":", ""));
                bool isAbove =
                    key != null && (k + "\\").StartsWith(key.TrimEnd('\\') + "\\", StringComparison.OrdinalIgnoreCase);
                if (isAbove && (name == null || candidate.Length > name.Length))
                    name = candidate;
            }
            return name == null ? null : Faults.Find(name);
        }

        static bool HasFault(string k, string type)
        {
            var fault = FaultOf(k);
            return fault != null && fault.Type == type;
        }

        static bool IsGone(string k)
        {
            var fault = FaultOf(k);
            return fault != null && fault.Type == "missing" && !fault.HasSelection;
        }

        // The provider takes a key that it may not open for existing, and one that cannot be read for absent
        // (PowerShell, RegistryProvider.cs, ItemExists).
        public static bool LooksAbsent(string k)
        {
            if (!HasFault(k, "error") && !HasFault(k, "hang"))
                return false;
            Faults.Wait(FaultOf(k));
            return true;
        }

        public static void CheckRead(string k)
        {
            Check(k, false);
        }

        public static void CheckWrite(string k)
        {
            Check(k, true);
        }

        static void Check(string k, bool write)
        {
            var fault = Faults.Wait(FaultOf(k));
            switch (fault == null ? null : fault.Type)
            {
                case "denied":
                    throw new System.Security.SecurityException(
                        fault.Message ?? "Requested registry access is not allowed."
                    );
                case "hang":
                    throw new System.IO.IOException(
                        "This operation returned because the timeout period expired.",
                        1460
                    );
                case "error":
                    throw new System.IO.IOException(
                        fault.Message ?? "The configuration registry database is corrupt.",
                        fault.HResult(1009)
                    );
            }
            var acl = Lab.Map(Lab.Load(), "registry_acl");
            if (acl != null)
                foreach (DictionaryEntry e in acl)
                    if (
                        k.Equals((string)e.Key, StringComparison.OrdinalIgnoreCase)
                        || k.StartsWith((string)e.Key + "\\", StringComparison.OrdinalIgnoreCase)
                    )
                        if ((e.Value as string) == "denied" || write)
                            throw new System.Security.SecurityException("Requested registry access is not allowed.");
            if (write && k.StartsWith("HKLM") && !Lab.IsElevated)
                throw new System.Security.SecurityException("Requested registry access is not allowed.");
        }

        public static RVK Kind(object tuple)
        {
            switch (((string)((List<object>)tuple)[0]).ToUpperInvariant())
            {
                case "REG_SZ":
                    return RVK.String;
                case "REG_EXPAND_SZ":
                    return RVK.ExpandString;
                case "REG_DWORD":
                    return RVK.DWord;
                case "REG_QWORD":
                    return RVK.QWord;
                case "REG_MULTI_SZ":
                    return RVK.MultiString;
                case "REG_BINARY":
                    return RVK.Binary;
                default:
                    return RVK.None;
            }
        }

        public static object Data(object tuple, bool expand = true)
        {
            var t = (List<object>)tuple;
            object v = t[1];
            switch (Kind(tuple))
            {
                case RVK.DWord:
                    return unchecked((int)Convert.ToInt64(v));
                case RVK.QWord:
                    return Convert.ToInt64(v);
                case RVK.MultiString:
                    return ((List<object>)v).Select(x => (string)x).ToArray();
                case RVK.Binary:
                case RVK.None:
                    return Convert.FromHexString((v as string) ?? "");
                case RVK.ExpandString:
                    return expand ? Expand((string)v) : v;
                default:
                    return Convert.ToString(v, CultureInfo.InvariantCulture);
            }
        }

        static string Expand(string s)
        {
            return System.Text.RegularExpressions.Regex.Replace(
                s,
                "%([^%]+)%",
                m =>
                {
                    switch (m.Groups[1].Value.ToLowerInvariant())
                    {
                        case "systemroot":
                        case "windir":
                            return @"C:\Windows";
                        case "programdata":
                            return @"C:\ProgramData";
                        case "systemdrive":
                            return "C:";
                        case "programfiles":
                            return @"C:\Program Files";
                        default:
                            return m.Value;
                    }
                }
            );
        }

        public static List<object> Tuple(object v, RVK kind)
        {
            if (v is PSObject)
                v = ((PSObject)v).BaseObject;
            if (kind == RVK.Unknown)
                kind =
                    v is int || v is uint || v is bool ? RVK.DWord
                    : v is long || v is ulong ? RVK.String
                    : v is string[] || v is object[] ? RVK.MultiString
                    : v is byte[] ? RVK.Binary
                    : RVK.String;
            switch (kind)
            {
                case RVK.DWord:
                {
                    long n =
                        v is string && ((string)v).StartsWith("0x")
                            ? Convert.ToInt64((string)v, 16)
                            : Convert.ToInt64(v, CultureInfo.InvariantCulture);
                    return new List<object> { "REG_DWORD", (long)unchecked((uint)n) };
                }
                case RVK.QWord:
                    return new List<object> { "REG_QWORD", Convert.ToInt64(v, CultureInfo.InvariantCulture) };
                case RVK.MultiString:
                {
                    var l = new List<object>();
                    var e = v is string ? new object[] { v } : (IEnumerable)v;
                    foreach (var x in e)
                        l.Add(Convert.ToString(x, CultureInfo.InvariantCulture));
                    return new List<object> { "REG_MULTI_SZ", l };
                }
                case RVK.Binary:
                    return new List<object>
                    {
                        "REG_BINARY",
                        Convert.ToHexString((byte[])LanguagePrimitives.ConvertTo(v, typeof(byte[]))),
                    };
                case RVK.ExpandString:
                    return new List<object> { "REG_EXPAND_SZ", Convert.ToString(v, CultureInfo.InvariantCulture) };
                default:
                    return new List<object> { "REG_SZ", Convert.ToString(v, CultureInfo.InvariantCulture) };
            }
        }

        static string ExistingName(OrderedDictionary t, string k)
        {
            return k;
        }

        public static void CreateKey(string k, string cmd)
        {
            CheckWrite(k);
            Lab.Edit(
                cmd,
                new object[] { FullName(k) },
                s =>
                {
                    var t = Lab.Map(s, "registry");
                    if (!t.Contains(k))
                        t[k] = Lab.NewMap();
                }
            );
        }

        public static void SetValue(string k, string name, object v, RVK kind, string cmd)
        {
            CheckWrite(k);
            var tup = Tuple(v, kind);
            Lab.Edit(
                cmd,
                new object[] { FullName(k), name, tup[0], tup[1] },
                s =>
                {
                    var t = Lab.Map(s, "registry");
                    if (!t.Contains(k))
                        t[k] = Lab.NewMap();
                    ((OrderedDictionary)t[k])[name] = tup;
                }
            );
        }

        public static void RemoveValue(string k, string name, string cmd)
        {
            CheckWrite(k);
            Lab.Edit(
                cmd,
                new object[] { FullName(k), name },
                s =>
                {
                    var m = Lab.Map(s, "registry", k);
                    if (m != null)
                        m.Remove(name);
                }
            );
        }

        public static void RemoveKey(string k, string cmd)
        {
            CheckWrite(k);
            Lab.Edit(
                cmd,
                new object[] { FullName(k) },
                s =>
                {
                    var t = Lab.Map(s, "registry");
                    foreach (
                        var x in t
                            .Keys.Cast<string>()
                            .Where(x =>
                                x.Equals(k, StringComparison.OrdinalIgnoreCase)
                                || x.StartsWith(k + "\\", StringComparison.OrdinalIgnoreCase)
                            )
                            .ToList()
                    )
                        t.Remove(x);
                    string parent = k.Contains('\\') ? k.Substring(0, k.LastIndexOf('\\')) : null;
                    if (parent != null && parent.Contains('\\') && !t.Contains(parent))
                        t[parent] = Lab.NewMap();
                }
            );
        }
    }
}
