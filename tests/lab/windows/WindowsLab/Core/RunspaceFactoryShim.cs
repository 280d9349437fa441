// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-in for [runspacefactory]: a runspace made by the code under test sees the same simulated host.
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;

namespace WindowsLab
{
    public static class RunspaceFactoryShim
    {
        // The module's manifest; set by WindowsLab.psm1.
        public static string Manifest;

        // Opening it imports the module, which adds HKLM:, C: and the commands; the environment is the process's.
        static InitialSessionState Prepared(InitialSessionState state)
        {
            state = state == null ? InitialSessionState.CreateDefault() : state.Clone();
            state.ImportPSModule(new[] { Manifest });
            return state;
        }

        public static Runspace CreateRunspace()
        {
            return RunspaceFactory.CreateRunspace(Prepared(null));
        }

        public static Runspace CreateRunspace(InitialSessionState initialSessionState)
        {
            return RunspaceFactory.CreateRunspace(Prepared(initialSessionState));
        }

        public static Runspace CreateRunspace(PSHost host)
        {
            return RunspaceFactory.CreateRunspace(host, Prepared(null));
        }

        public static Runspace CreateRunspace(PSHost host, InitialSessionState initialSessionState)
        {
            return RunspaceFactory.CreateRunspace(host, Prepared(initialSessionState));
        }

        public static RunspacePool CreateRunspacePool()
        {
            return RunspaceFactory.CreateRunspacePool(Prepared(null));
        }

        public static RunspacePool CreateRunspacePool(int minRunspaces, int maxRunspaces)
        {
            var pool = RunspaceFactory.CreateRunspacePool(Prepared(null));
            pool.SetMaxRunspaces(maxRunspaces);
            pool.SetMinRunspaces(minRunspaces);
            return pool;
        }

        public static RunspacePool CreateRunspacePool(InitialSessionState initialSessionState)
        {
            return RunspaceFactory.CreateRunspacePool(Prepared(initialSessionState));
        }

        public static RunspacePool CreateRunspacePool(
            int minRunspaces,
            int maxRunspaces,
            InitialSessionState initialSessionState,
            PSHost host
        )
        {
            return RunspaceFactory.CreateRunspacePool(minRunspaces, maxRunspaces, Prepared(initialSessionState), host);
        }
    }
}
