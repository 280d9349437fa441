// SPDX-License-Identifier: GPL-3.0-or-later
// Statement coverage: a call that counts is put before every statement, on the same line, so that
// line numbers stay. Left alone are statements that read $? (the call would set it), data sections
// (their language has no calls) and what is no statement of a block, such as the values of a hashtable.

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation.Language;
using System.Security.Cryptography;
using System.Text;
using System.Threading;

namespace LabEngine
{
    public static class Coverage
    {
        private sealed class CoveredFile
        {
            public string Name;
            public string Digest;
            public string Text;
            public int[] Lines;
            public int[] Hits;
        }

        private static readonly List<CoveredFile> Files = new List<CoveredFile>();
        private static readonly Dictionary<string, CoveredFile> ByKey = new Dictionary<string, CoveredFile>();
        private static int isDirty;

        public static void Hit(int file, int statement)
        {
            // Only the first hit of a statement is news for the report.
            if (Interlocked.Increment(ref Files[file].Hits[statement]) == 1) { isDirty = 1; }
        }

        public static string Instrument(string name, string text)
        {
            string digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))).ToLowerInvariant();
            string key = name + "\0" + digest;
            CoveredFile file;
            if (ByKey.TryGetValue(key, out file)) { return file.Text; }

            Token[] tokens;
            ParseError[] errors;
            var ast = Parser.ParseInput(text, name, out tokens, out errors);
            // The engine reports the error, in the words of the real parser and of the real text.
            if (errors.Length > 0) { return text; }

            var statements = Statements(ast).OrderBy(s => s.Extent.StartOffset).ToList();
            file = new CoveredFile { Name = name, Digest = digest, Hits = new int[statements.Count] };
            file.Lines = statements.Select(s => s.Extent.StartLineNumber).ToArray();
            file.Text = Insert(text, statements, Files.Count);
            Files.Add(file);
            ByKey.Add(key, file);
            isDirty = 1;
            return file.Text;
        }

        public static void Save(string folder)
        {
            if (Interlocked.Exchange(ref isDirty, 0) == 0) { return; }
            Directory.CreateDirectory(folder);
            var report = Files.Select(f => new Dictionary<string, object>
            {
                { "name", f.Name }, { "sha256", f.Digest }, { "lines", f.Lines }, { "hits", f.Hits },
            });
            string path = Path.Combine(folder, "worker-" + Environment.ProcessId + ".json");
            File.WriteAllText(path + ".new", Json.Write(report.ToList()));
            File.Move(path + ".new", path, true);
        }

        private static IEnumerable<StatementAst> Statements(ScriptBlockAst root)
        {
            foreach (var ast in root.FindAll(a => a is NamedBlockAst || a is StatementBlockAst, true))
            {
                var block = ast as NamedBlockAst;
                var statements = block != null ? block.Statements : ((StatementBlockAst)ast).Statements;
                foreach (var statement in statements)
                {
                    if (IsCountable(statement)) { yield return statement; }
                }
            }
        }

        private static bool IsCountable(StatementAst statement)
        {
            if (statement is DataStatementAst || statement is TypeDefinitionAst || statement is FunctionDefinitionAst) { return false; }
            for (Ast parent = statement.Parent; parent != null; parent = parent.Parent)
            {
                if (parent is DataStatementAst) { return false; }
            }
            return statement.Find(a => IsLastResult(a), false) == null;
        }

        private static bool IsLastResult(Ast ast)
        {
            var variable = ast as VariableExpressionAst;
            return variable != null && variable.VariablePath.UserPath == "?";
        }

        private static string Insert(string text, List<StatementAst> statements, int file)
        {
            var result = new StringBuilder(text.Length + statements.Count * 32);
            int from = 0;
            for (int i = 0; i < statements.Count; i++)
            {
                int at = statements[i].Extent.StartOffset;
                result.Append(text, from, at - from);
                result.Append("[LabEngine.Coverage]::Hit(").Append(file).Append(',').Append(i).Append(");");
                from = at;
            }
            return result.Append(text, from, text.Length - from).ToString();
        }
    }
}
