// SPDX-License-Identifier: GPL-3.0-or-later
// The state document of one simulated host: load, lock, save, clock, call log.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text;
using System.Text.Json;
using System.Threading;

namespace WindowsLab
{
    public static class Lab
    {
        static readonly object gate = new object();
        static OrderedDictionary cached;
        static string cachedPath;
        static DateTime cachedTime;
        static long cachedLength;
        static FileStream lockFile;
        static int depth;
        static OrderedDictionary editing;

        public static string StatePath
        {
            get
            {
                var p = Environment.GetEnvironmentVariable("LAB_STATE");
                if (string.IsNullOrEmpty(p))
                    throw new InvalidOperationException("WindowsLab: environment variable LAB_STATE is not set");
                return p;
            }
        }

        public static OrderedDictionary NewMap()
        {
            return new OrderedDictionary(StringComparer.OrdinalIgnoreCase);
        }

        // Read-only view of the current document (the document under edit, when this thread holds the lock).
        public static OrderedDictionary Load()
        {
            lock (gate)
            {
                if (editing != null)
                    return editing;
                string p = StatePath;
                var fi = new FileInfo(p);
                if (!fi.Exists)
                    throw new FileNotFoundException("WindowsLab: no state document " + p);
                if (cached != null && cachedPath == p && cachedTime == fi.LastWriteTimeUtc && cachedLength == fi.Length)
                    return cached;
                cached = (OrderedDictionary)Parse(File.ReadAllText(p));
                cachedPath = p;
                cachedTime = fi.LastWriteTimeUtc;
                cachedLength = fi.Length;
                return cached;
            }
        }

        public static bool IsEditing
        {
            get
            {
                lock (gate)
                    return editing != null;
            }
        }

        // Begin/Commit/Abort bracket one mutation; the lock is flock on <state>.lock, shared with winlab.py.
        public static OrderedDictionary Begin()
        {
            Monitor.Enter(gate);
            try
            {
                if (depth++ > 0)
                    return editing;
                var until = DateTime.UtcNow.AddSeconds(30);
                for (; ; )
                {
                    try
                    {
                        lockFile = new FileStream(
                            StatePath + ".lock",
                            FileMode.OpenOrCreate,
                            FileAccess.ReadWrite,
                            FileShare.None
                        );
                        break;
                    }
                    catch (IOException)
                    {
                        if (DateTime.UtcNow > until)
                            throw;
                        Thread.Sleep(20);
                    }
                }
                editing = (OrderedDictionary)Parse(File.ReadAllText(StatePath));
                return editing;
            }
            catch
            {
                if (depth > 0 && editing == null)
                    depth--;
                Monitor.Exit(gate);
                throw;
            }
        }

        public static void Commit(string cmdlet, object arguments)
        {
            try
            {
                if (!string.IsNullOrEmpty(cmdlet))
                    AddLog(editing, cmdlet, arguments);
                if (depth > 1)
                    return;
                Reachability.Update(editing);
                Save(editing);
            }
            finally
            {
                End();
            }
        }

        public static void Abort()
        {
            End();
        }

        static void End()
        {
            if (--depth == 0)
            {
                editing = null;
                cached = null;
                if (lockFile != null)
                {
                    lockFile.Dispose();
                    lockFile = null;
                }
            }
            Monitor.Exit(gate);
        }

        public static void Edit(string cmdlet, object arguments, Action<OrderedDictionary> change)
        {
            var s = Begin();
            bool ok = false;
            try
            {
                change(s);
                ok = true;
            }
            finally
            {
                if (ok)
                    Commit(cmdlet, arguments);
                else
                    Abort();
            }
        }

        static void Save(OrderedDictionary s)
        {
            string p = StatePath,
                t = p + ".tmp" + Environment.ProcessId;
            File.WriteAllText(t, Write(s));
            File.Move(t, p, true);
        }

        public static void AddLog(OrderedDictionary s, string cmdlet, object arguments)
        {
            var l = s["log"] as List<object>;
            if (l == null)
            {
                l = new List<object>();
                s["log"] = l;
            }
            var e = NewMap();
            e["utc"] = Iso(UtcNow);
            e["cmdlet"] = cmdlet;
            e["arguments"] = Plain(arguments);
            l.Add(e);
        }

