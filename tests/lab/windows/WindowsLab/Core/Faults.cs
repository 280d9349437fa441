// SPDX-License-Identifier: GPL-3.0-or-later
// Faults of the state document: what stands in the way of a reader, whichever way he takes (see STATE.md, "Faults").
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Management.Infrastructure;

namespace WindowsLab
{
    public sealed class Fault
    {
        static readonly string[] types = { "denied", "error", "hang", "slow", "missing", "garbage", "empty" };

        readonly OrderedDictionary options;

        public Fault(string surface, OrderedDictionary options)
        {
            this.options = options;
            Surface = surface;
            Type = Lab.Str(options, "type");
            if (!types.Contains(Type))
                throw new InvalidOperationException(
                    "WindowsLab: fault type '" + Type + "' on " + surface + " is none of " + string.Join(", ", types)
                );
        }

        public string Surface { get; private set; }

        public string Type { get; private set; }

        public long Spares
        {
            get { return Lab.Num(options, 0, "spares"); }
        }

        public string Message
        {
            get { return Lab.Str(options, "message"); }
        }

        public string ErrorId
        {
            get { return Lab.Str(options, "fqid"); }
        }

        public bool IsTerminating
        {
            get { return Lab.Flag(options, "terminating"); }
        }

        // "only" names the properties or values that the fault is about; without it the fault is about all.
        public bool HasSelection
        {
            get { return Lab.Items(options, "only").Count > 0; }
        }

        // The call succeeds and its data are wrong, as opposed to a call that fails.
        public bool IsInData
        {
            get { return Type == "garbage" || Type == "empty" || (Type == "missing" && HasSelection); }
        }

        public double Seconds
        {
            get
            {
                if (Type == "hang")
                    return Convert.ToDouble(options["seconds"] ?? 600, CultureInfo.InvariantCulture);
                return Convert.ToDouble(options["seconds"] ?? 0, CultureInfo.InvariantCulture);
            }
        }

        public bool Covers(string name)
        {
            return !HasSelection
                || Lab.Items(options, "only")
                    .Any(x => name.Equals(Convert.ToString(x), StringComparison.OrdinalIgnoreCase));
        }

        public int HResult(uint usual)
        {
            return unchecked((int)Lab.Num(options, usual, "hresult"));
        }

        internal void BecomeHang()
        {
            Type = "hang";
        }
    }

    public static class Faults
    {
        const uint TimedOut = 0x800705B4;
        const string TimedOutText = "This operation returned because the timeout period expired.";

        // Commands that are themselves calls of other commands run once more without their own faults.
        [ThreadStatic]
        static int suspended;

        public static void Suspend()
        {
            suspended++;
        }

        public static void Resume()
        {
            suspended--;
        }

        static OrderedDictionary All
        {
            get { return suspended > 0 ? null : Lab.Map(Lab.Load(), "faults"); }
        }

        static string Canonical(string name)
        {
            return name.StartsWith("cim:", StringComparison.OrdinalIgnoreCase) ? name.Replace('\\', '/') : name;
        }

        // The fault under the first of the names that has one, without its delay; null when none has.
        public static Fault Find(params string[] names)
        {
            var all = All;
            if (all == null || all.Count == 0)
                return null;
            foreach (string name in names)
                foreach (DictionaryEntry entry in all)
                    if (Canonical((string)entry.Key).Equals(name, StringComparison.OrdinalIgnoreCase))
                        return new Fault(name, (OrderedDictionary)entry.Value);
            return null;
        }

        // "spares": so many calls still go well.
        static bool IsSpared(Fault fault)
        {
            if (fault == null || fault.Spares <= 0)
                return false;
            Lab.Edit(
                null,
                null,
                s =>
                {
                    foreach (DictionaryEntry entry in Lab.Map(s, "faults"))
                        if (Canonical((string)entry.Key).Equals(fault.Surface, StringComparison.OrdinalIgnoreCase))
                            ((OrderedDictionary)entry.Value)["spares"] = fault.Spares - 1;
                }
            );
            return true;
        }

        // The same after its delay. A delay beyond the caller's time-out (0: none) turns it into a hang.
        public static Fault Meet(double timeoutSeconds, Func<bool> isStopping, params string[] names)
        {
            var fault = Find(names);
            return IsSpared(fault) ? null : Wait(fault, timeoutSeconds, isStopping);
        }

        public static Fault Meet(params string[] names)
        {
            return Meet(0, null, names);
        }

        public static Fault Wait(Fault fault, double timeoutSeconds = 0, Func<bool> isStopping = null)
        {
            if (fault == null)
                return null;
            double seconds = fault.Seconds;
            if (timeoutSeconds > 0 && seconds > timeoutSeconds)
            {
                seconds = timeoutSeconds;
                fault.BecomeHang();
            }
            if (seconds > 0)
                Sleep(seconds * Scale, isStopping, fault);
            return fault.Type == "slow" ? null : fault;
        }

