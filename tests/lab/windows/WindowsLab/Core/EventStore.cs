// SPDX-License-Identifier: GPL-3.0-or-later
// Event channels and their records, stored and synthetic.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Diagnostics.Eventing.Reader;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using WindowsLab;

namespace WindowsLab
{
    public static class EventStore
    {
        // The channels of this host by name, without those that a fault takes away.
        public static OrderedDictionary Channels()
        {
            var all = Lab.Map(Lab.Load(), "eventlogs");
            var there = Lab.NewMap();
            foreach (DictionaryEntry e in all)
                if (!HasFault((string)e.Key, "missing"))
                    there[e.Key] = e.Value;
            return there;
        }

        public static OrderedDictionary Channel(string n)
        {
            return HasFault(n, "missing") ? null : Lab.Map(Lab.Load(), "eventlogs", n);
        }

        static Fault FaultOf(string n)
        {
            return Faults.Find("eventlog:" + n, "eventlog:*");
        }

        public static bool HasFault(string n, string type)
        {
            var fault = FaultOf(n);
            return fault != null && fault.Type == type;
        }

        // What opening the channel meets; null when nothing stands in the way.
        public static Exception Failure(string n, Func<bool> isStopping)
        {
            var fault = Faults.Wait(FaultOf(n), 0, isStopping);
            switch (fault == null ? null : fault.Type)
            {
                case "denied":
                    return new UnauthorizedAccessException(
                        fault.Message ?? "Attempted to perform an unauthorized operation."
                    );
                case "hang":
                    return new EventLogException(
                        "This operation returned because the timeout period expired",
                        unchecked((int)0x800705B4)
                    );
                case "error":
                    return new EventLogException(
                        fault.Message ?? "The RPC server is unavailable",
                        fault.HResult(0x800706BA)
                    );
                default:
                    return null;
            }
        }

        public static string NameOf(string n)
        {
            foreach (DictionaryEntry e in Lab.Map(Lab.Load(), "eventlogs"))
                if (n.Equals((string)e.Key, StringComparison.OrdinalIgnoreCase))
                    return (string)e.Key;
            return n;
        }

        public static void NeedService()
        {
            if (Lab.Str(Lab.Load(), "services", "EventLog", "State") != "Running")
                throw new EventLogException("The RPC server is unavailable", unchecked((int)0x800706BA));
        }

        public static DateTime Utc(OrderedDictionary m)
        {
            var v = m["TimeCreated"];
            return v is DateTime ? (DateTime)v : Lab.ParseUtc((string)v);
        }

