using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Exai.Protocol;

namespace Exai.Files;

/// <summary>A repository's pending changes as attachments; or why the repository is not looked at.</summary>
internal sealed record GitState(IReadOnlyList<(SentFile File, byte[]? Content)> Files, string? Denied = null);

/// <summary>
/// Reads the pending changes of a repository: staged, unstaged, or against a branch or commit, and which files are new. Runs nothing that the
/// repository brings: no hook, no external diff, no text conversion, no filter, no file-system monitor, no fetch. Files with secrets are left out.
/// </summary>
internal sealed class GitReader(IGitRunner runner)
{
    private const int MostDiffBytes = 4 * 1024 * 1024;
    private const int MostNewFiles = 200;

    /// <summary>Read-only, and without anything that the repository could configure to be run.</summary>
    private static readonly string[] Safely =
    [
        "--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
        "-c", "core.attributesFile=/dev/null", "-c", "core.pager=cat", "-c", "core.sshCommand=false", "-c", "protocol.allow=never",
        "-c", "core.quotePath=false", "-c", "status.submoduleSummary=false",
    ];

    private static readonly string[] PlainDiff =
        ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/"];

    /// <param name="written">The repository, or a folder in it, as the caller wrote it.</param>
    /// <param name="arguments">The call's: compare_to, include_staged, include_unstaged.</param>
    public async Task<GitState> ReadAsync(string written, JsonElement arguments, FileGate gate, CancellationToken cancellationToken)
    {
        string folder;
        try
        {
            folder = gate.Resolve(written);
        }
        catch (FileRefusedException refused)
        {
            return refused.Code == ErrorCodes.FileDenied ? new GitState([], refused.Message) : Failed(written, refused.Message);
        }

        try
        {
            folder = Directory.Exists(folder) ? folder : Path.GetDirectoryName(folder)!;
            var top = (await RunAsync(folder, ["rev-parse", "--show-toplevel"], cancellationToken)).Trim();
            if (RealPath.Of(top) is not { } real || !gate.Workspace.Contains(real))
            {
                // A repository can say that its files lie elsewhere.
                return new GitState([], $"The repository at {folder} has its files in {top}, outside of {string.Join(", ", gate.Workspace.Roots)} ({gate.Workspace.Why}).");
            }

            return await ReadAsync(real, await FiltersOffAsync(real, cancellationToken), arguments, gate, cancellationToken);
        }
        catch (GitException failure)
        {
            return Failed(gate.Workspace.Shown(folder), failure.Message);
        }
    }

    private async Task<GitState> ReadAsync(string top, string[] safely, JsonElement arguments, FileGate gate, CancellationToken cancellationToken)
    {
        List<(SentFile, byte[]?)> files = [];
        if (Text(arguments, "compare_to") is { } revision)
        {
            var commit = (await RunAsync(top, [.. safely, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"], cancellationToken)).Trim();
            files.AddRange(await DiffAsync(top, safely, $"changes since {revision}", [commit], gate, cancellationToken));
        }
        else
        {
            if (Flag(arguments, "include_staged"))
            {
                files.AddRange(await DiffAsync(top, safely, "staged changes", ["--cached"], gate, cancellationToken));
            }

            if (Flag(arguments, "include_unstaged"))
            {
                files.AddRange(await DiffAsync(top, safely, "unstaged changes", [], gate, cancellationToken));
            }
        }

        if (Flag(arguments, "include_unstaged"))
        {
            var added = Lines(await RunAsync(top, [.. safely, "ls-files", "--others", "--exclude-standard", "-z"], cancellationToken));
            if (added.Count > 0)
            {
                files.Add(Attachment("untracked files (names only)", string.Join('\n', added.Take(MostNewFiles).Append(
                    added.Count > MostNewFiles ? $"… and {added.Count - MostNewFiles} more" : ""))));
            }
        }

        if (files.Count == 0)
        {
            files.Add(Attachment("pending changes", $"There are no pending changes in {gate.Workspace.Shown(top)}."));
        }

        return new GitState(files);
    }

    private async Task<List<(SentFile, byte[]?)>> DiffAsync(
        string top, string[] safely, string name, string[] range, FileGate gate, CancellationToken cancellationToken)
    {
        var changed = Lines(await RunAsync(top, [.. safely, .. PlainDiff, "--name-only", "-z", "--no-renames", .. range, "--"], cancellationToken));
        var secret = changed.Where(path => gate.Refusal(Path.GetFullPath(path, top)) is not null).ToList();
        List<(SentFile, byte[]?)> files = [.. secret.Select(path => Withheld($"{name}: {path}"))];
        if (secret.Count == changed.Count)
        {
            return files;
        }

        var diff = await RunAsync(top, [.. safely, .. PlainDiff, .. range, "--", .. secret.Select(path => $":(top,exclude,literal){path}")], cancellationToken);
        if (diff.Length <= MostDiffBytes)
        {
            files.Add(Attachment(name, diff));
            return files;
        }

        files.Add(Attachment(name, diff[..MostDiffBytes]));
        files.Add((SentFile.Missing("", name, ErrorCodes.FileTooLarge, $"The diff has {diff.Length / (1024 * 1024d):0.0} MB; the first {MostDiffBytes / (1024 * 1024)} MB are sent."), null));
        return files;
    }

    /// <summary>A filter is a command that the repository names for some of its files: each is replaced by none.</summary>
    private async Task<string[]> FiltersOffAsync(string top, CancellationToken cancellationToken)
    {
        var names = Lines(await RunAsync(top, ["config", "--name-only", "-z", "--list"], cancellationToken))
            .Where(name => name.StartsWith("filter.", StringComparison.OrdinalIgnoreCase) && name.LastIndexOf('.') >= "filter.".Length)
            .Select(name => name["filter.".Length..name.LastIndexOf('.')]).Distinct(StringComparer.Ordinal).ToList();
        return names.FirstOrDefault(name => name.Contains('=', StringComparison.Ordinal)) is { } odd
            ? throw new GitException($"The repository names a filter '{odd}', which cannot be switched off; so it is not looked at.")
            : [.. names.SelectMany(FilterOff)];
    }

    private static string[] FilterOff(string name) =>
        ["-c", $"filter.{name}.clean=", "-c", $"filter.{name}.smudge=", "-c", $"filter.{name}.process=", "-c", $"filter.{name}.required=false"];

    private Task<string> RunAsync(string folder, string[] arguments, CancellationToken cancellationToken) =>
        runner.RunAsync(folder, [.. Safely, .. arguments], MostDiffBytes + 1, cancellationToken);

    private static GitState Failed(string path, string reason) => new([(SentFile.Missing("", path, ErrorCodes.FileNotFound, reason), null)]);

    private static (SentFile, byte[]?) Withheld(string path) =>
        (SentFile.Missing("", path, ErrorCodes.FileDenied, "Its changes are not sent to a model: its name is that of a file with secrets."), null);

    private static (SentFile, byte[]?) Attachment(string name, string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        var file = new SentFile
        {
            Argument = "",
            Path = name,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)),
            Bytes = content.Length,
            MediaType = FileTypes.Diff,
        };
        return (file, content);
    }

    private static List<string> Lines(string text) => [.. text.Split('\0', StringSplitOptions.RemoveEmptyEntries)];

    private static string? Text(JsonElement arguments, string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    /// <summary>True unless the caller says no.</summary>
    private static bool Flag(JsonElement arguments, string name) => !(arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.False);
}

/// <summary>git could not be run, or failed. The message is git's own last word.</summary>
internal sealed class GitException(string message) : Exception(message);
