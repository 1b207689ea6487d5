using System.Text.Json.Nodes;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Dialects;

/// <summary>What Kimi shares with OpenAI: the role only first, finish reason null until the end, a usage chunk without choices on request.</summary>
internal abstract class OpenAiShape : SimulatedDialect
{
    /// <summary>The member that carries reasoning.</summary>
    protected abstract string ReasoningMember { get; }

    public override JsonObject? Opening(Completion completion) =>
        Chunk(completion, new JsonObject { ["role"] = "assistant", ["content"] = "" }, finishReason: null);

    public override JsonObject Reasoning(Completion completion, string text) =>
        Chunk(completion, new JsonObject { [ReasoningMember] = text }, finishReason: null);

    public override JsonObject Content(Completion completion, string text) =>
        Chunk(completion, new JsonObject { ["content"] = text }, finishReason: null);

    // The name comes first with empty arguments, then the arguments by themselves.
    public override IEnumerable<JsonObject> Calling(Completion completion)
    {
        if (completion.Call is not { } call)
            yield break;
        yield return Chunk(completion, new JsonObject { ["tool_calls"] = new JsonArray(CallObject(call, "")) }, finishReason: null);
        var rest = new JsonObject { ["index"] = 0, ["function"] = new JsonObject { ["arguments"] = call.Arguments } };
        yield return Chunk(completion, new JsonObject { ["tool_calls"] = new JsonArray(rest) }, finishReason: null);
    }

    public override IEnumerable<JsonObject> Closing(Completion completion)
    {
        yield return FinishChunk(completion);
        if (completion is { IncludeUsage: true, Usage: { } usage })
        {
            var chunk = Head(completion, "chat.completion.chunk");
            chunk["choices"] = new JsonArray();
            chunk["usage"] = Usage(usage);
            yield return chunk;
        }
    }

    public override JsonObject Whole(Completion completion)
    {
        var message = Message(completion, ReasoningMember);
        var body = Head(completion, "chat.completion");
        body["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = completion.FinishReason });
        if (completion.Usage is { } usage)
            body["usage"] = Usage(usage);
        return body;
    }

    protected virtual JsonObject FinishChunk(Completion completion) => Chunk(completion, new JsonObject(), completion.FinishReason);

    protected virtual JsonObject Usage(UsageCount usage) => new()
    {
        ["prompt_tokens"] = usage.Prompt,
        ["completion_tokens"] = usage.Completion,
        ["total_tokens"] = usage.Total,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.Cached },
        ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.Reasoning },
    };

    protected static JsonObject Chunk(Completion completion, JsonObject delta, string? finishReason)
    {
        var chunk = Head(completion, "chat.completion.chunk");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finishReason });
        // Whoever asked for the usage chunk sees a null in all the others.
        if (completion.IncludeUsage)
            chunk["usage"] = null;
        return chunk;
    }

    private static JsonObject Head(Completion completion, string kind) => new()
    {
        ["id"] = completion.Id,
        ["object"] = kind,
        ["created"] = completion.Created,
        ["model"] = completion.Model,
    };
}
