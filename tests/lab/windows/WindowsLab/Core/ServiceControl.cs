// SPDX-License-Identifier: GPL-3.0-or-later
// The service control manager: start, stop, configure, with dependencies.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Linq;
using System.Management.Automation;
using System.ServiceProcess;
using WindowsLab;

namespace WindowsLab
{
    public static class ServiceControl
    {
        public static OrderedDictionary All()
        {
            return Lab.Map(Lab.Load(), "services");
        }

        public static OrderedDictionary Find(string n)
        {
            if (n == null || FaultType(n) == "missing")
                return null;
            return All()[n] as OrderedDictionary;
        }

        static string FaultType(string n)
        {
            var fault = Faults.Find("service:" + n);
            return fault == null ? null : fault.Type;
        }

        // EnumServicesStatusEx leaves out a service whose status the caller may not query, without an error
        // (learn.microsoft.com/windows/win32/api/winsvc/nf-winsvc-enumservicesstatusexw, "Return value", 2025-10).
        public static bool IsListed(string n)
        {
            string type = FaultType(n);
            return type != "missing" && type != "denied";
        }

        public static bool IsGarbage(string n)
        {
            return FaultType(n) == "garbage";
        }

        // What opening the service meets; null when nothing stands in the way.
        public static Win32Exception Refusal(string n)
        {
            var fault = Faults.Meet("service:" + n);
            switch (fault == null ? null : fault.Type)
            {
                case "denied":
                    return new Win32Exception(5, fault.Message ?? "Access is denied");
                case "missing":
                    return new Win32Exception(
                        1060,
                        fault.Message ?? "The specified service does not exist as an installed service"
                    );
                case "hang":
                    return new Win32Exception(1460, "This operation returned because the timeout period expired");
                case "error":
                    return new Win32Exception(
                        fault.HResult(1722) & 0xFFFF,
                        fault.Message ?? "The RPC server is unavailable"
                    );
                default:
                    return null;
            }
        }

        public static List<string> Dependents(OrderedDictionary s, string n)
        {
            var r = new List<string>();
            foreach (DictionaryEntry e in Lab.Map(s, "services"))
                if (
                    e.Value != null
                    && Lab.Items(e.Value, "DependsOn").Any(x => n.Equals((string)x, StringComparison.OrdinalIgnoreCase))
                )
                    r.Add((string)e.Key);
            return r;
        }

        static OrderedDictionary Need(OrderedDictionary s, string n)
        {
            var refusal = Refusal(n);
            if (refusal != null)
                throw refusal;
            var m = Lab.Map(s, "services", n);
            if (m == null)
                throw new Win32Exception(1060, "The specified service does not exist as an installed service");
            return m;
        }

        static void Rights()
        {
            if (!Lab.IsElevated)
                throw new Win32Exception(5, "Access is denied");
        }

        public static void Start(string n, string cmd)
        {
            Rights();
            Lab.Edit(cmd, new object[] { n }, s => Start1(s, n));
        }

        static void Start1(OrderedDictionary s, string n)
        {
            var m = Need(s, n);
            if (Lab.Str(m, "State") == "Running")
                return;
            if (Lab.Str(m, "StartMode") == "Disabled")
                throw new Win32Exception(
                    1058,
                    "The service cannot be started, either because it is disabled or because it has no "
                        + "enabled devices associated with it"
                );
            var err = Lab.Val(m, "start_error");
            if (err != null)
            {
                m["ExitCode"] =
                    Lab.Num(err, 0, "ExitCode") == 0
                        ? Convert.ToInt64(err is IDictionary ? 1067 : err)
                        : Lab.Num(err, 0, "ExitCode");
                var code = (int)Convert.ToInt64(m["ExitCode"]);
                throw new Win32Exception(code, "The service did not start (" + code + ")");
            }
            foreach (var d in Lab.Items(m, "DependsOn"))
                if (Lab.Map(s, "services", (string)d) != null)
                    try
                    {
                        Start1(s, (string)d);
                    }
                    catch (Win32Exception)
                    {
                        throw new Win32Exception(1068, "The dependency service or group failed to start");
                    }
            m["State"] = "Running";
            if (Lab.Num(m, 0, "ExitCode") != 0)
                m["ExitCode"] = 0L;
            if (Lab.Num(m, 0, "ProcessId") == 0)
                m["ProcessId"] = 2000L + Math.Abs(n.Length * 97 % 3000);
            // The first record after a start is that the service was started (learn.microsoft.com/troubleshoot/
            // windows-server/performance/troubleshoot-unexpected-reboots-system-event-logs, 6005).
            if (n.Equals("EventLog", StringComparison.OrdinalIgnoreCase))
                EventStore.Append(s, "System", "EventLog", 6005, 4, new List<object>());
            if (n.Equals("WinRM", StringComparison.OrdinalIgnoreCase))
                Subscribe(s);
            // A VSS writer lives in its service: a fresh process registers it anew, stable.
            foreach (OrderedDictionary writer in Lab.Items(s, "vss_writers"))
                if (n.Equals(Lab.Str(writer, "service"), StringComparison.OrdinalIgnoreCase))
                    writer["state"] = 1L;
        }

