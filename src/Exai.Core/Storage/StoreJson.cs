using System.Text.Json.Serialization;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Tools.Consensus;
using Exai.Core.Tools.Files;
using Exai.Core.Tools.Workflow;

namespace Exai.Core.Storage;

/// <summary>How values are kept in the store: names are stored data, so a renamed member needs a migration.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(CallOutcome))]
[JsonSerializable(typeof(ModelAnswer))]
[JsonSerializable(typeof(IReadOnlyList<FileReference>))]
[JsonSerializable(typeof(IReadOnlyList<AttachedFile>))]
[JsonSerializable(typeof(WorkflowStep))]
[JsonSerializable(typeof(ConsensusState))]
internal sealed partial class StoreJson : JsonSerializerContext;