        static double Scale
        {
            get
            {
                double scale;
                string text = Environment.GetEnvironmentVariable("LAB_DELAY_SCALE");
                return double.TryParse(text, NumberStyles.Any, CultureInfo.InvariantCulture, out scale) ? scale : 1;
            }
        }

        // A worker serves other hosts while an abandoned call sleeps: that call must not touch theirs.
        static void Sleep(double seconds, Func<bool> isStopping, Fault fault)
        {
            string host = Lab.StatePath;
            var until = DateTime.UtcNow.AddSeconds(seconds);
            for (TimeSpan rest; (rest = until - DateTime.UtcNow) > TimeSpan.Zero; )
            {
                if (isStopping != null && isStopping())
                    throw new PipelineStoppedException();
                Thread.Sleep(rest < TimeSpan.FromMilliseconds(50) ? rest : TimeSpan.FromMilliseconds(50));
            }
            if (Lab.StatePath != host)
                fault.BecomeHang();
        }

        public static string[] CimNames(string ns, string cls, string method = null)
        {
            ns = "cim:" + Cim.Ns(ns);
            return method == null
                ? new[] { ns + ":" + cls, ns }
                : new[] { ns + ":" + cls + "." + method, ns + ":" + cls, ns };
        }

        // What the MI client throws for it; null when the call gets through.
        public static CimException CimError(Fault fault, bool isAboutNamespace)
        {
            if (fault == null || fault.IsInData)
                return null;
            switch (fault.Type)
            {
                case "denied":
                    return CimException.FromHResult(fault.HResult(0x80041003), fault.Message);
                case "missing":
                    return CimException.FromHResult(
                        fault.HResult(isAboutNamespace ? 0x8004100E : 0x80041010),
                        fault.Message
                    );
                case "hang":
                    return CimException.FromHResult(0x40004, fault.Message);
                default:
                    return CimException.FromHResult(fault.HResult(0x80041001), fault.Message);
            }
        }

        // What a COM call throws for it; a hung one gives up with the Win32 time-out.
        public static Exception ComError(Fault fault, uint missing)
        {
            if (fault == null || fault.IsInData)
                return null;
            switch (fault.Type)
            {
                case "denied":
                    return new UnauthorizedAccessException(
                        fault.Message ?? "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"
                    );
                case "missing":
                    return Com(fault, missing, null);
                case "hang":
                    return Com(fault, TimedOut, TimedOutText);
                default:
                    return Com(fault, 0x80004005, null);
            }
        }

        static COMException Com(Fault fault, uint code, string text)
        {
            int hresult = fault.Type == "hang" ? unchecked((int)code) : fault.HResult(code);
            string usual = string.Format(
                "{0}Exception from HRESULT: 0x{1:X8}",
                text == null ? "" : text + " ",
                unchecked((uint)hresult)
            );
            return new COMException(fault.Message ?? usual, hresult);
        }

        // The error of a command (cmdlet:<name>) that is neither CIM nor COM in a known way.
        public static ErrorRecord CommandError(Fault fault, string command, bool isCim)
        {
            if (fault == null || fault.IsInData)
                return null;
            if (fault.Type == "missing")
                return new ErrorRecord(
                    new CommandNotFoundException(
                        "The term '" + command + "' is not recognized as the name of a cmdlet, function, script file, "
                            + "or operable program."
                    ),
                    "CommandNotFoundException",
                    ErrorCategory.ObjectNotFound,
                    command
                );
            Exception error = isCim ? CimError(fault, false) : ComError(fault, 0x80040154);
            var record = isCim
                ? Cim.Record(error, null)
                : new ErrorRecord(error, error.GetType().FullName, ErrorCategory.NotSpecified, null);
            return fault.ErrorId == null
                ? record
                : new ErrorRecord(error, fault.ErrorId, record.CategoryInfo.Category, null);
        }

        // A value of another type than Windows gives: text where a number belongs, a number where text does.
        public static object Wrong(object value)
        {
            return value is string ? (object)42 : "garbage";
        }

        // The wrong form of an object that a command put out.
        public static PSObject Wrong(PSObject item, Fault fault)
        {
            var copy = new PSObject();
            foreach (var property in item.Properties)
            {
                bool isCovered = fault.Covers(property.Name);
                if (isCovered && fault.Type == "missing")
                    continue;
                object value;
                try
                {
                    value = property.Value;
                }
                catch (GetValueException)
                {
                    continue;
                }
                if (isCovered)
                    value = fault.Type == "empty" ? null : Wrong(value);
                copy.Properties.Add(new PSNoteProperty(property.Name, value));
            }
            copy.TypeNames.Clear();
            foreach (string name in item.TypeNames)
                copy.TypeNames.Add(name);
            return copy;
        }
    }
}
