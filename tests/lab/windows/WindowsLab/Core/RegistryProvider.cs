// SPDX-License-Identifier: GPL-3.0-or-later
// The PowerShell provider "Registry".
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Provider;
using System.Text;
using RVK = Microsoft.Win32.RegistryValueKind;

namespace WindowsLab
{
    // Registry cmdlet provider: same name, drives and object shapes as Microsoft.PowerShell.Core\Registry.
    [CmdletProvider("Registry", ProviderCapabilities.ShouldProcess)]
    public class RegistryProvider : NavigationCmdletProvider, IPropertyCmdletProvider, IDynamicPropertyCmdletProvider
    {
        public override char ItemSeparator
        {
            get { return '\\'; }
        }
        public override char AltItemSeparator
        {
            get { return '\\'; }
        }

        protected override System.Collections.ObjectModel.Collection<PSDriveInfo> InitializeDefaultDrives()
        {
            var c = new System.Collections.ObjectModel.Collection<PSDriveInfo>();
            c.Add(new PSDriveInfo("HKLM", ProviderInfo, "HKEY_LOCAL_MACHINE", "", null));
            c.Add(new PSDriveInfo("HKCU", ProviderInfo, "HKEY_CURRENT_USER", "", null));
            return c;
        }

        string N(string path)
        {
            return RegistryStore.Normal(path, Lab.IsWow64);
        }

        string Full(string path)
        {
            var n = N(path);
            return string.IsNullOrEmpty(n) ? "" : RegistryStore.FullName(RegistryStore.Normal(path));
        }

        protected override bool IsValidPath(string path)
        {
            return true;
        }

        protected override bool ItemExists(string path)
        {
            var n = N(path);
            if (n == null || RegistryStore.LooksAbsent(n))
                return false;
            return RegistryStore.Exists(n);
        }

        bool IsPresent(string path)
        {
            var n = N(path);
            return n != null && RegistryStore.Exists(n);
        }

        protected override bool IsItemContainer(string path)
        {
            return ItemExists(path);
        }

        protected override bool HasChildItems(string path)
        {
            var n = N(path);
            return n != null && RegistryStore.SubKeys(n).Count > 0;
        }

        protected override string MakePath(string parent, string child)
        {
            parent = (parent ?? "").Replace('/', '\\');
            child = (child ?? "").Replace('/', '\\').Trim('\\');
            if (parent.TrimEnd('\\') == "")
                return child;
            return child == "" ? parent : parent.TrimEnd('\\') + "\\" + child;
        }

        protected override string GetParentPath(string path, string root)
        {
            path = (path ?? "").Replace('/', '\\').TrimEnd('\\');
            root = (root ?? "").Replace('/', '\\').TrimEnd('\\');
            if (root != "" && path.Equals(root, StringComparison.OrdinalIgnoreCase))
                return "";
            int i = path.LastIndexOf('\\');
            return i < 0 ? "" : path.Substring(0, i);
        }

        protected override string GetChildName(string path)
        {
            path = (path ?? "").Replace('/', '\\').TrimEnd('\\');
            int i = path.LastIndexOf('\\');
            return i < 0 ? path : path.Substring(i + 1);
        }

        protected override string NormalizeRelativePath(string path, string basePath)
        {
            path = (path ?? "").Replace('/', '\\');
            basePath = (basePath ?? "").Replace('/', '\\').TrimEnd('\\');
            var parts = new List<string>();
            foreach (var p in path.Split(new[] { '\\' }, StringSplitOptions.RemoveEmptyEntries))
            {
                if (p == ".")
                    continue;
                if (p == ".." && parts.Count > 0)
                    parts.RemoveAt(parts.Count - 1);
                else if (p != "..")
                    parts.Add(p);
            }
            path = string.Join("\\", parts);
            if (basePath != "" && (path + "\\").StartsWith(basePath + "\\", StringComparison.OrdinalIgnoreCase))
                return path.Length > basePath.Length ? path.Substring(basePath.Length + 1) : "";
            return path;
        }

