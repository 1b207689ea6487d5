using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Exai.Protocol;

/// <summary>How the shared documents are written: camel case for the wire, snake case for files in the home.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(CallError))]
[JsonSerializable(typeof(SentFile))]
[JsonSerializable(typeof(SentFile[]))]
[JsonSerializable(typeof(DaemonOwnership))]
public sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>Leaves non-ASCII text readable; the output is JSON for a pipe, never HTML.</summary>
    public static WireJson Relaxed { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(HealthDocument))]
public sealed partial class HomeJson : JsonSerializerContext;
