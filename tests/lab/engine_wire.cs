// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON of the worker's pipe and the process around a task: environment, culture, time zone.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LabEngine
{
    public static class Json
    {
        private static readonly JsonSerializerOptions Options = new JsonSerializerOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = 128,
        };

        public static string Write(object value) { return JsonSerializer.Serialize(value, Options); }

        /// <summary>Read as Ansible's wrapper does: hashtables that ignore case, arrays, scalars; dates stay text.</summary>
        public static object Read(string text)
        {
            using (var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 128 }))
            {
                return Convert(document.RootElement);
            }
        }

        private static object Convert(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
                    foreach (var property in element.EnumerateObject()) { table[property.Name] = Convert(property.Value); }
                    return table;
                case JsonValueKind.Array:
                    var list = new List<object>();
                    foreach (var item in element.EnumerateArray()) { list.Add(Convert(item)); }
                    return list.ToArray();
                case JsonValueKind.String: return element.GetString();
                case JsonValueKind.True: return true;
                case JsonValueKind.False: return false;
                case JsonValueKind.Number:
                    long whole;
                    return element.TryGetInt64(out whole) ? (object)whole : element.GetDouble();
                default: return null;
            }
        }
    }

    /// <summary>Child runspaces of earlier tasks: one that is still busy would go on in the next task's host.</summary>
    public static class LeftOver
    {
        private static readonly HashSet<Guid> Own = new HashSet<Guid>(Runspaces().Select(r => r.InstanceId));

        /// <summary>Close what is idle; tell whether something is not.</summary>
        public static bool IsBusy()
        {
            bool isBusy = false;
            foreach (var runspace in Runspaces().Where(r => !Own.Contains(r.InstanceId)))
            {
                var state = runspace.RunspaceStateInfo.State;
                if (state == RunspaceState.Closed || state == RunspaceState.Broken) { continue; }
                if (runspace.RunspaceAvailability == RunspaceAvailability.Available) { runspace.Dispose(); }
                else { isBusy = true; }
            }
            return isBusy;
        }

        private static List<Runspace> Runspaces()
        {
            var property = typeof(Runspace).GetProperty("RunspaceList", BindingFlags.NonPublic | BindingFlags.Static);
            return ((IEnumerable<Runspace>)property.GetValue(null)).ToList();
        }
    }

    /// <summary>What is process-wide in .NET and must not pass from one task to the next.</summary>
    public sealed class Surroundings : IDisposable
    {
        private readonly Dictionary<string, string> variables = Variables();
        private readonly string folder = Directory.GetCurrentDirectory();
        private readonly CultureInfo culture = CultureInfo.DefaultThreadCurrentCulture;
        private readonly CultureInfo uiCulture = CultureInfo.DefaultThreadCurrentUICulture;

        public Surroundings(IDictionary environment, CultureInfo culture, string timeZone)
        {
            foreach (DictionaryEntry entry in environment)
            {
                Environment.SetEnvironmentVariable((string)entry.Key, System.Convert.ToString(entry.Value, CultureInfo.InvariantCulture));
            }
            Environment.SetEnvironmentVariable("TZ", ZoneName(timeZone));
            TimeZoneInfo.ClearCachedData();
            // Also for threads that the module starts.
            CultureInfo.DefaultThreadCurrentCulture = culture;
            CultureInfo.DefaultThreadCurrentUICulture = culture;
        }

        public void Dispose()
        {
            foreach (var name in Variables().Keys)
            {
                if (!variables.ContainsKey(name)) { Environment.SetEnvironmentVariable(name, null); }
            }
            foreach (var pair in variables) { Environment.SetEnvironmentVariable(pair.Key, pair.Value); }
            Directory.SetCurrentDirectory(folder);
            CultureInfo.DefaultThreadCurrentCulture = culture;
            CultureInfo.DefaultThreadCurrentUICulture = uiCulture;
            TimeZoneInfo.ClearCachedData();
        }

        // An unknown zone must not become UTC in silence, as it would in TZ.
        private static string ZoneName(string timeZone)
        {
            string iana;
            if (TimeZoneInfo.TryConvertWindowsIdToIanaId(timeZone, out iana)) { timeZone = iana; }
            return TimeZoneInfo.FindSystemTimeZoneById(timeZone).Id;
        }

        private static Dictionary<string, string> Variables()
        {
            var copy = new Dictionary<string, string>();
            foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            {
                copy[(string)entry.Key] = (string)entry.Value;
            }
            return copy;
        }
    }
}
