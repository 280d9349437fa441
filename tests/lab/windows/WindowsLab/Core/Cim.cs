// SPDX-License-Identifier: GPL-3.0-or-later
// CIM: class schema, instances computed from the state, WQL, and the CimCmdlets.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text.RegularExpressions;
using Microsoft.Management.Infrastructure;

namespace Microsoft.Management.Infrastructure
{
    public enum NativeErrorCode
    {
        Ok,
        Failed,
        AccessDenied,
        InvalidNamespace,
        InvalidParameter,
        InvalidClass,
        NotFound,
        NotSupported,
        ClassHasChildren,
        ClassHasInstances,
        InvalidSuperClass,
        AlreadyExists,
        NoSuchProperty,
        TypeMismatch,
        QueryLanguageNotSupported,
        InvalidQuery,
        MethodNotAvailable,
        MethodNotFound,
    }

    // As on Windows: MessageId and StatusCode carry the HRESULT; Exception.HResult stays COR_E_EXCEPTION.
    public class CimException : Exception
    {
        public NativeErrorCode NativeErrorCode { get; private set; }
        public string MessageId { get; private set; }
        public uint StatusCode { get; private set; }
        public string ErrorSource { get; private set; }
        public ushort ErrorType { get; private set; }
        public CimInstance ErrorData { get; private set; }

        public CimException(string m)
            : base(m)
        {
            NativeErrorCode = NativeErrorCode.Failed;
        }

        public CimException(string m, Exception i)
            : base(m, i)
        {
            NativeErrorCode = NativeErrorCode.Failed;
        }

        public static CimException FromHResult(int hr, string msg)
        {
            uint u = unchecked((uint)hr);
            NativeErrorCode c = NativeErrorCode.Failed;
            string m = null;
            switch (u)
            {
                case 0x8004100E:
                    c = NativeErrorCode.InvalidNamespace;
                    m = "Invalid namespace ";
                    break;
                case 0x80041010:
                    c = NativeErrorCode.InvalidClass;
                    m = "Invalid class ";
                    break;
                case 0x80041003:
                    c = NativeErrorCode.AccessDenied;
                    m = "Access denied ";
                    break;
                case 0x80041013:
                    c = NativeErrorCode.Failed;
                    m = "Provider load failure ";
                    break;
                case 0x80041017:
                    c = NativeErrorCode.InvalidQuery;
                    m = "Invalid query ";
                    break;
                case 0x80041002:
                    c = NativeErrorCode.NotFound;
                    m = "Not found ";
                    break;
                case 0x80041008:
                    c = NativeErrorCode.InvalidParameter;
                    m = "Invalid parameter ";
                    break;
                case 0x80041055:
                case 0x80041054:
                    c = NativeErrorCode.MethodNotFound;
                    break;
                case 0x40004:
                    m = "The operation timed out ";
                    break;
                case 0x800106BA:
                    m = "The service is not running. ";
                    break;
                case 0x80070005:
                    c = NativeErrorCode.AccessDenied;
                    m = "Access is denied. ";
                    break;
                case 0x800706BA:
                    m = "The RPC server is unavailable. ";
                    break;
            }
            return new CimException(msg ?? m ?? string.Format("HRESULT 0x{0:x8}", u))
            {
                NativeErrorCode = c,
                MessageId = string.Format("HRESULT 0x{0:x}", u),
                StatusCode = u,
            };
        }

        public static CimException FromWin32(int code, string msg)
        {
            return new CimException(msg) { MessageId = "Windows System Error " + code, StatusCode = (uint)code };
        }
    }

    public class CimProperty
    {
        public string Name { get; internal set; }
        public object Value { get; set; }
        public string CimType { get; internal set; }
        public string Flags { get; internal set; }

        public override string ToString()
        {
            return Name + " = " + Value;
        }
    }

    public class CimKeyedList<T> : IEnumerable<T>
    {
        internal readonly OrderedDictionary d = new OrderedDictionary(StringComparer.OrdinalIgnoreCase);
        public T this[string n]
        {
            get { return d.Contains(n) ? (T)d[n] : default(T); }
        }
        public int Count
        {
            get { return d.Count; }
        }

        public IEnumerator<T> GetEnumerator()
        {
            foreach (DictionaryEntry e in d)
                yield return (T)e.Value;
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return GetEnumerator();
        }
    }