        void NotFound(string path, string id = "PathNotFound")
        {
            WriteError(
                new ErrorRecord(
                    new ItemNotFoundException("Cannot find path '" + Display(path) + "' because it does not exist."),
                    id,
                    ErrorCategory.ObjectNotFound,
                    path
                )
            );
        }

        string Display(string path)
        {
            string f = Full(path);
            if (PSDriveInfo != null && f.StartsWith("HKEY_LOCAL_MACHINE"))
                return "HKLM:" + f.Substring(18);
            return f;
        }

        bool Guard(string path, Action a)
        {
            try
            {
                a();
                return true;
            }
            catch (System.Security.SecurityException e)
            {
                WriteError(
                    new ErrorRecord(e, "System.Security.SecurityException", ErrorCategory.PermissionDenied, path)
                );
                return false;
            }
            catch (System.IO.IOException e)
            {
                WriteError(new ErrorRecord(e, "System.IO.IOException", ErrorCategory.ReadError, path));
                return false;
            }
        }

        Microsoft.Win32.RegistryKey KeyOf(string path)
        {
            return new Microsoft.Win32.RegistryKey(N(path), true, Full(path));
        }

        void WriteKey(string path)
        {
            var k = KeyOf(path);
            var o = PSObject.AsPSObject(k);
            o.Properties.Add(
                new PSNoteProperty("Property", k.GetValueNames().Select(x => x == "" ? "(default)" : x).ToArray())
            );
            WriteItemObject(o, Full(path), true);
        }

        protected override void GetItem(string path)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            Guard(
                path,
                () =>
                {
                    RegistryStore.CheckRead(N(path));
                    WriteKey(path);
                }
            );
        }

        protected override void SetItem(string path, object value)
        {
            Guard(path, () => RegistryStore.SetValue(N(path), "", value, RVK.String, "Set-Item"));
        }

        protected override void ClearItem(string path)
        {
            throw Lab.NotSimulated("Clear-Item on the registry");
        }

        protected override void GetChildItems(string path, bool recurse)
        {
            Children(path, recurse, uint.MaxValue);
        }

        protected override void GetChildItems(string path, bool recurse, uint depth)
        {
            Children(path, recurse, depth);
        }

