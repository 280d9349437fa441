// SPDX-License-Identifier: GPL-3.0-or-later
// COM automation objects. They are dynamic, so exceptions reach the script unwrapped, as from a real COM call.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Dynamic;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.InteropServices;
using WindowsLab;

namespace WindowsLab
{
    public static class Com
    {
        const string CurrentVersion = @"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\";

        static Exception Denied()
        {
            return new UnauthorizedAccessException(
                "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"
            );
        }

        static bool Net
        {
            get { return Lab.Token == "network"; }
        }

        // Since Windows 11 24H2 / Server 2025 even search and history refuse a network token.
        static bool SearchDenied
        {
            get { return Net && Lab.Build >= 26100; }
        }

        static ComObject Strings(List<object> l)
        {
            return new ComObject("IStringCollection").List(l);
        }

        static object Utc(object s)
        {
            return s == null ? (object)null
                : s is DateTime ? s
                : DateTime.SpecifyKind(Lab.ParseUtc((string)s), DateTimeKind.Unspecified);
        }

        public static PSObject Create(string progId, bool strict)
        {
            var failure = Faults.ComError(Faults.Meet("com:" + progId), 0x80040154);
            if (failure != null)
                throw failure;
            ComObject c;
            switch (progId.ToLowerInvariant())
            {
                case "microsoft.update.session":
                    c = Session();
                    break;
                case "microsoft.update.searcher":
                    c = Searcher();
                    break;
                case "microsoft.update.updatecoll":
                    c = Coll(new List<object>());
                    break;
                case "microsoft.update.stringcoll":
                    c = MutableList("IStringCollection", new List<object>());
                    break;
                case "microsoft.update.systeminfo":
                    c = new ComObject("ISystemInformation")
                        .Get(
                            "RebootRequired",
                            () =>
                            {
                                if (Net)
                                    throw Denied();
                                return RebootRequired();
                            }
                        )
                        .Get(
                            "OemHardwareSupportLink",
                            () =>
                            {
                                if (Net)
                                    throw Denied();
                                return "";
                            }
                        );
                    break;
                case "microsoft.update.autoupdate":
                    c = AutoUpdate();
                    break;
                case "microsoft.update.servicemanager":
                    c = ServiceManager();
                    break;
                case "hnetcfg.fwpolicy2":
                    c = FwPolicy2();
                    break;
                case "hnetcfg.fwproducts":
                    c = new ComObject("INetFwProducts").List(
                        Lab.Items(Lab.Load(), "com", "fwproducts")
                            .Select(p =>
                                (object)
                                    new ComObject("INetFwProduct")
                                        .Const("DisplayName", Lab.Str(p, "DisplayName"))
                                        .Const("PathToSignedProductExe", Lab.Str(p, "PathToSignedProductExe"))
                                        .Const(
                                            "RuleCategories",
                                            Lab.Items(p, "RuleCategories")
                                                .Select(x => (object)Convert.ToInt32(x))
                                                .ToArray()
                                        )
                            )
                    );
                    break;
                case "schedule.service":
                    c = Scheduler.Service();
                    break;
                case "wscript.shell":
                case "scripting.filesystemobject":
                case "wbemscripting.swbemlocator":
                case "shell.application":
                    throw Lab.NotSimulated("COM object " + progId);
                default:
                    throw new COMException(
                        "Retrieving the COM class factory for component with CLSID "
                            + "{00000000-0000-0000-0000-000000000000} failed due to the following error: 80040154 "
                            + "Class not registered (Exception from HRESULT: 0x80040154 (REGDB_E_CLASSNOTREG)).",
                        unchecked((int)0x80040154)
                    );
            }
            var o = PSObject.AsPSObject(c);
            o.TypeNames.Insert(0, "System.__ComObject");
            return o;
        }

        public static bool RebootRequired()
        {
            return RegistryStore.Exists(CurrentVersion + @"WindowsUpdate\Auto Update\RebootRequired");
        }

