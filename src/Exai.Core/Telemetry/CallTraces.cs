using System.Diagnostics;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Telemetry;

/// <summary>
/// The spans of a call, one for each link of its way. They carry ids, names, counts and codes, never what was asked or answered. Without a
/// collector nobody listens, and none is made. Names follow OpenTelemetry's conventions for MCP and for generative AI where those have one.
/// </summary>
internal static class CallTraces
{
    public const string SourceName = "Exai";

    private const string CallIdKey = "exai.call_id";

    private static readonly ActivitySource Source = new(SourceName, Product.Version);

    /// <summary>The request of a client, from its arrival to the result that it got. Others that ask for the same call have spans of their own.</summary>
    /// <param name="clientTrace">What the client says of its own trace (W3C <c>traceparent</c>), which then goes on here; null or nonsense begins one.</param>
    public static Activity? Request(CallRequest call, string? clientTrace)
    {
        var parent = ActivityContext.TryParse(clientTrace, traceState: null, isRemote: true, out var given) ? given : default;
        return Source.StartActivity(ActivityKind.Server, parent, name: $"tools/call {call.Tool}", tags:
        [
            new("mcp.method.name", "tools/call"), new("gen_ai.tool.name", call.Tool), new(CallIdKey, call.CallId), new("exai.session_id", call.SessionId),
            new("exai.client", call.ClientName),
        ]);
    }

    /// <summary>From the client's question to its arrival here, as the call id that the shim made tells it: short, or as long as there was no daemon.</summary>
    public static void ShimToDaemon(string callId, DateTimeOffset asked, DateTimeOffset arrived)
    {
        if (asked < arrived)
        {
            using var span = Source.StartActivity(ActivityKind.Internal, startTime: asked, name: "shim", tags: [new(CallIdKey, callId)]);
            span?.SetEndTime(arrived.UtcDateTime);
        }
    }

    /// <summary>A read or write of the journal that the call waits for.</summary>
    public static Activity? Journal(string what, string callId) =>
        Source.StartActivity(ActivityKind.Internal, name: $"journal {what}", tags: [new(CallIdKey, callId)]);

    /// <summary>One run of the call by this daemon.</summary>
    public static Activity? Run(CallRecord run) =>
        Source.StartActivity(ActivityKind.Internal, name: $"call {run.Tool}", tags: [new(CallIdKey, run.CallId), new("exai.run", run.Runs)]);

    public static void Ended(this Activity? run, CallOutcome outcome)
    {
        run?.SetTag("exai.state", outcome.State.ToString().ToLowerInvariant());
        Failed(run, outcome.Error?.Code);
    }

    /// <summary>The waiting for a permit.</summary>
    public static Activity? Queue(string callId, string provider) =>
        Source.StartActivity(ActivityKind.Internal, name: $"queue {provider}", tags: [new(CallIdKey, callId)]);

    /// <summary>One request to one model.</summary>
    public static Activity? Attempt(string callId, ModelRoute route) => Source.StartActivity(ActivityKind.Client, name: $"chat {route.ModelId}", tags:
    [
        new("gen_ai.operation.name", "chat"), new("gen_ai.provider.name", route.Provider.Name), new("gen_ai.request.model", route.ModelId), new(CallIdKey, callId),
    ]);

    public static void Ended(this Activity? attempt, AttemptRecord row)
    {
        if (attempt is null)
        {
            return;
        }

        attempt.SetTag("exai.stage", row.Stage).SetTag("exai.clock", row.Clock);
        attempt.SetTag("gen_ai.usage.input_tokens", row.Tokens.Input).SetTag("gen_ai.usage.output_tokens", row.Tokens.Output);
        After(row.ConnectMs, "connected");
        After(row.FirstTokenMs, "first_token");
        Failed(attempt, row.Outcome == AttemptOutcomes.Ok ? null : row.Outcome);

        void After(long? milliseconds, string what)
        {
            if (milliseconds is { } passed)
            {
                attempt.AddEvent(new ActivityEvent(what, new DateTimeOffset(attempt.StartTimeUtc.AddMilliseconds(passed))));
            }
        }
    }

    private static void Failed(Activity? span, string? code)
    {
        if (code is not null)
        {
            span?.SetTag("error.type", code).SetStatus(ActivityStatusCode.Error, code);
        }
    }
}
