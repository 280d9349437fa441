// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-in for the identity of the token.
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
    // Groups carry the logon type (S-1-5-2 network, -3 batch, -6 service) and the integrity label.
    public class WindowsIdentity : IDisposable
    {
        public static WindowsIdentity GetCurrent()
        {
            return new WindowsIdentity();
        }

        public static WindowsIdentity GetCurrent(bool ifImpersonating)
        {
            return ifImpersonating ? null : new WindowsIdentity();
        }

        public bool IsSystem
        {
            get { return Lab.Token == "system"; }
        }
        public string Name
        {
            get { return IsSystem ? @"NT AUTHORITY\SYSTEM" : Lab.Str(Lab.Load(), "token", "user"); }
        }
        public LabSid User
        {
            get { return new LabSid(IsSystem ? "S-1-5-18" : Lab.Str(Lab.Load(), "token", "sid")); }
        }
        public LabSid Owner
        {
            get { return User; }
        }
        public bool IsAuthenticated
        {
            get { return true; }
        }
        public bool IsAnonymous
        {
            get { return false; }
        }
        public bool IsGuest
        {
            get { return false; }
        }
        public string AuthenticationType
        {
            get { return Lab.Token == "network" ? "Kerberos" : "NTLM"; }
        }
        public string ImpersonationLevel
        {
            get { return "None"; }
        }
        public IntPtr Token
        {
            get { return IntPtr.Zero; }
        }
        public LabSid[] Groups
        {
            get
            {
                var g = new List<string> { "S-1-1-0" };
                if (IsSystem)
                    g.AddRange(new[] { "S-1-5-32-544", "S-1-5-11" });
                else
                {
                    if (Lab.IsElevated || Lab.Flag(Lab.Load(), "token", "member_of_administrators"))
                        g.Add("S-1-5-32-544");
                    g.AddRange(
                        new[]
                        {
                            "S-1-5-32-545",
                            Lab.Token == "network" ? "S-1-5-2"
                            : Lab.Token == "batch" ? "S-1-5-3"
                            : "S-1-5-4",
                            "S-1-5-11",
                            "S-1-5-15",
                        }
                    );
                }
                g.Add(
                    IsSystem || Lab.Str(Lab.Load(), "token", "integrity") == "system" ? "S-1-16-16384"
                    : Lab.IsElevated ? "S-1-16-12288"
                    : "S-1-16-8192"
                );
                return g.Select(x => new LabSid(x)).ToArray();
            }
        }
        public IEnumerable Claims
        {
            get { return new object[0]; }
        }

        public void Dispose() { }
    }
}