        static ComObject Session()
        {
            return new ComObject("IUpdateSession3")
                .Value("ClientApplicationID", "")
                .Value("UserLocale", 1033)
                .Const("ReadOnly", false)
                .Call(
                    "CreateUpdateSearcher",
                    a =>
                    {
                        if (SearchDenied)
                            throw Denied();
                        return Searcher();
                    }
                )
                .Call(
                    "QueryHistory",
                    a =>
                    {
                        if (SearchDenied)
                            throw Denied();
                        return History(Convert.ToInt32(a[1]), Convert.ToInt32(a[2]));
                    }
                )
                .Call(
                    "CreateUpdateDownloader",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        return Downloader();
                    }
                )
                .Call(
                    "CreateUpdateInstaller",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        return Installer();
                    }
                )
                .Call("CreateUpdateServiceManager", a => ServiceManager());
        }

        static ComObject Searcher()
        {
            var c = new ComObject("IUpdateSearcher3")
                .Value("Online", true)
                .Value("ServerSelection", 0)
                .Value("ServiceID", "")
                .Value("CanAutomaticallyUpgradeService", false)
                .Value("ClientApplicationID", "")
                .Value("IncludePotentiallySupersededUpdates", false)
                .Value("SearchScope", 0);
            c.Call(
                    "Search",
                    a =>
                    {
                        if (SearchDenied)
                            throw Denied();
                        return Search(Convert.ToString(a[0]), Convert.ToBoolean(c.Read("Online")));
                    }
                )
                .Call(
                    "GetTotalHistoryCount",
                    a =>
                    {
                        if (SearchDenied)
                            throw Denied();
                        return Lab.Items(Lab.Load(), "com", "wua", "history").Count;
                    }
                )
                .Call(
                    "QueryHistory",
                    a =>
                    {
                        if (SearchDenied)
                            throw Denied();
                        return History(Convert.ToInt32(a[0]), Convert.ToInt32(a[1]));
                    }
                )
                .Call(
                    "BeginSearch",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        throw Lab.NotSimulated("IUpdateSearcher.BeginSearch");
                    }
                )
                .Call("EscapeString", a => a[0]);
            return c;
        }

        static bool Want(string criteria, string key, bool actual)
        {
            var m = System.Text.RegularExpressions.Regex.Match(
                criteria,
                key + @"\s*=\s*([01])",
                System.Text.RegularExpressions.RegexOptions.IgnoreCase
            );
            return !m.Success || (m.Groups[1].Value == "1") == actual;
        }

        // An error that is "in_datastore" goes when the agent has to make its database anew
        // (learn.microsoft.com/troubleshoot/windows-client/installing-updates-features-roles/
        // additional-resources-for-windows-update, "How do I reset Windows Update components?", 2025-10).
        static OrderedDictionary SearchError(OrderedDictionary search, bool online)
        {
            var err = Lab.Map(search, "error");
            if (err == null || !(online || Lab.Flag(err, "offline_too")))
                return null;
            string database = System.IO.Path.Combine(
                WindowsPath.Root,
                "Windows/SoftwareDistribution/DataStore/DataStore.edb"
            );
            return Lab.Flag(err, "in_datastore") && !System.IO.File.Exists(database) ? null : err;
        }

        // An update that needs another one, such as a servicing stack, is offered when that is installed.
        static bool IsApplicable(OrderedDictionary u, List<OrderedDictionary> all)
        {
            string first = Lab.Str(u, "requires");
            return first == null || all.Any(x => Lab.Str(x, "UpdateID") == first && Lab.Flag(x, "IsInstalled"));
        }

        static object Search(string criteria, bool online)
        {
            if (!System.Text.RegularExpressions.Regex.IsMatch(criteria, @"^[\w\s=!'<>\-\(\)]*$"))
                throw new COMException("Exception from HRESULT: 0x80240032", unchecked((int)0x80240032));
            var w = Lab.Map(Lab.Load(), "com", "wua", "search");
            var err = SearchError(w, online);
            if (err != null)
                throw Lab.MakeException(err);
            var all = Lab.Items(w, "Updates").Cast<OrderedDictionary>().ToList();
            var ups = all.Where(u =>
                    IsApplicable(u, all)
                    && Want(criteria, "IsInstalled", Lab.Flag(u, "IsInstalled"))
                    && Want(criteria, "IsHidden", Lab.Flag(u, "IsHidden"))
                    && (!criteria.Contains("'Driver'") || Lab.Num(u, 1, "Type") == 2)
                    && (!criteria.Contains("'Software'") || Lab.Num(u, 1, "Type") == 1)
                )
                .Select(u => (object)Update(u))
                .ToList();
            long rc = Lab.Num(w, 2, "ResultCode");
            return new ComObject("ISearchResult")
                .Const("ResultCode", (int)rc)
                .Const("Updates", Coll(ups))
                .Const("RootCategories", new ComObject("ICategoryCollection").List(new object[0]))
                .Const(
                    "Warnings",
                    new ComObject("IUpdateExceptionCollection").List(
                        Lab.Items(w, "Warnings")
                            .Select(x =>
                                (object)
                                    new ComObject("IUpdateException")
                                        .Const("Context", (int)Lab.Num(x, 1, "Context"))
                                        .Const("HResult", (int)Lab.Num(x, 0, "HResult"))
                                        .Const("Message", Lab.Str(x, "Message") ?? "")
                            )
                    )
                );
        }

        static ComObject Update(OrderedDictionary u)
        {
            var cats = Lab.Items(u, "CategoryIDs")
                .Select(x =>
                    (object)
                        new ComObject("ICategory")
                            .Const("CategoryID", (string)x)
                            .Const("Name", CategoryName((string)x))
                            .Const("Type", "UpdateClassification")
                            .Const("Order", 0)
                );
            var c = new ComObject("IUpdate5");
            c.Const(
                    "Identity",
                    new ComObject("IUpdateIdentity")
                        .Const("UpdateID", Lab.Str(u, "UpdateID"))
                        .Const("RevisionNumber", (int)Lab.Num(u, 1, "RevisionNumber"))
                )
                .Const("Title", Lab.Str(u, "Title"))
                .Const("KBArticleIDs", Strings(Lab.Items(u, "KB")))
                .Const("MsrcSeverity", Lab.Str(u, "MsrcSeverity") == "" ? null : Lab.Str(u, "MsrcSeverity"))
                .Const("LastDeploymentChangeTime", Utc(u["LastDeploymentChangeTime"]))
                .Const("Categories", new ComObject("ICategoryCollection").List(cats))
                .Const("BrowseOnly", Lab.Flag(u, "BrowseOnly"))
                .Const("IsDownloaded", Lab.Flag(u, "IsDownloaded"))
                .Const("IsInstalled", Lab.Flag(u, "IsInstalled"))
                .Const("IsHidden", Lab.Flag(u, "IsHidden"))
                .Const("IsMandatory", Lab.Flag(u, "IsMandatory"))
                .Const("RebootRequired", Lab.Flag(u, "RebootRequired"))
                .Const(
                    "AutoSelectOnWebSites",
                    u.Contains("AutoSelectOnWebSites")
                        ? Lab.Flag(u, "AutoSelectOnWebSites")
                        : !Lab.Flag(u, "BrowseOnly")
                )
                .Const("EulaAccepted", !u.Contains("EulaAccepted") || Lab.Flag(u, "EulaAccepted"))
                .Const("Type", (int)Lab.Num(u, 1, "Type"))
                .Const("MaxDownloadSize", Lab.Num(u, 500000000, "MaxDownloadSize"))
                .Const("MinDownloadSize", 0L)
                .Const("Description", Lab.Str(u, "Description") ?? "")
                .Const("SecurityBulletinIDs", Strings(new List<object>()))
                .Const("CveIDs", Strings(Lab.Items(u, "CveIDs")))
                .Const("SupersededUpdateIDs", Strings(new List<object>()))
                .Const("MoreInfoUrls", Strings(new List<object>()))
                .Const("SupportUrl", "https://support.microsoft.com")
                .Const("IsUninstallable", true)
                .Const("IsBeta", false)
                .Const("DeploymentAction", 1)
                .Const("Deadline", null)
                .Const(
                    "InstallationBehavior",
                    new ComObject("IInstallationBehavior")
                        .Const("RebootBehavior", (int)Lab.Num(u, 0, "RebootBehavior"))
                        .Const("Impact", (int)Lab.Num(u, 0, "Impact"))
                        .Const("CanRequestUserInput", false)
                        .Const("RequiresNetworkConnectivity", false)
                )
                .Const("__state", u)
                .Call(
                    "AcceptEula",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        Lab.Edit(
                            "IUpdate.AcceptEula",
                            Lab.Str(u, "UpdateID"),
                            s => UpdateById(s, Lab.Str(u, "UpdateID"))["EulaAccepted"] = true
                        );
                        return null;
                    }
                );
            return c;
        }

        static string CategoryName(string id)
        {
            var de = Lab.Locale.StartsWith("de");
            var fr = Lab.Locale.StartsWith("fr");
            switch (id.ToLowerInvariant())
            {
                case "0fa1201d-4330-4fa8-8ae9-b877473b6441":
                    return de ? "Sicherheitsupdates"
                        : fr ? "Mises à jour de sécurité"
                        : "Security Updates";
                case "e6cf1350-c01b-414d-a61f-263d14d133b4":
                    return de ? "Wichtige Updates"
                        : fr ? "Mises à jour critiques"
                        : "Critical Updates";
                case "28bc880e-0592-4cbf-8f95-c79b17911d5f":
                    return de ? "Updaterollups"
                        : fr ? "Correctifs cumulatifs"
                        : "Update Rollups";
                case "e0789628-ce08-4437-be74-2495b842f43b":
                    return de ? "Definitionsupdates"
                        : fr ? "Mises à jour de définitions"
                        : "Definition Updates";
                default:
                    return "Updates";
            }
        }

        static ComObject MutableList(string type, List<object> l)
        {
            var c = new ComObject(type).List(l);
            c.Call(
                    "Add",
                    a =>
                    {
                        c.items.Add(a[0]);
                        return c.items.Count - 1;
                    }
                )
                .Call(
                    "Clear",
                    a =>
                    {
                        c.items.Clear();
                        return null;
                    }
                )
                .Call(
                    "RemoveAt",
                    a =>
                    {
                        c.items.RemoveAt(Convert.ToInt32(a[0]));
                        return null;
                    }
                );
            return c;
        }

        static ComObject Coll(List<object> l)
        {
            return MutableList("IUpdateCollection", l);
        }

        static object History(int start, int count)
        {
            return new ComObject("IUpdateHistoryEntryCollection").List(
                Lab.Items(Lab.Load(), "com", "wua", "history")
                    .Skip(start)
                    .Take(count)
                    .Select(h =>
                        (object)
                            new ComObject("IUpdateHistoryEntry2")
                                .Const("Date", Utc(((OrderedDictionary)h)["Date"]))
                                .Const("Operation", (int)Lab.Num(h, 1, "Operation"))
                                .Const("ResultCode", (int)Lab.Num(h, 2, "ResultCode"))
                                .Const("HResult", (int)Lab.Num(h, 0, "HResult"))
                                .Const("UnmappedResultCode", (int)Lab.Num(h, 0, "HResult"))
                                .Const("Title", Lab.Str(h, "Title"))
                                .Const("Description", "")
                                .Const("ClientApplicationID", Lab.Str(h, "ClientApplicationID") ?? "UpdateOrchestrator")
                                .Const("ServerSelection", (int)Lab.Num(h, 1, "ServerSelection"))
                                .Const("ServiceID", Lab.Str(h, "ServiceID") ?? "")
                                .Const("SupportUrl", "")
                                .Const("UninstallationNotes", "")
                                .Const(
                                    "UpdateIdentity",
                                    new ComObject("IUpdateIdentity")
                                        .Const("UpdateID", Lab.Str(h, "UpdateID"))
                                        .Const("RevisionNumber", (int)Lab.Num(h, 1, "RevisionNumber"))
                                )
                    )
            );
        }

        // What became of one update of a download or an installation.
        struct Outcome
        {
            public int HResult;
            public bool NeedsReboot;
        }

        const int AllUpdatesFailed = unchecked((int)0x80240022);
        const int NotDownloaded = unchecked((int)0x80240034);
        const int LicenceDeclined = unchecked((int)0x80240023);

        // Of a whole that failed, the agent says only that all failed; each update has its own code.
        static ComObject Result(string kind, IList<Outcome> each)
        {
            int failed = each.Count(x => x.HResult != 0);
            bool allFailed = failed == each.Count;
            return new ComObject("I" + kind + "Result")
                .Const("ResultCode", failed == 0 ? 2 : allFailed ? 4 : 3)
                .Const("HResult", allFailed ? AllUpdatesFailed : 0)
                .Const("RebootRequired", each.Any(x => x.NeedsReboot))
                .Call(
                    "GetUpdateResult",
                    a =>
                    {
                        var one = each[Convert.ToInt32(a[0])];
                        return new ComObject("IUpdate" + kind + "Result")
                            .Const("ResultCode", one.HResult == 0 ? 2 : 4)
                            .Const("HResult", one.HResult)
                            .Const("RebootRequired", one.NeedsReboot);
                    }
                );
        }

        static Outcome Failed(long number)
        {
            return new Outcome { HResult = unchecked((int)number) };
        }

        // An update of the state document by its id; the caller holds it from an earlier search.
        static OrderedDictionary UpdateById(OrderedDictionary s, string id)
        {
            return Lab.Items(s, "com", "wua", "search", "Updates")
                .Cast<OrderedDictionary>()
                .First(u => Lab.Str(u, "UpdateID") == id);
        }

        static ComObject Downloader()
        {
            var c = new ComObject("IUpdateDownloader")
                .Value("Updates", null)
                .Value("IsForced", false)
                .Value("Priority", 2)
                .Value("ClientApplicationID", "");
            c.Call(
                "Download",
                a =>
                {
                    var ids = Ids(c);
                    if (ids.Count == 0)
                        throw NoUpdate();
                    var each = new List<Outcome>();
                    Lab.Edit(
                        "IUpdateDownloader.Download",
                        ids,
                        s =>
                        {
                            each = ids.Select(id => Download(UpdateById(s, id))).ToList();
                        }
                    );
                    return Result("Download", each);
                }
            );
            return c;
        }

        static Outcome Download(OrderedDictionary u)
        {
            if (u.Contains("download_error"))
                return Failed(Lab.Num(u, 0, "download_error"));
            u["IsDownloaded"] = true;
            return new Outcome();
        }

        static Exception NoUpdate()
        {
            return new COMException("Exception from HRESULT: 0x80240024", unchecked((int)0x80240024));
        }

        static List<string> Ids(ComObject c)
        {
            var l = c.Read("Updates") as ComObject;
            return l == null
                ? new List<string>()
                : l
                    .items.Select(x =>
                        Lab.Str(
                            ((x is PSObject ? ((PSObject)x).BaseObject : x) as ComObject).Read("__state"),
                            "UpdateID"
                        )
                    )
                    .ToList();
        }

        static ComObject Installer()
        {
            var c = new ComObject("IUpdateInstaller4")
                .Value("Updates", null)
                .Value("IsForced", false)
                .Value("AllowSourcePrompts", true)
                .Value("ForceQuiet", false)
                .Value("ClientApplicationID", "")
                .Get("RebootRequiredBeforeInstallation", () => RebootRequired())
                .Const("IsBusy", false);
            c.Call(
                "Install",
                a =>
                {
                    var ids = Ids(c);
                    if (ids.Count == 0)
                        throw NoUpdate();
                    if (RebootRequired())
                        return Result("Installation", ids.Select(x => Failed(0x80240016)).ToList());
                    var each = new List<Outcome>();
                    Lab.Edit(
                        "IUpdateInstaller.Install",
                        ids,
                        s =>
                        {
                            each = ids.Select(id => Install(s, UpdateById(s, id))).ToList();
                        }
                    );
                    return Result("Installation", each);
                }
            );
            return c;
        }

        static Outcome Install(OrderedDictionary s, OrderedDictionary u)
        {
            if (!Lab.Flag(u, "IsDownloaded"))
                return Failed(NotDownloaded);
            if (u.Contains("EulaAccepted") && !Lab.Flag(u, "EulaAccepted"))
                return Failed(LicenceDeclined);
            var about = new object[]
            {
                Lab.Str(u, "Title"),
                "{" + Lab.Str(u, "UpdateID") + "}",
                Lab.Num(u, 1, "RevisionNumber"),
            };
            const string client = "Microsoft-Windows-WindowsUpdateClient";
            if (u.Contains("install_error"))
            {
                var failed = Failed(Lab.Num(u, 0, "install_error"));
                EventStore.Append(s, "System", client, 20, 2, about.Prepend((object)(long)failed.HResult).ToArray());
                return failed;
            }
            u["IsInstalled"] = true;
            EventStore.Append(s, "System", client, 19, 4, about);
            Lab.Map(s, "com", "wua", "AutoUpdate")["LastInstallationSuccessDate"] = Lab.Iso(Lab.UtcNow);
            bool needsReboot = Lab.Num(u, 0, "RebootBehavior") > 0;
            if (needsReboot)
                AwaitReboot(s, Lab.Map(u, "lcu"));
            return new Outcome { NeedsReboot = needsReboot };
        }

        static void AwaitReboot(OrderedDictionary s, OrderedDictionary lcu)
        {
            var registry = Lab.Map(s, "registry");
            foreach (
                var key in new[]
                {
                    CurrentVersion + @"WindowsUpdate\Auto Update\RebootRequired",
                    CurrentVersion + @"Component Based Servicing\RebootPending",
                }
            )
                if (!registry.Contains(key))
                    registry[key] = Lab.NewMap();
            if (lcu == null)
                return;
            Lab.Map(s, "reboot")["pending_lcu"] = Cim.Copy(lcu);
            var package = Lab.NewMap();
            package["CurrentState"] = new List<object> { "REG_DWORD", 96L };
            registry[CurrentVersion + @"Component Based Servicing\Packages\" + Lab.Str(lcu, "package")] = package;
        }

        static ComObject AutoUpdate()
        {
            return new ComObject("IAutomaticUpdates2")
                .Get(
                    "Results",
                    () =>
                    {
                        var m = Lab.Map(Lab.Load(), "com", "wua", "AutoUpdate");
                        return new ComObject("IAutomaticUpdatesResults")
                            .Const("LastSearchSuccessDate", Utc(m["LastSearchSuccessDate"]))
                            .Const("LastInstallationSuccessDate", Utc(m["LastInstallationSuccessDate"]));
                    }
                )
                .Get(
                    "ServiceEnabled",
                    () =>
                    {
                        if (Net)
                            throw Denied();
                        return Lab.Str(Lab.Load(), "services", "wuauserv", "StartMode") != "Disabled";
                    }
                )
                .Get(
                    "Settings",
                    () =>
                    {
                        if (Net)
                            throw Denied();
                        return new ComObject("IAutomaticUpdatesSettings3")
                            .Const(
                                "NotificationLevel",
                                (int)Lab.Num(Lab.Load(), 4, "com", "wua", "AutoUpdate", "NotificationLevel")
                            )
                            .Const("ReadOnly", false)
                            .Const("Required", false)
                            .Const("IncludeRecommendedUpdates", true);
                    }
                )
                .Call(
                    "DetectNow",
                    a =>
                    {
                        // A scan of automatic updates; here it is over at once.
                        Lab.Edit(
                            "IAutomaticUpdates.DetectNow",
                            null,
                            s =>
                            {
                                if (SearchError(Lab.Map(s, "com", "wua", "search"), true) == null)
                                    Lab.Map(s, "com", "wua", "AutoUpdate")["LastSearchSuccessDate"] = Lab.Iso(
                                        Lab.UtcNow
                                    );
                            }
                        );
                        return null;
                    }
                )
                .Call(
                    "EnableService",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        ServiceControl.SetStartMode("wuauserv", "Manual", null, "IAutomaticUpdates.EnableService");
                        return null;
                    }
                );
        }

        static ComObject ServiceManager()
        {
            return new ComObject("IUpdateServiceManager2")
                .Value("ClientApplicationID", "")
                .Get(
                    "Services",
                    () =>
                        new ComObject("IUpdateServiceCollection").List(
                            Lab.Items(Lab.Load(), "com", "wua", "services")
                                .Select(v =>
                                    (object)
                                        new ComObject("IUpdateService2")
                                            .Const("ServiceID", Lab.Str(v, "ServiceID"))
                                            .Const("Name", Lab.Str(v, "Name"))
                                            .Const("IsDefaultAUService", Lab.Flag(v, "IsDefaultAUService"))
                                            .Const("IsManaged", Lab.Flag(v, "IsManaged"))
                                            .Const("IsRegisteredWithAU", Lab.Flag(v, "IsRegisteredWithAU"))
                                            .Const("OffersWindowsUpdates", true)
                                            .Const("ServiceUrl", Lab.Str(v, "ServiceUrl") ?? "")
                                            .Const("IsScanPackageService", false)
                                            .Const("CanRegisterWithAU", true)
                                )
                        )
                )
                .Call(
                    "AddService",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        throw Lab.NotSimulated("AddService");
                    }
                )
                .Call(
                    "AddService2",
                    a =>
                    {
                        if (Net)
                            throw Denied();
                        throw Lab.NotSimulated("AddService2");
                    }
                );
        }

        static ComObject FwPolicy2()
        {
            Func<object[], string> P = a =>
            {
                int t = Convert.ToInt32(a[0]);
                if (t == 1)
                    return "Domain";
                if (t == 2)
                    return "Private";
                if (t == 4)
                    return "Public";
                throw new ArgumentException("Value does not fall within the expected range.");
            };
            Action need = () =>
            {
                if (Lab.Str(Lab.Load(), "services", "MpsSvc", "State") != "Running")
                    throw new COMException(
                        "There are no more endpoints available from the endpoint mapper. (Exception from "
                            + "HRESULT: 0x800706D9)",
                        unchecked((int)0x800706D9)
                    );
            };
            Func<string, string, long> V = (p, n) =>
            {
                need();
                return Lab.Num(Firewall.StoreProfile(Lab.Load(), p, false), 0, n);
            };
            return new ComObject("INetFwPolicy2")
                .Get(
                    "CurrentProfileTypes",
                    () =>
                    {
                        need();
                        int m = 0;
                        foreach (var c in Lab.Items(Lab.Load(), "network", "profiles"))
                        {
                            long k = Lab.Num(c, 0, "NetworkCategory");
                            m |=
                                k == 2 ? 1
                                : k == 1 ? 2
                                : 4;
                        }
                        return m == 0 ? 4 : m;
                    }
                )
                .Get(
                    "LocalPolicyModifyState",
                    () =>
                    {
                        need();
                        foreach (var p in new[] { "Domain", "Private", "Public" })
                        {
                            var g = Firewall.StoreProfile(Lab.Load(), p, true);
                            if (
                                Lab.Num(g, 2, "Enabled") != 2
                                || Lab.Num(g, 2, "AllowLocalFirewallRules") == 0
                                || Lab.Num(g, 0, "DefaultInboundAction") != 0
                            )
                                return 1;
                            if (Lab.Num(Firewall.ActiveProfile(Lab.Load(), p), 1, "AllowInboundRules") == 0)
                                return 2;
                        }
                        return 0;
                    }
                )
                .Call("FirewallEnabled", a => V(P(a), "Enabled") == 1)
                .Call(
                    "DefaultInboundAction",
                    a =>
                    {
                        var x = V(P(a), "DefaultInboundAction");
                        return x == 2 ? 1 : 0;
                    }
                )
                .Call(
                    "DefaultOutboundAction",
                    a =>
                    {
                        var x = V(P(a), "DefaultOutboundAction");
                        return x == 4 ? 0 : 1;
                    }
                )
                .Call("BlockAllInboundTraffic", a => V(P(a), "AllowInboundRules") == 0)
                .Call("NotificationsDisabled", a => V(P(a), "NotifyOnListen") == 0)
                .Get(
                    "Rules",
                    () =>
                    {
                        need();
                        return new ComObject("INetFwRules").List(
                            Lab.Items(Lab.Load(), "firewall", "rules", "PersistentStore")
                                .Select(r =>
                                    (object)
                                        new ComObject("INetFwRule3")
                                            .Const("Name", Lab.Str(r, "DisplayName") ?? Lab.Str(r, "Name"))
                                            .Const("Enabled", Lab.Num(r, 1, "Enabled") == 1)
                                            .Const("Direction", (int)Lab.Num(r, 1, "Direction"))
                                            .Const("Action", Lab.Num(r, 2, "Action") == 2 ? 1 : 0)
                                            .Const(
                                                "Profiles",
                                                Lab.Num(r, 0, "Profile") == 0
                                                    ? 2147483647
                                                    : (int)Lab.Num(r, 0, "Profile")
                                            )
                                            .Const("LocalPorts", Lab.Str(r, "LocalPort"))
                                            .Const(
                                                "Protocol",
                                                Lab.Str(r, "Protocol") == "TCP" ? 6
                                                    : Lab.Str(r, "Protocol") == "UDP" ? 17
                                                    : 256
                                            )
                                            .Const("RemoteAddresses", Lab.Str(r, "RemoteAddress"))
                                            .Const("Grouping", Lab.Str(r, "Group") ?? "")
                                )
                        );
                    }
                );
        }
    }

    // Time-driven changes have one implementation, Native/lifecycle.py: the cmdlets call it.
    public static class Lifecycle
    {
        public static string NativeFolder;

        static readonly Lazy<string> python = new Lazy<string>(FindPython);

        // The interpreter itself: a version manager's shim before it costs time and writes warnings to stderr.
        public static string Python
        {
            get { return python.Value; }
        }

        static string FindPython()
        {
            string named = Environment.GetEnvironmentVariable("LAB_PYTHON");
            if (!string.IsNullOrEmpty(named))
                return named;
            var ask = new System.Diagnostics.ProcessStartInfo("python3")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            };
            ask.ArgumentList.Add("-c");
            ask.ArgumentList.Add("import sys; print(sys.executable)");
            using (var process = System.Diagnostics.Process.Start(ask))
            {
                var errors = process.StandardError.ReadToEndAsync();
                string answer = process.StandardOutput.ReadToEnd().Trim();
                process.WaitForExit();
                if (process.ExitCode != 0 || answer == "")
                    throw new InvalidOperationException("WindowsLab: no Python 3: " + errors.Result);
                return answer;
            }
        }

        public static string Tick(double minutes)
        {
            var p = new System.Diagnostics.ProcessStartInfo(Python)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            };
            p.ArgumentList.Add(System.IO.Path.Combine(NativeFolder, "tick.py"));
            p.ArgumentList.Add(minutes.ToString(CultureInfo.InvariantCulture));
            using (var x = System.Diagnostics.Process.Start(p))
            {
                var err = x.StandardError.ReadToEndAsync();
                string o = x.StandardOutput.ReadToEnd();
                x.WaitForExit();
                if (x.ExitCode != 0)
                    throw new InvalidOperationException("tick.py: " + err.Result);
                return o;
            }
        }
    }
}
