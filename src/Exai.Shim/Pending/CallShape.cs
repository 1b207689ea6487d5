using System.Text;
using System.Text.Json;
using Exai.Protocol;
using Exai.Shim.Messages;

namespace Exai.Shim.Pending;

/// <summary>What the shim must know of a <c>tools/call</c> beyond relaying it. Read once; the bytes stay as they are.</summary>
/// <param name="tool">Empty when the call names none.</param>
/// <param name="jobId">The job that a <c>job_result</c> asks for, in its canonical form; null for any other call.</param>
internal sealed class CallShape(string tool, string? jobId, ReadOnlyMemory<byte> arguments, ReadOnlyMemory<byte> files)
{
    public string Tool => tool;

    public string? JobId => jobId;

    /// <summary>The same for calls of the same tool, arguments and files; what makes one a repetition of another. Made when it is asked for: most calls are answered and forgotten.</summary>
    public string Key => field ??= KeyOf(tool, arguments, files);

    public static CallShape Of(Envelope request)
    {
        var tool = ToolNames.Canonical(request.ParamText("name") ?? "");
        var jobId = tool == JobTools.Result && CallId.TryParse(request.ParamText("arguments", "job_id")?.Trim(), out var id) ? id : null;
        return new CallShape(tool, jobId, request.Param("arguments"), request.Param("_meta", MetaKeys.Files));
    }

    /// <summary>How long a <c>job_result</c> may take without a daemon, as its caller asked; null when it did not.</summary>
    public static TimeSpan? WaitAsked(Envelope request) =>
        JsonSlice.Number(request.Param("arguments", "wait_seconds")) is { } seconds and >= 0 and < 100_000 ? TimeSpan.FromSeconds(seconds) : null;

    private static string KeyOf(string tool, ReadOnlyMemory<byte> arguments, ReadOnlyMemory<byte> files)
    {
        var name = files.IsEmpty ? tool : $"{tool}\n{Encoding.UTF8.GetString(files.Span)}";
        if (arguments.IsEmpty)
        {
            return CanonicalJson.Hash(name, default);
        }

        using var document = JsonDocument.Parse(arguments, new JsonDocumentOptions { MaxDepth = JsonSlice.AnyDepth.MaxDepth });
        return CanonicalJson.Hash(name, document.RootElement);
    }
}
