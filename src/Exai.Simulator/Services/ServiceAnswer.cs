using System.Text.Json.Nodes;
using Exai.Simulator.Dialects;

namespace Exai.Simulator.Services;

/// <summary>What a service says: JSON, plain text, or a refusal.</summary>
internal sealed record ServiceAnswer(JsonNode? Json = null, string? Text = null, ProviderProblem? Problem = null);
