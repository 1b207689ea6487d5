using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>
/// Builds MCP <c>CallToolResult</c> objects. Shim and daemon share it, so that an error looks the same wherever it was made:
/// <c>isError: true</c>, text <c>CODE: message</c>, and <c>_meta["exai/error"]</c>.
/// </summary>
public static class ToolResults
{
    public static JsonSerializerOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject Success(string text, Receipt? receipt = null) => Build(text, isError: false, receipt, error: null);

    public static JsonObject Failure(CallError error, Receipt? receipt = null) =>
        Build($"{error.Code}: {error.Message}", isError: true, receipt, error);

    /// <summary>The answer to a call that its client could not wait for: a success that tells the model how to get the result.</summary>
    /// <param name="jobId">The call's id.</param>
    /// <param name="state">What is known of it now, as a sentence.</param>
    /// <param name="accepted">Whether a daemon has accepted it, as far as is known.</param>
    public static JsonObject Running(string jobId, string state, bool accepted)
    {
        var result = Build(
            $"Still running. {state} Nothing is lost and nothing needs to be asked again: call {JobTools.Result} with job_id \"{jobId}\" and wait_seconds 40 " +
            $"to get the answer, or {JobTools.Cancel} to end it.",
            isError: false, receipt: null, error: null);
        result["structuredContent"] = new JsonObject { ["status"] = JobTools.Running, ["job_id"] = jobId, ["accepted"] = accepted };
        return result;
    }

    private static JsonObject Build(string text, bool isError, Receipt? receipt, CallError? error)
    {
        var result = new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = LongText.Cut(text) }),
            ["isError"] = isError,
        };
        var meta = new JsonObject();
        if (receipt is not null)
        {
            meta[MetaKeys.Receipt] = JsonSerializer.SerializeToNode(receipt, WireJson.Relaxed.Receipt);
        }

        if (error is not null)
        {
            // The text brings the partial answer already; a very long one is not sent twice.
            var told = error.Partial?.Length > LongText.MostPartial ? error with { Partial = error.Partial[..LongText.MostPartial] } : error;
            meta[MetaKeys.Error] = JsonSerializer.SerializeToNode(told, WireJson.Relaxed.CallError);
        }

        if (meta.Count > 0)
        {
            result["_meta"] = meta;
        }

        return result;
    }
}
