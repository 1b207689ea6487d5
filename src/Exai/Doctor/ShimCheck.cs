using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Exai.Cli.Client;
using Exai.Cli.Clients;

namespace Exai.Cli.Doctor;

/// <summary>Starts a shim as a client does, and says hello.</summary>
internal static class ShimCheck
{
    private const string Link = "shim";
    private const string Mend = "Run the shim by hand ('exai shim', then a line of JSON) and look at what it prints; logs/shim-PID.log says more.";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<Finding> LookAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var program = ProgramCommand.Shim();
        var began = time.GetTimestamp();
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Process? shim = null;
        try
        {
            shim = Process.Start(Start(program))!;
            shim.ErrorDataReceived += (_, _) => { };
            shim.BeginErrorReadLine();
            using var client = new McpClient(shim.StandardInput.BaseStream, shim.StandardOutput.BaseStream);
            await client.InitializeAsync(either.Token);
            return Finding.Ok(Link, "handshake", $"answered initialize after {time.GetElapsedTime(began).TotalMilliseconds:0} ms");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Finding.Broken(Link, "handshake", $"'{program.File} {string.Join(' ', program.Arguments)}' did not answer initialize within {Patience.TotalSeconds:0} s.", Mend);
        }
        catch (Exception failure) when (failure is Win32Exception or IOException or JsonException or InvalidOperationException)
        {
            return Finding.Broken(Link, "handshake", $"'{program.File} {string.Join(' ', program.Arguments)}': {failure.Message}", Mend);
        }
        finally
        {
            End(shim);
        }
    }

    /// <summary>A look must not start a daemon that nobody needs.</summary>
    private static ProcessStartInfo Start(ProgramCommand program) => new(program.File, program.Arguments)
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["EXAI_WS_AUTOSTART"] = "false" },
    };

    private static void End(Process? shim)
    {
        try
        {
            shim?.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        shim?.Dispose();
    }
}
