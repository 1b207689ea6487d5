using System.Globalization;
using System.Text.Json;
using Exai.Protocol;

namespace Exai.Settings;

/// <summary>
/// The members of one object in such a file, typed. A wrong value is reported and counts as absent; so does JSON's <c>null</c>. A name that
/// nothing reads is a problem too: a slip of the pen must not be silent.
/// </summary>
internal sealed class JsonMembers
{
    private readonly JsonFile _file;
    private readonly Dictionary<string, JsonPlace> _members = new(StringComparer.Ordinal);

    public JsonMembers(JsonPlace place, JsonFile file, params string[] known)
    {
        Place = place;
        _file = file;
        if (place.Kind != JsonTokenType.StartObject)
        {
            Refuse(place, "must be an object", "Write { … }");
            return;
        }

        foreach (var (name, value) in place.Members)
        {
            if (Array.IndexOf(known, name) < 0)
            {
                Unknown(name, value, known);
            }
            else if (!_members.TryAdd(name, value))
            {
                Refuse(value, $"stands twice; the first is in line {_members[name].Line}", "Remove one");
            }
        }
    }

    public JsonPlace Place { get; }

    /// <summary>Something in it could not be used.</summary>
    public bool Failed { get; private set; }

    /// <summary>The member's place, or the object's when it is absent.</summary>
    public JsonPlace At(string name) => _members.GetValueOrDefault(name, Place);

    public bool Has(string name) => Find(name) is not null;

    public JsonPlace? Find(string name) => _members.GetValueOrDefault(name) is { Kind: not JsonTokenType.Null } value ? value : null;

    /// <summary>A text that is not empty and holds no control characters.</summary>
    public string? Text(string name) => Find(name) is { } value ? Text(value) : null;

    public string? Text(JsonPlace value)
    {
        if (value.Kind == JsonTokenType.String && value.Text.Trim().Length > 0 && value.Text.AsSpan().IndexOfAnyInRange('\0', '\u001F') < 0)
        {
            return value.Text.Trim();
        }

        Refuse(value, "must be a text that says something", "Correct it");
        return null;
    }

    public string? Choice(string name, params ReadOnlySpan<string> choices)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        foreach (var choice in choices)
        {
            if (value.Kind == JsonTokenType.String && choice.Equals(value.Text.Trim(), StringComparison.OrdinalIgnoreCase))
            {
                return choice;
            }
        }

        Refuse(value, $"must be one of {string.Join(", ", choices!)}", "Correct it");
        return null;
    }

    public bool? Bool(string name)
    {
        switch (Find(name)?.Kind)
        {
            case null:
                return null;
            case JsonTokenType.True:
                return true;
            case JsonTokenType.False:
                return false;
            default:
                Refuse(At(name), "must be true or false", "Correct it");
                return null;
        }
    }

    public long? Integer(string name, long min, long max)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.Kind == JsonTokenType.Number && SettingText.TryInteger(value.Text, out var number) && number >= min && number <= max)
        {
            return number;
        }

        Refuse(value, $"must be a whole number from {min} to {max}", "Correct it");
        return null;
    }

    public TimeSpan? Seconds(string name, double min, double max)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.Kind == JsonTokenType.Number && double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return TimeSpan.FromSeconds(number);
        }

        Refuse(value, string.Create(CultureInfo.InvariantCulture, $"must be a number of seconds from {min} to {max}"), "Correct it");
        return null;
    }

    public decimal? Money(string name)
    {
        const decimal Most = 100_000;
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.Kind == JsonTokenType.Number && decimal.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= Most)
        {
            return number;
        }

        Refuse(value, $"must be USD for a million tokens, from 0 to {Most}", "Correct it, or remove it: an unknown price is better than a wrong one");
        return null;
    }

    public IReadOnlyList<JsonPlace> List(string name)
    {
        if (Find(name) is not { } value)
        {
            return [];
        }

        if (value.Kind == JsonTokenType.StartArray)
        {
            return value.Items;
        }

        Refuse(value, "must be a list", "Write [ … ]");
        return [];
    }

    public void Refuse(JsonPlace place, string message, string mend) => Refuse(place, JsonFile.Shown(place), message, mend);

    /// <summary>With a value of the caller's choice, or none.</summary>
    public void Refuse(JsonPlace place, string? shown, string message, string mend)
    {
        Failed = true;
        _file.Problem(place, shown, message, mend);
    }

    /// <summary>What is wrong within a part is wrong with the whole.</summary>
    public void Include(JsonMembers part) => Failed |= part.Failed;

    private void Unknown(string name, JsonPlace value, string[] known)
    {
        if (Secrets.IsNamedLikeKey(name))
        {
            Refuse(
                value, null, "keys do not belong into this file, which people share and commit",
                "Remove it, put the key into the .env file of EXAI_HOME as NAME=key, and write \"keyVariable\": \"NAME\" here");
            return;
        }

        var near = "";
        foreach (var candidate in known)
        {
            if (NearNames.Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant()) <= Math.Max(2, name.Length / 3))
            {
                near = $"; did you mean {candidate}?";
                break;
            }
        }

        Refuse(value, null, $"this member is unknown{near}", $"Correct or remove it; known are {string.Join(", ", known)}");
    }
}
