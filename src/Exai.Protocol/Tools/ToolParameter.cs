using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>What a parameter's value is in JSON.</summary>
public enum ParameterKind
{
    Text,
    Flag,
    Integer,
    Number,
    TextList,
    ObjectList,

    /// <summary>Taken as it comes: its tool looks at it.</summary>
    Any,
}

/// <summary>What the shim reads on the client's machine for an argument that holds paths.</summary>
public enum AttachKind
{
    File,
    Image,
    Directory,
    Git,
}

/// <summary>One argument of a tool. A tool accepts all of its parameters and advertises those that an agent needs.</summary>
public sealed record ToolParameter(string Name, ParameterKind Kind)
{
    /// <summary>At most ten words; null when the name says it.</summary>
    public string? Description { get; init; }

    public bool Required { get; init; }

    /// <summary>Whether the schema shows it; the others are accepted from callers that know them.</summary>
    public bool Listed { get; init; } = true;

    /// <summary>Accepted from old callers, without effect.</summary>
    public bool Ignored { get; init; }

    /// <summary>The values that it may have; null for any.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Other words for a choice.</summary>
    public IReadOnlyDictionary<string, string> Synonyms { get; init; } = new Dictionary<string, string>();

    public double? Least { get; init; }

    public double? Most { get; init; }

    /// <summary>Characters of a text, and of each text in a list.</summary>
    public int Longest { get; init; } = 100_000;

    /// <summary>Entries of a list.</summary>
    public int MostItems { get; init; } = 1000;

    /// <summary>The text members that the schema shows for the entries of an object list.</summary>
    public IReadOnlyList<string> Members { get; init; } = [];

    /// <summary>Null unless it holds paths.</summary>
    public AttachKind? Attach { get; init; }

    /// <summary>Whether the files that it names need not be text: documents that a provider reads.</summary>
    public bool Binary { get; init; }

    public ToolParameter Unlisted() => this with { Listed = false };

    /// <summary>Its JSON Schema.</summary>
    public JsonObject ToSchema()
    {
        var schema = new JsonObject { ["type"] = TypeName };
        switch (Kind)
        {
            case ParameterKind.TextList:
                schema["items"] = new JsonObject { ["type"] = "string" };
                break;
            case ParameterKind.ObjectList:
                schema["items"] = Members.Count == 0
                    ? new JsonObject { ["type"] = "object" }
                    : new JsonObject
                    {
                        ["type"] = "object",
                        ["properties"] = new JsonObject(Members.Select(member => KeyValuePair.Create<string, JsonNode?>(member, new JsonObject { ["type"] = "string" }))),
                    };
                break;
            case ParameterKind.Any:
                schema.Remove("type");
                break;
        }

        if (Choices is not null)
        {
            schema["enum"] = new JsonArray([.. Choices.Select(choice => (JsonNode)choice)]);
        }

        if (Description is not null)
        {
            schema["description"] = Description;
        }

        return schema;
    }

    private string TypeName => Kind switch
    {
        ParameterKind.Text => "string",
        ParameterKind.Flag => "boolean",
        ParameterKind.Integer => "integer",
        ParameterKind.Number => "number",
        _ => "array",
    };
}
