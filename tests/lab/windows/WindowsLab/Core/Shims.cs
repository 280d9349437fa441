// SPDX-License-Identifier: GPL-3.0-or-later
// Type literals that PowerShell resolves to stand-ins: identity, environment, registry, services, event log, CIM.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Linq;
using System.Management.Automation;
using System.Reflection;
using WindowsLab;

namespace System.Security.Principal
{
    public class LabSid
    {
        public string Value { get; private set; }

        public LabSid(string v)
        {
            Value = v;
        }

        public override string ToString()
        {
            return Value;
        }

        public LabAccount Translate(Type t)
        {
            switch (Value)
            {
                case "S-1-5-18":
                    return new LabAccount(@"NT AUTHORITY\SYSTEM");
                case "S-1-5-20":
                    return new LabAccount(@"NT AUTHORITY\NETWORK SERVICE");
                case "S-1-5-32-544":
                    return new LabAccount(@"BUILTIN\Administrators");
                case "S-1-5-32-573":
                    return new LabAccount(@"BUILTIN\Event Log Readers");
            }
            if (Value == Lab.Str(Lab.Load(), "token", "sid"))
                return new LabAccount(Lab.Str(Lab.Load(), "token", "user"));
            throw new Exception("Some or all identity references could not be translated.");
        }

        public bool IsWellKnown(object t)
        {
            return false;
        }

        public override bool Equals(object o)
        {
            return o != null && o.ToString() == Value;
        }

        public override int GetHashCode()
        {
            return Value.GetHashCode();
        }
    }

    public class LabAccount
    {
        public string Value { get; private set; }

        public LabAccount(string v)
        {
            Value = v;
        }

        public override string ToString()
        {
            return Value;
        }

        public LabSid Translate(Type t)
        {
            switch (Value.ToUpperInvariant())
            {
                case @"NT AUTHORITY\SYSTEM":
                    return new LabSid("S-1-5-18");
                case @"NT AUTHORITY\NETWORK SERVICE":
                    return new LabSid("S-1-5-20");
            }
            return new LabSid(Lab.Str(Lab.Load(), "token", "sid"));
        }
    }

    public class WindowsPrincipal
    {
        readonly WindowsIdentity i;

        public WindowsPrincipal(WindowsIdentity id)
        {
            i = id;
        }

        public WindowsIdentity Identity
        {
            get { return i; }
        }

        public bool IsInRole(object role)
        {
            if (role is PSObject)
                role = ((PSObject)role).BaseObject;
            string r = Convert.ToString(role);
            bool admin = r == "Administrator" || r == "544" || r.EndsWith(@"\Administrators") || r == "S-1-5-32-544";
            if (admin)
                return Lab.IsElevated;
            return i.Groups.Any(g => g.Value == r);
        }
    }
}

namespace WindowsLab
{
    public static class Shims
    {
        public static readonly string[] Installed =
        {
            "Microsoft.Win32.RegistryKey",
            "Microsoft.Win32.Registry",
            "System.Security.Principal.WindowsIdentity",
            "System.Security.Principal.WindowsPrincipal",
            "System.ServiceProcess.ServiceController",
            "System.ServiceProcess.ServiceControllerStatus",
            "System.ServiceProcess.ServiceStartMode",
            "System.Diagnostics.Eventing.Reader.EventLogConfiguration",
            "System.Diagnostics.Eventing.Reader.EventLogRecord",
            "System.Diagnostics.Eventing.Reader.EventLogMode",
            "System.Diagnostics.Eventing.Reader.EventLogException",
            "System.Diagnostics.Eventing.Reader.EventLogNotFoundException",
            "Microsoft.Management.Infrastructure.CimException",
            "Microsoft.Management.Infrastructure.CimInstance",
            "Microsoft.Management.Infrastructure.CimClass",
            "Microsoft.Management.Infrastructure.CimSession",
            "Microsoft.Management.Infrastructure.NativeErrorCode",
            "Microsoft.PowerShell.Commands.ServiceCommandException",
        };

        // The engine asks its built-in accelerator table before it searches assemblies.
        public static void Install()
        {
            var ta = typeof(PSObject).Assembly.GetType("System.Management.Automation.TypeAccelerators");
            var table =
                ta.GetField("builtinTypeAccelerators", BindingFlags.NonPublic | BindingFlags.Static).GetValue(null)
                as Dictionary<string, Type>;
            var add = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase);
            var me = typeof(Shims).Assembly;
            foreach (var n in Installed)
            {
                var t = me.GetType(n);
                add[n] = t;
                if (n.StartsWith("System."))
                    add[n.Substring(7)] = t;
            }
            foreach (var real in new[] { typeof(System.IO.File), typeof(System.IO.Directory) })
                add[real.FullName] = add[real.FullName.Substring(7)] = PathStandIn.Of(real);
            add["System.IO.Path"] = add["IO.Path"] = typeof(PathShim);
            add["runspacefactory"] = typeof(RunspaceFactoryShim);
            add["System.Management.Automation.Runspaces.RunspaceFactory"] = typeof(RunspaceFactoryShim);
            add["Management.Automation.Runspaces.RunspaceFactory"] = typeof(RunspaceFactoryShim);
            add["System.Environment"] = add["Environment"] = typeof(EnvironmentShim);
            add["ciminstance"] = me.GetType("Microsoft.Management.Infrastructure.CimInstance");
            add["cimclass"] = me.GetType("Microsoft.Management.Infrastructure.CimClass");
            add["CimSession"] = me.GetType("Microsoft.Management.Infrastructure.CimSession");
            lock (table)
            {
                if (
                    table.ContainsKey("Microsoft.Win32.RegistryKey")
                    && table["Microsoft.Win32.RegistryKey"] == add["Microsoft.Win32.RegistryKey"]
                )
                    return;
                foreach (var e in add)
                    table[e.Key] = e.Value;
            }
            var cache = typeof(PSObject).Assembly.GetType("System.Management.Automation.Language.TypeCache");
            var f = cache == null ? null : cache.GetField("s_cache", BindingFlags.NonPublic | BindingFlags.Static);
            var d = f == null ? null : f.GetValue(null) as IDictionary;
            if (d != null)
                d.Clear();
        }
    }
}

namespace WindowsLab
{
    // A finished background job for the -AsJob cmdlets.
    public class LabJob : Job
    {
        public LabJob(string command)
            : base(command)
        {
            PSJobTypeName = "CimJob";
            SetJobState(JobState.Completed);
        }

        public override bool HasMoreData
        {
            get { return false; }
        }
        public override string Location
        {
            get { return "localhost"; }
        }
        public override string StatusMessage
        {
            get { return ""; }
        }

        public override void StopJob() { }
    }
}
