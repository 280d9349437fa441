// SPDX-License-Identifier: GPL-3.0-or-later
// Get-CimInstance, Invoke-CimMethod, Get-CimClass with the parameters and error ids of CimCmdlets.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using WindowsLab;

namespace Microsoft.Management.Infrastructure.CimCmdlets
{
    public abstract class LabCimCmdlet : PSCmdlet
    {
        protected void Refuse(object session, string[] computers, Uri resource)
        {
            if (
                session != null
                || resource != null
                || (
                    computers != null
                    && computers.Any(c =>
                        c != "."
                        && c != "localhost"
                        && c != ""
                        && !c.Equals(Lab.Str(Lab.Load(), "os", "computer_name"), StringComparison.OrdinalIgnoreCase)
                    )
                )
            )
                ThrowTerminatingError(
                    new ErrorRecord(
                        Lab.NotSimulated("CIM sessions to other computers"),
                        "NotImplemented",
                        ErrorCategory.NotImplemented,
                        null
                    )
                );
        }

        // Faults on cmdlet:<name>; on true the error is written and the cmdlet must stop.
        protected bool IsFaulted(double timeoutSeconds)
        {
            string name = MyInvocation.MyCommand.Name;
            var fault = Faults.Meet(timeoutSeconds, () => Stopping, "cmdlet:" + name);
            var record = Faults.CommandError(fault, name, true);
            if (record == null)
                return fault != null && fault.Type == "empty";
            if (fault.IsTerminating || fault.Type == "missing")
                ThrowTerminatingError(record);
            WriteError(record);
            return true;
        }

        protected void Fail(Exception e, object target)
        {
            WriteError(Cim.Record(e, target));
        }
    }
}

namespace WindowsLab
{
    public static class Power
    {
        public static void Restart(string cmd)
        {
            Lab.Edit(
                cmd,
                null,
                s =>
                {
                    var r = Lab.Map(s, "reboot");
                    r["phase"] = "down";
                    r["down_since"] = Lab.Iso(Lab.UtcNow);
                    r["up_at"] = Lab.Iso(Lab.UtcNow.AddMinutes(Lab.Num(r, 4, "down_minutes")));
                }
            );
        }
    }
}
