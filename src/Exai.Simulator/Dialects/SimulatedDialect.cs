using System.Text.Json.Nodes;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Dialects;

/// <summary>How one vendor writes what all of them say. Stateless; member order is part of the shape.</summary>
internal abstract class SimulatedDialect
{
    public static IReadOnlyList<SimulatedDialect> All { get; } = [new GlmDialect(), new KimiDialect(), new OpenAiDialect()];

    /// <summary>Added to a request's number, this makes the number of a second completion in its stream.</summary>
    public const int SplicedNumbers = 0x100000;

    /// <summary>The word for it in rules and log.</summary>
    public abstract string Name { get; }

    /// <summary>Path of the base URL, without a slash at the end.</summary>
    public abstract string BasePath { get; }

    public abstract string CompletionId(int number, DateTimeOffset now);

    /// <summary>Whether the model reasons for this request without being told to by a rule.</summary>
    public abstract bool Thinks(ChatRequest request);

    /// <summary>Whether the answer brings web sources.</summary>
    public virtual bool SearchesWeb(ChatRequest request) => false;

    /// <summary>A call that the model makes by itself, because the request offers the vendor's own tool; null for none.</summary>
    public virtual ToolCall? OwnCall(ChatRequest request) => null;

    public virtual string CallId(string name) => "call_1";

    /// <summary>What the real one refuses about a request with a good key, or null.</summary>
    public abstract ProviderProblem? Refusal(ChatRequest request);

    /// <summary>The chunk before the first token, where the dialect has one.</summary>
    public abstract JsonObject? Opening(Completion completion);

    public abstract JsonObject Reasoning(Completion completion, string text);

    public abstract JsonObject Content(Completion completion, string text);

    /// <summary>The chunks of a function call; none where the completion has none.</summary>
    public abstract IEnumerable<JsonObject> Calling(Completion completion);

    /// <summary>The finish chunk and what follows it before the end mark.</summary>
    public abstract IEnumerable<JsonObject> Closing(Completion completion);

    /// <summary>The answer to a request that is not a stream.</summary>
    public abstract JsonObject Whole(Completion completion);

    public abstract JsonObject Models(DateTimeOffset now);

    /// <summary>The refusal of a missing key (<paramref name="present"/> false) or a wrong one.</summary>
    public abstract ProviderProblem Unauthorized(bool present);

    /// <summary>The usual code and message for a status.</summary>
    public abstract ProviderProblem Usual(int status);

    /// <summary>What the vendor's list says of a code; null for one that is not in it, or where there is no list.</summary>
    public virtual ProviderProblem? Known(string code) => null;

    /// <summary>The body of a refusal; a null code is left out.</summary>
    public abstract JsonObject Error(ProviderProblem problem);

    /// <summary>An answer's message outside a stream; beside a call the blank content is left out, as its resending is refused.</summary>
    protected static JsonObject Message(Completion completion, string reasoningMember)
    {
        var message = new JsonObject { ["role"] = "assistant" };
        if (completion.Call is null || completion.Answer.Count > 0)
            message["content"] = completion.AnswerText;
        if (completion.Reasoning.Count > 0)
            message[reasoningMember] = completion.ReasoningText;
        if (completion.Call is { } call)
            message["tool_calls"] = new JsonArray(CallObject(call, call.Arguments));
        return message;
    }

    protected static JsonObject CallObject(ToolCall call, string arguments) => new()
    {
        ["index"] = 0,
        ["id"] = call.Id,
        ["type"] = call.Type,
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = arguments },
    };

    protected static JsonObject With(JsonObject target, string name, JsonNode? value)
    {
        target.Add(name, value);
        return target;
    }
}
