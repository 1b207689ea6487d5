using System.Text.Json;
using System.Text.RegularExpressions;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>How a provider wants functions declared.</summary>
internal sealed partial record ToolRules
{
    /// <summary>What a name must look like; refused by the provider otherwise.</summary>
    public Regex Name { get; init; } = AnyName();

    public int MaxCount { get; init; } = 128;

    /// <summary>A function without a description is refused; its name then stands in.</summary>
    public bool NeedsDescription { get; init; }

    /// <summary>Whether <c>function.strict</c> is known; taken from the declaration's property of that name.</summary>
    public bool KnowsStrict { get; init; } = true;

    /// <exception cref="CallException">INVALID_ARGUMENT.</exception>
    public void Check(IReadOnlyList<AIFunctionDeclaration> tools)
    {
        if (tools.Count > MaxCount)
            throw new CallException(ErrorCodes.InvalidArgument, $"{tools.Count} tools were declared; the provider takes {MaxCount}. Declare fewer.");

        foreach (var tool in tools)
        {
            if (!Name.IsMatch(tool.Name))
                throw new CallException(ErrorCodes.InvalidArgument, $"The provider takes no tool named '{tool.Name}': a name has to match {Name}. Rename it.");
        }
    }

    public void Write(Utf8JsonWriter json, AIFunctionDeclaration function)
    {
        json.WriteStartObject();
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", function.Name);
        if (!string.IsNullOrWhiteSpace(function.Description))
            json.WriteString("description", function.Description);
        else if (NeedsDescription)
            json.WriteString("description", function.Name);
        json.WritePropertyName("parameters");
        if (function.JsonSchema.ValueKind == JsonValueKind.Object)
            function.JsonSchema.WriteTo(json);
        else
            json.WriteRawValue("""{"type":"object","properties":{}}""");
        if (KnowsStrict && function.AdditionalProperties.TryGetValue("strict", out var strict) && strict is bool flag)
            json.WriteBoolean("strict", flag);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$", RegexOptions.CultureInvariant)]
    public static partial Regex AnyName();
}
