using System.Text.Json;
using Exai.Protocol;

namespace Exai.Core.Tools;

/// <summary>
/// A call's arguments. A getter either returns what was meant or throws INVALID_ARGUMENT, which names the argument, what it was and
/// what it may be; nothing is converted silently. JSON <c>null</c> counts as absent.
/// </summary>
public sealed class ToolArguments(string tool, JsonElement arguments)
{
    /// <summary>The thread that a call goes on with, for calls that have not been checked yet.</summary>
    public static string? ContinuationId(JsonElement arguments) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty("continuation_id", out var id) && id.ValueKind == JsonValueKind.String
            && !string.IsNullOrWhiteSpace(id.GetString())
            ? id.GetString()!.Trim()
            : null;

    /// <summary>Refuses names that the tool does not know, suggesting the near ones.</summary>
    public void OnlyKnow(params IReadOnlyCollection<string> names)
    {
        foreach (var member in arguments.EnumerateObject())
        {
            if (!names.Contains(member.Name, StringComparer.Ordinal))
            {
                var near = NearNames.Of(member.Name, names, most: 1);
                throw Invalid($"{tool} has no argument '{member.Name}'{(near.Count > 0 ? $"; did you mean '{near[0]}'?" : ".")} It knows: {string.Join(", ", names)}.");
            }
        }
    }

    public string RequiredText(string name, int longest)
    {
        var text = OptionalText(name, longest) ?? throw Invalid($"'{name}' is missing. {tool} needs it: a text that is not empty.");
        return text.Trim().Length > 0 ? text : throw Invalid($"'{name}' is empty. {tool} needs a text that says something.");
    }

    public string? OptionalText(string name, int longest)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            throw WrongType(name, value, "a text");
        }

        var text = value.GetString()!;
        return text.Length <= longest
            ? text
            : throw Invalid($"'{name}' has {text.Length:N0} characters; at most {longest:N0} are allowed. Send less, or split the question.");
    }

    public bool? OptionalBool(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw WrongType(name, value, "true or false"),
    };

    public double? OptionalNumber(string name, double least, double most)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number >= least && number <= most
            ? number
            : throw WrongType(name, value, $"a number from {least} to {most}");
    }

    public T? OptionalChoice<T>(string name)
        where T : struct, Enum
    {
        if (OptionalText(name, 100) is not { } text)
        {
            return null;
        }

        // By name alone: the framework's own parser also takes numbers, signs and lists.
        var names = Enum.GetNames<T>();
        var chosen = Array.FindIndex(names, known => known.Equals(text, StringComparison.OrdinalIgnoreCase));
        return chosen >= 0
            ? Enum.GetValues<T>()[chosen]
            : throw Invalid($"'{name}' was '{text}'; it may be {string.Join(", ", names.Select(value => value.ToLowerInvariant()))}.");
    }

    /// <summary>Refuses an argument that callers know from elsewhere and that would change the answer if it were ignored.</summary>
    public void RefuseUnlessEmpty(string name, string why)
    {
        if (Find(name) is { } value && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0))
        {
            throw Invalid($"'{name}' {why}");
        }
    }

    private static CallException Invalid(string message) => new(ErrorCodes.InvalidArgument, message);

    private static CallException WrongType(string name, JsonElement value, string expected)
    {
        var shown = value.GetRawText();
        return Invalid($"'{name}' was {(shown.Length <= 60 ? shown : shown[..57] + "...")} ({value.ValueKind.ToString().ToLowerInvariant()}); it must be {expected}.");
    }

    private JsonElement? Find(string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
