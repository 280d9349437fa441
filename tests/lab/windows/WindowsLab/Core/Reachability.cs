// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the controller still reaches the host; Native/reachability.py has the twin of it.
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
    // "Enabling the firewall cuts the session": recomputed with every commit (Native/reachability.py has its twin).
    public static class Reachability
    {
        static readonly string[] Keys = { "DomainProfile", "StandardProfile", "PublicProfile" };

        public static void Update(OrderedDictionary s)
        {
            var net = Lab.Map(s, "network");
            if (net == null)
                return;
            net["winrm_reachable"] = Compute(s);
        }

        public static bool Compute(OrderedDictionary s)
        {
            var net = Lab.Map(s, "network");
            string phase = Lab.Str(s, "reboot", "phase") ?? "up";
            if (phase != "up")
                return false;
            long port = Lab.Num(net, 5985, "management_port");
            string svc = port == 22 ? "sshd" : "WinRM";
            var w = Lab.Map(s, "services", svc);
            if (w != null && Lab.Str(w, "State") != "Running")
                return false;
            if (Lab.Str(s, "services", "MpsSvc", "State") != "Running")
                return true;
            foreach (var c in Lab.Items(net, "profiles"))
            {
                int cat = (int)Lab.Num(c, 0, "NetworkCategory");
                string name =
                    cat == 2 ? "Domain"
                    : cat == 1 ? "Private"
                    : "Public";
                var p = Firewall.ActiveProfile(s, name);
                if (Lab.Num(p, 1, "Enabled") != 1)
                    return true;
                if (Lab.Num(p, 1, "AllowInboundRules") == 0)
                    continue;
                bool allow = Lab.Num(p, 4, "DefaultInboundAction") == 2,
                    block = false;
                foreach (var r in Firewall.ActiveRules(s))
                {
                    if (Lab.Num(r, 1, "Enabled") != 1 || Lab.Num(r, 1, "Direction") != 1)
                        continue;
                    long prof = Lab.Num(r, 0, "Profile");
                    int bit =
                        cat == 2 ? 1
                        : cat == 1 ? 2
                        : 4;
                    if (prof != 0 && (prof & bit) == 0)
                        continue;
                    string proto = Lab.Str(r, "Protocol") ?? "Any";
                    if (proto != "Any" && proto != "TCP" && proto != "6")
                        continue;
                    if (!Firewall.PortMatches(Lab.Val(r, "LocalPort"), port))
                        continue;
                    if (
                        !Firewall.AddressMatches(
                            Lab.Val(r, "RemoteAddress"),
                            Lab.Str(net, "controller_ip") ?? "10.0.0.5",
                            Lab.Str(net, "local_subnet") ?? "10.0.0.0/24"
                        )
                    )
                        continue;
                    string prog = Lab.Str(r, "Program") ?? "Any";
                    if (prog != "Any" && prog != "System")
                        continue;
                    if (Lab.Num(r, 2, "Action") == 4)
                        block = true;
                    else
                        allow = true;
                }
                if (allow && !block)
                    return true;
            }
            return false;
        }
    }
}