        // The WinRM service connects to the collector of events when it starts: 104, or 105 when that is out of reach
        // (learn.microsoft.com/troubleshoot/windows-server/admin-development/events-not-forwarded-by-windows-server).
        static void Subscribe(OrderedDictionary s)
        {
            const string key = @"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager";
            if (Lab.Map(s, "registry", key) == null)
                return;
            bool isThere = Lab.Str(s, "network", "collector_reachable") != "False";
            EventStore.Append(
                s,
                "Microsoft-Windows-Forwarding/Operational",
                "Microsoft-Windows-Forwarding",
                isThere ? 104 : 105,
                isThere ? 4 : 3,
                new Dictionary<string, object> { { "ErrorCode", isThere ? 0L : 2150858770L } }
            );
        }

        public static void Stop(string n, bool force, string cmd)
        {
            Rights();
            Lab.Edit(cmd, new object[] { n, force }, s => Stop1(s, n, force));
        }

        static void Stop1(OrderedDictionary s, string n, bool force)
        {
            var m = Need(s, n);
            if (Lab.Str(m, "State") == "Stopped")
                return;
            if (Lab.Flag(m, "Protected"))
                throw new Win32Exception(5, "Access is denied");
            var dep = Dependents(s, n).Where(d => Lab.Str(s, "services", d, "State") == "Running").ToList();
            if (dep.Count > 0 && !force)
                throw new Win32Exception(
                    1051,
                    "A stop control has been sent to a service that other running services are dependent on"
                );
            foreach (var d in dep)
                Stop1(s, d, true);
            m["State"] = "Stopped";
            m["ProcessId"] = 0L;
            if (n.Equals("wbengine", StringComparison.OrdinalIgnoreCase))
            {
                var j = Lab.Map(s, "backup", "current");
                if (j != null)
                {
                    j["JobState"] = "Completed";
                    j["HResult"] = 2155348010L;
                    s["backup_killed"] = true;
                    ((OrderedDictionary)s["backup"])["current"] = null;
                    Lab.Map(s, "backup", "summary")["CurrentOperationStatus"] = "NoOperationInProgress";
                }
            }
        }

        public static void SetStartMode(string n, string mode, bool? delayed, string cmd)
        {
            Rights();
            Lab.Edit(
                cmd,
                new object[] { n, mode, delayed },
                s =>
                {
                    var m = Need(s, n);
                    if (Lab.Flag(m, "Protected") || Lab.Flag(m, "ConfigProtected"))
                        throw new Win32Exception(5, "Access is denied");
                    m["StartMode"] = mode;
                    if (delayed != null && delayed.Value != Lab.Flag(m, "DelayedAutoStart"))
                        m["DelayedAutoStart"] = delayed.Value;
                    var t = Lab.Map(s, "registry", @"HKLM\SYSTEM\CurrentControlSet\Services\" + n);
                    if (t != null)
                        t["Start"] = new List<object>
                        {
                            "REG_DWORD",
                            mode == "Auto" ? 2L
                            : mode == "Manual" ? 3L
                            : 4L,
                        };
                }
            );
        }
    }
}
