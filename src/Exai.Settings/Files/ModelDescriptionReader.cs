using System.Text.Json;

namespace Exai.Settings;

/// <summary>Reads what a file says of a model. The same members in <c>models.json</c> and in an endpoint's <c>models</c>.</summary>
internal static class ModelDescriptionReader
{
    private const long LargestWindow = 100_000_000;

    private static readonly string[] Members =
    [
        "id", "window", "maxOutput", "vision", "thinking", "efforts", "webSearch", "tools", "fixedSampling", "priceIn", "priceOut", "priceCached",
        "aliases", "dated", "successor",
    ];

    private static readonly string[] MembersWithProvider = [.. Members, "provider"];

    /// <summary>A text is an id and no more. Null when the description cannot be used.</summary>
    /// <param name="outer">Told of what is wrong.</param>
    /// <param name="namesProvider">Whether the description says whose model it is.</param>
    public static ModelDescription? Read(JsonPlace place, JsonFile file, JsonMembers? outer, bool namesProvider)
    {
        if (place.Kind == JsonTokenType.String && outer is not null)
        {
            return outer.Text(place) is { } only && IsId(only, place, outer) ? new ModelDescription { Id = only } : null;
        }

        var members = new JsonMembers(place, file, namesProvider ? MembersWithProvider : Members);
        var id = members.Text("id");
        if (id is not null)
        {
            IsId(id, members.At("id"), members);
        }
        else if (!members.Failed)
        {
            members.Refuse(place, null, "names no id", "Write \"id\": the model's id as its provider spells it");
        }

        var description = new ModelDescription
        {
            Id = id ?? "",
            Provider = namesProvider ? members.Text("provider")?.ToLowerInvariant() : null,
            Window = members.Integer("window", 256, LargestWindow),
            MaxOutput = (int?)members.Integer("maxOutput", 1, LargestWindow),
            Vision = members.Bool("vision"),
            Thinking = Thinking(members.Choice("thinking", "none", "hybrid", "default_on", "always", "toggle")),
            Efforts = Efforts(members),
            WebSearch = members.Bool("webSearch"),
            Tools = members.Bool("tools"),
            FixedSampling = members.Bool("fixedSampling"),
            PriceIn = members.Money("priceIn"),
            PriceOut = members.Money("priceOut"),
            PriceCached = members.Money("priceCached"),
            Aliases = Aliases(members),
            Dated = members.Bool("dated"),
            Successor = members.Text("successor"),
        };
        if (description.MaxOutput > description.Window)
        {
            members.Refuse(
                members.At("maxOutput"), $"is above the window of {description.Window}, but an answer is part of its window", "Lower it, or raise window");
        }

        outer?.Include(members);
        return members.Failed ? null : description;
    }

    private static List<string>? Efforts(JsonMembers members)
    {
        if (!members.Has("efforts"))
        {
            return null;
        }

        var efforts = new List<string>();
        foreach (var place in members.List("efforts"))
        {
            if (members.Text(place) is { } effort)
            {
                efforts.Add(effort);
            }
        }

        return efforts;
    }

    private static List<string>? Aliases(JsonMembers members)
    {
        if (!members.Has("aliases"))
        {
            return null;
        }

        var aliases = new List<string>();
        foreach (var place in members.List("aliases"))
        {
            if (members.Text(place) is not { } alias)
            {
                continue;
            }

            if (alias.Contains('/', StringComparison.Ordinal) || alias.Contains(' ', StringComparison.Ordinal) || alias.Equals("auto", StringComparison.OrdinalIgnoreCase))
            {
                members.Refuse(place, "cannot be an alias: it holds '/' or a space, or it is auto", "Choose another");
            }

            aliases.Add(alias);
        }

        return aliases;
    }

    private static bool IsId(string id, JsonPlace place, JsonMembers members)
    {
        const int Longest = 200;
        if (id.Length <= Longest && !id.Contains(' ', StringComparison.Ordinal) && !id.StartsWith("sk-", StringComparison.Ordinal))
        {
            return true;
        }

        members.Refuse(place, $"cannot be a model's id: it has more than {Longest} characters, holds a space, or looks like a key", "Correct it");
        return false;
    }

    private static ThinkingKind? Thinking(string? text) => text switch
    {
        "none" => ThinkingKind.None,
        "hybrid" => ThinkingKind.Hybrid,
        "default_on" => ThinkingKind.DefaultOn,
        "always" => ThinkingKind.Always,
        "toggle" => ThinkingKind.Toggle,
        _ => null,
    };
}