        // Sizes are multiples of 64 KB; a log cannot shrink below its file size without clearing.
        public static void Configure(OrderedDictionary s, string log, long? max, int? mode, bool? enabled)
        {
            var m = Lab.Map(s, "eventlogs", log);
            var reg = Lab.Map(s, "registry", @"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\" + log);
            bool wasStuck = Lab.Num(m, 0, "LogMode") == 2 && Lab.Flag(m, "IsLogFull");
            if (max != null)
            {
                long v = (max.Value + 65535) / 65536 * 65536;
                m["MaximumSizeInBytes"] = v;
                if (reg != null)
                    reg["MaxSize"] = new List<object> { "REG_DWORD", v };
            }
            if (mode != null)
            {
                m["LogMode"] = (long)mode.Value;
                if (reg != null)
                {
                    reg["Retention"] = new List<object> { "REG_DWORD", mode.Value == 0 ? 0L : 4294967295L };
                    reg["AutoBackupLogFiles"] = new List<object> { "REG_DWORD", mode.Value == 1 ? 1L : 0L };
                }
                if (mode.Value == 0)
                    m["IsLogFull"] = false;
            }
            if (enabled != null)
                m["IsEnabled"] = enabled.Value;
            if (Lab.Num(m, 0, "MaximumSizeInBytes") > Lab.Num(m, 0, "FileSize"))
                m["IsLogFull"] = false;
            // The session that mends the log is the first thing that it records.
            if (wasStuck && !Lab.Flag(m, "IsLogFull") && log == "Security")
                Append(
                    s,
                    log,
                    "Microsoft-Windows-Security-Auditing",
                    4624,
                    0,
                    new Dictionary<string, object> { { "SubjectUserSid", "S-1-5-18" }, { "LogonType", 3L } }
                );
        }

        // The records of a document that nobody edits; they go with the document.
        static readonly System.Runtime.CompilerServices.ConditionalWeakTable<
            OrderedDictionary,
            Dictionary<string, List<EventLogRecord>>
        > known =
            new System.Runtime.CompilerServices.ConditionalWeakTable<
                OrderedDictionary,
                Dictionary<string, List<EventLogRecord>>
            >();

        // Newest first; the list is the caller's.
        public static List<EventLogRecord> Records(string log)
        {
            if (Lab.IsEditing)
                return Build(log);
            var logs = known.GetOrCreateValue(Lab.Load());
            lock (logs)
            {
                List<EventLogRecord> records;
                if (!logs.TryGetValue(log, out records))
                    logs[log] = records = Build(log);
                return new List<EventLogRecord>(records);
            }
        }

        // Synthetic records stand for the mass of ordinary events, with gaps.
        static List<EventLogRecord> Build(string log)
        {
            var ch = Channel(log);
            log = NameOf(log);
            var r = new List<EventLogRecord>();
            if (HasFault(log, "empty"))
                return r;
            foreach (OrderedDictionary m in Lab.Items(ch, "records"))
                r.Add(new EventLogRecord { Log = log, M = m });
            foreach (OrderedDictionary y in Lab.Items(ch, "synthetic"))
            {
                var from = Lab.ParseUtc(Lab.Str(y, "from"));
                var to = Lab.ParseUtc(Lab.Str(y, "to"));
                double step = Math.Max(1, Lab.Num(y, 60, "every_seconds"));
                var gaps = Lab.Items(y, "gaps")
                    .Select(g => new[] { Lab.ParseUtc(Lab.Str(g, "from")), Lab.ParseUtc(Lab.Str(g, "to")) })
                    .ToList();
                for (var t = from; t <= to; t = t.AddSeconds(step))
                {
                    if (gaps.Any(g => t > g[0] && t < g[1]))
                        continue;
                    var m = Lab.NewMap();
                    m["TimeCreated"] = t;
                    foreach (var k in new[] { "ProviderName", "ProviderId", "Id", "Level", "Task", "Keywords", "Data" })
                        if (y.Contains(k))
                            m[k] = y[k];
                    r.Add(new EventLogRecord { Log = log, M = m });
                }
            }
            r = r.Select((x, i) => new { x, i }).OrderBy(p => Utc(p.x.M)).ThenBy(p => p.i).Select(p => p.x).ToList();
            long id = Lab.Num(ch, -1, "OldestRecordNumber"),
                n = Lab.Num(ch, r.Count, "RecordCount");
            if (id < 0)
                id = 1;
            else if (n > r.Count) { }
            for (int i = 0; i < r.Count; i++)
            {
                if (!r[i].M.Contains("RecordId"))
                {
                    if (r[i].M.IsReadOnly)
                        continue;
                    var c = Cim.Copy(r[i].M);
                    c["RecordId"] = id + i;
                    r[i].M = c;
                }
            }
            r.Reverse();
            if (HasFault(log, "garbage"))
                foreach (var record in r)
                {
                    record.M = Cim.Copy(record.M);
                    record.M["Data"] = new List<object> { "garbage" };
                }
            return r;
        }

        public static long Count(string log)
        {
            return Records(log).Count;
        }

        public static long? OldestId(string log)
        {
            var r = Records(log);
            return r.Count == 0 ? (long?)null : r[r.Count - 1].RecordId;
        }

        public static DateTime? NewestTime(string log)
        {
            var r = Records(log);
            return r.Count == 0 ? (DateTime?)null : r[0].TimeCreated;
        }

        public static void Append(OrderedDictionary s, string log, string provider, int id, int level, object data)
        {
            var ch = Lab.Map(s, "eventlogs", log);
            if (ch == null)
                return;
            var l = ch["records"] as List<object>;
            if (l == null)
            {
                l = new List<object>();
                ch["records"] = l;
            }
            var m = Lab.NewMap();
            m["TimeCreated"] = Lab.Iso(Lab.UtcNow);
            m["ProviderName"] = provider;
            m["Id"] = (long)id;
            m["Level"] = (long)level;
            m["Data"] = Lab.Plain(data);
            l.Add(m);
        }

        static string Fmt(object v)
        {
            if (v is bool)
                return (bool)v ? "true" : "false";
            return Convert.ToString(v, CultureInfo.InvariantCulture);
        }

        public static XmlElement Xml(EventLogRecord e, bool ns = true)
        {
            string N = ns ? "http://schemas.microsoft.com/win/2004/08/events/event" : "";
            var d = new XmlDocument();
            Func<string, XmlElement> E = n => d.CreateElement(n, N);
            var ev = E("Event");
            d.AppendChild(ev);
            var sys = E("System");
            ev.AppendChild(sys);
            var p = E("Provider");
            p.SetAttribute("Name", e.ProviderName);
            if (e.ProviderId != null)
                p.SetAttribute("Guid", e.ProviderId.Value.ToString("B"));
            sys.AppendChild(p);
            Action<string, string> T = (n, v) =>
            {
                var x = E(n);
                x.InnerText = v ?? "";
                sys.AppendChild(x);
            };
            T("EventID", e.Id.ToString());
            T("Version", e.Version.ToString());
            T("Level", e.Level.ToString());
            T("Task", e.Task.ToString());
            T("Opcode", e.Opcode.ToString());
            T("Keywords", "0x" + unchecked((ulong)e.Keywords.Value).ToString("x"));
            var tc = E("TimeCreated");
            tc.SetAttribute(
                "SystemTime",
                Utc(e.M).ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture) + "Z"
            );
            sys.AppendChild(tc);
            T("EventRecordID", e.RecordId.ToString());
            sys.AppendChild(E("Correlation"));
            var ex = E("Execution");
            ex.SetAttribute("ProcessID", e.ProcessId.ToString());
            ex.SetAttribute("ThreadID", e.ThreadId.ToString());
            sys.AppendChild(ex);
            T("Channel", e.Log);
            T("Computer", e.MachineName);
            var se = E("Security");
            if (e.UserId != null)
                se.SetAttribute("UserID", e.UserId);
            sys.AppendChild(se);
            var data = e.M["Data"];
            if (Lab.Flag(e.M, "UserData"))
            {
                var u = E("UserData");
                ev.AppendChild(u);
                var inner = E(Lab.Str(e.M, "UserData") == "True" ? "Data" : Lab.Str(e.M, "UserData"));
                u.AppendChild(inner);
                foreach (DictionaryEntry k in data as OrderedDictionary)
                {
                    var x = E((string)k.Key);
                    x.InnerText = Fmt(k.Value);
                    inner.AppendChild(x);
                }
            }
            else
            {
                var w = E("EventData");
                ev.AppendChild(w);
                var m = data as OrderedDictionary;
                if (m != null)
                    foreach (DictionaryEntry k in m)
                    {
                        var x = E("Data");
                        x.SetAttribute("Name", (string)k.Key);
                        x.InnerText = Fmt(k.Value);
                        w.AppendChild(x);
                    }
                var l = data as List<object>;
                if (l != null)
                    foreach (var v in l)
                    {
                        var x = E("Data");
                        x.InnerText = Fmt(v);
                        w.AppendChild(x);
                    }
            }
            return ev;
        }
    }
}
