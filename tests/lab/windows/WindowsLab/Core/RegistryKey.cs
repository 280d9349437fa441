// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-in for Microsoft.Win32.RegistryKey.
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

namespace Microsoft.Win32
{
    // Stand-in for the .NET type of the same name, which throws PlatformNotSupportedException on Linux.
    public sealed class RegistryKey : MarshalByRefObject, IDisposable
    {
        readonly string key,
            shown;
        readonly bool writable;
        public RegistryView View { get; private set; }

        internal RegistryKey(string normal, bool w, string display, RegistryView view = RegistryView.Default)
        {
            key = normal;
            writable = w;
            shown = display;
            View = view;
        }

        bool V32
        {
            get { return View == RegistryView.Registry32 || (View == RegistryView.Default && WindowsLab.Lab.IsWow64); }
        }

        public static RegistryKey OpenBaseKey(RegistryHive h, RegistryView v)
        {
            string n;
            switch (h)
            {
                case RegistryHive.LocalMachine:
                    n = "HKLM";
                    break;
                case RegistryHive.CurrentUser:
                    n = "HKCU";
                    break;
                case RegistryHive.Users:
                    n = "HKU";
                    break;
                case RegistryHive.ClassesRoot:
                    n = "HKCR";
                    break;
                default:
                    n = "HKCC";
                    break;
            }
            return new RegistryKey(n, true, WindowsLab.RegistryStore.FullName(n), v);
        }

        public static RegistryKey OpenRemoteBaseKey(RegistryHive h, string machine)
        {
            throw WindowsLab.Lab.NotSimulated("OpenRemoteBaseKey");
        }

        public string Name
        {
            get { return shown; }
        }
        // Reads of an open key meet the faults that opening it met.
        string Readable
        {
            get
            {
                WindowsLab.RegistryStore.CheckRead(Phys);
                return Phys;
            }
        }
        string Phys
        {
            get { return WindowsLab.RegistryStore.Normal(key, V32); }
        }
        OrderedDictionary Vals
        {
            get { return WindowsLab.RegistryStore.Values(Readable); }
        }
        public int ValueCount
        {
            get { return Vals == null ? 0 : Vals.Count; }
        }
        public int SubKeyCount
        {
            get { return WindowsLab.RegistryStore.SubKeys(Readable).Count; }
        }

        public RegistryKey OpenSubKey(string n)
        {
            return OpenSubKey(n, false);
        }

        public RegistryKey OpenSubKey(string n, bool w)
        {
            string k = (key + "\\" + n).TrimEnd('\\'),
                p = WindowsLab.RegistryStore.Normal(k, V32);
            if (!WindowsLab.RegistryStore.Exists(p))
                return null;
            if (w)
                WindowsLab.RegistryStore.CheckWrite(p);
            else
                WindowsLab.RegistryStore.CheckRead(p);
            return new RegistryKey(k, w, WindowsLab.RegistryStore.FullName(WindowsLab.RegistryStore.Normal(k)), View);
        }

        public RegistryKey OpenSubKey(string n, RegistryKeyPermissionCheck c)
        {
            return OpenSubKey(n, c == RegistryKeyPermissionCheck.ReadWriteSubTree);
        }

        public RegistryKey CreateSubKey(string n)
        {
            string k = key + "\\" + n;
            if (!WindowsLab.RegistryStore.Exists(WindowsLab.RegistryStore.Normal(k, V32)))
                WindowsLab.RegistryStore.CreateKey(WindowsLab.RegistryStore.Normal(k, V32), "RegistryKey.CreateSubKey");
            return OpenSubKey(n, true);
        }

        public RegistryKey CreateSubKey(string n, bool w)
        {
            return CreateSubKey(n);
        }

        public string[] GetValueNames()
        {
            var v = Vals;
            return v == null ? new string[0] : v.Keys.Cast<string>().ToArray();
        }

        public string[] GetSubKeyNames()
        {
            return WindowsLab.RegistryStore.SubKeys(Readable).ToArray();
        }

        public object GetValue(string n)
        {
            return GetValue(n, null);
        }

        public object GetValue(string n, object d)
        {
            return GetValue(n, d, RegistryValueOptions.None);
        }

        public object GetValue(string n, object d, RegistryValueOptions o)
        {
            var v = Vals;
            n = n ?? "";
            return v == null || !v.Contains(n)
                ? d
                : WindowsLab.RegistryStore.Data(v[n], o == RegistryValueOptions.None);
        }

        public RegistryValueKind GetValueKind(string n)
        {
            var v = Vals;
            if (v == null || !v.Contains(n))
                throw new System.IO.IOException("The specified registry key does not exist.");
            return WindowsLab.RegistryStore.Kind(v[n]);
        }

        void NeedWrite()
        {
            if (!writable)
                throw new UnauthorizedAccessException("Cannot write to the registry key.");
        }

        public void SetValue(string n, object v)
        {
            SetValue(n, v, RegistryValueKind.Unknown);
        }

        public void SetValue(string n, object v, RegistryValueKind k)
        {
            NeedWrite();
            WindowsLab.RegistryStore.SetValue(Phys, n ?? "", v, k, "RegistryKey.SetValue");
        }

        public void DeleteValue(string n)
        {
            DeleteValue(n, true);
        }

        public void DeleteValue(string n, bool t)
        {
            NeedWrite();
            var v = Vals;
            if (v == null || !v.Contains(n))
            {
                if (t)
                    throw new ArgumentException("No value exists with that name.");
                return;
            }
            WindowsLab.RegistryStore.RemoveValue(Phys, n, "RegistryKey.DeleteValue");
        }

        public void DeleteSubKey(string n)
        {
            DeleteSubKeyTree(n);
        }

        public void DeleteSubKey(string n, bool t)
        {
            DeleteSubKeyTree(n, t);
        }

        public void DeleteSubKeyTree(string n)
        {
            DeleteSubKeyTree(n, true);
        }

        public void DeleteSubKeyTree(string n, bool t)
        {
            NeedWrite();
            string p = WindowsLab.RegistryStore.Normal(key + "\\" + n, V32);
            if (!WindowsLab.RegistryStore.Exists(p))
            {
                if (t)
                    throw new ArgumentException("Cannot delete a subkey tree because the subkey does not exist.");
                return;
            }
            WindowsLab.RegistryStore.RemoveKey(p, "RegistryKey.DeleteSubKeyTree");
        }

        public void Close() { }

        public void Dispose() { }

        public void Flush() { }

        public override string ToString()
        {
            return shown;
        }
    }
}
