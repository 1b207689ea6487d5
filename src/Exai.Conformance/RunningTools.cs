using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>Tools that say something while they run.</summary>
internal static class RunningTools
{
    public static FixtureTool[] All { get; } =
    [
        new("test_tool_with_logging", "Logs three times while it runs.", LogAsync),
        new("test_logging_tool", "Logs when it was asked to.", LogWhenAskedAsync),
        // For servers whose streams can be resumed; this one has no event ids to resume from.
        new("test_reconnection", "Answers on the stream on which it was called.", _ => FixtureTool.Text("Reconnection is not needed.")),
        new("test_tool_with_progress", "Reports progress: 0, 50, 100.", ReportAsync),
    ];

    private static async ValueTask<CallToolResult> LogAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        foreach (var text in (string[])["Tool execution started", "Tool processing data", "Tool execution completed"])
        {
            await LogAsync(request, text, cancellationToken);
        }

        return FixtureTool.Text("Tool with logging executed successfully");
    }

    /// <summary>Without a handshake there are log messages for those requests only that name a level.</summary>
    private static async ValueTask<CallToolResult> LogWhenAskedAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        if (request.JsonRpcRequest.Context?.LogLevel is not null)
        {
            await LogAsync(request, "Logging was asked for", cancellationToken);
        }

        return FixtureTool.Text("Logging evaluated");
    }

    private static async ValueTask<CallToolResult> ReportAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        if (request.Params.ProgressToken is { } token)
        {
            foreach (var done in (int[])[0, 50, 100])
            {
                var note = new ProgressNotificationValue { Progress = done, Total = 100, Message = $"Completed step {done} of 100" };
                await request.Server.NotifyProgressAsync(token, note, cancellationToken: cancellationToken);
            }
        }

        return FixtureTool.Text($"{request.Params.ProgressToken}");
    }

    private static Task LogAsync(RequestContext<CallToolRequestParams> request, string text, CancellationToken cancellationToken) =>
        request.Server.SendNotificationAsync(
            NotificationMethods.LoggingMessageNotification,
            new LoggingMessageNotificationParams { Level = LoggingLevel.Info, Data = JsonSerializer.SerializeToElement(text) },
            cancellationToken: cancellationToken);
}
