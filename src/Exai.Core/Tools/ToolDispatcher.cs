using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Calls;
using Exai.Core.Telemetry;
using Exai.Core.Tools.Jobs;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Tools;

/// <summary>
/// Where a call's way parts: a recomputed tool is answered on the spot, a journaled one becomes a call. The tools that exist for this
/// daemon are decided here, so that a hidden tool is refused and not only hidden.
/// </summary>
public sealed class ToolDispatcher(IEnumerable<IRecomputedTool> recomputed, IEnumerable<ITool> journaled, CallService calls, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, IRecomputedTool> _recomputed = recomputed.ToDictionary(tool => tool.Descriptor.Name, StringComparer.Ordinal);
    private readonly HashSet<string> _journaled = [.. journaled.Select(tool => tool.Descriptor.Name)];

    /// <summary>The one tool whose answer is another call's.</summary>
    public JobResultTool? JobResult { get; init; }

    public IEnumerable<ToolDescriptor> Tools => ToolCatalogue.All.Where(tool => IsAnsweredHere(tool.Name) || _journaled.Contains(tool.Name));

    /// <summary>Null counts nothing.</summary>
    public CallMeters? Meters { get; init; }

    /// <summary>Begins or joins the call; null when the tool answers on the spot (<see cref="AnswerAsync"/>).</summary>
    /// <exception cref="CallException">TOOL_NOT_FOUND, INVALID_ARGUMENT, CALL_CONFLICT.</exception>
    public CallAttachment? Attach(CallRequest request)
    {
        if (request.Arguments.ValueKind != JsonValueKind.Object)
        {
            throw new CallException(ErrorCodes.InvalidArgument, $"The arguments of '{request.Tool}' must be a JSON object.");
        }

        if (_journaled.Contains(request.Tool))
        {
            return calls.StartOrAttach(request);
        }

        return IsAnsweredHere(request.Tool) ? null : throw NotFound(request.Tool);
    }

    /// <summary>The result of a recomputed tool.</summary>
    /// <exception cref="OperationCanceledException">The request was cancelled, or the daemon stops before there is a result.</exception>
    public async Task<JsonObject> AnswerAsync(CallRequest request, CallWatch watch, CancellationToken cancellationToken)
    {
        if (request.Tool == JobResult?.Descriptor.Name)
        {
            return await JobResult.AnswerAsync(request, watch, cancellationToken);
        }

        var started = time.GetUtcNow();
        var text = await _recomputed[request.Tool].AnswerAsync(new ToolArguments(request.Tool, request.Arguments), cancellationToken);
        var finished = time.GetUtcNow();
        Meters?.Ended(request.Tool, CallState.Succeeded, finished - started);
        return ToolResults.Success(text, new Receipt
        {
            CallId = request.CallId,
            Tool = request.Tool,
            State = "succeeded",
            StartedAt = started,
            FinishedAt = finished,
            TotalMs = (long)(finished - started).TotalMilliseconds,
        });
    }

    /// <summary>Any failure as a tool's result, the only way in which a client sees one.</summary>
    public JsonObject Failure(Exception failure, string tool, string callId)
    {
        var error = ErrorMapper.Map(failure, callId);
        if (error.Code == ErrorCodes.InternalError)
        {
            CallLog.ToolDefect(logger, failure, callId, tool);
        }

        return ToolResults.Failure(error);
    }

    private bool IsAnsweredHere(string tool) => _recomputed.ContainsKey(tool) || tool == JobResult?.Descriptor.Name;

    private CallException NotFound(string name)
    {
        var near = NearNames.Of(name, Tools.Select(tool => tool.Name));
        return new CallException(
            ErrorCodes.ToolNotFound,
            $"There is no tool '{name}'.{(near.Count > 0 ? $" Did you mean {string.Join(" or ", near)}?" : "")} There are: {string.Join(", ", Tools.Select(tool => tool.Name))}.");
    }
}
