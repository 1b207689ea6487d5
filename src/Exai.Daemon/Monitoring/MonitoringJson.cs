using System.Text.Json.Serialization;
using Exai.Daemon.Monitoring.Access;
using Exai.Daemon.Monitoring.Health;

namespace Exai.Daemon.Monitoring;

/// <summary>The JSON of the operations endpoint: camel case, members without a value left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(SignInLink))]
internal sealed partial class MonitoringJson : JsonSerializerContext;
