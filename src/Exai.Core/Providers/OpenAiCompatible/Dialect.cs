using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Failures;

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

    public byte[] WriteRequest(ChatRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("model", request.Model);
            MessageWriter.Write(json, request.Messages);
            json.WriteBoolean("stream", true);
            WriteOutputLimit(json, request);
            WriteOptions(json, request);
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

    /// <summary>The members after <c>model</c>, <c>messages</c>, <c>stream</c> and the output limit. Write no nulls.</summary>
    protected abstract void WriteOptions(Utf8JsonWriter json, ChatRequest request);

    /// <summary>What the catalogue knows of the model or of the one it is a dated build of; null for an unknown id, which must work too.</summary>
    protected ModelInfo? Describe(string model) => catalogue.FindFamily(model);

    protected static void WriteThinking(Utf8JsonWriter json, bool enabled)
    {
        json.WriteStartObject("thinking");
        json.WriteString("type", enabled ? "enabled" : "disabled");
        json.WriteEndObject();
    }

    /// <summary>Two decimals, which is what the providers document, and no float noise such as 0.30000001.</summary>
    protected static decimal Rounded(float temperature) => Math.Round((decimal)Math.Clamp(temperature, 0f, 2f), 2);

    private void WriteOutputLimit(Utf8JsonWriter json, ChatRequest request)
    {
        if (request.Options.MaxOutputTokens is not { } limit)
            return;

        // A limit above the model's own is refused as a bad parameter; the setting is one number for all models of a provider.
        json.WriteNumber(OutputLimitName, Math.Min(limit, Describe(request.Model)?.MaxOutput ?? int.MaxValue));
    }
}