    public class CimMethodDeclaration
    {
        public string Name { get; internal set; }

        public override string ToString()
        {
            return Name;
        }
    }

    public class CimSystemProperties
    {
        public string Namespace { get; internal set; }
        public string ServerName { get; internal set; }
        public string ClassName { get; internal set; }
        public string Path { get; internal set; }
    }

    public class CimClass
    {
        public string CimClassName { get; internal set; }
        public CimSystemProperties CimSystemProperties { get; internal set; }
        public CimKeyedList<CimProperty> CimClassProperties { get; internal set; }
        public CimKeyedList<CimMethodDeclaration> CimClassMethods { get; internal set; }
        public string CimSuperClassName { get; internal set; }

        public override string ToString()
        {
            return CimSystemProperties.Namespace + ":" + CimClassName;
        }
    }

    public class CimInstance : IDisposable
    {
        public CimClass CimClass { get; internal set; }
        public CimKeyedList<CimProperty> CimInstanceProperties { get; internal set; }
        public CimSystemProperties CimSystemProperties { get; internal set; }
        internal OrderedDictionary Source;

        public string GetCimSessionComputerName()
        {
            return null;
        }

        public void Dispose() { }

        public override string ToString()
        {
            var k = CimInstanceProperties
                .Where(p => p.Flags == "Key")
                .Select(p => p.Name + " = \"" + p.Value + "\"")
                .ToArray();
            return CimSystemProperties.ClassName + (k.Length > 0 ? " (" + string.Join(", ", k) + ")" : "");
        }
    }

    public class CimSession : IDisposable
    {
        public string ComputerName { get; internal set; }

        public void Dispose() { }
    }
}

namespace Microsoft.Management.Infrastructure.CimCmdlets { }

namespace WindowsLab
{
    public class CimClassInfo
    {
        public string Namespace,
            Name;
        public string[] Keys,
            Methods;
        public OrderedDictionary Types = new OrderedDictionary(StringComparer.OrdinalIgnoreCase);
    }

