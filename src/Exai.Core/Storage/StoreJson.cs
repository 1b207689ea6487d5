using System.Text.Json.Serialization;
using Exai.Core.Calls;
using Exai.Core.Models;

namespace Exai.Core.Storage;

/// <summary>How values are kept in the store: names are stored data, so a renamed member needs a migration.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(CallOutcome))]
[JsonSerializable(typeof(ModelAnswer))]
internal sealed partial class StoreJson : JsonSerializerContext;