        void Children(string path, bool recurse, uint depth)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            Guard(
                path,
                () =>
                {
                    RegistryStore.CheckRead(N(path));
                    foreach (var c in RegistryStore.SubKeys(N(path)))
                    {
                        string p = MakePath(path, c);
                        if (
                            !Guard(
                                p,
                                () =>
                                {
                                    RegistryStore.CheckRead(N(p));
                                    WriteKey(p);
                                }
                            )
                        )
                            continue;
                        if (recurse && depth > 0)
                            Children(p, true, depth == uint.MaxValue ? depth : depth - 1);
                    }
                }
            );
        }

        protected override void GetChildNames(string path, ReturnContainers rc)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            Guard(
                path,
                () =>
                {
                    RegistryStore.CheckRead(N(path));
                    foreach (var c in RegistryStore.SubKeys(N(path)))
                        WriteItemObject(c, MakePath(Full(path), c), true);
                }
            );
        }

        protected override void NewItem(string path, string type, object value)
        {
            string n = N(path);
            int i = n.LastIndexOf('\\');
            if (RegistryStore.Exists(n) && !Force)
            {
                WriteError(
                    new ErrorRecord(
                        new System.IO.IOException("A key in this path already exists."),
                        "System.IO.IOException",
                        ErrorCategory.ResourceExists,
                        path
                    )
                );
                return;
            }
            if (!Force && i > 0 && !RegistryStore.Exists(n.Substring(0, i)))
            {
                WriteError(
                    new ErrorRecord(
                        new ArgumentException("The registry key at the specified path does not exist."),
                        "System.ArgumentException",
                        ErrorCategory.InvalidArgument,
                        path
                    )
                );
                return;
            }
            if (!ShouldProcess(Full(path), "New Item"))
                return;
            Guard(
                path,
                () =>
                {
                    if (Force && RegistryStore.Exists(n))
                        RegistryStore.RemoveKey(n, "New-Item -Force");
                    RegistryStore.CreateKey(n, "New-Item");
                    if (value != null)
                        RegistryStore.SetValue(n, "", value, RVK.String, "New-Item");
                    WriteKey(path);
                }
            );
        }

        protected override void RemoveItem(string path, bool recurse)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            if (ShouldProcess(Full(path), "Remove Key"))
                Guard(path, () => RegistryStore.RemoveKey(N(path), "Remove-Item"));
        }

        protected override void RenameItem(string path, string newName)
        {
            throw Lab.NotSimulated("Rename-Item on the registry");
        }

        protected override void CopyItem(string path, string copyPath, bool recurse)
        {
            throw Lab.NotSimulated("Copy-Item on the registry");
        }

        protected override void MoveItem(string path, string destination)
        {
            throw Lab.NotSimulated("Move-Item on the registry");
        }

        public void GetProperty(string path, System.Collections.ObjectModel.Collection<string> pick)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            Guard(
                path,
                () =>
                {
                    RegistryStore.CheckRead(N(path));
                    var vals = RegistryStore.Values(N(path));
                    var o = new PSObject();
                    bool any = false;
                    if (pick == null || pick.Count == 0)
                    {
                        if (vals != null)
                            foreach (DictionaryEntry e in vals)
                            {
                                o.Properties.Add(
                                    new PSNoteProperty(
                                        (string)e.Key == "" ? "(default)" : (string)e.Key,
                                        RegistryStore.Data(e.Value)
                                    )
                                );
                                any = true;
                            }
                    }
                    else
                        foreach (var want in pick)
                        {
                            var hits = new List<string>();
                            string w = want.Equals("(default)", StringComparison.OrdinalIgnoreCase) ? "" : want;
                            if (WildcardPattern.ContainsWildcardCharacters(want))
                            {
                                var wp = new WildcardPattern(want, WildcardOptions.IgnoreCase);
                                if (vals != null)
                                    hits.AddRange(vals.Keys.Cast<string>().Where(k => wp.IsMatch(k)));
                            }
                            else if (vals != null && vals.Contains(w))
                                hits.Add(
                                    vals.Keys.Cast<string>().First(k => k.Equals(w, StringComparison.OrdinalIgnoreCase))
                                );
                            else
                            {
                                WriteError(
                                    new ErrorRecord(
                                        new PSArgumentException(
                                            "Property " + want + " does not exist at path " + Full(path) + "."
                                        ),
                                        "System.Management.Automation.PSArgumentException",
                                        ErrorCategory.InvalidArgument,
                                        want
                                    )
                                );
                                continue;
                            }
                            foreach (var h in hits)
                            {
                                o.Properties.Add(
                                    new PSNoteProperty(h == "" ? "(default)" : h, RegistryStore.Data(vals[h]))
                                );
                                any = true;
                            }
                        }
                    if (any)
                        WritePropertyObject(o, Full(path));
                }
            );
        }

        public object GetPropertyDynamicParameters(string path, System.Collections.ObjectModel.Collection<string> p)
        {
            return null;
        }

        public void SetProperty(string path, PSObject value)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            var dyn = DynamicParameters as RegistryTypeParameters;
            foreach (var p in value.Properties)
            {
                if (!ShouldProcess(Full(path), "Set Property " + p.Name))
                    continue;
                Guard(
                    path,
                    () =>
                    {
                        string n = p.Name.Equals("(default)", StringComparison.OrdinalIgnoreCase) ? "" : p.Name;
                        var kind = dyn != null && dyn.TypeWasSet ? dyn.Type : RVK.Unknown;
                        var vals = RegistryStore.Values(N(path));
                        if (kind == RVK.Unknown && vals != null && vals.Contains(n))
                            kind = RegistryStore.Kind(vals[n]);
                        RegistryStore.SetValue(N(path), n, p.Value, kind, "Set-ItemProperty");
                    }
                );
            }
        }

        public object SetPropertyDynamicParameters(string path, PSObject v)
        {
            return new RegistryTypeParameters();
        }

        public void ClearProperty(string path, System.Collections.ObjectModel.Collection<string> p)
        {
            throw Lab.NotSimulated("Clear-ItemProperty on the registry");
        }

        public object ClearPropertyDynamicParameters(string path, System.Collections.ObjectModel.Collection<string> p)
        {
            return null;
        }

        public void NewProperty(string path, string name, string type, object value)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            var vals = RegistryStore.Values(N(path));
            if (!Force && vals != null && vals.Contains(name))
            {
                WriteError(
                    new ErrorRecord(
                        new System.IO.IOException("The property already exists."),
                        "System.IO.IOException",
                        ErrorCategory.ResourceExists,
                        path
                    )
                );
                return;
            }
            RVK kind = RVK.Unknown;
            if (!string.IsNullOrEmpty(type) && !Enum.TryParse(type, true, out kind))
            {
                ThrowTerminatingError(
                    new ErrorRecord(
                        new ArgumentException("The type is not a known type for the registry: " + type),
                        "InvalidArgument",
                        ErrorCategory.InvalidArgument,
                        type
                    )
                );
            }
            var dyn = DynamicParameters as RegistryTypeParameters;
            if (dyn != null && dyn.TypeWasSet)
                kind = dyn.Type;
            if (!ShouldProcess(Full(path), "New Property " + name))
                return;
            Guard(
                path,
                () =>
                {
                    RegistryStore.SetValue(N(path), name, value ?? "", kind, "New-ItemProperty");
                    var o = new PSObject();
                    o.Properties.Add(new PSNoteProperty(name, RegistryStore.Data(RegistryStore.Values(N(path))[name])));
                    WritePropertyObject(o, Full(path));
                }
            );
        }

        public object NewPropertyDynamicParameters(string path, string n, string t, object v)
        {
            return null;
        }

        public void RemoveProperty(string path, string name)
        {
            if (!IsPresent(path))
            {
                NotFound(path);
                return;
            }
            var vals = RegistryStore.Values(N(path));
            if (vals == null || !vals.Contains(name))
            {
                WriteError(
                    new ErrorRecord(
                        new PSArgumentException("Property " + name + " does not exist at path " + Full(path) + "."),
                        "System.Management.Automation.PSArgumentException",
                        ErrorCategory.InvalidArgument,
                        path
                    )
                );
                return;
            }
            if (ShouldProcess(Full(path), "Remove Property " + name))
                Guard(path, () => RegistryStore.RemoveValue(N(path), name, "Remove-ItemProperty"));
        }

        public object RemovePropertyDynamicParameters(string path, string n)
        {
            return null;
        }

        public void RenameProperty(string path, string a, string b)
        {
            throw Lab.NotSimulated("Rename-ItemProperty on the registry");
        }

        public object RenamePropertyDynamicParameters(string path, string a, string b)
        {
            return null;
        }

        public void CopyProperty(string a, string b, string c, string d)
        {
            throw Lab.NotSimulated("Copy-ItemProperty on the registry");
        }

        public object CopyPropertyDynamicParameters(string a, string b, string c, string d)
        {
            return null;
        }

        public void MoveProperty(string a, string b, string c, string d)
        {
            throw Lab.NotSimulated("Move-ItemProperty on the registry");
        }

        public object MovePropertyDynamicParameters(string a, string b, string c, string d)
        {
            return null;
        }
    }
}
