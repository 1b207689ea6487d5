using System.Globalization;
using System.Text;
using Exai.Core.Storage;
using Exai.Protocol;

namespace Exai.Core.Tools.Diagnosis;

/// <summary>The last calls of all sessions that whoever asks may see, one line each, without what was asked.</summary>
internal static class RecentCalls
{
    public static async Task<string> TellAsync(ICallStore store, int most, string? token, CancellationToken cancellationToken)
    {
        var calls = most == 0 ? [] : await store.ListAsync(most, token, cancellationToken);
        var text = new StringBuilder();
        foreach (var call in calls)
        {
            var took = call.FinishedAt is { } finished ? string.Create(CultureInfo.InvariantCulture, $"{(finished - call.AcceptedAt).TotalSeconds:0.0} s") : "running";
            text.AppendLine(CultureInfo.InvariantCulture, $"{call.AcceptedAt:yyyy-MM-dd HH:mm:ss}Z  {call.Tool}  {call.State.ToString().ToLowerInvariant()}  {took}  {call.ClientName ?? "unnamed client"}  {call.CallId}");
        }

        return text.Length == 0 ? "There are no calls yet." : text.ToString().TrimEnd();
    }
}

/// <summary>The last calls; what the predecessor kept in a log of its own.</summary>
internal sealed class ToolCallLogTool(ICallStore store) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("toolcall_log_tail")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken) =>
        RecentCalls.TellAsync(store, arguments.OptionalInteger("n") ?? 20, arguments.Token, cancellationToken);
}

/// <summary>What <c>status</c> says, and the last calls.</summary>
internal sealed class HealthTool(IRecomputedTool status, ICallStore store) : IRecomputedTool
{
    private static readonly ToolArguments None = new("status", System.Text.Json.JsonElement.Parse("{}"));

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("health")!;

    public async Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken) =>
        $"{await status.AnswerAsync(None, cancellationToken)}\n\nLast calls:\n{await RecentCalls.TellAsync(store, arguments.OptionalInteger("tail_lines") ?? 20, arguments.Token, cancellationToken)}";
}

/// <summary>Whether store, providers and log are in order, and the end of the log. Asks no provider.</summary>
internal sealed class SelfCheckTool(IRecomputedTool status, ICallStore store, string log) : IRecomputedTool
{
    private static readonly ToolArguments None = new("status", System.Text.Json.JsonElement.Parse("{}"));

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("self-check")!;

    public async Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        try
        {
            await store.ListAsync(1, token: null, cancellationToken);
            text.AppendLine("Store: it can be read.");
        }
        catch (StoreException failure)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"Store: {failure.Message}");
        }

        var lines = LogTail.Read(log, arguments.OptionalInteger("log_lines") ?? 40);
        text.AppendLine(await status.AnswerAsync(None, cancellationToken));
        text.AppendLine().AppendLine(lines.Count == 0 ? $"Log {log}: nothing in it." : $"Log {log}:").AppendJoin('\n', lines);
        return text.ToString().TrimEnd();
    }
}
