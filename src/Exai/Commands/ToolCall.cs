using System.Text.Json.Nodes;
using Exai.Cli.Client;
using Exai.Protocol;
using Exai.Shim.Lifecycle;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>One tool call of a person at a terminal: shown while it runs, and then what came of it.</summary>
internal static class ToolCall
{
    /// <param name="roots">What the shim may read for it beyond the project, as <c>file:</c> addresses.</param>
    /// <returns>The command's exit code.</returns>
    public static async Task<int> RunAsync(string tool, JsonObject arguments, bool json, CancellationToken cancellationToken, IReadOnlyList<string>? roots = null)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.IsStopped(settings))
        {
            // A client's shim would wait for the daemon to come back; a person at a terminal can be told.
            Terminal.Explain(DaemonStarter.StoppedNote);
            return ExitCodes.Failed;
        }

        var answer = await Terminal.Errors.Status().StartAsync(
            $"{tool}…", status => ShimClient.CallAsync(tool, arguments, progress => status.Status(Markup.Escape(progress)), cancellationToken, roots));
        if (json)
        {
            Terminal.Print(answer.ToJson().ToJsonString(ToolResults.Json));
        }
        else if (answer.IsError)
        {
            Terminal.Explain(answer.Text);
        }
        else
        {
            Terminal.Print(answer.Text);
            if (answer.Receipt is not null)
            {
                Terminal.Errors.Write(ReceiptTable.From(answer.Receipt));
            }
        }

        return answer.IsError ? ExitCodes.Failed : ExitCodes.Ok;
    }
}
