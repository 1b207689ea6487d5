using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>The smallest profile that lists a tool; each profile holds the smaller ones.</summary>
public enum ToolTier
{
    Lean,
    Standard,
    Full,
}

/// <summary>One tool: what a client sees of it, and what it accepts.</summary>
/// <param name="Name">Stable; callers' habits and saved prompts depend on it.</param>
/// <param name="Title">For people.</param>
/// <param name="Description">What it is for and when to use it, in at most two short sentences.</param>
public sealed record ToolDescriptor(string Name, string Title, string Description)
{
    public required IReadOnlyList<ToolParameter> Parameters { get; init; }

    public ToolTier Tier { get; init; } = ToolTier.Standard;

    /// <summary>True when a call can reach a provider; its <c>openWorldHint</c>.</summary>
    public bool AsksModel { get; init; }

    /// <summary>False when it changes something outside EXAI, such as the files that a provider keeps.</summary>
    public bool ReadOnly { get; init; } = true;

    /// <summary>
    /// True when its answer is computed anew each time, outside the journal: there is no job of it to claim, and asking again costs nothing.
    /// </summary>
    public bool Recomputed { get; init; }

    /// <summary>True when it shows or deletes what all users of a daemon have, such as its log: users of named tokens are not offered it.</summary>
    public bool OwnerAlone { get; init; }

    public ToolParameter? Find(string parameter) => Parameters.FirstOrDefault(known => known.Name == parameter);

    /// <summary>Its entry in the result of <c>tools/list</c>: the listed parameters only.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["name"] = Name,
            ["title"] = Title,
            ["description"] = Description,
            ["inputSchema"] = Schema(),
            ["annotations"] = new JsonObject { ["readOnlyHint"] = ReadOnly, ["openWorldHint"] = AsksModel },
        };
        var attached = Parameters.Where(parameter => parameter.Attach is not null).ToList();
        if (attached.Count > 0)
        {
            json["_meta"] = new JsonObject
            {
                [MetaKeys.Attach] = new JsonArray([.. attached.Select(Wish)]),
            };
        }

        return json;
    }

    private static JsonNode Wish(ToolParameter parameter)
    {
        var wish = new JsonObject { ["argument"] = parameter.Name, ["kind"] = parameter.Attach!.Value.ToString().ToLowerInvariant() };
        if (parameter.Binary)
        {
            wish["binary"] = true;
        }

        return wish;
    }

    /// <summary>Open for further members: what is accepted without being listed must pass a client's own check too.</summary>
    private JsonObject Schema()
    {
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(Parameters.Where(parameter => parameter.Listed)
                .Select(parameter => KeyValuePair.Create<string, JsonNode?>(parameter.Name, parameter.ToSchema()))),
        };
        var required = Parameters.Where(parameter => parameter.Required).ToList();
        if (required.Count > 0)
        {
            schema["required"] = new JsonArray([.. required.Select(parameter => (JsonNode)parameter.Name)]);
        }

        return schema;
    }
}
