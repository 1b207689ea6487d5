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
/// daemon are decided here, so that a hidden tool is refused and not only hidden. Old names are understood.
/// </summary>
/// <param name="offered">The tools that the settings let clients have.</param>
public sealed class ToolDispatcher(
    IEnumerable<IRecomputedTool> recomputed, IEnumerable<ITool> journaled, IReadOnlyCollection<ToolDescriptor> offered, CallService calls, TimeProvider time, ILogger logger)
{
    private readonly HashSet<string> _offered = [.. offered.Select(tool => tool.Name)];
    private readonly HashSet<string> _ownerAlone = [.. offered.Where(tool => tool.OwnerAlone).Select(tool => tool.Name)];
    private readonly Dictionary<string, IRecomputedTool> _recomputed = recomputed.ToDictionary(tool => tool.Descriptor.Name, StringComparer.Ordinal);
    private readonly HashSet<string> _journaled = [.. journaled.Select(tool => tool.Descriptor.Name)];

    /// <summary>The one tool whose answer is another call's.</summary>
    public JobResultTool? JobResult { get; init; }

    public IEnumerable<ToolDescriptor> Tools => ToolCatalogue.All.Where(tool => _offered.Contains(tool.Name) && Exists(tool.Name));

    /// <summary>Those that the users of named tokens have.</summary>
    public IEnumerable<ToolDescriptor> ToolsOfUsers => Tools.Where(tool => !tool.OwnerAlone);

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

        var tool = ToolNames.Canonical(request.Tool);
        if (!_offered.Contains(tool) || !Exists(tool))
        {
            throw NotFound(tool);
        }

        if (request.Token is not null && _ownerAlone.Contains(tool))
        {
            throw new CallException(ErrorCodes.ToolNotFound, $"The tool '{tool}' is for the owner of this daemon: it shows or deletes what all its users have. Nothing was run.");
        }

        return _journaled.Contains(tool) ? calls.StartOrAttach(request with { Tool = tool }) : null;
    }

    /// <summary>The result of a recomputed tool.</summary>
    /// <exception cref="OperationCanceledException">The request was cancelled, or the daemon stops before there is a result.</exception>
    public async Task<JsonObject> AnswerAsync(CallRequest request, CallWatch watch, CancellationToken cancellationToken)
    {
        var name = ToolNames.Canonical(request.Tool);
        var arguments = new ToolArguments(name, request.Arguments) { Token = request.Token };
        if (name == JobResult?.Descriptor.Name)
        {
            arguments.Check(JobResult.Descriptor);
            return await JobResult.AnswerAsync(request with { Tool = name }, watch, cancellationToken);
        }

        var started = time.GetUtcNow();
        var tool = _recomputed[name];
        arguments.Check(tool.Descriptor);
        var text = await tool.AnswerAsync(arguments, cancellationToken);
        var finished = time.GetUtcNow();
        Meters?.Ended(request.Tool, CallState.Succeeded, finished - started);
        return ToolResults.Success(text, new Receipt
        {
            CallId = request.CallId,
            Tool = tool.Descriptor.Name,
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

    private bool Exists(string tool) => _recomputed.ContainsKey(tool) || _journaled.Contains(tool) || tool == JobResult?.Descriptor.Name;

    private CallException NotFound(string name)
    {
        if (Exists(name))
        {
            return new CallException(
                ErrorCodes.ToolNotFound,
                $"The tool '{name}' is not among those that this daemon offers (TOOL_PROFILE, DISABLED_TOOLS). Name it in ENABLED_TOOLS, or choose a larger profile, and restart the daemon.");
        }

        var near = NearNames.Of(name, Tools.Select(tool => tool.Name));
        return new CallException(
            ErrorCodes.ToolNotFound,
            $"There is no tool '{name}'.{(near.Count > 0 ? $" Did you mean {string.Join(" or ", near)}?" : "")} There are: {string.Join(", ", Tools.Select(tool => tool.Name))}.");
    }
}
