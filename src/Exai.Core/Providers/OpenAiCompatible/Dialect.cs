using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>
/// What one provider does differently in the OpenAI-compatible protocol: request members, headers, failure tables. The stream decoder is
/// shared, since it accepts every known way to write a chunk. One instance serves all attempts at a provider; thread-safe.
/// </summary>
internal abstract class Dialect(ModelCatalogue catalogue)
{
    // Text for a machine: only what JSON itself demands is escaped, so that CJK keeps its size.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The provider's own rules, tried before <see cref="SharedFailures"/>.</summary>
    public virtual IReadOnlyList<FailureRow> Failures => [];

    /// <summary>Finish reasons that mean a failure, beside <see cref="SharedFailures.Finishes"/>.</summary>
    public virtual IReadOnlyDictionary<string, FailureRule> FailedFinishes => SharedFailures.Finishes;

    /// <summary>The server answers a prompt that it cannot take with a good end and nothing before it.</summary>
    public virtual bool RefusesBySilence => false;

    /// <summary>The name that the provider gives the output limit.</summary>
    protected virtual string OutputLimitName => "max_tokens";

    /// <summary>What the provider wants of functions.</summary>
    protected virtual ToolRules Tools { get; } = new();

    /// <exception cref="Protocol.CallException">The provider would refuse it: an image or a tool that it does not take.</exception>
    public byte[] WriteRequest(ChatRequest request)
    {
        var rules = Messages(request);
        var model = Describe(request.Model);
        rules.Images.Check(request, model, SeeingModels(model));
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("model", request.Model);
            MessageWriter.Write(json, request.Messages, rules);
            json.WriteBoolean("stream", true);
            WriteOutputLimit(json, request);
            WriteOptions(json, request);
            WriteTools(json, request);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The body of a request that counts a prompt's tokens: the same messages, and nothing that only an answer needs.</summary>
    public byte[] WriteTokenCount(string model, IReadOnlyList<ChatMessage> messages)
    {
        var request = new ChatRequest(model, messages, new ChatOptions(), new AttemptOptions());
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            MessageWriter.Write(json, messages, Messages(request));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public virtual void AddHeaders(HttpRequestHeaders headers)
    {
    }

    /// <summary>The code that people look up in the provider's documentation.</summary>
    public virtual string? VendorCode(VendorError error) => error.Code ?? error.Type;

    /// <summary>When a used-up quota comes back, if the provider's text says so.</summary>
    public virtual DateTimeOffset? ReadResetTime(string message) => null;

    /// <summary>A look at a refused request, for a dialect that adapts the next one; null leaves the tables to judge.</summary>
    public virtual FailureRule? Learn(string model, int status, VendorError error) => null;

    /// <summary>The members after <c>model</c>, <c>messages</c>, <c>stream</c> and the output limit, before the tools. Write no nulls.</summary>
    protected abstract void WriteOptions(Utf8JsonWriter json, ChatRequest request);

    /// <summary>How this request's messages are written.</summary>
    protected virtual MessageRules Messages(ChatRequest request) => new();

    /// <summary>Whether the request has the provider run a tool of its own, which <see cref="WriteOwnTools"/> then declares.</summary>
    protected virtual bool HasOwnTools(ChatRequest request) => false;

    protected virtual void WriteOwnTools(Utf8JsonWriter json, ChatRequest request)
    {
    }

    /// <summary>Whether the model may be made to call a tool; where not, it chooses by itself.</summary>
    protected virtual bool CanForceTools(ChatRequest request) => true;

    /// <summary>Whether <c>tool_choice</c> may forbid tools; where not, they are not declared.</summary>
    protected virtual bool CanForbidTools => true;

    /// <summary>What the catalogue knows of the model or of the one it is a dated build of; null for an unknown id, which must work too.</summary>
    protected ModelInfo? Describe(string model) => catalogue.FindFamily(model);

    /// <summary>The model's own name for the effort that was asked for; null when it has none, or is not to think.</summary>
    protected string? Effort(ChatRequest request) =>
        request.Attempt.Thinking == false ? null : ThinkingLevels.Fit(request.Attempt.Effort, Describe(request.Model)?.Efforts);

    protected static void WriteThinking(Utf8JsonWriter json, bool enabled)
    {
        json.WriteStartObject("thinking");
        json.WriteString("type", enabled ? "enabled" : "disabled");
        json.WriteEndObject();
    }

    /// <summary>Two decimals, which is what the providers document, and no float noise such as 0.30000001.</summary>
    protected static decimal Rounded(float temperature) => Math.Round((decimal)Math.Clamp(temperature, 0f, 2f), 2);

    protected static void WriteStops(Utf8JsonWriter json, IEnumerable<string> stops)
    {
        json.WriteStartArray("stop");
        foreach (var stop in stops)
            json.WriteStringValue(stop);
        json.WriteEndArray();
    }

    /// <summary>JSON as the form of the answer, by a schema where the provider takes one.</summary>
    protected static void WriteResponseFormat(Utf8JsonWriter json, ChatRequest request, bool schemas)
    {
        if (request.Options.ResponseFormat is not ChatResponseFormatJson format)
            return;

        json.WriteStartObject("response_format");
        if (format.Schema is { } schema && schemas)
        {
            json.WriteString("type", "json_schema");
            json.WriteStartObject("json_schema");
            json.WriteString("name", format.SchemaName ?? "answer");
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("type", "json_object");
        }

        json.WriteEndObject();
    }

    private IEnumerable<string> SeeingModels(ModelInfo? model) =>
        catalogue.Models.Where(other => other is { Vision: true, Dated: false } && other.Provider == model?.Provider).Select(other => other.Id);

    private void WriteTools(Utf8JsonWriter json, ChatRequest request)
    {
        var mode = request.Options.ToolMode;
        List<AIFunctionDeclaration> functions = mode is NoneChatToolMode && !CanForbidTools ? [] : [.. (request.Options.Tools ?? []).OfType<AIFunctionDeclaration>()];
        var own = HasOwnTools(request);
        if (functions.Count == 0 && !own)
            return;

        Tools.Check(functions);
        json.WriteStartArray("tools");
        foreach (var function in functions)
            Tools.Write(json, function);
        if (own)
            WriteOwnTools(json, request);
        json.WriteEndArray();
        WriteToolChoice(json, request, mode);
    }

    private void WriteToolChoice(Utf8JsonWriter json, ChatRequest request, ChatToolMode? mode)
    {
        switch (mode)
        {
            case NoneChatToolMode when CanForbidTools:
                json.WriteString("tool_choice", "none");
                break;
            case RequiredChatToolMode { RequiredFunctionName: null } when CanForceTools(request):
                json.WriteString("tool_choice", "required");
                break;
            case RequiredChatToolMode { RequiredFunctionName: { } name } when CanForceTools(request):
                json.WriteStartObject("tool_choice");
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", name);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
        }
    }

    private void WriteOutputLimit(Utf8JsonWriter json, ChatRequest request)
    {
        if (request.Options.MaxOutputTokens is not { } limit)
            return;

        // A limit above the model's own is refused as a bad parameter; the setting is one number for all models of a provider.
        json.WriteNumber(OutputLimitName, Math.Min(limit, Describe(request.Model)?.MaxOutput ?? int.MaxValue));
    }
}
