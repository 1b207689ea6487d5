using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Exai.Settings;
using Exai.Shim;
using Microsoft.Extensions.Logging.Abstractions;

namespace Exai.Cli.Client;

/// <summary>
/// Calls tools through the real path: a shim runs in this process and does what it does for every client: find or start the daemon, keep the
/// call alive, deliver the answer once.
/// </summary>
internal static class ShimClient
{
    /// <param name="progress">Gets each progress message as it comes.</param>
    public static async Task<ToolResultView> CallAsync(string tool, JsonObject arguments, Action<string> progress, CancellationToken cancellationToken, IReadOnlyList<string>? roots = null)
    {
        var toShim = new Pipe();
        var fromShim = new Pipe();
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var shim = ServeAsync(toShim.Reader, fromShim.Writer, leave.Token);
        using var client = new McpClient(toShim.Writer.AsStream(), fromShim.Reader.AsStream()) { Roots = roots ?? [] };
        try
        {
            await client.InitializeAsync(cancellationToken);
            return ToolResultView.From(await client.CallToolAsync(tool, arguments, progress, cancellationToken));
        }
        finally
        {
            leave.Cancel();
            await shim;
        }
    }

    private static async Task ServeAsync(PipeReader input, PipeWriter output, CancellationToken leave)
    {
        try
        {
            await ShimSession.RunAsync(
                () => SettingsLoader.Load(SettingsSources.FromProcess()), input.AsStream(), output.AsStream(leaveOpen: true),
                NullLogger.Instance, TimeProvider.System, Chance.New(), leave);
        }
        finally
        {
            // Whoever waits for an answer learns that none will come.
            await output.CompleteAsync();
        }
    }
}
