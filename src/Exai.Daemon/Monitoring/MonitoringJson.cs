using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Exai.Core.Admission;
using Exai.Daemon.Monitoring.Access;
using Exai.Daemon.Monitoring.Api;
using Exai.Daemon.Monitoring.Health;

namespace Exai.Daemon.Monitoring;

/// <summary>The JSON of the operations endpoint: camel case, members without a value left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(SignInLink))]
[JsonSerializable(typeof(OverviewDocument))]
[JsonSerializable(typeof(CallListDocument))]
[JsonSerializable(typeof(CallDetailDocument))]
[JsonSerializable(typeof(CancelDocument))]
[JsonSerializable(typeof(SessionListDocument))]
[JsonSerializable(typeof(ProviderListDocument))]
[JsonSerializable(typeof(AdmissionSnapshot))]
[JsonSerializable(typeof(SettingListDocument))]
[JsonSerializable(typeof(ProblemDocument))]
internal sealed partial class MonitoringJson : JsonSerializerContext
{
    /// <summary>Leaves non-ASCII text readable; it is JSON for programs, never part of a page.</summary>
    public static MonitoringJson Relaxed { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