        // A read that the lab wants to know about (recovery passwords): kept apart from mutations.
        public static void Audit(string what, string detail)
        {
            Edit(
                null,
                null,
                s =>
                {
                    var l = s["audit_trail"] as List<object>;
                    if (l == null)
                    {
                        l = new List<object>();
                        s["audit_trail"] = l;
                    }
                    var e = NewMap();
                    e["utc"] = Iso(UtcNow);
                    e["what"] = what;
                    e["detail"] = detail;
                    l.Add(e);
                }
            );
        }

        public static DateTime UtcNow
        {
            get
            {
                var c = Map(Load(), "clock");
                if (c == null)
                    return DateTime.UtcNow;
                if ((c["mode"] as string) == "frozen")
                    return ParseUtc(c["utc"] as string);
                return DateTime.UtcNow.AddSeconds(Convert.ToDouble(c["offset_seconds"] ?? 0));
            }
        }
        public static DateTime Now
        {
            get { return UtcNow.ToLocalTime(); }
        }

        public static string Iso(DateTime utc)
        {
            return utc.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        }

        public static DateTime ParseUtc(string s)
        {
            return DateTime.Parse(
                s,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal
            );
        }

        // 'Z' marks UTC; without it the string is local time, as Windows Server Backup keeps it.
        public static DateTime ParseLocal(string s)
        {
            if (string.IsNullOrEmpty(s))
                return DateTime.MinValue;
            if (s.EndsWith("Z"))
                return ParseUtc(s).ToLocalTime();
            return DateTime.SpecifyKind(
                DateTime.Parse(s, CultureInfo.InvariantCulture),
                s.StartsWith("0001") ? DateTimeKind.Unspecified : DateTimeKind.Local
            );
        }

        public static OrderedDictionary Map(object o, params string[] path)
        {
            foreach (var k in path)
            {
                var d = o as IDictionary;
                if (d == null)
                    return null;
                o = d[k];
            }
            return o as OrderedDictionary;
        }

        public static object Val(object o, params string[] path)
        {
            foreach (var k in path)
            {
                var d = o as IDictionary;
                if (d == null)
                    return null;
                o = d[k];
            }
            return o;
        }

        public static List<object> Items(object o, params string[] path)
        {
            return Val(o, path) as List<object> ?? new List<object>();
        }

        public static string Str(object o, params string[] path)
        {
            var v = Val(o, path);
            return v == null ? null : Convert.ToString(v, CultureInfo.InvariantCulture);
        }

        public static long Num(object o, long missing, params string[] path)
        {
            var v = Val(o, path);
            if (v == null)
                return missing;
            if (v is bool)
                return (bool)v ? 1 : 0;
            return Convert.ToInt64(v, CultureInfo.InvariantCulture);
        }

        public static bool Flag(object o, params string[] path)
        {
            var v = Val(o, path);
            return v is bool ? (bool)v : v != null && Convert.ToString(v) != "0" && Convert.ToString(v).Length > 0;
        }

        // Windows facts every surface needs.
        public static int Build
        {
            get { return (int)Num(Load(), 0, "os", "build"); }
        }
        public static bool IsClient
        {
            get { return Num(Load(), 3, "os", "product_type") == 1; }
        }
        public static string Locale
        {
            get { return Str(Load(), "locale") ?? "en-US"; }
        }

        // LAB_TOKEN lets one process run with another token than the host default (become SYSTEM, scheduled task).
        public static string Token
        {
            get
            {
                return Environment.GetEnvironmentVariable("LAB_TOKEN")
                    ?? Str(Load(), "token", "logon_type")
                    ?? "network";
            }
        }
        public static bool IsElevated
        {
            get
            {
                var i = Str(Load(), "token", "integrity") ?? "high";
                return Token == "system" || i == "high" || i == "system";
            }
        }
        public static bool IsWow64
        {
            get { return Num(Load(), 64, "token", "bitness") == 32; }
        }

        public static bool FeatureOn(string name)
        {
            var v = Val(Load(), "features", name, "InstallState");
            return v != null && Convert.ToInt32(v) == 1;
        }

        // An error that the state describes as data (com.wua.search.error).
        public static Exception MakeException(OrderedDictionary e)
        {
            string type = Str(e, "type") ?? "com",
                msg = Str(e, "message");
            int hr = unchecked((int)Num(e, -2147467259, "hresult"));
            if (type == "unauthorized")
                return new UnauthorizedAccessException(
                    msg ?? "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"
                );
            if (type == "cim")
                return Microsoft.Management.Infrastructure.CimException.FromHResult(hr, msg);
            return new System.Runtime.InteropServices.COMException(
                msg ?? string.Format("Exception from HRESULT: 0x{0:X8}", hr),
                hr
            );
        }

