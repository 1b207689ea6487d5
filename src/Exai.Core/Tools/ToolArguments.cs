using System.Globalization;
using System.Text.Json;
using Exai.Protocol;

namespace Exai.Core.Tools;

/// <summary>
/// A call's arguments. <see cref="Check(ToolDescriptor)"/> or a getter either finds what was meant or throws INVALID_ARGUMENT, which names the argument, what
/// it was and what it may be; nothing is converted silently. JSON <c>null</c> counts as absent.
/// </summary>
public sealed class ToolArguments(string tool, JsonElement arguments)
{
    /// <summary>The named token of whoever asks; null for the owner.</summary>
    public string? Token { get; init; }

    /// <summary>The thread that a call goes on with, for calls that have not been checked yet.</summary>
    public static string? ContinuationId(JsonElement arguments) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty("continuation_id", out var id) && id.ValueKind == JsonValueKind.String
            && !string.IsNullOrWhiteSpace(id.GetString())
            ? id.GetString()!.Trim()
            : null;

    /// <summary>Holds all arguments against what the tool accepts, listed or not.</summary>
    public void Check(ToolDescriptor descriptor)
    {
        OnlyKnow([.. descriptor.Parameters.Select(parameter => parameter.Name)]);
        foreach (var parameter in descriptor.Parameters)
        {
            Check(parameter);
        }
    }

    /// <summary>Refuses names that the tool does not know, suggesting the near ones.</summary>
    public void OnlyKnow(params IReadOnlyCollection<string> names)
    {
        foreach (var member in arguments.EnumerateObject())
        {
            if (!names.Contains(member.Name, StringComparer.Ordinal))
            {
                var near = NearNames.Of(member.Name, names, most: 1);
                throw Invalid($"{tool} has no argument '{member.Name}'{(near.Count > 0 ? $"; did you mean '{near[0]}'?" : ".")} " +
                    (names.Count > 0 ? $"It knows: {string.Join(", ", names)}." : "It takes none."));
            }
        }
    }

    public bool Has(string name) => Find(name) is not null;

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
        return text.Length <= longest ? text : throw TooLong(name, text, longest);
    }

    /// <summary>A text, or null when it is absent or blank.</summary>
    public string? Text(string name) => OptionalText(name, int.MaxValue) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

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
            : throw WrongType(name, value, $"a number {Range(least, most)}");
    }

    public int? OptionalInteger(string name, double least = 0, double most = int.MaxValue)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number == Math.Floor(number) && number >= least && number <= most
            ? (int)number
            : throw WrongType(name, value, $"a whole number {Range(least, most)}");
    }

    /// <summary>Empty when absent.</summary>
    public IReadOnlyList<string> TextList(string name, int mostItems = 1000, int longest = int.MaxValue)
    {
        if (Find(name) is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            throw WrongType(name, value, "a list of texts");
        }

        RefuseTooMany(name, value, mostItems);
        return [.. value.EnumerateArray().Select(item => item.GetString()!).Select(text => text.Length <= longest ? text : throw TooLong(name, text, longest))];
    }

    /// <summary>Empty when absent.</summary>
    public IReadOnlyList<JsonElement> ObjectList(string name, int mostItems = 1000)
    {
        if (Find(name) is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object))
        {
            throw WrongType(name, value, "a list of objects");
        }

        RefuseTooMany(name, value, mostItems);
        return [.. value.EnumerateArray()];
    }

    /// <summary>The value as it was sent; null when absent.</summary>
    public JsonElement? Any(string name) => Find(name);

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

    /// <summary>The choice as the parameter spells it; null when absent.</summary>
    public string? Choice(ToolParameter parameter)
    {
        if (OptionalText(parameter.Name, parameter.Longest) is not { } text)
        {
            return null;
        }

        var meant = parameter.Synonyms.GetValueOrDefault(text.ToLowerInvariant(), text);
        return parameter.Choices!.FirstOrDefault(choice => choice.Equals(meant, StringComparison.OrdinalIgnoreCase))
            ?? throw Invalid($"'{parameter.Name}' was '{Shortened(text)}'; it may be {string.Join(", ", parameter.Choices!)}.");
    }

    /// <summary>Refuses an argument that callers know from elsewhere and that would change the answer if it were ignored.</summary>
    public void RefuseUnlessEmpty(string name, string why)
    {
        if (Find(name) is { } value && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0))
        {
            throw Invalid($"'{name}' {why}");
        }
    }

    internal static CallException Invalid(string message) => new(ErrorCodes.InvalidArgument, message);

    private void Check(ToolParameter parameter)
    {
        switch (parameter.Kind)
        {
            case ParameterKind.Text when parameter.Choices is not null:
                Choice(parameter);
                break;
            case ParameterKind.Text when parameter.Required:
                RequiredText(parameter.Name, parameter.Longest);
                break;
            case ParameterKind.Text:
                OptionalText(parameter.Name, parameter.Longest);
                break;
            case ParameterKind.Flag:
                OptionalBool(parameter.Name);
                break;
            case ParameterKind.Integer:
                OptionalInteger(parameter.Name, parameter.Least ?? int.MinValue, parameter.Most ?? int.MaxValue);
                break;
            case ParameterKind.Number:
                OptionalNumber(parameter.Name, parameter.Least ?? double.MinValue, parameter.Most ?? double.MaxValue);
                break;
            case ParameterKind.TextList:
                TextList(parameter.Name, parameter.MostItems, parameter.Longest);
                break;
            case ParameterKind.ObjectList:
                ObjectList(parameter.Name, parameter.MostItems);
                break;
        }

        if (parameter.Required && Find(parameter.Name) is null)
        {
            throw Invalid($"'{parameter.Name}' is missing. {tool} needs it.");
        }
    }

    private static void RefuseTooMany(string name, JsonElement value, int most)
    {
        if (value.GetArrayLength() > most)
        {
            throw Invalid($"'{name}' has {value.GetArrayLength():N0} entries; at most {most:N0} are allowed.");
        }
    }

    private static CallException TooLong(string name, string text, int longest) =>
        Invalid($"'{name}' has {text.Length:N0} characters; at most {longest:N0} are allowed. Send less, or split the question.");

    private static string Range(double least, double most) => string.Create(
        CultureInfo.InvariantCulture, $"{(most >= int.MaxValue ? $"of at least {least}" : $"from {least} to {most}")}");

    private static CallException WrongType(string name, JsonElement value, string expected) =>
        Invalid($"'{name}' was {Shortened(value.GetRawText())} ({value.ValueKind.ToString().ToLowerInvariant()}); it must be {expected}.");

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..57] + "...";

    private JsonElement? Find(string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
