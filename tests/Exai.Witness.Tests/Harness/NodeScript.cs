using System.Diagnostics;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Witness.Tests.Harness;

/// <summary>
/// A script of the <c>node</c> folder as a process that reads lines and writes lines. It ends with its input, and at the latest with
/// this object. Skips the running test where Node.js or the packages are missing.
/// </summary>
internal sealed class NodeScript : IAsyncDisposable
{
    /// <summary>Where the scripts and their packages are, in the source tree.</summary>
    public static readonly string Folder = Path.Combine(FindRoot(), "tests", "Exai.Witness.Tests", "node");

    private readonly Process _process;
    private readonly Task<string> _errors;

    private NodeScript(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static NodeScript Start(string script, string package)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules", package)))
            Assert.Skip($"The npm package {package} is not installed; with Node.js 20: npm ci --prefix tests/Exai.Witness.Tests/node");

        var start = new ProcessStartInfo("node", [script])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        // Neither keys nor proxies of whoever runs the tests.
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        try
        {
            return new NodeScript(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            Assert.Skip($"Node.js does not start ({missing.Message}).");
            throw;
        }
    }

    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), Patience.Token());
        await _process.StandardInput.FlushAsync(Patience.Token());
    }

    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken)
        ?? throw new EndOfStreamException($"The script ended: {await _errors.WaitAsync(cancellationToken)}");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync(Patience.Token());
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Exai.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