        public static Exception NotSimulated(string what)
        {
            return new NotImplementedException("NotImplemented: WindowsLab does not simulate " + what);
        }

        // JSON <-> ordered, case-insensitive maps and lists.
        public static object Parse(string json)
        {
            using (var d = JsonDocument.Parse(json))
                return Conv(d.RootElement);
        }

        static object Conv(JsonElement e)
        {
            switch (e.ValueKind)
            {
                case JsonValueKind.Object:
                    var m = NewMap();
                    foreach (var p in e.EnumerateObject())
                        m[p.Name] = Conv(p.Value);
                    return m;
                case JsonValueKind.Array:
                    var l = new List<object>();
                    foreach (var x in e.EnumerateArray())
                        l.Add(Conv(x));
                    return l;
                case JsonValueKind.String:
                    return e.GetString();
                case JsonValueKind.Number:
                    long n;
                    if (e.TryGetInt64(out n))
                        return n;
                    ulong u;
                    if (e.TryGetUInt64(out u))
                        return u;
                    return e.GetDouble();
                case JsonValueKind.True:
                    return true;
                case JsonValueKind.False:
                    return false;
                default:
                    return null;
            }
        }

        public static object Plain(object o)
        {
            if (o is PSObject)
                o = ((PSObject)o).BaseObject is PSCustomObject ? o : ((PSObject)o).BaseObject;
            if (
                o == null
                || o is string
                || o is bool
                || o is long
                || o is int
                || o is double
                || o is uint
                || o is ulong
            )
                return o;
            if (o is SwitchParameter)
                return ((SwitchParameter)o).IsPresent;
            if (o is System.Security.SecureString || o is PSCredential)
                return "***";
            if (o is DateTime)
                return ((DateTime)o).ToUniversalTime().ToString("o", CultureInfo.InvariantCulture);
            if (o is Enum)
                return o.ToString();
            var d = o as IDictionary;
            if (d != null)
            {
                var m = NewMap();
                foreach (DictionaryEntry k in d)
                    m[Convert.ToString(k.Key)] = Plain(k.Value);
                return m;
            }
            var en = o as IEnumerable;
            if (en != null)
            {
                var l = new List<object>();
                foreach (var x in en)
                    l.Add(Plain(x));
                return l;
            }
            if (o is PSObject)
            {
                var m = NewMap();
                foreach (var p in ((PSObject)o).Properties)
                    if (p.MemberType == PSMemberTypes.NoteProperty)
                        m[p.Name] = Plain(p.Value);
                return m;
            }
            if (o is IConvertible && o.GetType().IsPrimitive)
                return Convert.ToInt64(o);
            return o.ToString();
        }

        public static string Write(object o)
        {
            using (var ms = new MemoryStream())
            {
                using (
                    var w = new Utf8JsonWriter(
                        ms,
                        new JsonWriterOptions
                        {
                            Indented = true,
                            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                        }
                    )
                )
                    Emit(w, o);
                return Encoding.UTF8.GetString(ms.ToArray());
            }
        }

        static void Emit(Utf8JsonWriter w, object o)
        {
            if (o is PSObject)
                o = Plain(o);
            if (o == null)
                w.WriteNullValue();
            else if (o is string)
                w.WriteStringValue((string)o);
            else if (o is bool)
                w.WriteBooleanValue((bool)o);
            else if (o is OrderedDictionary || o is Hashtable)
            {
                w.WriteStartObject();
                foreach (DictionaryEntry e in (IDictionary)o)
                {
                    w.WritePropertyName(Convert.ToString(e.Key));
                    Emit(w, e.Value);
                }
                w.WriteEndObject();
            }
            else if (o is double || o is float || o is decimal)
                w.WriteNumberValue(Convert.ToDouble(o));
            else if (o is ulong)
                w.WriteNumberValue((ulong)o);
            else if (o is Enum)
                w.WriteStringValue(o.ToString());
            else if (o.GetType().IsPrimitive)
                w.WriteNumberValue(Convert.ToInt64(o));
            else if (o is DateTime)
                w.WriteStringValue(Iso((DateTime)o));
            else if (o is IEnumerable && !(o is IDictionary))
            {
                w.WriteStartArray();
                foreach (var x in (IEnumerable)o)
                    Emit(w, x);
                w.WriteEndArray();
            }
            else
                Emit(w, Plain(o));
        }
    }
}