    public static class Cim
    {
        static Dictionary<string, CimClassInfo> classes;
        public static string DataFolder;
        public static Dictionary<string, CimClassInfo> Classes
        {
            get
            {
                if (classes != null)
                    return classes;
                var r = new Dictionary<string, CimClassInfo>(StringComparer.OrdinalIgnoreCase);
                foreach (var line in File.ReadAllLines(Path.Combine(DataFolder, "cim-classes.txt")))
                {
                    if (line.StartsWith("#") || line.Trim() == "")
                        continue;
                    var f = line.Split('|');
                    var c = new CimClassInfo
                    {
                        Namespace = f[0],
                        Name = f[1],
                        Keys = f[2].Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries),
                        Methods = f[4].Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries),
                    };
                    foreach (var p in f[3].Split(' '))
                    {
                        var i = p.IndexOf(':');
                        c.Types[p.Substring(0, i)] = p.Substring(i + 1);
                    }
                    r[Key(f[0], f[1])] = c;
                }
                return classes = r;
            }
        }

        public static string Ns(string ns)
        {
            ns = (string.IsNullOrEmpty(ns) ? "root/cimv2" : ns).Replace('\\', '/').Trim('/');
            if (ns.StartsWith("./"))
                ns = ns.Substring(2);
            return ns;
        }

        static string Key(string ns, string c)
        {
            return Ns(ns) + ":" + c;
        }

        public static bool NamespaceExists(string ns)
        {
            ns = Ns(ns).ToLowerInvariant();
            var over = Lab.Map(Lab.Load(), "cim_namespaces");
            if (over != null && over[ns] is bool)
                return (bool)over[ns];
            switch (ns)
            {
                case "root/securitycenter2":
                    return Lab.IsClient;
                case "root/microsoft/windows/defender":
                    return Lab.IsClient || Lab.FeatureOn("Windows-Defender");
                case "root/cimv2/security/microsoftvolumeencryption":
                    return Lab.IsClient || Lab.FeatureOn("BitLocker");
            }
            return Classes.Values.Any(c => c.Namespace.Equals(ns, StringComparison.OrdinalIgnoreCase));
        }

        public static CimClassInfo Class(string ns, string name)
        {
            CimClassInfo c;
            return Classes.TryGetValue(Key(ns, name), out c) ? c : null;
        }

        // A property keeps the bits of its width: -1 in a uint32 is 4294967295. WMI itself has no unsigned variants
        // (CIM_UINT32 travels as VT_I4), so a provider's negative number arrives like this and is no error.
        static ulong Bits(object v)
        {
            return v is ulong ? (ulong)v : unchecked((ulong)Convert.ToInt64(v, CultureInfo.InvariantCulture));
        }

        // Type a state value as WMI would hand it out.
        public static object Typed(string t, object v)
        {
            if (v == null)
                return null;
            if (t.EndsWith("[]"))
            {
                var e = v as List<object>;
                if (e == null)
                    return null;
                var el = t.Substring(0, t.Length - 2);
                switch (el)
                {
                    case "s":
                        return e.Select(x => Convert.ToString(x, CultureInfo.InvariantCulture)).ToArray();
                    case "u8":
                        return e.Select(x => (byte)Bits(x)).ToArray();
                    case "u16":
                        return e.Select(x => (ushort)Bits(x)).ToArray();
                    case "u32":
                        return e.Select(x => (uint)Bits(x)).ToArray();
                    case "i64":
                        return e.Select(x => Convert.ToInt64(x)).ToArray();
                    default:
                        return e.ToArray();
                }
            }
            switch (t)
            {
                case "s":
                    return Convert.ToString(v, CultureInfo.InvariantCulture);
                case "b":
                    return v is bool ? v : Convert.ToInt64(v) != 0;
                case "d":
                    return v is DateTime ? v : Lab.ParseLocal((string)v);
                case "c":
                {
                    var s = Convert.ToString(v);
                    return s == "" ? (object)null : s[0];
                }
                case "u8":
                    return (byte)Bits(v);
                case "u16":
                    return (ushort)Bits(v);
                case "u32":
                    return (uint)Bits(v);
                case "u64":
                    return Bits(v);
                case "i8":
                    return (sbyte)Bits(v);
                case "i16":
                    return (short)Bits(v);
                case "i32":
                    return (int)Bits(v);
                case "i64":
                    return Convert.ToInt64(v);
                case "r32":
                    return Convert.ToSingle(v);
            }
            return v;
        }

        static readonly Dictionary<string, string> typeNames = new Dictionary<string, string>
        {
            { "s", "String" },
            { "b", "Boolean" },
            { "d", "DateTime" },
            { "c", "Char16" },
            { "u8", "UInt8" },
            { "u16", "UInt16" },
            { "u32", "UInt32" },
            { "u64", "UInt64" },
            { "i8", "SInt8" },
            { "i16", "SInt16" },
            { "i32", "SInt32" },
            { "i64", "SInt64" },
            { "r32", "Real32" },
        };

        public static CimClass ClassObject(CimClassInfo c)
        {
            var o = new CimClass
            {
                CimClassName = c.Name,
                CimSystemProperties = Sys(c),
                CimClassProperties = new CimKeyedList<CimProperty>(),
                CimClassMethods = new CimKeyedList<CimMethodDeclaration>(),
            };
            foreach (DictionaryEntry e in c.Types)
                if (!Missing(c).Contains((string)e.Key))
                    o.CimClassProperties.d[e.Key] = new CimProperty
                    {
                        Name = (string)e.Key,
                        CimType = TypeName((string)e.Value),
                        Flags = c.Keys.Contains((string)e.Key) ? "Key" : "None",
                    };
            foreach (var m in c.Methods)
                o.CimClassMethods.d[m] = new CimMethodDeclaration { Name = m };
            return o;
        }

        static string TypeName(string t)
        {
            bool a = t.EndsWith("[]");
            string n;
            typeNames.TryGetValue(a ? t.Substring(0, t.Length - 2) : t, out n);
            return n + (a ? "Array" : "");
        }

        static CimSystemProperties Sys(CimClassInfo c)
        {
            return new CimSystemProperties
            {
                Namespace = c.Namespace,
                ClassName = c.Name,
                ServerName = Lab.Str(Lab.Load(), "os", "computer_name"),
            };
        }

        // Properties that this OS/platform version does not have at all (not null: absent).
        static HashSet<string> Missing(CimClassInfo c)
        {
            return new HashSet<string>(
                Lab.Items(Lab.Load(), "cim_missing", c.Name).Cast<string>(),
                StringComparer.OrdinalIgnoreCase
            );
        }

        public static PSObject Make(
            string ns,
            string cls,
            OrderedDictionary src,
            ICollection<string> only = null,
            bool keyOnly = false,
            IDictionary typedOverride = null
        )
        {
            var c =
                Class(ns, cls)
                ?? new CimClassInfo
                {
                    Namespace = Ns(ns),
                    Name = cls,
                    Keys = new string[0],
                    Methods = new string[0],
                };
            var gone = Missing(c);
            var fault = Faults.Find(Faults.CimNames(c.Namespace, c.Name));
            if (fault != null && !fault.IsInData)
                fault = null;
            var i = new CimInstance
            {
                CimClass = ClassObject(c),
                CimSystemProperties = Sys(c),
                CimInstanceProperties = new CimKeyedList<CimProperty>(),
                Source = src,
            };
            var o = PSObject.AsPSObject(i);
            var namesList = c.Types.Keys.Cast<string>().ToList();
            foreach (string k in src.Keys)
                if (!k.StartsWith("__") && !c.Types.Contains(k) && c.Types.Count == 0)
                    namesList.Add(k);
            foreach (var n in namesList)
            {
                bool isFaulty = fault != null && fault.Covers(n);
                if (gone.Contains(n) || (isFaulty && fault.Type == "missing"))
                    continue;
                string t = (string)c.Types[n] ?? "s";
                object v = src.Contains(n) ? (c.Types.Contains(n) ? Typed(t, src[n]) : src[n]) : null;
                if (typedOverride != null && typedOverride.Contains(n))
                    v = typedOverride[n];
                bool pick =
                    (
                        only == null
                        || only.Count == 0
                        || only.Contains(n, StringComparer.OrdinalIgnoreCase)
                        || c.Keys.Contains(n)
                    ) && (!keyOnly || c.Keys.Contains(n));
                if (isFaulty && fault.Type == "garbage")
                    v = Faults.Wrong(v);
                if (!pick)
                    v = null;
                i.CimInstanceProperties.d[n] = new CimProperty
                {
                    Name = n,
                    Value = v,
                    CimType = TypeName(t),
                    Flags = c.Keys.Contains(n) ? "Key" : "Property",
                };
                o.Properties.Add(new PSNoteProperty(n, v));
            }
            o.Properties.Add(new PSNoteProperty("PSComputerName", null));
            string fs = c.Namespace.Replace('\\', '/');
            o.TypeNames.Clear();
            foreach (
                var tn in new[]
                {
                    "Microsoft.Management.Infrastructure.CimInstance#" + fs + "/" + c.Name,
                    "Microsoft.Management.Infrastructure.CimInstance#" + c.Name,
                    "Microsoft.Management.Infrastructure.CimInstance",
                    "System.Object",
                }
            )
                o.TypeNames.Add(tn);
            return o;
        }

        public static List<OrderedDictionary> Instances(string ns, string cls)
        {
            var s = Lab.Load();
            var r = new List<OrderedDictionary>();
            if (IsEmptied(ns, cls))
                return r;
            string key = Key(ns, cls).ToLowerInvariant();
            switch (key)
            {
                case "root/cimv2:win32_service":
                    foreach (DictionaryEntry e in Lab.Map(s, "services"))
                        if (
                            e.Value != null
                            && !Lab.Flag(e.Value, "Driver")
                            && ServiceControl.IsListed((string)e.Key)
                        )
                            r.Add(ServiceMap((string)e.Key, (OrderedDictionary)e.Value));
                    return r;
                case "root/cimv2:win32_systemdriver":
                    foreach (DictionaryEntry e in Lab.Map(s, "services"))
                        if (e.Value != null && Lab.Flag(e.Value, "Driver"))
                            r.Add(ServiceMap((string)e.Key, (OrderedDictionary)e.Value));
                    return r;
                case "root/cimv2:win32_optionalfeature":
                    foreach (DictionaryEntry e in Lab.Map(s, "features"))
                    {
                        var m = Copy((OrderedDictionary)e.Value);
                        m["Name"] = e.Key;
                        r.Add(m);
                    }
                    return r;
                case "root/cimv2:win32_operatingsystem":
                {
                    var m = Copy(
                        Lab.Items(s, "cim", "root/cimv2", "Win32_OperatingSystem").Cast<OrderedDictionary>().First()
                    );
                    m["LocalDateTime"] = Lab.Now;
                    m["LastBootUpTime"] = Lab.Str(s, "reboot", "last_boot_utc");
                    m["ProductType"] = Lab.Num(s, 3, "os", "product_type");
                    m["BuildNumber"] = Lab.Str(s, "os", "build");
                    m["CSName"] = Lab.Str(s, "os", "computer_name");
                    r.Add(m);
                    return r;
                }
                case "root/cimv2:win32_volume":
                    foreach (var v in Lab.Items(s, "volumes"))
                        r.Add(Copy((OrderedDictionary)v));
                    return r;
                case "root/cimv2:win32_logicaldisk":
                    foreach (OrderedDictionary v in Lab.Items(s, "volumes"))
                        if (Lab.Str(v, "DriveLetter") != null)
                        {
                            var m = Lab.NewMap();
                            m["DeviceID"] = v["DriveLetter"];
                            m["Name"] = v["DriveLetter"];
                            m["Caption"] = v["DriveLetter"];
                            m["DriveType"] = v["DriveType"];
                            m["FileSystem"] = v["FileSystem"];
                            m["VolumeName"] = v["Label"];
                            m["Size"] = v["Capacity"];
                            m["FreeSpace"] = v["FreeSpace"];
                            m["SystemName"] = Lab.Str(s, "os", "computer_name");
                            r.Add(m);
                        }
                    return r;
                case "root/microsoft/windows/defender:msft_mpcomputerstatus":
                    r.Add(Defender.Status(s));
                    return r;
                case "root/microsoft/windows/defender:msft_mppreference":
                    r.Add(Defender.Preference(s));
                    return r;
                case "root/microsoft/windows/defender:msft_mpthreat":
                    foreach (var v in Lab.Items(s, "defender", "threats"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/microsoft/windows/defender:msft_mpthreatdetection":
                    foreach (var v in Lab.Items(s, "defender", "detections"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/standardcimv2:msft_netfirewallprofile":
                    foreach (var p in new[] { "Domain", "Private", "Public" })
                        r.Add(FirewallProfile(s, p, "PersistentStore"));
                    return r;
                case "root/standardcimv2:msft_netconnectionprofile":
                    foreach (var v in Lab.Items(s, "network", "profiles"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/standardcimv2:msft_nettcpconnection":
                    foreach (var v in Lab.Items(s, "network", "tcp"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/standardcimv2:msft_netadapter":
                    foreach (var v in Lab.Items(s, "network", "adapters"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/cimv2/security/microsoftvolumeencryption:win32_encryptablevolume":
                    foreach (OrderedDictionary v in Lab.Items(s, "volumes"))
                    {
                        var b = v["bitlocker"] as OrderedDictionary;
                        if (b == null)
                            continue;
                        var m = Copy(b);
                        m["DeviceID"] = v["DeviceID"];
                        m["DriveLetter"] = v["DriveLetter"];
                        r.Add(m);
                    }
                    return r;
                case "root/cimv2/security/microsofttpm:win32_tpm":
                {
                    var t = Lab.Map(s, "tpm");
                    if (t != null)
                        r.Add(t);
                    return r;
                }
                case "root/securitycenter2:antivirusproduct":
                    foreach (var v in Lab.Items(s, "security_center", "antivirus"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/securitycenter2:firewallproduct":
                    foreach (var v in Lab.Items(s, "security_center", "firewall"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/microsoft/windows/smb:msft_smbserverconfiguration":
                    r.Add(Lab.Map(s, "smb", "server") ?? Lab.NewMap());
                    return r;
                case "root/microsoft/windows/smb:msft_smbclientconfiguration":
                    r.Add(Lab.Map(s, "smb", "client") ?? Lab.NewMap());
                    return r;
                case "root/microsoft/windows/smb:msft_smbshare":
                    foreach (var v in Lab.Items(s, "smb", "shares"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/microsoft/windows/smb:msft_smbsession":
                    foreach (var v in Lab.Items(s, "smb", "sessions"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/microsoft/windows/storage:msft_volume":
                    foreach (OrderedDictionary v in Lab.Items(s, "volumes"))
                    {
                        var m = Lab.NewMap();
                        m["ObjectId"] = v["DeviceID"];
                        m["UniqueId"] = v["DeviceID"];
                        m["Path"] = v["DeviceID"];
                        m["DriveLetter"] = v["DriveLetter"];
                        m["FileSystem"] = v["FileSystem"];
                        m["FileSystemLabel"] = v["Label"];
                        m["DriveType"] = v["DriveType"];
                        m["Size"] = v["Capacity"];
                        m["SizeRemaining"] = v["FreeSpace"];
                        m["HealthStatus"] = 0L;
                        m["OperationalStatus"] = new List<object> { 2L };
                        r.Add(m);
                    }
                    return r;
                case "root/microsoft/windows/storage:msft_disk":
                    foreach (var v in Lab.Items(s, "disks"))
                        r.Add((OrderedDictionary)v);
                    return r;
                case "root/microsoft/windows/storage:msft_partition":
                    foreach (OrderedDictionary v in Lab.Items(s, "volumes"))
                    {
                        var m = Lab.NewMap();
                        m["ObjectId"] = v["DeviceID"];
                        m["DiskNumber"] = v["DiskNumber"];
                        m["PartitionNumber"] = v["PartitionNumber"];
                        m["DriveLetter"] = v["DriveLetter"];
                        m["Size"] = v["Capacity"];
                        m["IsBoot"] = v["BootVolume"];
                        m["IsSystem"] = v["SystemVolume"];
                        m["AccessPaths"] = new List<object> { v["DeviceID"] };
                        r.Add(m);
                    }
                    return r;
            }
            var nsMap = Lab.Map(s, "cim");
            if (nsMap != null)
                foreach (DictionaryEntry e in nsMap)
                    if (Ns((string)e.Key).Equals(Ns(ns), StringComparison.OrdinalIgnoreCase))
                        foreach (var v in Lab.Items(e.Value, cls))
                            r.Add((OrderedDictionary)v);
            return r;
        }

        public static OrderedDictionary Copy(OrderedDictionary d)
        {
            var m = Lab.NewMap();
            foreach (DictionaryEntry e in d)
                m[e.Key] = e.Value;
            return m;
        }

        public static OrderedDictionary FirewallProfile(OrderedDictionary s, string p, string store)
        {
            var m =
                store == "ActiveStore"
                    ? Firewall.ActiveProfile(s, p)
                    : Firewall.StoreProfile(s, p, store == "GroupPolicy");
            m["Name"] = p;
            m["Profile"] = p;
            m["ElementName"] = p;
            m["InstanceID"] = "MSFT|FW|FirewallProfile|" + p;
            if (Convert.ToInt64(m["LogMaxSizeKilobytes"]) < 0)
                m["LogMaxSizeKilobytes"] = 4096L;
            return m;
        }

        static OrderedDictionary ServiceMap(string name, OrderedDictionary v)
        {
            var m = Copy(v);
            bool run = Lab.Str(v, "State") == "Running";
            m["Name"] = name;
            m["Caption"] = v["DisplayName"];
            m["Started"] = run;
            m["AcceptStop"] = run && !Lab.Flag(v, "Protected");
            if (!m.Contains("ProcessId") || !run)
                m["ProcessId"] = run ? m["ProcessId"] ?? 1000L : 0L;
            if (!m.Contains("ExitCode"))
                m["ExitCode"] = run ? 0L : 1077L;
            m["Status"] = "OK";
            if (!m.Contains("ServiceType"))
                m["ServiceType"] = "Share Process";
            if (!m.Contains("StartName"))
                m["StartName"] = "LocalSystem";
            if (!m.Contains("DelayedAutoStart"))
                m["DelayedAutoStart"] = false;
            m["SystemName"] = Lab.Str(Lab.Load(), "os", "computer_name");
            m["CreationClassName"] = "Win32_Service";
            if (ServiceControl.IsGarbage(name))
                m["State"] = m["StartMode"] = "garbage";
            return m;
        }

        // Errors every reader of this class meets, before any instance is produced.
        public static Exception Denied(string ns, string cls)
        {
            ns = Ns(ns);
            string l = ns.ToLowerInvariant();
            if (!NamespaceExists(ns))
                return CimException.FromHResult(unchecked((int)0x8004100E), null);
            if ((l.EndsWith("microsoftvolumeencryption") || l.EndsWith("microsofttpm")) && !Lab.IsElevated)
                return CimException.FromHResult(unchecked((int)0x80041003), null);
            if (cls == null)
                return null;
            if (Class(ns, cls) == null)
            {
                foreach (DictionaryEntry e in Lab.Map(Lab.Load(), "cim"))
                    if (
                        Ns((string)e.Key).Equals(ns, StringComparison.OrdinalIgnoreCase)
                        && ((OrderedDictionary)e.Value).Contains(cls)
                    )
                        return null;
                return CimException.FromHResult(unchecked((int)0x80041010), null);
            }
            if (l == "root/microsoft/windows/defender")
            {
                if (Lab.Str(Lab.Load(), "services", "WinDefend", "State") != "Running")
                    return CimException.FromHResult(unchecked((int)0x800106BA), null);
            }
            if (
                l == "root/standardcimv2"
                && cls.ToLowerInvariant().StartsWith("msft_netfirewall")
                && Lab.Str(Lab.Load(), "services", "MpsSvc", "State") != "Running"
            )
                return CimException.FromWin32(1753, "There are no more endpoints available from the endpoint mapper. ");
            return null;
        }

        public static Exception FaultOf(string ns, string cls, double timeout, Func<bool> isStopping = null)
        {
            return Failure(Faults.CimNames(ns, cls), timeout, isStopping);
        }

        public static Exception FaultOfMethod(string ns, string cls, string method, double timeout, Func<bool> isStopping)
        {
            return Failure(Faults.CimNames(ns, cls, method), timeout, isStopping);
        }

        static Exception Failure(string[] names, double timeout, Func<bool> isStopping)
        {
            var fault = Faults.Meet(timeout, isStopping, names);
            bool isAboutClass = Faults.Find(names.Take(names.Length - 1).ToArray()) != null;
            return Faults.CimError(fault, !isAboutClass);
        }

        public static ErrorRecord Record(Exception e, object target)
        {
            var c = e as CimException;
            return new ErrorRecord(
                e,
                c != null ? c.MessageId : e.GetType().FullName,
                c == null ? ErrorCategory.NotSpecified
                    : c.NativeErrorCode == NativeErrorCode.InvalidNamespace
                    || c.NativeErrorCode == NativeErrorCode.InvalidClass
                        ? ErrorCategory.MetadataError
                    : c.NativeErrorCode == NativeErrorCode.AccessDenied ? ErrorCategory.PermissionDenied
                    : ErrorCategory.NotSpecified,
                target
            );
        }

        // A service that its manager cannot answer for spoils every query that reaches its instance.
        public static CimException FailureOfInstance(string cls, OrderedDictionary instance)
        {
            if (!cls.Equals("Win32_Service", StringComparison.OrdinalIgnoreCase))
                return null;
            var refusal = ServiceControl.Refusal(Lab.Str(instance, "Name"));
            if (refusal == null)
                return null;
            return CimException.FromHResult(refusal.NativeErrorCode == 1460 ? 0x40004 : unchecked((int)0x80041001), null);
        }

        // One entry point for cmdlets and CDXML-like functions: fault, access, instances.
        public static List<OrderedDictionary> Query(
            string ns,
            string cls,
            double timeout = 0,
            Func<bool> isStopping = null
        )
        {
            var e = FaultOf(ns, cls, timeout, isStopping) ?? Denied(ns, cls);
            if (e != null)
                throw e;
            return Instances(ns, cls);
        }

        // No instances at all: by the fault "empty", or as a fact of the host (state.cim_empty).
        public static bool IsEmptied(string ns, string cls)
        {
            var fault = Faults.Find(Faults.CimNames(ns, cls));
            return (fault != null && fault.Type == "empty")
                || Lab.Items(Lab.Load(), "cim_empty")
                    .Any(x => Key(ns, cls).Equals(((string)x).Replace('\\', '/'), StringComparison.OrdinalIgnoreCase));
        }
    }
}
